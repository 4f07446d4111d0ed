"""The values: one canvas, one recording, its file."""

from __future__ import annotations

from visualizer.trace.canvas import (
    CanvasState,
    CellState,
    Finish,
    Flags,
    Frame,
    Ids,
    Phase,
    Reals,
    cell_states,
    changed,
    reverted,
)
from visualizer.trace.drafting import SelfConditioning, go_on, hold, throw_back, write
from visualizer.trace.file import MAX_FILE_BYTES, file_stem, load_trace, save_trace
from visualizer.trace.influence import Influence
from visualizer.trace.parts import CHANNEL_CLOSER, CHANNEL_OPENER, Part, PartReader, canvas_parts, trace_parts
from visualizer.trace.settled import settled_steps
from visualizer.trace.trace import Block, RunInfo, Trace, Writing, trace_of
from visualizer.trace.typed import Keystroke, Page, typed_out

__all__ = [
    "CHANNEL_CLOSER",
    "CHANNEL_OPENER",
    "MAX_FILE_BYTES",
    "Block",
    "CanvasState",
    "CellState",
    "Finish",
    "Flags",
    "Frame",
    "Ids",
    "Influence",
    "Keystroke",
    "Page",
    "Part",
    "PartReader",
    "Phase",
    "Reals",
    "RunInfo",
    "SelfConditioning",
    "Trace",
    "Writing",
    "canvas_parts",
    "cell_states",
    "changed",
    "file_stem",
    "go_on",
    "hold",
    "load_trace",
    "reverted",
    "save_trace",
    "settled_steps",
    "throw_back",
    "trace_of",
    "trace_parts",
    "typed_out",
    "write",
]
