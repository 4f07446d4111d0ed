"""The positions of a run as cells that stand on a grid: what is drawn, where, and how it looks. No pixels.

Settled: every token stands where it stands in the final text from the start, and noise keeps that room. Flow: the text
as it stands at the moment, noise as wide as its candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from wcwidth import iter_graphemes

from visualizer.picture.final_text import FinalText
from visualizer.picture.layout import RETURN_SIGN, Glyph, Layout
from visualizer.picture.looks import Look, Mark, Shown
from visualizer.trace import Block, CellState, Part

MAX_NOISE_COLUMNS = 12
"""Noise in flow is never wider than this."""
ELLIPSIS = "…"
NOISE_SIGN = "░"
_BLANKS = (" ", "")
SHOWN_AS = {"\n": RETURN_SIGN, "\r\n": RETURN_SIGN, "\t": " "}

Sign = tuple[int, int, str]
"""What is drawn in a cell: its column from the cell's own, its width, and its grapheme."""


class Cell(NamedTuple):
    """A token, or the part of one that stands in one row.

    row, column, width: on the grid. signs: noise has none. marked: the mark's sign stands here (a token's last cell).
    position: counted over all blocks of the run.
    """

    row: int
    column: int
    width: int
    signs: tuple[Sign, ...]
    look: Look
    marked: bool
    position: int


class _Slot(NamedTuple):
    """The glyphs of one position that stand side by side in a row, from left to right."""

    row: int
    column: int
    width: int
    glyphs: tuple[Glyph, ...]


