"""Noise as the tokens that the model reads: a field of them, or each in the room of a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from wcwidth import iter_graphemes

from visualizer.picture.cells import SHOWN_AS, Cell, Sign
from visualizer.picture.looks import Look, Mark, special_sign
from visualizer.trace import CellState, Trace

_MOST_COLUMNS = 12
"""Of a token in the field."""


def noise_field(trace: Trace, index: int, columns: int, width_of: Callable[[str], int]) -> tuple[Cell, ...]:
    """The tokens of a canvas that is all noise, one after the other: nothing of the text to come is in their places."""
    row = column = 0
    found: list[Cell] = []
    for position, text in enumerate(_tokens(trace, index)):
        gap = len(text) - len(text.lstrip(" "))
        signs = _signs(text.strip(" ") or " ", min(columns, _MOST_COLUMNS), width_of)
        width = signs[-1][0] + signs[-1][1] if signs else 0
        if not width:
            continue
        column += min(gap, 1) if column else 0
        if column + width > columns:
            row, column = row + 1, 0
        found.append(Cell(row, column, width, signs, Look(CellState.MASKED), False, position))
        column += width
    return tuple(found)


def with_tokens(cells: Sequence[Cell], trace: Trace, index: int, width_of: Callable[[str], int]) -> Iterator[Cell]:
    """The cells of a state, with the token that the model reads in the widest cell of every noise position."""
    offset = trace.blocks[trace.block_at(index)].offset
    tokens = _tokens(trace, index)
    for position, own in groupby(cells, lambda cell: cell.position):
        parts = list(own)
        look = parts[0].look
        if position < offset or look.state is not CellState.MASKED or look.mark is not Mark.NONE:
            yield from parts
            continue
        widest = max(parts, key=lambda cell: cell.width)
        signs = _signs(tokens[position - offset].strip(" "), widest.width, width_of)
        if signs:
            yield widest._replace(signs=signs, look=look._replace(sure=0))


def _tokens(trace: Trace, index: int) -> list[str]:
    """The text of every token on a state's canvas, those that mark structure as their signs."""
    ids = trace.states[index].canvas_ids.tolist()
    return [special_sign(trace.texts[i]) if i in trace.special else trace.texts[i] for i in ids]


def _signs(text: str, columns: int, width_of: Callable[[str], int]) -> tuple[Sign, ...]:
    """As much of a text as stands in so many columns."""
    signs: list[Sign] = []
    column = 0
    for grapheme in iter_graphemes(text):
        sign = SHOWN_AS.get(grapheme, grapheme)
        width = width_of(sign)
        if column + width > columns:
            break
        if width:
            signs.append((column, width, sign))
        column += width
    return tuple(signs)
