"""The model's loop, yielding finished values.

The loop itself (`denoise`, `readout`, `sampler`) needs MLX to be imported, so it is no part of this door.
"""

from __future__ import annotations

from visualizer.model.checkpoint import (
    INDEX,
    WEIGHTS,
    Checkpoint,
    CheckpointCard,
    check_model_type,
    load_checkpoint,
    read_card,
    read_json,
    read_weight_map,
    tensor_sizes,
    weight_files,
)
from visualizer.model.metal_errors import gpu_error
from visualizer.model.quantization import check_quantization

__all__ = [
    "INDEX",
    "WEIGHTS",
    "Checkpoint",
    "CheckpointCard",
    "check_model_type",
    "check_quantization",
    "gpu_error",
    "load_checkpoint",
    "read_card",
    "read_json",
    "read_weight_map",
    "tensor_sizes",
    "weight_files",
]
