"""Pack GNU Unifont's outlines, drawn at their native 16 pixels, into one small file (see README.md beside this).

    apt-get download fonts-unifont && dpkg-deb -x fonts-unifont_*.deb unifont
    python assets/fonts/pack_unifont.py unifont/usr/share/fonts/opentype/unifont unifont-16px.npz.xz

Three arrays: code points (uint32, ascending), widths in pixels (uint8: 8, 16, or 0 for a mark, which has 16 columns),
and the rows of every glyph as bits.
"""

from __future__ import annotations

import io
import lzma
import sys
import unicodedata
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_PIXELS = 16
_ASCENT = 14
"""Unifont's baseline stands two pixels above the bottom of its box."""


def draw(font: ImageFont.FreeTypeFont, character: str) -> tuple[int, np.ndarray]:
    """A glyph's width in pixels and its bits, bool 16×8 or 16×16.

    A mark has width 0, and its 16 columns end where its base does.
    """
    advance = round(font.getlength(character))
    image = Image.new("1", (2 * _PIXELS, _PIXELS))
    ImageDraw.Draw(image).text((0 if advance else _PIXELS, _ASCENT), character, fill=1, font=font, anchor="ls")
    pixels = np.asarray(image)[:, :_PIXELS]
    if advance == 0:
        return 0, pixels
    width = _PIXELS if pixels[:, _PIXELS // 2 :].any() or advance > _PIXELS // 2 else _PIXELS // 2
    return width, pixels[:, :width]


def glyphs(path: Path, known: dict[int, tuple[int, np.ndarray]]) -> None:
    """Add every assigned character that the font draws and `known` lacks."""
    font = ImageFont.truetype(path, _PIXELS, layout_engine=ImageFont.Layout.BASIC)
    missing = draw(font, "\U0010fffe")[1].tobytes()
    for code in range(0xA0, 0x20000):
        character = chr(code)
        if code in known or unicodedata.category(character) in ("Cn", "Co", "Cs", "Cc"):
            continue
        width, bits = draw(font, character)
        if bits.any() and bits.tobytes() != missing:
            known[code] = width, bits


def main() -> None:
    """Command line: the folder of the fonts, the file to write."""
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    known: dict[int, tuple[int, np.ndarray]] = {}
    for name in ("unifont.otf", "unifont_upper.otf"):
        glyphs(folder / name, known)
    codes = sorted(known)
    packed = io.BytesIO()
    np.savez(
        packed,
        codes=np.array(codes, dtype=np.uint32),
        widths=np.array([known[code][0] for code in codes], dtype=np.uint8),
        bits=np.concatenate([np.packbits(known[code][1].ravel()) for code in codes]),
    )
    target.write_bytes(lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
