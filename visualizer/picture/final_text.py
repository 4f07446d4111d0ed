"""The text that a run ends with, which settled layouts place once and every other one begins with."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from functools import cached_property

from visualizer.picture.layout import MIN_COLUMNS, Glyph, Layout, TextLines, lay_out
from visualizer.picture.looks import STRUCTURE_SIGN, Shown, shown_of
from visualizer.trace import Part, Trace, trace_parts

_ENDLESS = 10**9


class FinalText:
    """The final texts of a trace's positions, over all its blocks.

    width_of: columns of a grapheme. texts, parts: of every position; drawn: whether it is drawn at all. tail: the
    position from which on there is only the tail. margin: columns at the left in which nothing stands but the sign of
    the thought that the run opens with, so that it moves no letter of the first line.
    """

    def __init__(self, trace: Trace, width_of: Callable[[str], int]) -> None:
        self.trace, self.width_of = trace, width_of
        self._parts = trace_parts(trace)
        shown = [self.shown(block.last) for block in trace.blocks]
        self.texts = [text for block in shown for text in block.texts]
        self.drawn = [look is not None for block in shown for look in block.looks]
        self.parts = [part for block in shown for part in block.parts]
        self.tail = self.parts.index(Part.TAIL) if Part.TAIL in self.parts else len(self.parts)
        self.margin = len(STRUCTURE_SIGN) + 1 if self.parts and self.parts[0] is Part.STRUCTURE else 0
        self._loose = frozenset(position for position, part in enumerate(self.parts) if part is Part.STRUCTURE)
        self._layouts: dict[int, Layout] = {}

    def shown(self, index: int) -> Shown:
        """Texts and looks of a state's positions."""
        number = self.trace.block_at(index)
        earlier = self.trace.blocks[number - 1].last if number else None
        goes_on = earlier is not None and len(self._parts[earlier]) and self._parts[earlier][-1] == Part.THOUGHT
        before = self.trace.shown_texts(earlier)[-1] if goes_on and earlier is not None else ""
        return shown_of(self.trace, index, self._parts[index], before)

    def lay_out(self, columns: int) -> Layout:
        """The texts on so many columns; a line may break before a special token."""
        if columns not in self._layouts:
            layout = self._lines.lay_out(self._within(columns), self._loose)
            self._layouts[columns] = self._hung(layout, self.texts)
        return self._layouts[columns]

    def lay_out_others(self, texts: Sequence[str], columns: int, loose: Container[int]) -> Layout:
        """The texts that its positions have at another state, with the same margin."""
        layout = lay_out(self._without_sign(texts), self._within(columns), self.width_of, loose)
        return self._hung(layout, texts)

    def rows(self, layout: Layout) -> int:
        """Rows of a layout of it that something stands in."""
        return max((glyph.row for glyph in layout.glyphs), default=0) + 1

    def unbroken_columns(self) -> int:
        """On how many columns no line of it is broken; what comes after the answer does not count."""
        glyphs = self._lines.lay_out(_ENDLESS).glyphs
        ends = (glyph.column + glyph.width for glyph in glyphs if glyph.position < self.tail)
        return self.margin + max(ends, default=0) + 1

    @cached_property
    def _lines(self) -> TextLines:
        return TextLines(self._without_sign(self.texts), self.width_of)

    def _within(self, columns: int) -> int:
        return max(MIN_COLUMNS, columns - self.margin)

    def _has_sign(self, texts: Sequence[str]) -> bool:
        return self.margin > 0 and texts[0].startswith(STRUCTURE_SIGN)

    def _without_sign(self, texts: Sequence[str]) -> Sequence[str]:
        return ["", *texts[1:]] if self._has_sign(texts) else texts

    def _hung(self, layout: Layout, texts: Sequence[str]) -> Layout:
        """A layout moved out of the margin, with the sign in it."""
        glyphs = [glyph._replace(column=glyph.column + self.margin) for glyph in layout.glyphs]
        if self._has_sign(texts):
            glyphs.insert(0, Glyph(0, 0, 1, STRUCTURE_SIGN, ((0, STRUCTURE_SIGN),)))
        return Layout(layout.columns + self.margin, layout.rows, tuple(glyphs))
