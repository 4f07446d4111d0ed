"""Graphemes as coverage, from the bundled fonts in order of preference.

Pillow knows no fallback between fonts, so every grapheme is put together here: JetBrains Mono, DejaVu Sans Mono, Noto
Emoji, and GNU Unifont (drawn for 16 pixels) for the rest of the scripts. Sequences of emoji are shaped by libraqm; the
other scripts come from fonts without conjuncts, so their letters stand side by side. Without the font folder the
system's fonts or Pillow's own serve. What no font covers is a box with its code, so a picture is never empty where text
stands.
"""

from __future__ import annotations

import io
import logging
import lzma
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from wcwidth import iter_graphemes

from visualizer.bidi import joined_forms, levels, mirrored, visual_order
from visualizer.layout import cells_wide

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFont import FreeTypeFont, Layout

log = logging.getLogger(__name__)

FONTS_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "fonts"
_MONO = tuple(f"jetbrains-mono-{part}-400-normal.woff2" for part in ("latin", "latin-ext", "greek", "cyrillic"))
_BOLD = tuple(name.replace("-400-", "-700-") for name in _MONO)
_WIDE_MONO = "DejaVuSansMono.ttf"
_EMOJI = "noto-emoji-emoji-400-normal.woff2"
_UI = "inter-latin-wght-normal.woff2"
_PIXEL = "unifont-16px.npz.xz"
_SYSTEM_FONTS = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "Menlo.ttc", "consola.ttf")

UI_LINE_SHARE = 1.4
"""The height of a line of words, as a share of its font's size."""
_UI_WEIGHT, _UI_BOLD_WEIGHT = 400, 600
_PROBE_PX = 32
_UNASSIGNED = "\U0010fffe"
_PIXEL_HEIGHT, _PIXEL_BASELINE, _PIXEL_CELL = 16, 14, 8
_MAX_CELLS = 6
"""A cluster of many letters is squeezed rather than given more cells than this."""
_DOTTED_CIRCLE = "◌"
_CONTROL_PICTURES = 0x2400
_BOX_CELLS = 2


@dataclass(frozen=True)
class Metrics:
    """One size of monospace text, in pixels: of the font, of a cell, of a line and of its baseline from the top."""

    font_px: int
    cell_px: int
    line_px: int
    baseline_px: int

    @classmethod
    def of(cls, font_px: int, line_share: float = 1.72) -> Metrics:
        """Metrics of a font size; JetBrains Mono's advance is 0.6 of it."""
        line_px = round(font_px * line_share)
        return cls(font_px, round(font_px * 0.6), line_px, round((line_px + font_px * 0.72) / 2))

    def scaled(self, scale: int) -> Metrics:
        """The same layout with so many times the pixels."""
        return Metrics(self.font_px * scale, self.cell_px * scale, self.line_px * scale, self.baseline_px * scale)


class _Face(Protocol):
    """A font: what it covers, and a letter with its marks as coverage (float32, line_px × width, 0 to 255)."""

    def covers(self, character: str) -> bool: ...

    def draw(self, base: str, marks: str, metrics: Metrics) -> np.ndarray: ...


