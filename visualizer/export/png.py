"""Pictures as PNG: one moment of a film, or several side by side, written by imageio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualizer.picture import Pixels


def png_bytes(pixels: Pixels) -> bytes:
    """Pixels (uint8 H×W×3 RGB) as a PNG file."""
    import imageio.v3

    return imageio.v3.imwrite("<bytes>", pixels, extension=".png", plugin="pillow", optimize=True)


def side_by_side(pictures: Sequence[Pixels], between: tuple[int, int, int], gap_px: int) -> Pixels:
    """Pictures of one height (uint8 H×W×3 each) in a row, a stripe of one colour between two neighbours."""
    height = pictures[0].shape[0]
    stripe = np.full((height, gap_px, 3), between, dtype=np.uint8)
    parts = [pictures[0]]
    for picture in pictures[1:]:
        parts += [stripe, picture]
    return np.concatenate(parts, axis=1)


def evenly_chosen(progress: Sequence[float], count: int) -> list[int]:
    """Up to `count` indices, first and last among them, at which a rising progress is spread most evenly.

    progress: one number a moment. Fewer moments than asked for are all chosen.
    """
    last = len(progress) - 1
    if last < count:
        return list(range(last + 1))
    chosen = [0]
    low, high = progress[0], progress[last]
    for number in range(1, count - 1):
        goal = low + (high - low) * number / (count - 1)
        room = range(chosen[-1] + 1, last - (count - 2 - number))
        chosen.append(min(room, key=lambda index: abs(progress[index] - goal)))
    return [*chosen, last]
