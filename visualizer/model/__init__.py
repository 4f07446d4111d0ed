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

__all__ = [
    "Checkpoint",
    "CheckpointCard",
    "check_model_type",
    "load_checkpoint",
    "read_card",
    "read_json",
    "tensor_sizes",
]
