"""The race of two runs as the browser shows it; it reckons none of it.

- `timed`: whether the clock is the recorded time, else forward passes.
- `sides`, of each run: its `title`; by state `passes` and `tokens`; the states at which the first `line` and the whole
  `answer` stood, -1 for never.
- `verdict`: who won what, in a few words each. `notes`: what else has to be known, in sentences.
"""

from __future__ import annotations

from visualizer.measure import milestones_of, scores_of, times_apart, verdict
from visualizer.picture import RACE_TITLES
from visualizer.trace import Trace, Writing

_IN_TURN = "Both ran alone, one after the other, never at once; here they are replayed on one clock."
_HALTED = {"failed": "failed", "stopped": "was stopped"}


def race_fields(left: Trace, right: Trace, note: str = "") -> dict[str, object]:
    """Of two runs of one prompt that have a state each. note: one more."""
    return {
        "timed": all(trace.info.writing is not Writing.DRAWN for trace in (left, right)),
        "sides": [_side(trace) for trace in (left, right)],
        "verdict": verdict(left, right),
        "notes": [*([note] if note else []), *_notes(left, right)],
    }


def _side(trace: Trace) -> dict[str, object]:
    scores, reached = scores_of(trace), milestones_of(trace)
    return {
        "title": RACE_TITLES[trace.info.writing],
        "passes": [score.passes for score in scores],
        "tokens": [score.tokens for score in scores],
        "line": -1 if reached.line is None else reached.line,
        "answer": -1 if reached.answer is None else reached.answer,
    }


def _notes(left: Trace, right: Trace) -> list[str]:
    notes = [
        f"The {side} side {_HALTED[trace.ended]}, and is kept as far as it came. {trace.problem}".strip()
        for side, trace in (("left", left), ("right", right))
        if trace.ended in _HALTED
    ]
    drawn = [trace for trace in (left, right) if trace.info.writing is Writing.DRAWN]
    if drawn:
        passes = scores_of(drawn[0])[-1].passes
        notes.append(
            f"One side is drawn, not run: the other's own text, {passes:,} passes if it were typed. How long that "
            "would take is not known, so the clock is forward passes, and time is not compared."
        )
    else:
        notes.append(times_apart(left.info, right.info) or _IN_TURN)
    if left.info.draft and not drawn:
        notes.append("The left side began from a draft, the right one from nothing.")
    asked = [trace.info.settings for trace in (left, right)]
    for what, given in (("was asked to think", "think"), ("had a system prompt", "system")):
        values = [bool(getattr(settings, given)) for settings in asked]
        if values[0] != values[1]:
            notes.append(f"Only the {'left' if values[0] else 'right'} side {what}.")
    return notes
