"""When every position of a canvas settled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from visualizer.trace.canvas import CanvasState, Phase

Steps = npt.NDArray[np.int64]


def settled_steps(states: Sequence[CanvasState]) -> Steps:
    """The first step from which each position stays accepted with its final token (int L).

    states: one block's in order, its commit last. What is noise at the last step, or flips at the commit, settles one
    step later. A stopped run has no commit; there the last state is the end.
    Raises ValueError when the states are not of one block.
    """
    if len({state.block for state in states}) != 1:
        raise ValueError("The states must be of one block.")
    end = states[-1]
    settled = np.full(len(end.canvas_ids), end.step + 1)
    holds = np.ones(len(end.canvas_ids), dtype=bool)
    for state in reversed([state for state in states if state.phase is Phase.STEP]):
        holds &= state.accepted & (state.canvas_ids == end.canvas_ids)
        settled[holds] = state.step
    return settled
