"""The font of pixels, GNU Unifont: what it covers, and its glyphs at the size of the text around them."""

from __future__ import annotations

import io
import logging
import lzma
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from visualizer.picture.metrics import Metrics
from visualizer.picture.pixels import Ink
from visualizer.picture.strips import Bits, overlaid

log = logging.getLogger(__name__)

_HEIGHT, _BASELINE, _COLUMN = 16, 14, 8
_MOST_FACES = 4


class PixelFace:
    """Glyphs of 8 or 16 by 16 pixels, scaled; its marks lie over the end of what stands before them.

    Read when the first character is asked for that no other font has; a file that cannot be read covers nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def covers(self, character: str) -> bool:
        codes = self._sheet.codes
        place = np.searchsorted(codes, ord(character))
        return bool(place < len(codes) and codes[place] == ord(character))

    def columns(self, base: str) -> int:
        """Columns of a letter as it is drawn."""
        sheet = self._sheet
        return max(1, int(sheet.widths[np.searchsorted(sheet.codes, ord(base))]) // _COLUMN)

    def draw(self, base: str, marks: str, metrics: Metrics) -> Ink:
        bits = self._glyph(base) if base else np.zeros((_HEIGHT, 2 * _COLUMN), dtype=bool)
        for mark in marks:
            bits = overlaid(bits, self._glyph(mark))
        return _magnified(bits, metrics)

    def _glyph(self, character: str) -> Bits:
        sheet = self._sheet
        place = np.searchsorted(sheet.codes, ord(character))
        packed = sheet.packed[sheet.starts[place] : sheet.starts[place + 1]]
        return np.unpackbits(packed).reshape(_HEIGHT, -1).astype(bool)

    @cached_property
    def _sheet(self) -> _Sheet:
        try:
            with np.load(io.BytesIO(lzma.decompress(self._path.read_bytes()))) as file:
                codes, widths, packed = (file[name] for name in ("codes", "widths", "bits"))
        except (OSError, ValueError, KeyError, lzma.LZMAError) as exc:
            log.warning("The font %s cannot be used (%s); scripts that only it covers show as boxes.", self._path, exc)
            codes = widths = packed = np.zeros(0, dtype=np.uint8)
        lengths = np.where(widths == _COLUMN, _HEIGHT, 2 * _HEIGHT)
        return _Sheet(codes, widths, packed, np.concatenate([[0], np.cumsum(lengths)]))


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Glyphs of pixels, by ascending code. starts: in `packed`, 8 pixels a byte, where each begins, and the end."""

    codes: npt.NDArray[np.uint32]
    widths: npt.NDArray[np.uint8]
    packed: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]


@lru_cache(maxsize=_MOST_FACES)
def pixel_face(path: Path) -> PixelFace:
    """The pixel font of a file, unpacked once."""
    return PixelFace(path)


def _magnified(bits: Bits, metrics: Metrics) -> Ink:
    """Pixel art at the size of the columns, by exact areas, with its baseline on the line's."""
    from PIL import Image

    share = metrics.column_px / _COLUMN
    width, height = round(bits.shape[1] * share), round(_HEIGHT * share)
    large = Image.fromarray(bits.astype(np.uint8) * 255).resize((width * 8, height * 8), Image.Resampling.NEAREST)
    small = np.asarray(large.resize((width, height), Image.Resampling.BOX), dtype=np.float32)
    strip = np.zeros((max(metrics.line_px, height), width), dtype=np.float32)
    top = min(max(0, metrics.baseline_px - round(_BASELINE * share)), strip.shape[0] - height)
    strip[top : top + height] = small
    return strip[: metrics.line_px]
