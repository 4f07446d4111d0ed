"""What every position of a state shows: its text and how it looks. No places, no pixels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from visualizer.trace import CanvasState, CellState, Trace, cell_states, changed, reverted

SURE_LEVELS = 4


class Mark(IntEnum):
    """What happened to a position at this step, beside its state."""

    NONE = 0
    REVERTED = 1
    CHANGED = 2


class Look(NamedTuple):
    """What a cell is drawn as. sure: 0 to 3, of noise: how probable its candidate is. outside: after the answer."""

    state: CellState
    mark: Mark = Mark.NONE
    sure: int = 0
    outside: bool = False


_LOOK_SHAPE = (len(CellState), len(Mark), SURE_LEVELS, 2)
_ALL_LOOKS = [
    Look(CellState(state), Mark(mark), sure, bool(outside)) for state, mark, sure, outside in np.ndindex(_LOOK_SHAPE)
]


@dataclass(frozen=True, eq=False)
class Shown:
    """One state ready to be placed: every position's text, look (None: nothing is drawn), and whether it is special."""

    texts: list[str]
    looks: list[Look | None]
    special: list[bool]


def shown_of(trace: Trace, index: int) -> Shown:
    """Texts and looks of a state's positions. Special tokens become one sign, and go when the block is committed."""
    state = trace.states[index]
    before = trace.states[index - 1] if index else None
    ids = state.shown_ids().tolist()
    special = [token_id in trace.special for token_id in ids]
    texts = trace.shown_texts(index)
    texts = [special_sign(text) if is_special else text for text, is_special in zip(texts, special, strict=True)]
    looks: list[Look | None] = []
    for position, look in enumerate(_looks(before, state)):
        is_over = look.state is CellState.COMMITTED and look.outside and special[position]
        looks.append(None if is_over else look)
    return Shown(texts, looks, special)


def special_sign(text: str) -> str:
    """The small sign that stands for a special token."""
    if "pad" in text:
        return "·"
    return "◼" if "turn|" in text or "eos" in text or "end" in text else "◇"


def _looks(before: CanvasState | None, state: CanvasState) -> list[Look]:
    codes = cell_states(before, state).astype(int)
    marks = Mark.REVERTED * reverted(before, state) + Mark.CHANGED * changed(before, state)
    sure = np.minimum((state.probability * SURE_LEVELS).astype(int), SURE_LEVELS - 1) * (codes == CellState.MASKED)
    outside = np.arange(len(codes)) >= state.answer_length
    places = np.ravel_multi_index((codes, marks, sure, outside.astype(int)), _LOOK_SHAPE)
    return [_ALL_LOOKS[place] for place in places.tolist()]
