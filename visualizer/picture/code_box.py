"""What stands for a character that no font draws: a frame with its code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from visualizer.picture.metrics import Metrics
from visualizer.picture.pixels import Ink, Pixels

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

BOX_COLUMNS = 2


def code_box(character: str, metrics: Metrics, tile: Callable[[str, Metrics, int], Pixels]) -> Ink:
    """A frame with the code of a character, in two rows if there is room. tile: draws its digits."""
    from PIL import Image, ImageDraw

    code = f"{ord(character):04X}"
    width, height = BOX_COLUMNS * metrics.column_px, round(metrics.font_px * 1.15)
    image = Image.new("L", (width, metrics.line_px))
    pen = ImageDraw.Draw(image)
    inset = max(1, metrics.font_px // 14)
    top = (metrics.line_px - height) // 2
    frame = (inset, top, width - 1 - inset, top + height - 1)
    pen.rounded_rectangle(frame, radius=metrics.font_px // 6, outline=150, width=max(1, metrics.font_px // 18))
    digits_px = round(metrics.font_px * 0.4)
    if digits_px >= 6:
        half = (len(code) + 1) // 2
        for row, digits in enumerate((code[:half], code[half:])):
            strip = _digits(digits, digits_px, width - 2 * inset, tile)
            left = (width - strip.width) // 2
            place = (left, round(top + height * (0.27 + 0.46 * row) - strip.height / 2))
            image.paste(strip, place, strip)
    return np.asarray(image, dtype=np.float32)


def _digits(text: str, font_px: int, room_px: int, tile: Callable[[str, Metrics, int], Pixels]) -> Picture:
    """Small digits for a box."""
    from PIL import Image

    metrics = Metrics(font_px, max(3, min(round(font_px * 0.6), room_px // len(text))), round(font_px * 1.1), font_px)
    tiles = [tile(digit, metrics, 1) for digit in text]
    return Image.fromarray(np.concatenate(tiles, axis=1))