class CellGrid:
    """A run's cells on a grid of so many columns, state by state."""

    def __init__(self, final: FinalText, columns: int, settled: bool) -> None:
        self._final = final
        self._trace = final.trace
        self._columns = columns
        self._settled = settled
        self._kept: dict[object, tuple[Cell, ...]] = {}

    @property
    def columns(self) -> int:
        """How many there are."""
        return self._columns

    def width_of(self, grapheme: str) -> int:
        """Columns of a grapheme."""
        return self._final.width_of(grapheme)

    def cells(self, index: int) -> tuple[Cell, ...]:
        """The cells of a state, those of earlier blocks first. Unchanged cells are the same objects as before."""
        return self._settled_cells(index) if self._settled else self._flowing_cells(index)

    def rows(self, index: int) -> int:
        """How many rows a state takes."""
        return self._rows if self._settled else self._flow(index).rows

    @cached_property
    def _layout(self) -> Layout:
        return self._final.lay_out(self._columns)

    @cached_property
    def _rows(self) -> int:
        return self._final.rows(self._layout)

    @cached_property
    def _slots(self) -> list[tuple[_Slot, ...]]:
        own = _slots_of(self._layout, len(self._final.texts))
        return [tuple(slot for slot in slots if slot.row < self._rows) for slots in own]

    @cached_property
    def _free(self) -> dict[tuple[int, int], int]:
        """Empty columns to the right of every slot, by its row and column."""
        free: dict[tuple[int, int], int] = {}
        slots = sorted(slot[:3] for own in self._slots for slot in own)
        for (row, column, width), after in zip(slots, [*slots[1:], (-1, 0, 0)], strict=True):
            free[row, column] = (after[1] if after[0] == row else self._columns) - column - width
        return free

    @cached_property
    def _tails(self) -> dict[int, list[int]]:
        """Positions that carry on a grapheme, by the position in which it begins."""
        shared: dict[int, list[int]] = {}
        for glyph in self._layout.glyphs:
            if len(glyph.parts) > 1:
                shared.setdefault(glyph.position, []).extend(position for position, _ in glyph.parts[1:])
        return shared

    def _settled_cells(self, index: int) -> tuple[Cell, ...]:
        number = self._trace.block_at(index)
        found = [cell for earlier in self._trace.blocks[:number] for cell in self._committed_block(earlier)]
        offset = self._trace.blocks[number].offset
        shown = self._with_tail_in_place(self._final.shown(index), offset)
        for position, (text, look) in enumerate(zip(shown.texts, shown.looks, strict=True), offset):
            if look is None or not self._final.drawn[position]:
                continue
            if look.part is not Part.TAIL:  # what it will be part of: an opener that stands alone says little
                look = look._replace(part=self._final.parts[position])
            whole = position not in self._tails or self._has_tails(shown, position, offset)
            key = (position, text if look.state else None, look, whole)
            cells = self._kept.get(key)
            if cells is None:
                cells = self._kept[key] = self._settled_position(position, text, look, whole)
            found += cells
        return tuple(found)

    def _with_tail_in_place(self, shown: Shown, offset: int) -> Shown:
        """A state whose tail begins elsewhere than in the end has its remark where that stands in the end."""
        place = self._final.tail - offset
        if not 0 <= place < len(shown.parts) or Part.TAIL not in shown.parts:
            return shown
        first = shown.parts.index(Part.TAIL)
        if first == place:
            return shown
        texts, looks = list(shown.texts), list(shown.looks)
        gap = " " if self._final.texts[self._final.tail].startswith(" ") else ""
        texts[place], looks[place] = gap + texts[first].strip(" "), looks[first]
        texts[first], looks[first] = "", None
        return Shown(texts, looks, shown.parts)

    def _committed_block(self, block: Block) -> tuple[Cell, ...]:
        """A block that is behind, as it was committed."""
        if block not in self._kept:
            looks = _calm(self._final.shown(block.last).looks)
            self._kept[block] = tuple(
                cell
                for position, look in enumerate(looks, block.offset)
                if look is not None
                for cell in self._settled_position(position, self._final.texts[position], look, True)
            )
        return self._kept[block]

    def _has_tails(self, shown: Shown, position: int, offset: int) -> bool:
        """Whether the rest of the graphemes that begin here is on the canvas too."""
        return all(
            tail - offset < len(shown.texts)
            and (look := shown.looks[tail - offset]) is not None
            and look.state is not CellState.MASKED
            and shown.texts[tail - offset] == self._final.texts[tail]
            for tail in self._tails[position]
        )

    def _settled_position(self, position: int, text: str, look: Look, whole: bool) -> tuple[Cell, ...]:
        slots = self._slots[position]
        if not slots:
            return ()
        if look.state is CellState.MASKED:
            return _noise(slots, look, position)
        if text != self._final.texts[position]:
            return self._fitted(max(slots, key=lambda slot: slot.width), text, look, position)
        return _written(slots, look, position, whole)

    def _fitted(self, slot: _Slot, text: str, look: Look, position: int) -> tuple[Cell, ...]:
        """Another text than the final one in its place, with … where there is no room for all of it."""
        room = slot.width + self._free[slot.row, slot.column]
        graphemes = [SHOWN_AS.get(grapheme, grapheme) for grapheme in iter_graphemes(text)]
        widths = [self._final.width_of(grapheme) for grapheme in graphemes]
        if sum(widths) > room:
            while graphemes and sum(widths) > room - 1:
                graphemes.pop()
                widths.pop()
            graphemes.append(ELLIPSIS)
            widths.append(1)
        columns = [0, *accumulate(widths)]
        return _cells_of(slot.row, slot.column, list(zip(columns, widths, graphemes, strict=False)), look, position)

    def _flow(self, index: int) -> Layout:
        """The text as it stands, after the blocks before."""
        shown = self._final.shown(index)
        texts = [
            _noise_text(text, self._final.width_of) if look is not None and look.state is CellState.MASKED else text
            for text, look in zip(shown.texts, shown.looks, strict=True)
        ]
        before = self._trace.blocks[self._trace.block_at(index)].offset
        loose = frozenset(place for place, part in enumerate(shown.parts, before) if part is Part.STRUCTURE)
        return self._final.lay_out_others([*self._final.texts[:before], *texts], self._columns, loose)

    def _flowing_cells(self, index: int) -> tuple[Cell, ...]:
        earlier = self._trace.blocks[: self._trace.block_at(index)]
        looks = [look for block in earlier for look in _calm(self._final.shown(block.last).looks)]
        looks += self._final.shown(index).looks
        found: list[Cell] = []
        for position, (slots, look) in enumerate(zip(_slots_of(self._flow(index), len(looks)), looks, strict=True)):
            if look is None or not slots:
                continue
            is_noise = look.state is CellState.MASKED
            found += _noise(slots, look, position) if is_noise else _written(slots, look, position, whole=True)
        return tuple(found)


def text_columns(text: str, width_of: Callable[[str], int]) -> int:
    """How many columns a text takes on a line of its own, each tab and line break one."""
    return sum(width_of(SHOWN_AS.get(grapheme, grapheme)) for grapheme in iter_graphemes(text))


