"""Whether MLX computes with a checkpoint's weights as they are quantized, by its config.json alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visualizer.errors import CheckpointError

MODES = {
    "affine": ((64, 32, 128), (4, 2, 3, 5, 6, 8)),
    "mxfp4": ((32,), (4,)),
    "nvfp4": ((16,), (4,)),
    "mxfp8": ((32,), (8,)),
}
"""Group sizes and bits by mode, each mode's defaults first; on Metal and on a processor alike. `mx.quantize` takes 1
bit too, but mlx-vlm reads such weights with a kernel of its own, for Metal only."""


def check_quantization(config: Mapping[str, Any], name: str) -> None:
    """Refuse the content of a config.json that tells of weights which MLX cannot compute with as they are.

    Raises CheckpointError.
    """
    said = config.get("quantization")
    if said is None:
        _check_not_for_others(config, name)
        return
    if not isinstance(said, Mapping) or not {"group_size", "bits"} <= said.keys():
        raise CheckpointError(f"The config.json of {name} lacks or garbles its quantization.")
    for entry in (said, *(value for value in said.values() if isinstance(value, Mapping))):
        mode = str(entry.get("mode", "affine"))
        groups, widths = MODES.get(mode, ((), ()))
        group, bits = entry.get("group_size", groups[:1]), entry.get("bits", widths[:1])
        if not groups or group not in (*groups, groups[:1]) or bits not in (*widths, widths[:1]):
            raise CheckpointError(
                f"{name} is quantized in a way that MLX does not compute with: mode {mode:.40}, {bits!s:.10} bits in "
                f"groups of {group!s:.10}."
            )


def _check_not_for_others(config: Mapping[str, Any], name: str) -> None:
    """Refuse what other programs quantize. mlx-vlm converts some of it while it loads, to weights of another size than
    those that are fetched; how much memory they take is not known before."""
    text = config.get("text_config")
    other = config.get("quantization_config") or (isinstance(text, Mapping) and text.get("quantization_config"))
    if other:
        method = other.get("quant_method") if isinstance(other, Mapping) else None
        raise CheckpointError(
            f"{name} is quantized for other programs than MLX ({method or 'by no known method'!s:.40}); choose a "
            "repository of this model that was made with MLX."
        )
