"""The legend: one sample of every kind of cell, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from visualizer.picture.cells import Cell
from visualizer.picture.heat import SAMPLES
from visualizer.picture.looks import Look, Mark
from visualizer.picture.options import View
from visualizer.trace import CellState

_GAP_COLUMNS = 3


@dataclass(frozen=True)
class LegendEntry:
    """A sample of a cell, and the word beside it if it is not the sample's own. column: of the legend's own."""

    cell: Cell
    word: str
    column: int


_STATES = (
    (Look(CellState.MASKED, sure=2), "noise", True),
    (Look(CellState.NEW), "new", False),
    (Look(CellState.DRAFT), "draft", False),
    (Look(CellState.COMMITTED), "committed", False),
    (Look(CellState.MASKED, Mark.REVERTED), "reverted", True),
    (Look(CellState.NEW, Mark.CHANGED), "changed", False),
)


_HELD = (Look(CellState.COMMITTED, held=True), "held", False)


def _samples(view: View, held: bool) -> tuple[tuple[Look, str, bool], ...]:
    if view is View.STATES:
        return (*_STATES, _HELD) if held else _STATES
    heats = (Look(CellState.COMMITTED, heat=heat) for heat in range(1, len(SAMPLES[view]) + 1))
    return (_STATES[0], *((look, word, False) for look, word in zip(heats, SAMPLES[view], strict=True)))


def legend(view: View = View.STATES, held: bool = False) -> tuple[LegendEntry, ...]:
    """One sample of every kind of cell, side by side; of what a draft holds, where something is held."""
    entries: list[LegendEntry] = []
    column = 0
    for look, word, is_noise in _samples(view, held):
        width = 4 if is_noise else len(word)
        signs = () if is_noise else tuple((offset, 1, letter) for offset, letter in enumerate(word))
        cell = Cell(0, column, width, signs, look, look.mark is not Mark.NONE, len(entries))
        entries.append(LegendEntry(cell, word if is_noise else "", column + width + 1))
        column += width + (len(word) + 1 if is_noise else 0) + _GAP_COLUMNS
    return tuple(entries)


def legend_columns(view: View = View.STATES, held: bool = False) -> int:
    """How many columns the legend takes."""
    last = legend(view, held)[-1]
    return last.cell.column + last.cell.width
