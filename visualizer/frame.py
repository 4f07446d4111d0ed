"""A state of the canvas and the texts to draw it: what a run yields, and what a recording replays."""

from __future__ import annotations

from dataclasses import dataclass, field

from visualizer.canvas import CanvasState


@dataclass(frozen=True)
class Frame:
    """A state and the texts to draw it.

    texts: of token ids that the run has not named before, every id of the state among them, noise too; special: those
    of them that mark structure. overrides: texts of positions that differ from their token's own, where a character is
    split over tokens. answer: on a commit, the answer up to here. thought: on a commit, what the model has written in
    its thought channel up to here, which is no part of the answer; None when nothing.
    """

    state: CanvasState
    texts: dict[int, str]
    special: frozenset[int] = frozenset()
    overrides: dict[int, str] = field(default_factory=dict)
    answer: str | None = None
    thought: str | None = None
