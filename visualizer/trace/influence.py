"""What moves in one step when one token is held: the step as it was, and as it would have been."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from visualizer.trace.canvas import Flags, Ids, Reals


@dataclass(frozen=True, eq=False)
class Influence:
    """One step run twice on the same canvas with the same self-conditioning, the second time with one token held.

    index: of the state in its recording that the step led to. place: on that state's canvas, where token_id was held.
    candidate_ids, entropy_nats: int32 and float32 L, without it; held_candidate_ids, held_entropy_nats: with it. texts:
    of every token that is named.
    """

    index: int
    place: int
    token_id: int
    candidate_ids: Ids
    entropy_nats: Reals
    held_candidate_ids: Ids
    held_entropy_nats: Reals
    texts: Mapping[int, str]

    @property
    def moved(self) -> Flags:
        """Positions (bool L) whose best guess is another one; what is held itself is none of them."""
        moved: Flags = self.candidate_ids != self.held_candidate_ids
        moved[self.place] = False
        return moved

    @property
    def entropy_change_nats(self) -> Reals:
        """How much less sure (above 0) or surer each position becomes (float32 L); of what is held, 0."""
        change: Reals = self.held_entropy_nats - self.entropy_nats
        change[self.place] = 0
        return change
