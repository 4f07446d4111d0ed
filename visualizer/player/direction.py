"""The plan of a recording's time as the browser follows it; it computes none of it."""

from __future__ import annotations

from visualizer.measure import direction_of
from visualizer.trace import Trace


def direction_fields(trace: Trace) -> dict[str, object]:
    """`ms` how long each state stands, `says` the caption of those at which another one begins, `lit` the lit positions
    of those that have any, both by state, and `raw` up to which state noise is the tokens that the model reads.
    """
    shots = direction_of(trace).shots
    captions = ["", *(shot.caption for shot in shots)]
    return {
        "ms": [shot.duration_ms for shot in shots],
        "says": {str(k): shot.caption for k, shot in enumerate(shots) if shot.caption != captions[k]},
        "lit": {str(k): list(shot.lit) for k, shot in enumerate(shots) if shot.lit},
        "raw": max((k for k, shot in enumerate(shots) if shot.raw), default=-1),
    }