def _calm(looks: Iterable[Look | None]) -> list[Look | None]:
    """The looks of a block that is behind: what happened at its last step is no news."""
    return [look and look._replace(mark=Mark.NONE) for look in looks]


def _noise_text(text: str, width_of: Callable[[str], int]) -> str:
    """Noise in the room of its candidate, blanks before it left free; one column for mere blanks or a line break."""
    blanks = len(text) - len(text.lstrip(" \t"))
    if blanks == len(text) or "\n" in text:
        return NOISE_SIGN
    wide = min(MAX_NOISE_COLUMNS, text_columns(text, width_of))
    gap = min(wide - 1, blanks)
    return " " * gap + NOISE_SIGN * (wide - gap)


def _slots_of(layout: Layout, count: int) -> list[tuple[_Slot, ...]]:
    """For each of so many positions, its glyphs in stretches of neighbouring columns, by row and column."""
    own: list[list[Glyph]] = [[] for _ in range(count)]
    for glyph in layout.glyphs:
        if glyph.width:
            own[glyph.position].append(glyph)
    return [tuple(_inked(_stretches(sorted(glyphs, key=lambda glyph: (glyph.row, glyph.column))))) for glyphs in own]


def _inked(slots: Iterable[_Slot]) -> Iterable[_Slot]:
    """Without stretches of mere spaces, unless there is nothing else: a space before a broken line shows nothing."""
    slots = list(slots)
    return [slot for slot in slots if any(glyph.sign not in _BLANKS for glyph in slot.glyphs)] or slots


def _stretches(glyphs: Sequence[Glyph]) -> Iterator[_Slot]:
    start = 0
    for end in range(1, len(glyphs) + 1):
        last = glyphs[end - 1]
        if end == len(glyphs) or (glyphs[end].row, glyphs[end].column) != (last.row, last.column + last.width):
            first = glyphs[start]
            yield _Slot(first.row, first.column, last.column + last.width - first.column, tuple(glyphs[start:end]))
            start = end


def _noise(slots: Iterable[_Slot], look: Look, position: int) -> tuple[Cell, ...]:
    """Noise in the room of slots, without the spaces around their text."""
    return _marked_last(
        Cell(slot.row, slot.column + signs[0][0], signs[-1][0] + signs[-1][1] - signs[0][0], (), look, False, position)
        for slot in slots
        if (signs := _trimmed([(glyph.column - slot.column, glyph.width, glyph.sign) for glyph in slot.glyphs]))
    )


def _written(slots: Iterable[_Slot], look: Look, position: int, whole: bool) -> tuple[Cell, ...]:
    """The text of slots; of a grapheme whose rest is still noise only what is there."""
    cells: list[Cell] = []
    for slot in slots:
        signs = [
            (glyph.column - slot.column, glyph.width, glyph.sign if whole else glyph.parts[0][1])
            for glyph in slot.glyphs
            if not (glyph.sign == RETURN_SIGN and look.state is CellState.COMMITTED)
        ]
        cells += _cells_of(slot.row, slot.column, signs, look, position)
    return _marked_last(cells)


def _cells_of(row: int, column: int, signs: Sequence[Sign], look: Look, position: int) -> tuple[Cell, ...]:
    """One cell of signs, or none; spaces around the text are left to the surface."""
    signs = _trimmed(signs)
    if not signs:
        return ()
    start = signs[0][0]
    placed = tuple((offset - start, width, sign) for offset, width, sign in signs)
    width = signs[-1][0] + signs[-1][1] - start
    return (Cell(row, column + start, width, placed, look, look.mark is not Mark.NONE, position),)


def _trimmed(signs: Sequence[Sign]) -> Sequence[Sign]:
    """Signs without the spaces at their ends; spaces alone stay."""
    inked = [place for place, (_, _, sign) in enumerate(signs) if sign not in _BLANKS]
    return signs[inked[0] : inked[-1] + 1] if inked else signs


def _marked_last(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """The sign of a mark stands at the last of a token's cells only."""
    cells = list(cells)
    if not cells:
        return ()
    *first, last = cells
    return (*(cell._replace(marked=False) for cell in first), last._replace(marked=last.look.mark is not Mark.NONE))
