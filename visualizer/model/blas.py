"""Faster matrix products for MLX on Linux: an OpenBLAS, loaded before MLX, takes the place of its reference BLAS.

What it gains: `python -m bench.blas` times the pocket checkpoint's step with each of them.
"""

from __future__ import annotations

import ctypes
import logging
import sys
import sysconfig
from pathlib import Path

log = logging.getLogger(__name__)

SYSTEM_LIBRARY = "libopenblas.so.0"
_CARRIED = "opencv_python*.libs/libopenblas*.so"
"""The library inside OpenCV's wheel, which mlx-vlm requires: the one OpenBLAS on PyPI with unprefixed symbols."""


def carried_libraries() -> list[str]:
    """The OpenBLAS libraries that came with OpenCV's wheel."""
    return [str(path) for path in sorted(Path(sysconfig.get_path("platlib")).glob(_CARRIED))]


def prefer_openblas() -> bool:
    """Load OpenBLAS where it can help, the system's or else OpenCV's. Call before MLX is imported.

    Returns whether MLX will use it; on macOS MLX has Accelerate, and nothing is done.
    """
    if not sys.platform.startswith("linux"):
        return False
    for library in (SYSTEM_LIBRARY, *carried_libraries()):
        try:
            ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        log.info("MLX computes with OpenBLAS (%s).", library)
        return True
    log.info("MLX computes with its reference BLAS; a system OpenBLAS (apt install libopenblas0) makes it much faster.")
    return False
