"""Graphemes as coverage, from the bundled fonts in order of preference.

Pillow knows no fallback between fonts, so every grapheme is put together here: JetBrains Mono, DejaVu Sans Mono, Noto
Emoji, Noto Sans for Chinese, Japanese, Korean, Hebrew and the scripts of South and Southeast Asia, and GNU Unifont
(drawn for 16 pixels) for the rest. Emoji sequences and those scripts of Asia whose letters join are shaped by libraqm
where Pillow has it; elsewhere their parts stand side by side, the letters in Unifont. Without the font folder the
system's fonts or Pillow's own serve. What no font covers is a box with its code, so a picture is never empty where text
stands.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from wcwidth import iter_graphemes

from visualizer.bundled import FONTS_FOLDER
from visualizer.picture.fonts import (
    Face,
    Kind,
    Metrics,
    OutlineFace,
    PixelFace,
    can_shape,
    outline_face,
    overlaid,
    pixel_face,
    rescue_faces,
)
from visualizer.picture.graphemes import components, read_in_turn, with_marks
from visualizer.picture.layout import terminal_columns
from visualizer.picture.pixels import Ink, Pixels

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

log = logging.getLogger(__name__)

_MONO = tuple(f"jetbrains-mono-{part}-400-normal.woff2" for part in ("latin", "latin-ext", "greek", "cyrillic"))
_BOLD = tuple(name.replace("-400-", "-700-") for name in _MONO)
_WIDE_MONO = "DejaVuSansMono.ttf"
_EMOJI = "noto-emoji-emoji-400-normal.woff2"
_HEBREW = "noto-sans-hebrew-hebrew-400-normal.woff2"
_HAN = "noto-sans-cjk-sc-regular.woff2"
_HAN_CODES = ((0x2E80, 0xA000), (0xAC00, 0xD7B0), (0xF900, 0xFB00), (0xFE30, 0xFE50), (0xFF00, 0xFFF0))
"""Where Chinese, Japanese and Korean characters stand, from and to."""
_CLUSTERS = (
    (0x900, 0x980, "devanagari"), (0x980, 0xA00, "bengali"), (0xA00, 0xA80, "gurmukhi"), (0xA80, 0xB00, "gujarati"),
    (0xB00, 0xB80, "oriya"), (0xB80, 0xC00, "tamil"), (0xC00, 0xC80, "telugu"), (0xC80, 0xD00, "kannada"),
    (0xD00, 0xD80, "malayalam"), (0xD80, 0xE00, "sinhala"), (0xE00, 0xE80, "thai"), (0xE80, 0xF00, "lao"),
    (0x1000, 0x10A0, "myanmar"), (0x1780, 0x1800, "khmer"), (0x19E0, 0x1A00, "khmer"), (0x1CD0, 0x1D00, "devanagari"),
    (0xA8E0, 0xA900, "devanagari"),
)  # fmt: skip
"""Where the scripts stand whose letters join, from and to."""
_HUNG_FROM_A_LINE = ("devanagari", "bengali", "gurmukhi")
"""Their letters are stretched so that the line they hang from has no gaps, by this much at the most."""
_MOST_STRETCH = 1.5
_CLUSTERS_FILE = "noto-sans-{0}-{0}-400-normal.woff2"
_UI = "inter-latin-wght-normal.woff2"
_PIXEL = "unifont-16px.npz.xz"

UI_LINE_SHARE = 1.4
"""The height of a line of words, as a share of its font's size."""
_UI_WEIGHT, _UI_BOLD_WEIGHT = 400, 600
_MOST_COLUMNS = 6
"""A cluster of many letters is squeezed rather than given more columns than this."""
_BOX_COLUMNS = 2


