"""The text that a run ends with, which settled layouts place once and every other one begins with."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from visualizer.picture.layout import Layout, TextLines
from visualizer.picture.looks import shown_of
from visualizer.trace import Trace

_ENDLESS = 10**9


class FinalText:
    """The final texts of a trace's positions, over all its blocks.

    width_of: columns of a grapheme. texts: of every position.
    """

    def __init__(self, trace: Trace, width_of: Callable[[str], int]) -> None:
        self.trace, self.width_of = trace, width_of
        shown = [shown_of(trace, block.last) for block in trace.blocks]
        self.texts = [text for block in shown for text in block.texts]
        special = [is_special for block in shown for is_special in block.special]
        self._loose = frozenset(position for position, is_special in enumerate(special) if is_special)
        self._layouts: dict[int, Layout] = {}

    def lay_out(self, columns: int) -> Layout:
        """The texts on so many columns; a line may break before a special token."""
        if columns not in self._layouts:
            self._layouts[columns] = self._lines.lay_out(columns, self._loose)
        return self._layouts[columns]

    def rows(self, layout: Layout) -> int:
        """Rows of a layout of it. What the last block has after its answer fills the last one, and needs no other."""
        rows = [glyph.row for glyph in layout.glyphs if glyph.position < self._tail]
        ends_line = 0 < self._tail < len(self.texts) and self.texts[self._tail - 1].endswith("\n")
        return min(layout.rows, max(rows, default=0) + 1 + ends_line)

    def unbroken_columns(self) -> int:
        """On how many columns no line of it is broken; what comes after the answer does not count."""
        glyphs = self._lines.lay_out(_ENDLESS).glyphs
        return max((glyph.column + glyph.width for glyph in glyphs if glyph.position < self._tail), default=0) + 1

    @cached_property
    def _lines(self) -> TextLines:
        return TextLines(self.texts, self.width_of)

    @cached_property
    def _tail(self) -> int:
        """The position from which on there are only special tokens after the answer."""
        end = len(self.texts)
        if self.trace.blocks:
            offset = self.trace.blocks[-1].offset
            while end > offset and self._is_tail(end - 1 - offset):
                end -= 1
        return end

    def _is_tail(self, position: int) -> bool:
        """Whether a position of the last block ends as a special token after the answer."""
        state = self.trace.states[-1]
        return position >= state.answer_length and int(state.shown_ids()[position]) in self.trace.special
