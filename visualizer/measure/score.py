"""How far a run is at each of its states, and which of two runs of one prompt took fewer passes and less time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from visualizer.trace import Phase, RunInfo, Trace, Writing

_NAMES = {Writing.DENOISED: "denoised", Writing.TYPED: "typed", Writing.DRAWN: "typed"}
_HALTED = {"stopped": "was stopped", "failed": "failed"}
_ONE_OCCASION = timedelta(days=1)
_IF = {Writing.DENOISED: "", Writing.TYPED: "", Writing.DRAWN: " if typed"}


@dataclass(frozen=True)
class Score:
    """What a run has done. passes: forward passes over its canvas or its next position, without the reading of prompt
    and committed blocks; tokens: of the answer, as they stand; seconds: since the run began, None where none ran."""

    passes: int
    tokens: int
    seconds: float | None


def scores_of(trace: Trace) -> tuple[Score, ...]:
    """The score at every state of a trace."""
    scores: list[Score] = []
    passes = committed = 0
    for state in trace.states:
        passes += state.phase is Phase.STEP
        standing = int(state.accepted[: state.answer_length].sum())
        seconds = None if trace.info.writing is Writing.DRAWN else state.elapsed_ms / 1000
        scores.append(Score(passes, committed + standing, seconds))
        committed += state.answer_length if state.phase is Phase.COMMIT else 0
    return tuple(scores)


def verdict(left: Trace, right: Trace) -> tuple[str, ...]:
    """Who took fewer forward passes, and who less time, each in a few words.

    A side that was stopped or failed wins and loses nothing. Times are left out where they are not to be compared: of a
    drawn side none is known. Both traces hold a state.
    """
    for trace in (left, right):
        if trace.ended in _HALTED:
            return (f"no winner: the {_NAMES[trace.info.writing]} side {_HALTED[trace.ended]}",)
    sides = [(trace.info.writing, scores_of(trace)[-1]) for trace in (left, right)]
    passes = [(_NAMES[kind], score.passes, f"{score.passes}{_IF[kind]}") for kind, score in sides]
    seconds = [(_NAMES[kind], s, f"{s:.2f} s") for kind, score in sides if (s := score.seconds) is not None]
    told = [_compared("fewer forward passes", passes)]
    timed = len(seconds) == len(sides) and not times_apart(left.info, right.info)
    return (*told, _compared("less time", seconds)) if timed else tuple(told)


def times_apart(left: RunInfo, right: RunInfo) -> str:
    """Why the times of two runs are not to be compared, in a sentence; "" where both were taken on one occasion."""
    machines = [", ".join(info.device.split(", ")[:2]) for info in (left, right)]  # without the format of the numbers
    if machines[0] != machines[1]:
        return f"Their times are not compared: one ran on {machines[0]}, the other on {machines[1]}."
    try:
        began, other = (datetime.fromisoformat(info.started_at) for info in (left, right))
        if abs(began - other) <= _ONE_OCCASION:
            return ""
    except (TypeError, ValueError):
        return "Their times are not compared: one does not say when it ran, perhaps on another machine."
    return (
        f"Their times are not compared: they ran on {began:%Y-%m-%d} and {other:%Y-%m-%d}, perhaps on other machines."
    )


def _compared(what: str, sides: Sequence[tuple[str, float, str]]) -> str:
    """The side with the smaller number, named, and both numbers in words."""
    (name, least, few), (_, most, many) = sorted(sides, key=lambda side: side[1])
    return f"{what}: neither, {few} to {many}" if least == most else f"{what}: {name}, {few} to {many}"
