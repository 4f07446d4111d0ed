"""A font of outlines: what it covers, and a letter with its marks, or a whole grapheme, as it draws them."""

from __future__ import annotations

import unicodedata
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visualizer.picture.graphemes import components, is_above, is_below
from visualizer.picture.metrics import Metrics
from visualizer.picture.pixels import Ink

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, Layout

_PROBE_PX = 32
_UNASSIGNED = "\U0010fffe"
_MOST_FACES = 48
_MOST_OPEN = 64
"""A picture takes about twenty, one with every script some sixty."""
_MOST_OPEN_LARGE = 4


class Kind(Enum):
    """What a font of outlines is for."""

    LETTERS = "letters, drawn one by one with their marks"
    HAN = "characters two columns wide"
    EMOJI = "emoji, and sequences of them"
    CLUSTERS = "scripts whose letters change beside one another, drawn by whole graphemes"


_HAN_SHARE = 1.12
"""Of the font's size: two columns are wider than a square."""
_LOWERED_SHARE = {Kind.EMOJI: 0.1, Kind.HAN: 0.04}


class OutlineFace:
    """A font of outlines, in any size."""

    def __init__(self, path: Path | str, kind: Kind = Kind.LETTERS, weight: int | None = None) -> None:
        """Raises OSError when the file is missing or no font."""
        self._path = str(path)
        self._kind = kind
        self._weight = weight
        self._covered: dict[str, bool] = {}
        self._missing = self._mask(_UNASSIGNED)

    def covers(self, character: str) -> bool:
        found = self._covered.get(character)
        if found is None:
            size, pixels = self._mask(character)
            ink = any(pixels)
            found = (ink and (size, pixels) != self._missing) or (not ink and unicodedata.category(character) == "Zs")
            self._covered[character] = found
        return found

    def draws_whole(self, cluster: str) -> bool:
        """Whether the font draws a grapheme as one: the letters of its script, an emoji sequence that has a glyph."""
        parts = components(cluster)
        covered = bool(parts) and all(self.covers(character) for character in parts)
        if self._kind is Kind.EMOJI:
            return covered and len(cluster) > 1 and self._advance(cluster) <= self._advance(parts[0])
        return covered and self._kind is Kind.CLUSTERS

    def columns(self, cluster: str) -> int:
        """Columns of a grapheme by its width; at least one."""
        return max(1, round(self._advance(cluster) / Metrics.of(_PROBE_PX).column_px))

    def advance(self, text: str, font_px: int) -> int:
        """Pixels that a text takes."""
        return round(self._font(font_px, text).getlength(text))

    def draw(self, base: str, marks: str, metrics: Metrics) -> Ink:
        from PIL import Image, ImageDraw

        font = self._font(self._size(base or "M", metrics), base)
        left, top, right, bottom = _ink(font, base) or (0, 0, 0 if base else metrics.column_px, 0)
        width = max(round(font.getlength(base)), right, 1) if base else metrics.column_px
        start = max(0, -left) if self._kind is Kind.CLUSTERS else 0
        image = Image.new("L", (start + width, metrics.line_px))
        pen = ImageDraw.Draw(image)
        baseline = metrics.baseline_px + round(metrics.font_px * _LOWERED_SHARE.get(self._kind, 0))
        if self._kind is Kind.CLUSTERS:  # letters under letters reach lower than a dense line does
            baseline -= max(0, min(baseline + bottom - metrics.line_px, baseline + top))
        pen.text((start, baseline), base, fill=255, font=font, anchor="ls")
        gap = max(1, metrics.font_px // 14)
        for mark in marks:
            box = _ink(font, mark) or (0, 0, 0, 0)
            shift = 0
            if is_above(mark) and base:
                shift = min(0, top - gap - box[3])
                top = box[1] + shift
            elif is_below(mark) and base:
                shift = max(0, bottom + gap - box[1])
                bottom = box[3] + shift
            centre = (left + right - box[0] - box[2]) / 2
            pen.text((round(centre), baseline + shift), mark, fill=255, font=font, anchor="ls")
        return np.asarray(image, dtype=np.float32)

    def _size(self, base: str, metrics: Metrics) -> int:
        """The font's size in pixels.

        Emoji are drawn as large as two columns allow, Han characters nearly so; what is taller than its line, smaller.
        """
        if self._kind is Kind.HAN:
            return round(metrics.font_px * _HAN_SHARE)
        if self._kind is Kind.LETTERS:
            return metrics.font_px
        if self._kind is Kind.CLUSTERS:
            _, top, _, bottom = _ink(self._font(metrics.font_px, base), base) or (0, 0, 0, 0)
            return max(1, min(metrics.font_px, metrics.font_px * metrics.line_px // max(1, bottom - top)))
        share = 2 * metrics.column_px / max(1.0, self._font(_PROBE_PX).getlength(base) / _PROBE_PX)
        return max(1, min(metrics.font_px, round(share)))

    def _advance(self, text: str) -> int:
        return self.advance(text, _PROBE_PX)

    def _font(self, font_px: int, text: str = "") -> FreeTypeFont:
        """The font in a size, as it serves for a text: shaped, vowel signs without a letter get a dotted circle."""
        is_alone = text != "" and unicodedata.category(text[0]) == "Mc"
        shaped = self._kind in (Kind.EMOJI, Kind.CLUSTERS) and not is_alone
        opened = _opened_large if self._kind is Kind.HAN else _opened
        return opened(self._path, font_px, self._weight, shaped)

    def _mask(self, character: str) -> tuple[tuple[int, int], bytes]:
        try:
            mask = self._font(_PROBE_PX).getmask(character)
        except UnicodeEncodeError:  # a lone surrogate
            return (0, 0), b""
        return mask.size, bytes(mask)


class DefaultFace(OutlineFace):
    """The font inside Pillow."""

    def __init__(self) -> None:
        super().__init__("")

    def _font(self, font_px: int, text: str = "") -> FreeTypeFont:
        return _opened_default(font_px)


@lru_cache(maxsize=_MOST_FACES)
def outline_face(path: Path, kind: Kind = Kind.LETTERS, weight: int | None = None) -> OutlineFace:
    """The font of a file, kept with what it is known to cover for the next picture.

    Raises OSError when the file is missing or no font.
    """
    return OutlineFace(path, kind, weight)


@cache
def can_shape() -> bool:
    """Whether Pillow has libraqm, and finds FriBiDi for it, which its wheels leave to the system."""
    from PIL import features

    return bool(features.check("raqm") and features.check("fribidi"))


def _open(path: str, font_px: int, weight: int | None, shaped: bool) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.truetype(path, font_px, layout_engine=_engine(shaped))
    if weight is not None:
        font.set_variation_by_axes([weight])
    return font


_opened = lru_cache(maxsize=_MOST_OPEN)(_open)
"""Fonts in one size each, kept for the next picture: to open one is to unpack its file."""
_opened_large = lru_cache(maxsize=_MOST_OPEN_LARGE)(_open)


@lru_cache(maxsize=_MOST_OPEN)
def _opened_default(font_px: int) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.load_default(font_px)
    assert isinstance(font, ImageFont.FreeTypeFont)  # asked for in a size, it always is one
    return font


def _engine(shaped: bool) -> Layout:
    """How Pillow sets letters: plainly, so that pictures do not depend on libraries of the system, or shaped."""
    from PIL import ImageFont

    return ImageFont.Layout.RAQM if shaped and can_shape() else ImageFont.Layout.BASIC


def _ink(font: FreeTypeFont, text: str) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what is inked, from the pen's place on the baseline; None when nothing is."""
    mask, (left, top) = font.getmask2(text, anchor="ls")
    box = mask.getbbox()
    return box and (box[0] + left, box[1] + top, box[2] + left, box[3] + top)