class Glyphs:
    """The fonts, and what they make of a grapheme. Everything is drawn once and kept."""

    def __init__(self, folder: Path = FONTS_FOLDER) -> None:
        self._folder = folder
        self._cells: dict[str, int] = {}
        self._tiles: dict[tuple[str, Metrics, int, bool], np.ndarray] = {}

    def cells(self, grapheme: str) -> int:
        """How many cells a grapheme takes: what terminals give it, or more where its glyph is wider."""
        found = self._cells.get(grapheme)
        if found is None:
            found = self._cells[grapheme] = self._measure(grapheme)
        return found

    def tile(self, grapheme: str, metrics: Metrics, cells: int, bold: bool = False) -> np.ndarray:
        """Coverage of a grapheme in its cells: uint8, line_px × cells * cell_px."""
        key = (grapheme, metrics, cells, bold)
        found = self._tiles.get(key)
        if found is None:
            strip = self._strip(grapheme, metrics, bold)
            found = self._tiles[key] = _fitted(strip, cells * metrics.cell_px)
        return found

    def run(self, text: str, font_px: int, bold: bool = False) -> np.ndarray:
        """Coverage of a line of text in the page's own proportional font: uint8, line × width."""
        metrics = Metrics.of(font_px, UI_LINE_SHARE)
        pieces = [self._piece(piece, metrics, bold) for piece in self._pieces(text)]
        return np.concatenate(pieces or [np.zeros((metrics.line_px, 1), dtype=np.uint8)], axis=1)

    def run_width(self, text: str, font_px: int, bold: bool = False) -> int:
        """Pixels that `run` takes, to within one a stretch of letters; nothing is drawn."""
        metrics = Metrics.of(font_px, UI_LINE_SHARE)
        return sum(self._piece_width(piece, metrics, bold) for piece in self._pieces(text))

    def _measure(self, grapheme: str) -> int:
        parts = _components(grapheme)
        least = cells_wide(grapheme)
        if not parts:
            return max(least, _BOX_CELLS)
        cells = 0
        for base, _marks in _units(parts):
            face = self._face_of(base, least > 1, bold=False)
            if face is self._emoji:
                return max(least, 2)
            cells += _BOX_CELLS if face is None else face.cells(base) if isinstance(face, _PixelFace) else 1
        return max(least, min(cells, _MAX_CELLS))

    def _strip(self, grapheme: str, metrics: Metrics, bold: bool) -> np.ndarray:
        """The letters of a grapheme side by side, as wide as they come."""
        wide = cells_wide(grapheme) > 1
        if wide and self._emoji is not None and self._emoji.joins(grapheme):
            return self._emoji.draw(grapheme, "", metrics)
        units = list(_units(_components(grapheme)))
        if not units:
            return self._box(grapheme[:1] or " ", metrics)
        strips = [self._unit(base, marks, wide, metrics, bold) for base, marks in units]
        return np.concatenate(strips, axis=1)

    def _unit(self, base: str, marks: str, wide: bool, metrics: Metrics, bold: bool) -> np.ndarray:
        """A letter with its marks, from one font if one has them all."""
        composed = unicodedata.normalize("NFC", base + marks)
        faces = self._chain(wide, bold)
        for face in faces:
            if len(composed) == 1 and face.covers(composed):
                return face.draw(composed, "", metrics)
            if all(face.covers(character) for character in base + marks):
                return face.draw(base, marks, metrics)
        face = next((face for face in faces if face.covers(base)), None)
        strip = self._box(base, metrics) if face is None else face.draw(base, "", metrics)
        for mark in marks:
            other = next((face for face in faces if face.covers(mark)), None)
            if other is not None:
                strip = _overlaid(strip, other.draw("", mark, metrics))
        return strip

    def _face_of(self, character: str, wide: bool, bold: bool) -> _Face | None:
        return next((face for face in self._chain(wide, bold) if face.covers(character)), None)

    def _chain(self, wide: bool, bold: bool) -> Sequence[_Face]:
        return self._chains[wide, bold]

    @cached_property
    def _emoji(self) -> _OutlineFace | None:
        return self._outline(_EMOJI, emoji=True)

    @cached_property
    def _chains(self) -> dict[tuple[bool, bool], list[_Face]]:
        """Fonts in order of preference, by wide and bold: wide characters look for an emoji first."""
        regular = [self._outline(name) for name in _MONO]
        bold = [self._outline(name) for name in _BOLD]
        broad, pixel = self._outline(_WIDE_MONO), _PixelFace(self._folder / _PIXEL)
        chains: dict[tuple[bool, bool], list[_Face]] = {}
        for is_bold, latin in ((False, regular), (True, [*bold, *regular])):
            chains[False, is_bold] = _present([*latin, broad, self._emoji, pixel])
            chains[True, is_bold] = _present([self._emoji, pixel, broad, *latin])
        if not any(_present(regular)) and broad is None:
            rescue = _rescue_faces()
            chains = {key: [*rescue, *chain] for key, chain in chains.items()}
        return chains

    def _outline(self, name: str, emoji: bool = False) -> _OutlineFace | None:
        path = self._folder / name
        try:
            return _OutlineFace(path, emoji=emoji)
        except OSError as exc:
            log.warning("The font %s cannot be used (%s); others stand in for it.", path, exc)
            return None

    def _box(self, character: str, metrics: Metrics) -> np.ndarray:
        """A frame with the code of a character that is not drawn, in two rows if there is room."""
        from PIL import Image, ImageDraw

        code = f"{ord(character):04X}"
        width, height = _BOX_CELLS * metrics.cell_px, round(metrics.font_px * 1.15)
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
        for grapheme in _turned(iter_graphemes(text)):
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

    def _piece(self, piece: str, metrics: Metrics, bold: bool) -> np.ndarray:
        key = (piece, metrics, 0, bold)
        if key not in self._tiles:
            face = self._ui_face(piece, bold)
            strip = self._strip(piece, metrics, bold) if face is None else face.draw(piece, "", metrics)
            if face is None or piece.isdigit():
                strip = _fitted(strip, self._piece_width(piece, metrics, bold))
            self._tiles[key] = strip.astype(np.uint8)
        return self._tiles[key]

    def _piece_width(self, piece: str, metrics: Metrics, bold: bool) -> int:
        """Digits are all of one width, so that a counter does not shake."""
        face = self._ui_face(piece, bold)
        if face is None:
            return self.cells(piece) * metrics.cell_px
        return face.advance("0" if piece.isdigit() else piece, metrics.font_px)

    def _ui_face(self, piece: str, bold: bool) -> _OutlineFace | None:
        """The proportional font, if it covers a piece."""
        face = self._ui_bold if bold else self._ui_regular
        return face if all(self._ui_covers(character) for character in piece) else None

    def _ui_covers(self, character: str) -> bool:
        face = self._ui_regular
        plain = character.isprintable() and not unicodedata.combining(character)
        return face is not None and plain and face.covers(character)

    @cached_property
    def _ui_regular(self) -> _OutlineFace | None:
        return self._ui(_UI_WEIGHT)

    @cached_property
    def _ui_bold(self) -> _OutlineFace | None:
        return self._ui(_UI_BOLD_WEIGHT)

    def _ui(self, weight: int) -> _OutlineFace | None:
        try:
            return _OutlineFace(self._folder / _UI, weight=weight)
        except OSError as exc:
            log.warning("The font %s cannot be used (%s); others stand in for it.", self._folder / _UI, exc)
            return None


