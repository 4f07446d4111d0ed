"""What pictures are made of: arrays of pixels, and rectangles of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""Height × width: palette indices, or coverage from 0 to 255; also palettes and RGB pictures, with a last axis of 3."""
Ink = npt.NDArray[np.float32]
"""Coverage as a font draws it, height × width, 0 to 255, of any width."""


class Box(NamedTuple):
    """A rectangle of pixels."""

    left: int
    top: int
    width: int
    height: int


def bounds(boxes: Iterable[Box]) -> Box | None:
    """The smallest rectangle around others; None when there are none."""
    boxes = list(boxes)
    if not boxes:
        return None
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.left + box.width for box in boxes), max(box.top + box.height for box in boxes)
    return Box(left, top, right - left, bottom - top)
