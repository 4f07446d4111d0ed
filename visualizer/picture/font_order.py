"""Which font draws a character: the bundled ones in order of preference, since Pillow knows no fallback between fonts.

JetBrains Mono, DejaVu Sans Mono, Noto Emoji, Noto Sans for Chinese, Japanese, Korean, Hebrew and the scripts of South
and Southeast Asia, and GNU Unifont (drawn for 16 pixels) for the rest; Inter for words beside the canvas. Without the
font folder the system's fonts or Pillow's own serve.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol

from visualizer.picture.layout import terminal_columns
from visualizer.picture.metrics import Metrics
from visualizer.picture.outline_font import DefaultFace, Kind, OutlineFace, can_shape, outline_face
from visualizer.picture.pixel_font import pixel_face
from visualizer.picture.pixels import Ink

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
_CLUSTERS_FILE = "noto-sans-{0}-{0}-400-normal.woff2"
_WORDS = "inter-latin-wght-normal.woff2"
_WORDS_WEIGHT, _WORDS_BOLD_WEIGHT = 400, 600
_PIXEL = "unifont-16px.npz.xz"
_SYSTEM_FONTS = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "Menlo.ttc", "consola.ttf")


class Face(Protocol):
    """A font: what it covers, and a letter with its marks as coverage (float32, line_px × width, 0 to 255)."""

    def covers(self, character: str) -> bool: ...

    def draw(self, base: str, marks: str, metrics: Metrics) -> Ink: ...


class FontOrder:
    """The fonts of a folder. They are opened when a character asks for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scripts: dict[str, OutlineFace | None] = {}

    def whole_face(self, grapheme: str) -> OutlineFace | None:
        """The font that draws a grapheme as one rather than letter by letter."""
        face = self.script_face(grapheme) or (self.emoji if terminal_columns(grapheme) > 1 else None)
        return face if face is not None and face.draws_whole(grapheme) else None

    def script_face(self, grapheme: str) -> OutlineFace | None:
        """The font of a grapheme's script, if that is one whose letters join."""
        name = joining_script(grapheme)
        if name is None or not can_shape():
            return None
        if name not in self._scripts:
            self._scripts[name] = self._outline(_CLUSTERS_FILE.format(name), Kind.CLUSTERS)
        return self._scripts[name]

    def face_of(self, character: str, wide: bool, bold: bool) -> Face | None:
        """The first of the fonts that covers a character. wide: as part of a grapheme of two columns."""
        return next((face for face in self.faces(character, wide, bold) if face.covers(character)), None)

    def faces(self, character: str, wide: bool, bold: bool) -> Sequence[Face]:
        """The fonts to try for a character, the preferred first."""
        if any(start <= ord(character) < end for start, end in _HAN_CODES):
            return self._han_chain
        return self._chains[wide, bold]

    def words_face(self, text: str, bold: bool) -> OutlineFace | None:
        """The proportional font of words beside the canvas, if it covers a text."""
        face = self._words_bold if bold else self._words_regular
        return face if all(self._words_cover(character) for character in text) else None

    def _words_cover(self, character: str) -> bool:
        face = self._words_regular
        plain = character.isprintable() and not unicodedata.combining(character)
        return face is not None and plain and face.covers(character)

    @cached_property
    def _words_regular(self) -> OutlineFace | None:
        return self._outline(_WORDS, weight=_WORDS_WEIGHT)

    @cached_property
    def _words_bold(self) -> OutlineFace | None:
        return self._outline(_WORDS, weight=_WORDS_BOLD_WEIGHT)

    @cached_property
    def emoji(self) -> OutlineFace | None:
        """The font of emoji, if it is there."""
        return self._outline(_EMOJI, Kind.EMOJI)

    @cached_property
    def _han_chain(self) -> list[Face]:
        """Of its own, because the font is large: it is opened where it is needed."""
        return _present([self._outline(_HAN, Kind.HAN), *self._chains[True, False]])

    @cached_property
    def _chains(self) -> dict[tuple[bool, bool], list[Face]]:
        """Fonts in order of preference, by wide and bold: wide characters look for an emoji first."""
        regular = [self._outline(name) for name in _MONO]
        bold = [self._outline(name) for name in _BOLD]
        broad, hebrew = self._outline(_WIDE_MONO), self._outline(_HEBREW)
        pixel = pixel_face(self._folder / _PIXEL)
        chains: dict[tuple[bool, bool], list[Face]] = {}
        for is_bold, latin in ((False, regular), (True, [*bold, *regular])):
            chains[False, is_bold] = _present([*latin, broad, hebrew, self.emoji, pixel])
            chains[True, is_bold] = _present([self.emoji, pixel, broad, *latin])
        if not any(_present(regular)) and broad is None:
            rescue = _rescue_faces()
            chains = {key: [*rescue, *chain] for key, chain in chains.items()}
        return chains

    def _outline(self, name: str, kind: Kind = Kind.LETTERS, weight: int | None = None) -> OutlineFace | None:
        path = self._folder / name
        try:
            return outline_face(path, kind, weight)
        except OSError as exc:
            log.warning("The font %s cannot be used (%s); others stand in for it.", path, exc)
            return None


def joining_script(grapheme: str) -> str | None:
    """The script of a grapheme's first character, if its letters join."""
    return next((name for start, end, name in _CLUSTERS if chr(start) <= grapheme[:1] < chr(end)), None)


@cache
def _rescue_faces() -> list[Face]:
    """What serves when the bundled fonts are gone."""
    faces: list[Face] = []
    for name in _SYSTEM_FONTS:
        try:
            faces.append(OutlineFace(name))
        except OSError:
            continue
    return [*faces, DefaultFace()]


def _present(faces: Sequence[Face | None]) -> list[Face]:
    return [face for face in faces if face is not None]
