"""The model's loop, yielding finished values.

The loops (`denoise` with `readout` and `sampler`, `typewriter`) need MLX to be imported, so they are no part of this
door.
"""

from __future__ import annotations

from visualizer.model.card import TYPED_KNOBS, CheckpointCard, check_denoises, check_model_type, read_card
from visualizer.model.checkpoint import Checkpoint
from visualizer.model.draft_text import TextTokens, fill_in, revise
from visualizer.model.files import INDEX, WEIGHTS, read_json, read_weight_map, tensor_sizes, weight_files
from visualizer.model.load import load_checkpoint
from visualizer.model.metal_errors import gpu_error
from visualizer.model.quantization import check_quantization

__all__ = [
    "INDEX",
    "TYPED_KNOBS",
    "WEIGHTS",
    "Checkpoint",
    "CheckpointCard",
    "TextTokens",
    "check_denoises",
    "check_model_type",
    "check_quantization",
    "fill_in",
    "gpu_error",
    "load_checkpoint",
    "read_card",
    "read_json",
    "read_weight_map",
    "revise",
    "tensor_sizes",
    "weight_files",
]
