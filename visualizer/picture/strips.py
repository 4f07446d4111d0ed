"""Strips of ink, one line of text high: laid over one another, and fitted into a width."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from visualizer.picture.pixels import Ink, Pixels

Bits = npt.NDArray[np.bool_]
"""A strip of ink without shades."""
Level = TypeVar("Level", np.bool_, np.float32)


def overlaid(strip: npt.NDArray[Level], mark: npt.NDArray[Level]) -> npt.NDArray[Level]:
    """A mark over a strip, both ending at the same pixel; the strip grows where the mark is wider."""
    width = max(strip.shape[1], _ink_width(mark))
    both = np.zeros((strip.shape[0], width), dtype=strip.dtype)
    both[:, width - strip.shape[1] :] = strip
    mark = mark[:, max(0, mark.shape[1] - width) :]
    both[:, width - mark.shape[1] :] = np.maximum(both[:, width - mark.shape[1] :], mark)
    return both


def fitted(strip: Ink, width: int, most_stretch: float = 1.0) -> Pixels:
    """A strip in a width of pixels: squeezed when it is wider, else stretched as far as may be, and centred."""
    from PIL import Image

    over = strip.shape[1] - width
    if over > 0 and not strip[:, width:].any():
        strip, over = strip[:, :width], 0
    wanted = min(width, round(strip.shape[1] * most_stretch))
    if wanted != strip.shape[1]:
        image = Image.fromarray(strip.astype(np.uint8))
        strip = np.asarray(image.resize((wanted, strip.shape[0]), Image.Resampling.LANCZOS))
    spare = width - strip.shape[1]
    return np.pad(strip, ((0, 0), (spare // 2, spare - spare // 2))).astype(np.uint8)


def _ink_width(mark: Bits | Ink) -> int:
    """Pixels from the first one with ink to the end."""
    inked = np.flatnonzero(mark.any(axis=0))
    return mark.shape[1] - int(inked[0]) if len(inked) else 0
