"""What cells are coloured by when it is not their state: how unsure, since when, how often taken back or replaced.

The same as in the player's views (`assets/player/views.js`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from visualizer.picture.options import View
from visualizer.trace import Phase, Trace, changed, reverted

HEAT_NATS = (0.01, 0.1, 0.5, 1.5, 3.0)
"""Above each, one step hotter."""
HEATS = len(HEAT_NATS)
INKS = {View.CONFIDENCE: "changed", View.ORDER: "new", View.REVISIONS: "reverted"}
"""The colour of each."""
SAMPLES = {
    View.CONFIDENCE: (*tuple(f">{limit:g}" for limit in HEAT_NATS[:-1]), f">{HEAT_NATS[-1]:g} nats"),
    View.ORDER: ("last fifth", "4th", "3rd", "2nd", "first fifth"),
    View.REVISIONS: ("once", "2×", "3×", "4×", "5× or more"),
}
"""What each heat means, from 1 on."""
WORDS = {
    View.CONFIDENCE: "coloured by entropy",
    View.ORDER: "coloured by when it settled",
    View.REVISIONS: "coloured by changes of mind",
}

Heat = npt.NDArray[np.int64]
"""From 0 to HEATS, of every position of a canvas."""


def heats_of(trace: Trace, view: View) -> tuple[Heat, ...]:
    """The heat of every position at every state."""
    if view is View.CONFIDENCE:
        return tuple(np.searchsorted(HEAT_NATS, state.entropy_nats, side="left") for state in trace.states)
    return _order(trace) if view is View.ORDER else _revisions(trace)


def _order(trace: Trace) -> tuple[Heat, ...]:
    """Since which fifth of its block's steps a position holds its token; 0 of noise."""
    heats: list[Heat] = []
    for block in trace.blocks:
        since: Heat = np.zeros(block.length, dtype=np.int64)
        before, last = None, max(1, trace.states[block.last].step)
        for state in trace.states_of(block):
            holds = since > 0 if before is None else (since > 0) & (before == state.canvas_ids)
            now = state.step + (state.phase is Phase.COMMIT)
            since = np.where(state.accepted, np.where(holds, since, now), 0)
            before = state.canvas_ids
            fifth = HEATS - HEATS * (np.minimum(since, last) - 1) // last
            heats.append(np.where(since > 0, np.clip(fifth, 1, HEATS), 0))
    return tuple(heats)


def _revisions(trace: Trace) -> tuple[Heat, ...]:
    """How often an accepted token was taken back or replaced so far."""
    heats: list[Heat] = []
    for index, state in enumerate(trace.states):
        before = trace.states[index - 1] if index and trace.states[index - 1].block == state.block else None
        so_far = np.zeros(len(state.canvas_ids), dtype=np.int64) if before is None else heats[-1]
        heats.append(so_far + reverted(before, state) + changed(before, state))
    return tuple(np.minimum(heat, HEATS) for heat in heats)
