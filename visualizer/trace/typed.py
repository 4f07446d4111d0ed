"""A text as it stands when it is typed: left to right, one token a forward pass, nothing taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from visualizer.draft import NO_DRAFT
from visualizer.errors import TraceError
from visualizer.trace.canvas import CanvasState, Finish, Ids, Phase
from visualizer.trace.trace import Trace, Writing


@dataclass(frozen=True)
class Keystroke:
    """One token, and what its model said of it.

    candidate_id: the most probable token, which need not be the one typed. entropy_nats, probability: of the
    distribution that it was drawn from, and of its candidate. top_ids, top_probabilities: the most probable first.
    """

    token_id: int
    candidate_id: int
    entropy_nats: float = 0.0
    probability: float = 0.0
    top_ids: Sequence[int] = ()
    top_probabilities: Sequence[float] = ()
    elapsed_ms: float = 0.0


class Page:
    """One block of a typed text: so many positions, none of which is written at first.

    blank_id: stands where nothing is written yet, with no probability and no entropy, since none is computed there.
    top: how many of the most probable tokens a keystroke has.
    """

    def __init__(
        self, length: int, blank_id: int, block: int, temperature: float, top: int = 0, elapsed_ms: float = 0.0
    ) -> None:
        blank: Ids = np.full(length, blank_id, dtype=np.int32)
        nothing = np.zeros(length, dtype=np.float32)
        self.state = CanvasState(
            canvas_ids=blank,
            candidate_ids=blank,
            accepted=np.zeros(length, dtype=bool),
            entropy_nats=nothing,
            probability=nothing,
            top_ids=np.full((length, top), blank_id, dtype=np.int32),
            top_probabilities=np.zeros((length, top), dtype=np.float32),
            block=block,
            step=0,
            max_steps=length,
            phase=Phase.NOISE,
            temperature=temperature,
            elapsed_ms=elapsed_ms,
            answer_length=0,
        )

    @property
    def is_full(self) -> bool:
        """Whether its last position is written."""
        return self.state.step == len(self.state.accepted)

    def type(self, key: Keystroke, stops: bool) -> CanvasState:
        """The page with one more token. stops: it ends the answer and is no part of it."""
        before, place = self.state, self.state.step
        self.state = replace(
            before,
            canvas_ids=_with(before.canvas_ids, place, key.token_id),
            candidate_ids=_with(before.candidate_ids, place, key.candidate_id),
            accepted=_with(before.accepted, place, True),
            entropy_nats=_with(before.entropy_nats, place, key.entropy_nats),
            probability=_with(before.probability, place, key.probability),
            top_ids=_with(before.top_ids, place, key.top_ids),
            top_probabilities=_with(before.top_probabilities, place, key.top_probabilities),
            step=place + 1,
            phase=Phase.STEP,
            elapsed_ms=key.elapsed_ms,
            answer_length=before.answer_length + (not stops),
        )
        return self.state

    def commit(self, finish: Finish | None) -> CanvasState:
        """The page as the next one, or the reader, finds it."""
        return replace(self.state, phase=Phase.COMMIT, finish=finish)


def typed_out(trace: Trace) -> Trace:
    """The committed text of a denoised run as if it had been typed, a pass a token: drawn, not run.

    The stop token is typed too; what else follows the end is left out. No time is known, nor any probability.
    Raises TraceError when nothing was committed.
    """
    commits = [index for index, state in enumerate(trace.states) if state.phase is Phase.COMMIT]
    if not commits:
        raise TraceError("The run ended before a block of its text was committed, so there is nothing to type.")
    blank_id = min(trace.special or trace.texts)
    states: list[CanvasState] = []
    overrides: list[dict[int, str]] = []
    for index in commits:
        typed = list(_typed_block(trace.states[index], blank_id))
        states += typed
        overrides += [_complete(trace.overrides[index], state.step) for state in typed]
    return replace(
        trace,
        info=replace(trace.info, writing=Writing.DRAWN, draft=NO_DRAFT),
        states=tuple(states),
        overrides=tuple(overrides),
        ended=states[-1].finish.value if states[-1].finish else trace.ended,
    )


def _typed_block(committed: CanvasState, blank_id: int) -> Iterator[CanvasState]:
    end = committed.answer_length
    stops = committed.finish is Finish.STOP_TOKEN and end < len(committed.canvas_ids)
    page = Page(end + stops, blank_id, committed.block, temperature=0.0)
    yield page.state
    for place, token_id in enumerate(committed.canvas_ids[: end + stops].tolist()):
        yield page.type(Keystroke(token_id, token_id), stops=place == end)
    yield page.commit(committed.finish)


def _complete(overrides: dict[int, str], count: int) -> dict[int, str]:
    """The texts of the positions before `count`; a character split over tokens stands when its last token does."""
    kept = {place: text for place, text in overrides.items() if place < count}
    place = count
    while overrides.get(place) == "" and place > 0:
        place -= 1
        kept[place] = ""
    return kept


def _with(values: np.ndarray, place: int, value: object) -> np.ndarray:
    changed = values.copy()
    changed[place] = value
    return changed
