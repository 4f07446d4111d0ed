"""The model's loop, yielding finished values.

The loop itself (`denoise`, `readout`, `sampler`) needs MLX to be imported, so it is no part of this door.
"""

from __future__ import annotations

from visualizer.model.checkpoint import (
    Checkpoint,
    CheckpointCard,
    check_model_type,
    load_checkpoint,
    read_card,
    read_json,
    tensor_sizes,
)
from visualizer.model.metal_errors import gpu_error

__all__ = [
    "Checkpoint",
    "CheckpointCard",
    "check_model_type",
    "gpu_error",
    "load_checkpoint",
    "read_card",
    "read_json",
    "tensor_sizes",
]