class _OutlineFace:
    """A font of outlines, in any size."""

    def __init__(self, path: Path | str, weight: int | None = None, emoji: bool = False) -> None:
        """Raises OSError when the file is missing or no font."""
        self._path = str(path)
        self._weight = weight
        self._emoji = emoji
        self._fonts: dict[int, FreeTypeFont] = {}
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

    def joins(self, cluster: str) -> bool:
        """Whether the font has one glyph for all of a cluster: flags, families, professions."""
        parts = _components(cluster)
        covered = len(cluster) > 1 and bool(parts) and all(self.covers(character) for character in parts)
        return covered and self.advance(cluster, _PROBE_PX) <= self.advance(parts[0], _PROBE_PX)

    def advance(self, text: str, font_px: int) -> int:
        """Pixels that a text takes."""
        return round(self._font(font_px).getlength(text))

    def draw(self, base: str, marks: str, metrics: Metrics) -> np.ndarray:
        from PIL import Image, ImageDraw

        font = self._font(self._size(base or "M", metrics))
        left, top, right, bottom = _ink(font, base) or (0, 0, 0 if base else metrics.cell_px, 0)
        width = max(round(font.getlength(base)), right, 1) if base else metrics.cell_px
        image = Image.new("L", (width, metrics.line_px))
        pen = ImageDraw.Draw(image)
        baseline = metrics.baseline_px + (round(metrics.font_px * 0.1) if self._emoji else 0)
        pen.text((0, baseline), base, fill=255, font=font, anchor="ls")
        gap = max(1, metrics.font_px // 14)
        for mark in marks:
            box = _ink(font, mark) or (0, 0, 0, 0)
            shift = 0
            if _is_above(mark) and base:
                shift = min(0, top - gap - box[3])
                top = box[1] + shift
            elif _is_below(mark) and base:
                shift = max(0, bottom + gap - box[1])
                bottom = box[3] + shift
            centre = (left + right - box[0] - box[2]) / 2
            pen.text((round(centre), baseline + shift), mark, fill=255, font=font, anchor="ls")
        return np.asarray(image, dtype=np.float32)

    def _size(self, base: str, metrics: Metrics) -> int:
        """The font's size in pixels; emoji are drawn as large as two cells allow."""
        if not self._emoji:
            return metrics.font_px
        share = 2 * metrics.cell_px / max(1.0, self._font(_PROBE_PX).getlength(base) / _PROBE_PX)
        return max(1, min(metrics.font_px, round(share)))

    def _font(self, font_px: int) -> FreeTypeFont:
        from PIL import ImageFont

        if font_px not in self._fonts:
            font = ImageFont.truetype(self._path, font_px, layout_engine=_engine(shaped=self._emoji))
            if self._weight is not None:
                font.set_variation_by_axes([self._weight])
            self._fonts[font_px] = font
        return self._fonts[font_px]

    def _mask(self, character: str) -> tuple[tuple[int, int], bytes]:
        try:
            mask = self._font(_PROBE_PX).getmask(character)
        except UnicodeEncodeError:  # a lone surrogate
            return (0, 0), b""
        return mask.size, bytes(mask)


def _engine(shaped: bool) -> Layout:
    """How Pillow sets letters: plainly, so that pictures do not depend on libraries of the system.

    Shaped, so that sequences of emoji become one, where Pillow has libraqm, as its wheels for Linux and macOS do.
    """
    from PIL import ImageFont, features

    return ImageFont.Layout.RAQM if shaped and features.check("raqm") else ImageFont.Layout.BASIC


class _DefaultFace(_OutlineFace):
    """The font inside Pillow."""

    def __init__(self) -> None:
        super().__init__("")

    def _font(self, font_px: int) -> FreeTypeFont:
        from PIL import ImageFont

        if font_px not in self._fonts:
            self._fonts[font_px] = ImageFont.load_default(font_px)
        return self._fonts[font_px]


class _PixelFace:
    """Glyphs of 8 or 16 by 16 pixels, scaled; its marks lie over the end of what stands before them.

    Read when the first character is asked for that no other font has; a file that cannot be read covers nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def covers(self, character: str) -> bool:
        codes = self._packed["codes"]
        place = np.searchsorted(codes, ord(character))
        return bool(place < len(codes) and codes[place] == ord(character))

    def cells(self, base: str) -> int:
        """Cells of a letter as it is drawn."""
        packed = self._packed
        return max(1, int(packed["widths"][np.searchsorted(packed["codes"], ord(base))]) // _PIXEL_CELL)

    def draw(self, base: str, marks: str, metrics: Metrics) -> np.ndarray:
        bits = self._glyph(base) if base else np.zeros((_PIXEL_HEIGHT, 2 * _PIXEL_CELL), dtype=bool)
        for mark in marks:
            bits = _overlaid(bits, self._glyph(mark))
        return _magnified(bits, metrics)

    def _glyph(self, character: str) -> np.ndarray:
        packed = self._packed
        place = np.searchsorted(packed["codes"], ord(character))
        bits = packed["bits"][packed["starts"][place] : packed["starts"][place + 1]]
        return np.unpackbits(bits).reshape(_PIXEL_HEIGHT, -1).astype(bool)

    @cached_property
    def _packed(self) -> dict[str, np.ndarray]:
        try:
            with np.load(io.BytesIO(lzma.decompress(self._path.read_bytes()))) as file:
                packed = {name: file[name] for name in ("codes", "widths", "bits")}
        except (OSError, ValueError, KeyError, lzma.LZMAError) as exc:
            log.warning("The font %s cannot be used (%s); scripts that only it covers show as boxes.", self._path, exc)
            return {"codes": np.zeros(0, dtype=np.uint32)}
        lengths = np.where(packed["widths"] == _PIXEL_CELL, _PIXEL_HEIGHT, 2 * _PIXEL_HEIGHT)
        return packed | {"starts": np.concatenate([[0], np.cumsum(lengths)])}


def _ink(font: FreeTypeFont, text: str) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what is inked, from the pen's place on the baseline; None when nothing is."""
    mask, (left, top) = font.getmask2(text, anchor="ls")
    box = mask.getbbox()
    return box and (box[0] + left, box[1] + top, box[2] + left, box[3] + top)


def _present(faces: Sequence[_Face | None]) -> list[_Face]:
    return [face for face in faces if face is not None]


@cache
def _rescue_faces() -> list[_Face]:
    """What serves when the bundled fonts are gone."""
    faces: list[_Face] = []
    for name in _SYSTEM_FONTS:
        try:
            faces.append(_OutlineFace(name))
        except OSError:
            continue
    return [*faces, _DefaultFace()]


def _components(grapheme: str) -> str:
    """The characters of a grapheme that are drawn; controls as their pictures, nothing for invisible ones."""
    if len(grapheme) == 1 and (ord(grapheme) < 0x20 or grapheme == "\x7f"):
        return chr(_CONTROL_PICTURES + (0x21 if grapheme == "\x7f" else ord(grapheme)))
    drawn = "".join(character for character in grapheme if not _is_joiner(character))
    tone_free = "".join(c for place, c in enumerate(drawn) if not (place and "\U0001f3fb" <= c <= "\U0001f3ff"))
    if tone_free and unicodedata.category(tone_free[0]) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp"):
        return ""
    return tone_free


def _turned(graphemes: Iterable[str]) -> list[str]:
    """Graphemes of a line from left to right, Arabic letters joined."""
    letters = list(graphemes)
    directions = levels(letters)
    shapes = [
        mirrored(shape) if level % 2 else shape for shape, level in zip(joined_forms(letters), directions, strict=True)
    ]
    return [shapes[place] for place in visual_order(directions)]


def _is_joiner(character: str) -> bool:
    """Variation selectors, joiners and tags shape their neighbours and are not drawn."""
    return character in "\u200c\u200d" or "\ufe00" <= character <= "\ufe0f" or "\U000e0020" <= character <= "\U000e01ef"


def _units(parts: str) -> Iterator[tuple[str, str]]:
    """Letters with the marks that lie on them; marks without a letter get a dotted circle."""
    base, marks = "", ""
    for character in parts:
        if unicodedata.category(character) in ("Mn", "Me") or (base and unicodedata.category(character) == "Mc"):
            base = base or _DOTTED_CIRCLE
            marks += character
            continue
        if base:
            yield base, marks
        base, marks = character, ""
    if base:
        yield base, marks


def _is_above(mark: str) -> bool:
    return unicodedata.combining(mark) in (228, 230, 232, 234)


def _is_below(mark: str) -> bool:
    return unicodedata.combining(mark) in (218, 220, 222, 233)


def _overlaid(strip: np.ndarray, mark: np.ndarray) -> np.ndarray:
    """A mark over a strip, both ending at the same column; the strip grows where the mark is wider."""
    width = max(strip.shape[1], _ink_width(mark))
    both = np.zeros((strip.shape[0], width), dtype=strip.dtype)
    both[:, width - strip.shape[1] :] = strip
    mark = mark[:, max(0, mark.shape[1] - width) :]
    both[:, width - mark.shape[1] :] = np.maximum(both[:, width - mark.shape[1] :], mark)
    return both


def _ink_width(mark: np.ndarray) -> int:
    """Columns from the first one with ink to the end."""
    inked = np.flatnonzero(mark.any(axis=0))
    return mark.shape[1] - int(inked[0]) if len(inked) else 0


def _magnified(bits: np.ndarray, metrics: Metrics) -> np.ndarray:
    """Pixel art at the size of the cells, by exact areas, with its baseline on the line's."""
    from PIL import Image

    share = metrics.cell_px / _PIXEL_CELL
    width, height = round(bits.shape[1] * share), round(_PIXEL_HEIGHT * share)
    large = Image.fromarray(bits.astype(np.uint8) * 255).resize((width * 8, height * 8), Image.Resampling.NEAREST)
    small = np.asarray(large.resize((width, height), Image.Resampling.BOX), dtype=np.float32)
    strip = np.zeros((max(metrics.line_px, height), width), dtype=np.float32)
    top = min(max(0, metrics.baseline_px - round(_PIXEL_BASELINE * share)), strip.shape[0] - height)
    strip[top : top + height] = small
    return strip[: metrics.line_px]


def _fitted(strip: np.ndarray, width: int) -> np.ndarray:
    """A strip in exactly this many columns: centred, or squeezed when it is wider. uint8."""
    from PIL import Image

    over = strip.shape[1] - width
    if over > 0 and not strip[:, width:].any():
        strip, over = strip[:, :width], 0
    if over > 0:
        image = Image.fromarray(strip.astype(np.uint8))
        return np.asarray(image.resize((width, strip.shape[0]), Image.Resampling.LANCZOS))
    left = -over // 2
    return np.pad(strip, ((0, 0), (left, -over - left))).astype(np.uint8)
