"""One canvas after one denoising step, as plain numpy values, its texts, and the cell states derived from two.

The canvas starts as random tokens (uniform-state diffusion has no mask token); acceptance is decided anew at every
step, so a position can go back to noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
"""Token ids."""
Flags = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float32]
"""Nats and probabilities."""


class Phase(Enum):
    """Where in its block a state stands."""

    NOISE = "noise"
    STEP = "step"
    COMMIT = "commit"


class Finish(Enum):
    """Why a run ended."""

    STOP_TOKEN = "stop"
    BUDGET = "length"


class CellState(IntEnum):
    """What a position is, seen from outside."""

    MASKED = 0
    NEW = 1
    DRAFT = 2
    COMMITTED = 3


@dataclass(frozen=True, eq=False)
class CanvasState:
    """One canvas of L positions after one step.

    canvas_ids: what the model reads next, accepted tokens and noise (int32 L). candidate_ids: its most probable tokens
    (int32 L). accepted: bool L. entropy_nats, probability: of the step's tempered distribution and of its candidate
    (float32 L). top_ids, top_probabilities: L×k, empty before the first step. block, step: counted from 0 and from 1;
    step 0 is the initial noise. temperature: of the schedule. answer_length: leading positions that belong to the
    answer, up to the first accepted stop id and the token budget. finish: set on a run's last state. pinned: bool L,
    positions whose token stays by the draft; none where that is left out. ending: the probability that the answer has
    ended, of stop and padding ids together (float32 L); None where it is not known.
    """

    canvas_ids: Ids
    candidate_ids: Ids
    accepted: Flags
    entropy_nats: Reals
    probability: Reals
    top_ids: Ids
    top_probabilities: Reals
    block: int
    step: int
    max_steps: int
    phase: Phase
    temperature: float
    elapsed_ms: float
    answer_length: int
    finish: Finish | None = None
    pinned: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))
    ending: Reals | None = None

    def __post_init__(self) -> None:
        if not len(self.pinned):
            object.__setattr__(self, "pinned", np.zeros(len(self.accepted), dtype=bool))

    @property
    def mean_entropy_nats(self) -> float:
        """Mean over the canvas but what is pinned: one half of the stop rule."""
        return float(self.entropy_nats[~self.pinned].mean()) if not self.pinned.all() else 0.0

    @property
    def memory_bytes(self) -> int:
        """Of its arrays."""
        arrays = (self.canvas_ids, self.candidate_ids, self.accepted, self.entropy_nats, self.probability, self.top_ids,
                  self.top_probabilities, self.pinned)  # fmt: skip
        return sum(array.nbytes for array in arrays) + (0 if self.ending is None else self.ending.nbytes)

    def shown_ids(self) -> Ids:
        """The token drawn at every position (int32 L): the accepted one, of noise the candidate."""
        return np.where(self.accepted, self.canvas_ids, self.candidate_ids)

    def token_ids(self) -> set[int]:
        """Every id that occurs: on the canvas, among the candidates, among the alternatives."""
        return {*self.canvas_ids.tolist(), *self.candidate_ids.tolist(), *self.top_ids.ravel().tolist()}


@dataclass(frozen=True)
class Frame:
    """A state and the texts to draw it.

    texts: of token ids that the run has not named before, every id of the state among them, noise too; special: those
    of them that mark structure. overrides: texts of positions that differ from their token's own, where a character is
    split over tokens. answer: on a commit, the answer up to here. thought: on a commit, what the model has written in
    its thought channel up to here, which is no part of the answer; None when nothing. begins_in_thought: of every
    frame of a run whose prompt ends in a thought that it opens and leaves open.
    """

    state: CanvasState
    texts: dict[int, str]
    special: frozenset[int] = frozenset()
    overrides: dict[int, str] = field(default_factory=dict)
    answer: str | None = None
    thought: str | None = None
    begins_in_thought: bool = False


def cell_states(previous: CanvasState | None, current: CanvasState) -> npt.NDArray[np.uint8]:
    """CellState of every position (uint8 L), given the state before in the same block (None: there was none)."""
    if current.phase is Phase.COMMIT:
        return np.where(current.accepted, CellState.COMMITTED, CellState.MASKED).astype(np.uint8)
    stays = _accepted_before(previous, current) & (_ids_before(previous, current) == current.canvas_ids)
    states = np.where(stays, CellState.DRAFT, CellState.NEW)
    return np.where(current.accepted, states, CellState.MASKED).astype(np.uint8)


def reverted(previous: CanvasState | None, current: CanvasState) -> Flags:
    """Positions (bool L) that were accepted and are noise again."""
    return _accepted_before(previous, current) & ~current.accepted


def changed(previous: CanvasState | None, current: CanvasState) -> Flags:
    """Positions (bool L) accepted both times with another token, flips at the commit among them."""
    differs: Flags = _ids_before(previous, current) != current.canvas_ids
    return _accepted_before(previous, current) & current.accepted & differs


def _accepted_before(previous: CanvasState | None, current: CanvasState) -> Flags:
    if previous is None or previous.block != current.block:
        return np.zeros(len(current.canvas_ids), dtype=bool)
    return previous.accepted


def _ids_before(previous: CanvasState | None, current: CanvasState) -> Ids:
    if previous is None or previous.block != current.block:
        return current.canvas_ids
    return previous.canvas_ids
