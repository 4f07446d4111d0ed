"""Pack the Chinese, Japanese and Korean characters in common use from Noto Sans CJK (see README.md beside this).

    pip install fonttools brotli
    apt-get download fonts-noto-cjk && dpkg-deb -x fonts-noto-cjk_*.deb noto
    python assets/fonts/pack_cjk.py noto/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc \
        assets/fonts/noto-sans-cjk-sc-regular.woff2

The Han characters of GB 2312, JIS X 0208 and the first level of Big5, the Hangul of KS X 1001, kana, punctuation and
full-width forms, in the shapes of the mainland where those differ. Without hints, which large text does not need.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from fontTools import subset

_SIMPLIFIED_CHINESE = 2
"""Which of the fonts in the collection."""
_TABLES = {
    "gb2312": (range(0xB0, 0xF8), range(0xA1, 0xFF)),
    "big5": (range(0xA4, 0xC7), range(0x40, 0xFF)),
    "shift_jis": ([*range(0x88, 0xA0), *range(0xE0, 0xEB)], range(0x40, 0xFD)),
    "euc_kr": (range(0xB0, 0xC9), range(0xA1, 0xFF)),
}
"""Encodings, and the first and second bytes of their characters in common use."""
_BLOCKS = (range(0x3000, 0x3100), range(0x3130, 0x3190), range(0xFF00, 0xFFF0))
_UNUSED = ["VORG", "vhea", "vmtx", "GPOS", "GSUB", "BASE"]


def characters(encoding: str, firsts: Iterable[int], seconds: Iterable[int]) -> Iterator[str]:
    """Every character of two bytes that an encoding has there."""
    for pair in ((first, second) for first in firsts for second in seconds):
        try:
            text = bytes(pair).decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(text) == 1:
            yield text


def main() -> None:
    """Command line: the collection of fonts, the file to write."""
    source, target = sys.argv[1:]
    codes = {ord(text) for encoding, bytes_of in _TABLES.items() for text in characters(encoding, *bytes_of)}
    codes.update(*_BLOCKS)
    options = subset.Options(font_number=_SIMPLIFIED_CHINESE, flavor="woff2", hinting=False, layout_features=[])
    options.drop_tables += _UNUSED
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    subset.save_font(font, target, options)


if __name__ == "__main__":
    main()
