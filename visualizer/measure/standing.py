"""What of a block's answer stands at each of its states."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from visualizer.trace import Block, Flags, Part, Phase, Trace


@dataclass(frozen=True, eq=False)
class Standing:
    """A block's answer of A tokens over its S states.

    positions: where its tokens stand on the canvas (int A). texts: their final ones. there: accepted, with the final
    text (bool S×A). steps: of every state. The end of a stopped run is its last state.
    """

    block: Block
    positions: npt.NDArray[np.int64]
    texts: tuple[str, ...]
    there: Flags
    steps: tuple[int, ...]

    @cached_property
    def stood_from(self) -> npt.NDArray[np.int64]:
        """The place among the states from which each token stands to the end (int A)."""
        lost = ~self.there
        last_lost = len(lost) - 1 - lost[::-1].argmax(axis=0)
        return np.where(lost.any(axis=0), last_lost + 1, 0)

    @cached_property
    def text(self) -> str:
        """The answer, whole."""
        return "".join(self.texts)

    @cached_property
    def owners(self) -> tuple[int, ...]:
        """For every character of the text, which token brings it."""
        return tuple(token for token, text in enumerate(self.texts) for _ in text)


def standing_of(trace: Trace, block: Block, parts: tuple[np.ndarray, ...]) -> Standing:
    """What stands of a block's answer. parts: of every state (`trace_parts`)."""
    states, end = trace.states_of(block), trace.states[block.last]
    positions = np.flatnonzero(parts[block.last] == Part.ANSWER)
    final = trace.shown_texts(block.last)
    there = np.zeros((len(states), len(positions)), dtype=bool)
    for place, state in enumerate(states):
        shown = trace.shown_texts(block.first + place)
        alike = np.array([shown[position] == final[position] for position in positions], dtype=bool)
        holds = state.accepted | (state.phase is Phase.COMMIT)
        there[place] = alike & (holds & (state.canvas_ids == end.canvas_ids))[positions]
    return Standing(
        block, positions, tuple(final[position] for position in positions), there, tuple(s.step for s in states)
    )
