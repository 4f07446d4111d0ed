"""Pictures as PNG, written by imageio, and which moments of a run are shown side by side."""

from __future__ import annotations

from collections.abc import Sequence

from visualizer.picture import Pixels


def png_bytes(pixels: Pixels) -> bytes:
    """Pixels (uint8 H×W×3 RGB) as a PNG file."""
    import imageio.v3

    return imageio.v3.imwrite("<bytes>", pixels, extension=".png", plugin="pillow", optimize=True)


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
