"""What MLX computes on, and how much of its memory the app may take: number format, wired weights, pool, tiles."""

from __future__ import annotations

import re
from dataclasses import dataclass

import mlx.core as mx

_EMULATES_BFLOAT16 = re.compile(r"Apple M[12]\b")
"""Chips without bfloat16 of their own: float16 was 1.3 to 1.8 times faster there."""
_CPU_TILE_BYTES = 24 * 2**20
"""Larger than a processor's cache is slower."""
_METAL_TILE_BYTES, _METAL_LEAST_TILE_BYTES = 40 * 2**20, 16 * 2**20
_METAL_TILES_IN_FLIGHT = 5
_POOL_BYTES = 4 * 10**9
"""Of freed buffers that MLX keeps. Without a limit pools of 6 to 9 GB were seen on the 26B."""


@dataclass(frozen=True)
class Tiling:
    """How the vocabulary is read on a device.

    tile_bytes: working set of one tile. in_flight: tiles that are handed over before the first of them must be
    finished; 1 waits for each. fused: elementwise passes are compiled into one kernel; on a processor MLX would call a
    C++ compiler for it, which takes seconds or is not there.
    """

    tile_bytes: int = _CPU_TILE_BYTES
    in_flight: int = 1
    fused: bool = False


def on_gpu() -> bool:
    """Whether MLX computes on a GPU."""
    return mx.default_device().type == mx.DeviceType.gpu


def number_format(device_name: str, gpu: bool) -> mx.Dtype:
    """What activations are computed in: float32 on a processor, where MLX has no fast bfloat16."""
    if not gpu:
        return mx.float32
    return mx.float16 if _EMULATES_BFLOAT16.search(device_name) else mx.bfloat16


def device_name() -> str:
    """As the device calls itself, such as "Apple M1 Max"; empty where it has no name."""
    return str(mx.device_info().get("device_name", "")) if on_gpu() else ""


def recommended_bytes() -> int | None:
    """What Metal recommends to use at most; None on a processor."""
    recommended = mx.device_info().get("max_recommended_working_set_size") if on_gpu() else None
    return int(recommended) if recommended else None


def tiling(free_bytes: int | None) -> Tiling:
    """The tiles for a GPU with so much memory left, or for a processor (None).

    Every wait costs half a millisecond on Metal: with five tiles in flight there are 15 over the 26B's vocabulary. With
    k in flight so many waits need k / (k - 1) of the memory: small tiles, many of them, are better than few large ones,
    until the kernels are many too. Where memory is short they become smaller.
    """
    if free_bytes is None:
        return Tiling()
    tile_bytes = min(_METAL_TILE_BYTES, max(_METAL_LEAST_TILE_BYTES, free_bytes // (2 * _METAL_TILES_IN_FLIGHT)))
    return Tiling(tile_bytes, _METAL_TILES_IN_FLIGHT, fused=True)


def present_tiling() -> Tiling:
    """The tiles for this device as its memory is now."""
    recommended = recommended_bytes()
    return tiling(None if recommended is None else max(0, recommended - mx.get_active_memory()))


def keep_in_memory(weights_bytes: int) -> None:
    """For the life of this process: wire the weights, and bound the pool of freed buffers by what is left beside them.

    Beyond Metal's recommendation MLX empties its pool at every turn, and every step allocates anew.
    """
    recommended = recommended_bytes()
    if recommended is None:
        mx.set_cache_limit(_POOL_BYTES)
        return
    mx.set_wired_limit(recommended)
    mx.set_cache_limit(min(_POOL_BYTES, max(0, recommended - weights_bytes) // 2))