class Glyphs:
    """The fonts, and what they make of a grapheme. Everything is drawn once and kept."""

    def __init__(self, folder: Path = FONTS_FOLDER) -> None:
        self._folder = folder
        self._columns: dict[str, int] = {}
        self._tiles: dict[tuple[str, Metrics, int, bool], Pixels] = {}
        self._scripts: dict[str, OutlineFace | None] = {}

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
            strip = self._strip(grapheme, metrics, bold)
            stretch = _MOST_STRETCH if _hangs_from_a_line(grapheme) and self._script_of(grapheme) else 1.0
            found = self._tiles[key] = _fitted(strip, columns * metrics.column_px, stretch)
        return found

    def run(self, text: str, font_px: int, bold: bool = False) -> Pixels:
        """Coverage of a line of text in the page's own proportional font: uint8, line × width."""
        metrics = Metrics.of(font_px, UI_LINE_SHARE)
        pieces = [self._piece(piece, metrics, bold) for piece in self._pieces(text)]
        return np.concatenate(pieces or [np.zeros((metrics.line_px, 1), dtype=np.uint8)], axis=1)

    def run_width(self, text: str, font_px: int, bold: bool = False) -> int:
        """Pixels that `run` takes, to within one a stretch of letters; nothing is drawn."""
        metrics = Metrics.of(font_px, UI_LINE_SHARE)
        return sum(self._piece_width(piece, metrics, bold) for piece in self._pieces(text))

    def _measure(self, grapheme: str) -> int:
        parts = components(grapheme)
        least = terminal_columns(grapheme)
        if not parts:
            return max(least, _BOX_COLUMNS)
        whole = self._whole_face(grapheme)
        if whole is not None:
            return max(2, least) if whole is self._emoji else min(whole.columns(grapheme), _MOST_COLUMNS)
        columns = 0
        for base, _marks in with_marks(parts):
            face = self._face_of(base, least > 1, bold=False)
            if face is self._emoji:
                return max(least, 2)
            columns += _BOX_COLUMNS if face is None else face.columns(base) if isinstance(face, PixelFace) else 1
        return max(least, min(columns, _MOST_COLUMNS))

    def _strip(self, grapheme: str, metrics: Metrics, bold: bool) -> Ink:
        """The letters of a grapheme side by side, as wide as they come."""
        wide = terminal_columns(grapheme) > 1
        whole = self._whole_face(grapheme)
        if whole is not None:
            return whole.draw(grapheme, "", metrics)
        units = list(with_marks(components(grapheme)))
        if not units:
            return self._box(grapheme[:1] or " ", metrics)
        strips = [self._unit(base, marks, wide, metrics, bold) for base, marks in units]
        return np.concatenate(strips, axis=1)

    def _unit(self, base: str, marks: str, wide: bool, metrics: Metrics, bold: bool) -> Ink:
        """A letter with its marks, from one font if one has them all."""
        composed = unicodedata.normalize("NFC", base + marks)
        faces = self._chain(base, wide, bold)
        for face in faces:
            if len(composed) == 1 and face.covers(composed):
                return face.draw(composed, "", metrics)
            if all(face.covers(character) for character in base + marks):
                return face.draw(base, marks, metrics)
        own = next((face for face in faces if face.covers(base)), None)
        strip = self._box(base, metrics) if own is None else own.draw(base, "", metrics)
        for mark in marks:
            other = next((face for face in faces if face.covers(mark)), None)
            if other is not None:
                strip = overlaid(strip, other.draw("", mark, metrics))
        return strip

    def _whole_face(self, grapheme: str) -> OutlineFace | None:
        """The font that draws a grapheme as one rather than letter by letter."""
        face = self._script_of(grapheme) or (self._emoji if terminal_columns(grapheme) > 1 else None)
        return face if face is not None and face.draws_whole(grapheme) else None

    def _script_of(self, grapheme: str) -> OutlineFace | None:
        """The font of a grapheme's script, if that is one whose letters join."""
        name = _joining_script(grapheme)
        if name is None or not can_shape():
            return None
        if name not in self._scripts:
            self._scripts[name] = self._outline(_CLUSTERS_FILE.format(name), Kind.CLUSTERS)
        return self._scripts[name]

    def _face_of(self, character: str, wide: bool, bold: bool) -> Face | None:
        return next((face for face in self._chain(character, wide, bold) if face.covers(character)), None)

    def _chain(self, character: str, wide: bool, bold: bool) -> Sequence[Face]:
        """The fonts to try, the preferred first."""
        if any(start <= ord(character) < end for start, end in _HAN_CODES):
            return self._han_chain
        return self._chains[wide, bold]

    @cached_property
    def _han_chain(self) -> list[Face]:
        """Of its own, because the font is large: it is opened where it is needed."""
        return _present([self._outline(_HAN, Kind.HAN), *self._chains[True, False]])

    @cached_property
    def _emoji(self) -> OutlineFace | None:
        return self._outline(_EMOJI, Kind.EMOJI)

    @cached_property
    def _chains(self) -> dict[tuple[bool, bool], list[Face]]:
        """Fonts in order of preference, by wide and bold: wide characters look for an emoji first."""
        regular = [self._outline(name) for name in _MONO]
        bold = [self._outline(name) for name in _BOLD]
        broad, hebrew = self._outline(_WIDE_MONO), self._outline(_HEBREW)
        pixel = pixel_face(self._folder / _PIXEL)
        chains: dict[tuple[bool, bool], list[Face]] = {}
        for is_bold, latin in ((False, regular), (True, [*bold, *regular])):
            chains[False, is_bold] = _present([*latin, broad, hebrew, self._emoji, pixel])
            chains[True, is_bold] = _present([self._emoji, pixel, broad, *latin])
        if not any(_present(regular)) and broad is None:
            rescue = rescue_faces()
            chains = {key: [*rescue, *chain] for key, chain in chains.items()}
        return chains

    def _outline(self, name: str, kind: Kind = Kind.LETTERS, weight: int | None = None) -> OutlineFace | None:
        path = self._folder / name
        try:
            return outline_face(path, kind, weight)
        except OSError as exc:
            log.warning("The font %s cannot be used (%s); others stand in for it.", path, exc)
            return None

    def _box(self, character: str, metrics: Metrics) -> Ink:
        """A frame with the code of a character that is not drawn, in two rows if there is room."""
        from PIL import Image, ImageDraw

        code = f"{ord(character):04X}"
        width, height = _BOX_COLUMNS * metrics.column_px, round(metrics.font_px * 1.15)
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
                strip = self._digits(digits, digits_px, width - 2 * inset)
                left = (width - strip.width) // 2
                place = (left, round(top + height * (0.27 + 0.46 * row) - strip.height / 2))
                image.paste(strip, place, strip)
        return np.asarray(image, dtype=np.float32)

    def _digits(self, text: str, font_px: int, room_px: int) -> Picture:
        """Small digits for a box."""
        from PIL import Image

        metrics = Metrics(
            font_px, max(3, min(round(font_px * 0.6), room_px // len(text))), round(font_px * 1.1), font_px
        )
        tiles = [self.tile(digit, metrics, 1) for digit in text]
        return Image.fromarray(np.concatenate(tiles, axis=1))

    def _pieces(self, text: str) -> Iterator[str]:
        """Stretches of text that the proportional font draws in one go, and graphemes that it does not cover."""
        stretch = ""
        for grapheme in read_in_turn(iter_graphemes(text)):
            plain = unicodedata.normalize("NFC", grapheme)
            if len(plain) == 1 and not plain.isdigit() and self._ui_covers(plain):
                stretch += plain
                continue
            if stretch:
                yield stretch
            stretch = ""
            yield grapheme
        if stretch:
            yield stretch

    def _piece(self, piece: str, metrics: Metrics, bold: bool) -> Pixels:
        key = (piece, metrics, 0, bold)
        if key not in self._tiles:
            face = self._ui_face(piece, bold)
            strip = self._strip(piece, metrics, bold) if face is None else face.draw(piece, "", metrics)
            is_fixed = face is None or piece.isdigit()
            width = self._piece_width(piece, metrics, bold) if is_fixed else strip.shape[1]
            self._tiles[key] = _fitted(strip, width)
        return self._tiles[key]

    def _piece_width(self, piece: str, metrics: Metrics, bold: bool) -> int:
        """Digits are all of one width, so that a counter does not shake."""
        face = self._ui_face(piece, bold)
        if face is not None:
            return face.advance("0" if piece.isdigit() else piece, metrics.font_px)
        script = self._script_of(piece)
        if script is not None and script.draws_whole(piece):
            return max(1, script.advance(piece, metrics.font_px))
        return self.columns(piece) * metrics.column_px

    def _ui_face(self, piece: str, bold: bool) -> OutlineFace | None:
        """The proportional font, if it covers a piece."""
        face = self._ui_bold if bold else self._ui_regular
        return face if all(self._ui_covers(character) for character in piece) else None

    def _ui_covers(self, character: str) -> bool:
        face = self._ui_regular
        plain = character.isprintable() and not unicodedata.combining(character)
        return face is not None and plain and face.covers(character)

    @cached_property
    def _ui_regular(self) -> OutlineFace | None:
        return self._outline(_UI, weight=_UI_WEIGHT)

    @cached_property
    def _ui_bold(self) -> OutlineFace | None:
        return self._outline(_UI, weight=_UI_BOLD_WEIGHT)


def _present(faces: Sequence[Face | None]) -> list[Face]:
    return [face for face in faces if face is not None]


def _joining_script(grapheme: str) -> str | None:
    """The script of a grapheme's first character, if its letters join."""
    return next((name for start, end, name in _CLUSTERS if chr(start) <= grapheme[:1] < chr(end)), None)


def _hangs_from_a_line(grapheme: str) -> bool:
    """Whether a letter hangs from a line that it shares with its neighbours; digits and stops do not."""
    return unicodedata.category(grapheme[:1] or " ") == "Lo" and _joining_script(grapheme) in _HUNG_FROM_A_LINE


def _fitted(strip: Ink, width: int, most_stretch: float = 1.0) -> Pixels:
    """A strip in exactly this many columns: squeezed when it is wider, else stretched as far as may be, and centred."""
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
