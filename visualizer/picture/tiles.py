"""Cells as tiles of palette indices, each drawn once, and the palette that they are drawn in.

Every pair of a colour and its surface has 16 steps of antialiasing in the palette. A cell is one tile: its box, its
underline, its letters and its mark, so that drawing a frame is copying rectangles.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from visualizer.picture.cells import Cell, Sign
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.layout import RETURN_SIGN
from visualizer.picture.looks import Look, Mark
from visualizer.picture.metrics import Metrics
from visualizer.picture.pixels import Pixels
from visualizer.theme import Theme
from visualizer.trace import CellState, Part

_LEVELS = 16
_OVERSAMPLING = 4
_NEW_BOX_SHARE, _DRAFT_BOX_SHARE = 0.20, 0.09
"""How much of its colour the box behind a token has."""
_HELD_BOX_SHARE = 0.08
_DRAFT_LINE_SHARE = 0.6
_NOISE_SHARES = (0.24, 0.31, 0.39, 0.48)
"""How much colour noise has, by how sure its candidate is."""
_REVERTED_SHARE = 0.42
_NOISE_TEXT_SHARE = 0.72
"""How much of its strength is left to the tokens of noise."""
_QUIET_SHARE, _QUIET_NOISE_SHARE = 0.75, 0.5
"""How much of its strength is left to what is no part of the answer."""
_FAINT_SHARE = 0.5
_HEAT_SHARES = (0.06, 0.10, 0.15, 0.20, 0.26)
"""How much of its colour lies behind a token, by its heat."""
_HEAT_NOISE_SHARES = (0.18, 0.28, 0.38, 0.49, 0.60)
_HEAT_BAR_SHARE = 0.75
_HEAT_LEVELS = 12
_MOST_TILE_BYTES = 48_000_000
"""Tiles beyond this are forgotten and drawn again, so that a run of ever new tokens does not fill the memory."""
REVERTED_SIGN, CHANGED_SIGN = "↺", "⇄"

Rgb = npt.NDArray[np.float64]
"""One colour: three numbers from 0 to 255."""


class Inks:
    """The palette: colours of the theme, and the steps from each to the surface that it lies on.

    heat: the name of the colour that cells have in place of their states'; a palette has no room for both.
    """

    def __init__(self, theme: Theme, heat: str | None = None) -> None:
        self._surface = _rgb(theme.surface)
        self._colours: dict[tuple[int, int, int], int] = {}
        plain = ("text", "quiet", "accent", "masked", "new", "draft", "committed", "reverted", "changed")
        pairs = {name: (_rgb(getattr(theme, name)), self._surface) for name in plain}
        new_box = _mix(pairs["new"][0], self._surface, _NEW_BOX_SHARE)
        draft_box = _mix(pairs["draft"][0], self._surface, _DRAFT_BOX_SHARE)
        if heat is None:
            pairs["new on box"] = (pairs["new"][0], new_box)
            pairs["draft on box"] = (pairs["draft"][0], draft_box)
            pairs["lit"] = (self._surface, pairs["new"][0])
            pairs["held"] = (pairs["committed"][0], _mix(pairs["text"][0], self._surface, _HELD_BOX_SHARE))
        self._ramps = {name: self._ramp(*pair, _LEVELS) for name, pair in pairs.items()}
        self._ramps["new box"] = self._ramp(new_box, self._surface, _LEVELS // 2)
        self._ramps["lit box"] = self._ramp(pairs["new"][0], self._surface, _LEVELS // 2)
        self._ramps["draft box"] = self._ramp(draft_box, self._surface, _LEVELS // 4)
        self._flats = {
            "surface": self._index(self._surface),
            "line": self._index(_rgb(theme.line)),
            "accent": self._index(pairs["accent"][0]),
            "draft line": self._index(_mix(pairs["draft"][0], self._surface, _DRAFT_LINE_SHARE)),
            "changed": self._index(pairs["changed"][0]),
            "reverted": self._index(pairs["reverted"][0]),
        }

        if heat is not None:
            self._ramps["heat"] = self._ramps[heat]
            self._flats["heat"] = self._index(_mix(pairs[heat][0], self._surface, _HEAT_BAR_SHARE))
            for number, share in enumerate(_HEAT_SHARES, 1):
                tint = _mix(pairs[heat][0], self._surface, share)
                self._ramps[f"heat {number}"] = self._ramp(pairs["committed"][0], tint, _HEAT_LEVELS)

    def ramp(self, name: str) -> Pixels:
        """Palette indices by coverage (uint8 256), from the surface to the colour."""
        return self._ramps[name]

    def flat(self, name: str) -> int:
        """The palette index of a colour."""
        return self._flats[name]

    def palette(self) -> Pixels:
        """Every colour (uint8 N×3)."""
        return np.array(list(self._colours), dtype=np.uint8)

    def _ramp(self, colour: Rgb, surface: Rgb, levels: int) -> Pixels:
        indices = [self._index(_mix(colour, surface, level / (levels - 1))) for level in range(levels)]
        return np.take(np.array(indices, dtype=np.uint8), np.round(np.arange(256) / 255 * (levels - 1)).astype(int))

    def _index(self, colour: Rgb) -> int:
        red, green, blue = (int(part) for part in np.round(colour))
        return self._colours.setdefault((red, green, blue), len(self._colours))


class Tiles:
    """Cells as tiles of palette indices, in one size; each is drawn once."""

    def __init__(self, glyphs: Glyphs, inks: Inks, metrics: Metrics) -> None:
        self._glyphs, self._inks, self._metrics = glyphs, inks, metrics
        self._box_px = round(metrics.font_px * 1.32)
        self._box_top = metrics.baseline_px - round(metrics.font_px * 1.02)
        self._radius_px = metrics.font_px * 0.24
        self._line_px = max(1, round(metrics.font_px * 0.075))
        self._known: dict[tuple[int, tuple[Sign, ...], Look, bool], Pixels] = {}
        self._bytes = 0

    def tile(self, cell: Cell) -> Pixels:
        """A cell with everything in it: uint8, line_px × width * column_px."""
        key = (cell.width, cell.signs, cell.look, cell.marked)
        found = self._known.get(key)
        if found is None:
            if self._bytes > _MOST_TILE_BYTES:
                self._known.clear()
                self._bytes = 0
            found = self._known[key] = self._draw(cell)
            self._bytes += found.nbytes
        return found

    def _draw(self, cell: Cell) -> Pixels:
        shape = (self._metrics.line_px, cell.width * self._metrics.column_px)
        tile = np.full(shape, self._inks.flat("surface"), dtype=np.uint8)
        if cell.look.heat:
            self._draw_heat(tile, cell, cell.look.heat)
        elif cell.look.state is CellState.MASKED and cell.signs:
            self._draw_signs(tile, cell, "masked", _NOISE_TEXT_SHARE)
        elif cell.look.state is CellState.MASKED:
            self._draw_noise(tile, cell.look)
        else:
            ink = self._draw_box(tile, cell.look, all(sign in ("", " ") for _, _, sign in cell.signs))
            self._draw_signs(tile, cell, ink)
        if cell.look.mark is Mark.CHANGED:
            self._draw_double_line(tile)
        if cell.marked:
            reverted = cell.look.mark is Mark.REVERTED
            self._draw_mark(tile, *((REVERTED_SIGN, "reverted") if reverted else (CHANGED_SIGN, "changed")))
        return tile

    def _draw_noise(self, tile: Pixels, look: Look) -> None:
        """A plain rounded chip: it compresses far better than grain. Reverted ones have a dotted line under them."""
        reverted = look.mark is Mark.REVERTED
        share = _REVERTED_SHARE if reverted else _NOISE_SHARES[look.sure]
        share *= 1.0 if look.part is Part.ANSWER else _QUIET_NOISE_SHARE
        gap = max(1, self._metrics.font_px // 16)
        area = self._box_area(tile)[:, gap : tile.shape[1] - gap]
        lay(area, rounded(area.shape[1], area.shape[0], self._radius_px) * share, self._ramp_of(reverted))
        if reverted:
            dot = max(2, self._line_px)
            line = area[-dot:, dot // 2 :]
            line[:, np.arange(line.shape[1]) % (2 * dot) < dot] = self._inks.flat("reverted")

    def _draw_heat(self, tile: Pixels, cell: Cell, heat: int) -> None:
        """A token on a tint with a bar under it, both stronger with the heat; of noise, a chip of that colour."""
        area = self._box_area(tile)
        if cell.look.state is CellState.MASKED:
            gap = max(1, self._metrics.font_px // 16)
            chip = area[:, gap : tile.shape[1] - gap]
            shape = rounded(chip.shape[1], chip.shape[0], self._radius_px)
            return lay(chip, shape * _HEAT_NOISE_SHARES[heat - 1], self._inks.ramp("heat"))
        area[:] = self._inks.ramp(f"heat {heat}")[0]
        area[-max(1, round(heat * self._metrics.font_px / 18)) :] = self._inks.flat("heat")
        return self._draw_signs(tile, cell, f"heat {heat}")

    def _ramp_of(self, reverted: bool) -> Pixels:
        return self._inks.ramp("reverted" if reverted else "masked")

    def _draw_box(self, tile: Pixels, look: Look, is_blank: bool) -> str:
        """What lies behind a token; returns the ink for its letters. Spaces alone have no line under them."""
        area = self._box_area(tile)
        if look.lit:
            lay(area, rounded(area.shape[1], area.shape[0], self._radius_px), self._inks.ramp("lit box"))
            return "lit"
        if look.part in (Part.STRUCTURE, Part.TAIL):
            return "quiet"
        if look.held and look.heat is None:
            area[:] = self._inks.ramp("held")[0]
            return "held"
        if look.part is Part.THOUGHT:
            return {CellState.NEW: "new", CellState.DRAFT: "draft"}.get(look.state, "quiet")
        if look.state is CellState.COMMITTED or look.heat is not None:
            return "committed"
        if look.state is CellState.NEW:
            lay(area, rounded(area.shape[1], area.shape[0], self._radius_px), self._inks.ramp("new box"))
            return "new on box"
        area[:] = self._inks.ramp("draft box")[255]
        if not is_blank:
            area[-self._line_px :] = self._inks.flat("draft line")
        return "draft on box"

    def _draw_signs(self, tile: Pixels, cell: Cell, ink: str, most: float = 1.0) -> None:
        is_quiet = cell.look.part is not Part.ANSWER
        bold = (cell.look.state is CellState.NEW or cell.look.lit) and not is_quiet
        coverage = np.zeros_like(tile)
        for offset, width, sign in cell.signs:
            if sign in ("", " "):
                continue
            glyph = self._glyphs.tile(sign, self._metrics, width, bold and sign != RETURN_SIGN)
            strength = most * (_FAINT_SHARE if sign == RETURN_SIGN else _QUIET_SHARE if is_quiet else 1.0)
            left = offset * self._metrics.column_px
            coverage[:, left : left + glyph.shape[1]] = glyph if strength == 1 else glyph * strength
        lay(tile, coverage, self._inks.ramp(ink))

    def _draw_double_line(self, tile: Pixels) -> None:
        """Two thin lines under a token that has changed."""
        area = self._box_area(tile)
        thin = max(1, self._line_px * 2 // 3)
        gap = max(1, thin)
        area[-2 * thin - gap :] = self._inks.flat("surface")
        area[-thin:] = self._inks.flat("changed")
        area[-2 * thin - gap : -thin - gap] = self._inks.flat("changed")

    def _draw_mark(self, tile: Pixels, sign: str, ink: str) -> None:
        """A small sign at the upper right corner, with a rim of the surface so that it can be read on anything."""
        font_px = max(7, round(self._metrics.font_px * 0.78))
        metrics = Metrics(font_px, min(tile.shape[1], round(font_px * 0.72)), font_px + 2, round(font_px * 0.86))
        coverage = self._glyphs.tile(sign, metrics, 1, True)
        inked = np.argwhere(coverage > 40)
        top, left = inked.min(axis=0)
        bottom, right = inked.max(axis=0) + 1
        coverage = coverage[top:bottom, left:right]
        rim = max(1, self._metrics.font_px // 14)
        padded = np.pad(coverage, rim)[:, : tile.shape[1]]
        place = max(0, self._box_top - padded.shape[0] // 2)
        area = tile[place : place + padded.shape[0], tile.shape[1] - padded.shape[1] :]
        area[_spread(padded, rim) > 90] = self._inks.flat("surface")
        lay(area, padded, self._inks.ramp(ink))

    def _box_area(self, tile: Pixels) -> Pixels:
        return tile[max(0, self._box_top) : self._box_top + self._box_px]


def lay(area: Pixels, coverage: Pixels | npt.NDArray[np.floating], ramp: Pixels) -> None:
    """Ink an area where there is coverage (0 to 255)."""
    indices = ramp[coverage.astype(np.uint8)]
    np.copyto(area, indices, where=indices != ramp[0])


@cache
def rounded(width: int, height: int, radius: float) -> Pixels:
    """Coverage of a rectangle with round corners: uint8 height × width."""
    from PIL import Image, ImageDraw

    size = (max(1, width) * _OVERSAMPLING, max(1, height) * _OVERSAMPLING)
    large = Image.new("L", size)
    limit = min(radius * _OVERSAMPLING, size[0] / 2, size[1] / 2)
    ImageDraw.Draw(large).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=limit, fill=255)
    return np.asarray(large.resize((max(1, width), max(1, height)), Image.Resampling.BOX))


def _spread(coverage: Pixels, reach: int) -> Pixels:
    """The largest coverage within so many pixels."""
    padded = np.pad(coverage, reach)
    height, width = coverage.shape
    shifts = range(2 * reach + 1)
    shifted = [padded[down : down + height, right : right + width] for down in shifts for right in shifts]
    largest: Pixels = np.stack(shifted).max(axis=0)
    return largest


def _mix(colour: Rgb, surface: Rgb, share: float) -> Rgb:
    return surface + (colour - surface) * share


def _rgb(colour: str) -> Rgb:
    """A CSS hex colour as three floats."""
    return np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)], dtype=float)
