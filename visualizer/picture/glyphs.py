"""Graphemes of the canvas as coverage: how many columns each takes, and its tile in them.

A grapheme is put together from the fonts that cover its parts. Emoji sequences and those scripts of Asia whose letters
join are shaped by libraqm where Pillow has it; elsewhere their parts stand side by side, the letters in Unifont. What
no font covers is a box with its code, so a picture is never empty where text stands.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np

from visualizer.bundled import FONTS_FOLDER
from visualizer.picture.code_box import BOX_COLUMNS, code_box
from visualizer.picture.font_order import FontOrder, joining_script
from visualizer.picture.graphemes import components, with_marks
from visualizer.picture.layout import terminal_columns
from visualizer.picture.metrics import Metrics
from visualizer.picture.pixel_font import PixelFace
from visualizer.picture.pixels import Ink, Pixels
from visualizer.picture.strips import fitted, overlaid

_HUNG_FROM_A_LINE = ("devanagari", "bengali", "gurmukhi")
"""Their letters are stretched so that the line they hang from has no gaps, by this much at the most."""
_MOST_STRETCH = 1.5
_MOST_COLUMNS = 6
"""A cluster of many letters is squeezed rather than given more columns than this."""


class Glyphs:
    """What the fonts make of a grapheme. Everything is drawn once and kept."""

    def __init__(self, folder: Path = FONTS_FOLDER) -> None:
        self.fonts = FontOrder(folder)
        self._columns: dict[str, int] = {}
        self._tiles: dict[tuple[str, Metrics, int, bool], Pixels] = {}

    def columns(self, grapheme: str) -> int:
        """How many columns a grapheme takes: what terminals give it, or more where its glyph is wider.

        Of scripts whose letters join as many as its glyph is wide, up to six.
        """
        found = self._columns.get(grapheme)
        if found is None:
            found = self._columns[grapheme] = self._measure(grapheme)
        return found

    def tile(self, grapheme: str, metrics: Metrics, columns: int, bold: bool = False) -> Pixels:
        """Coverage of a grapheme in its columns: uint8, line_px × columns * column_px."""
        key = (grapheme, metrics, columns, bold)
        found = self._tiles.get(key)
        if found is None:
            strip = self.strip(grapheme, metrics, bold)
            stretch = _MOST_STRETCH if _hangs_from_a_line(grapheme) and self.fonts.script_face(grapheme) else 1.0
            found = self._tiles[key] = fitted(strip, columns * metrics.column_px, stretch)
        return found

    def strip(self, grapheme: str, metrics: Metrics, bold: bool) -> Ink:
        """The letters of a grapheme side by side, as wide as they come."""
        wide = terminal_columns(grapheme) > 1
        whole = self.fonts.whole_face(grapheme)
        if whole is not None:
            return whole.draw(grapheme, "", metrics)
        units = list(with_marks(components(grapheme)))
        if not units:
            return code_box(grapheme[:1] or " ", metrics, self.tile)
        strips = [self._unit(base, marks, wide, metrics, bold) for base, marks in units]
        return np.concatenate(strips, axis=1)

    def _measure(self, grapheme: str) -> int:
        parts = components(grapheme)
        least = terminal_columns(grapheme)
        if not parts:
            return max(least, BOX_COLUMNS)
        whole = self.fonts.whole_face(grapheme)
        if whole is not None:
            return max(2, least) if whole is self.fonts.emoji else min(whole.columns(grapheme), _MOST_COLUMNS)
        columns = 0
        for base, _marks in with_marks(parts):
            face = self.fonts.face_of(base, least > 1, bold=False)
            if face is self.fonts.emoji:
                return max(least, 2)
            columns += BOX_COLUMNS if face is None else face.columns(base) if isinstance(face, PixelFace) else 1
        return max(least, min(columns, _MOST_COLUMNS))

    def _unit(self, base: str, marks: str, wide: bool, metrics: Metrics, bold: bool) -> Ink:
        """A letter with its marks, from one font if one has them all."""
        composed = unicodedata.normalize("NFC", base + marks)
        faces = self.fonts.faces(base, wide, bold)
        for face in faces:
            if len(composed) == 1 and face.covers(composed):
                return face.draw(composed, "", metrics)
            if all(face.covers(character) for character in base + marks):
                return face.draw(base, marks, metrics)
        own = next((face for face in faces if face.covers(base)), None)
        strip = code_box(base, metrics, self.tile) if own is None else own.draw(base, "", metrics)
        for mark in marks:
            other = next((face for face in faces if face.covers(mark)), None)
            if other is not None:
                strip = overlaid(strip, other.draw("", mark, metrics))
        return strip


def _hangs_from_a_line(grapheme: str) -> bool:
    """Whether a letter hangs from a line that it shares with its neighbours; digits and stops do not."""
    return unicodedata.category(grapheme[:1] or " ") == "Lo" and joining_script(grapheme) in _HUNG_FROM_A_LINE
