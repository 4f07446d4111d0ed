"""The values: one canvas, one recording, its file."""

from __future__ import annotations

from visualizer.trace.canvas import CanvasState, CellState, Finish, Frame, Phase, cell_states, changed, reverted
from visualizer.trace.file import MAX_FILE_BYTES, load_trace, save_trace
from visualizer.trace.parts import CHANNEL_CLOSER, CHANNEL_OPENER, Part, canvas_parts
from visualizer.trace.settled import settled_steps
from visualizer.trace.trace import RunInfo, Trace, trace_of

__all__ = [
    "CHANNEL_CLOSER",
    "CHANNEL_OPENER",
    "MAX_FILE_BYTES",
    "CanvasState",
    "CellState",
    "Finish",
    "Frame",
    "Part",
    "Phase",
    "RunInfo",
    "Trace",
    "canvas_parts",
    "cell_states",
    "changed",
    "load_trace",
    "reverted",
    "save_trace",
    "settled_steps",
    "trace_of",
]
