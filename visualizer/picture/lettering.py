"""Lines of words beside the canvas, in the page's own proportional font."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import numpy as np
from wcwidth import iter_graphemes

from visualizer.picture.glyphs import Glyphs
from visualizer.picture.graphemes import read_in_turn
from visualizer.picture.metrics import Metrics
from visualizer.picture.pixels import Pixels
from visualizer.picture.strips import fitted

_LINE_SHARE = 1.4
"""The height of a line, as a share of its font's size."""


def line_metrics(font_px: int) -> Metrics:
    """The metrics of a line of words; what the proportional font lacks stands in their columns."""
    return Metrics.of(font_px, _LINE_SHARE)


class Lettering:
    """Draws and measures lines of words. Every stretch is drawn once and kept."""

    def __init__(self, glyphs: Glyphs) -> None:
        self._glyphs = glyphs
        self._strips: dict[tuple[str, Metrics, bool], Pixels] = {}

    def line(self, text: str, font_px: int, bold: bool = False) -> Pixels:
        """Coverage of a line of text: uint8, line × width."""
        metrics = line_metrics(font_px)
        pieces = [self._drawn(piece, metrics, bold) for piece in self._pieces(text)]
        return np.concatenate(pieces or [np.zeros((metrics.line_px, 1), dtype=np.uint8)], axis=1)

    def width(self, text: str, font_px: int, bold: bool = False) -> int:
        """Pixels that `line` takes, to within one a stretch of letters; nothing is drawn."""
        metrics = line_metrics(font_px)
        return sum(self._width(piece, metrics, bold) for piece in self._pieces(text))

    def _pieces(self, text: str) -> Iterator[str]:
        """Stretches of text that the proportional font draws in one go, and graphemes that it does not cover."""
        stretch = ""
        for grapheme in read_in_turn(iter_graphemes(text)):
            plain = unicodedata.normalize("NFC", grapheme)
            if len(plain) == 1 and not plain.isdigit() and self._glyphs.fonts.words_face(plain, bold=False):
                stretch += plain
                continue
            if stretch:
                yield stretch
            stretch = ""
            yield grapheme
        if stretch:
            yield stretch

    def _drawn(self, piece: str, metrics: Metrics, bold: bool) -> Pixels:
        key = (piece, metrics, bold)
        if key not in self._strips:
            face = self._glyphs.fonts.words_face(piece, bold)
            strip = self._glyphs.strip(piece, metrics, bold) if face is None else face.draw(piece, "", metrics)
            is_fixed = face is None or piece.isdigit()
            self._strips[key] = fitted(strip, self._width(piece, metrics, bold) if is_fixed else strip.shape[1])
        return self._strips[key]

    def _width(self, piece: str, metrics: Metrics, bold: bool) -> int:
        """Digits are all of one width, so that a counter does not shake."""
        face = self._glyphs.fonts.words_face(piece, bold)
        if face is not None:
            return face.advance("0" if piece.isdigit() else piece, metrics.font_px)
        script = self._glyphs.fonts.script_face(piece)
        if script is not None and script.draws_whole(piece):
            return max(1, script.advance(piece, metrics.font_px))
        return self._glyphs.columns(piece) * metrics.column_px
