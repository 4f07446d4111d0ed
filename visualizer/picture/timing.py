"""Which states of a run are shown, and how long each stands. direction: its plan, where that is followed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from visualizer.measure import Direction
from visualizer.picture.options import Pacing, SceneOptions
from visualizer.trace import Trace

STEP_MS = 120
"""How long a step stands at equal pacing and speed 1."""
SHORTEST_MS = 20
"""GIF players show shorter frames much longer."""
_TICK_MS = 10
_LONG_MS = 500
"""A state that is meant to stand so long is never left out."""
_SLOW_FROM_SHARE, _SLOW_TIMES = 0.6, 4.0
"""A slow finish begins at this share of the steps and ends this many times slower."""


def kept_states(trace: Trace, frame_step: int, direction: Direction | None = None) -> list[int]:
    """Indices of the states that are shown: every n-th, the first and the last of every block, and what is held."""
    ends = {index for block in trace.blocks for index in (block.first, block.last)}
    if direction is not None:
        ends |= {index for index, shot in enumerate(direction.shots) if shot.duration_ms >= _LONG_MS}
    return [index for index in range(len(trace.states)) if index % frame_step == 0 or index in ends]


def durations_ms(
    trace: Trace, kept: Sequence[int], options: SceneOptions, direction: Direction | None = None
) -> tuple[int, ...]:
    """How long each kept state stands: whole 10 ms, at least 20, and rounded so that their sum does not drift."""
    if not kept:
        return (_ticks(max(options.end_hold_ms, SHORTEST_MS)),)
    planned = _planned_ms(direction) if direction is not None else _starts_ms(trace, options.pacing)
    starts = [start / options.speed for start in planned]
    rounded = [_ticks(starts[index]) for index in kept]
    durations = [max(SHORTEST_MS, after - start) for start, after in pairwise(rounded)]
    end_ms = direction.shots[-1].duration_ms if direction is not None else SHORTEST_MS
    durations.append(max(end_ms, _ticks(options.end_hold_ms)))
    durations[0] = max(durations[0], _ticks(options.start_hold_ms))
    return tuple(durations)


def _planned_ms(direction: Direction) -> list[int]:
    """When every state begins by a plan, at speed 1."""
    return [0, *accumulate(shot.duration_ms for shot in direction.shots[:-1])]


def _starts_ms(trace: Trace, pacing: Pacing) -> list[float]:
    """When every state begins, at speed 1."""
    count = len(trace.states)
    if pacing is Pacing.REAL:
        return [state.elapsed_ms - trace.states[0].elapsed_ms for state in trace.states]
    starts = [0.0]
    for index in range(count - 1):
        late = max(0.0, (index + 1) / count - _SLOW_FROM_SHARE) / (1 - _SLOW_FROM_SHARE)
        slower = 1 + (_SLOW_TIMES - 1) * late**2 if pacing is Pacing.SLOW_FINISH else 1.0
        starts.append(starts[-1] + STEP_MS * slower)
    return starts


def _ticks(milliseconds: float) -> int:
    return round(milliseconds / _TICK_MS) * _TICK_MS
