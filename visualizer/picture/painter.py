"""Frames of cells as pictures of palette indices, in which only what has changed is set anew; two of them as one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from visualizer.measure import STAND_SIGNS
from visualizer.picture.cells import Cell
from visualizer.picture.heat import INKS
from visualizer.picture.legend import legend
from visualizer.picture.lettering import Lettering
from visualizer.picture.pair import Pair
from visualizer.picture.pixels import Box, Pixels, bounds
from visualizer.picture.scene import Scene, SceneFrame
from visualizer.picture.stage import Legend, Words
from visualizer.picture.tiles import Inks, Tiles, lay, rounded

_PILL_SHARE = 0.5
"""How much of its colour the frame around the label has."""
_STAND_INKS = {"met": ("accent", "text"), "lost": ("reverted", "reverted"), "open": ("quiet", "quiet")}
"""Of a constraint's sign and its label."""
_MORE_ABOVE, _MORE_BELOW = "↑ {} more {}", "↓ {} more {}"


class Painter:
    """Paints the frames of a scene, in any order, into one array.

    palette: uint8 N×3, N at most 256. dirty: rectangles that the last `paint` set anew against the one before; the
    first time the whole picture. They do not overlap unless a frame scrolls.
    """

    def __init__(self, scene: Scene) -> None:
        self._stage = scene.stage
        self._view = scene.options.view
        self._inks = Inks(scene.theme, INKS.get(self._view))
        self._tiles = Tiles(scene.glyphs, self._inks, scene.stage.metrics)
        self._glyphs, self._lettering = scene.glyphs, Lettering(scene.glyphs)
        self._background = self._painted_background(scene)
        self._image = self._background.copy()
        self._cells: dict[tuple[int, int], Cell] = {}
        self._words: dict[str, tuple[tuple[str, str], Box]] = {}
        self._progress_px = 0
        self._is_first = True
        self.palette = self._inks.palette()
        self.dirty: tuple[Box, ...] = ()

    def paint(self, frame: SceneFrame) -> Pixels:
        """The picture of a frame: uint8 height × width, palette indices. The same array every time."""
        dirty = self._paint_cells(frame.cells)
        stage = self._stage
        dirty += self._paint_words("status", stage.status, frame.status)
        for number, place in enumerate(stage.caption):
            line = frame.caption[number] if number < len(frame.caption) else ""
            dirty += self._paint_words(f"caption {number}", place, line)
        for number, (mark, standing) in enumerate(zip(stage.marks, frame.marks, strict=False)):
            sign_ink, label_ink = _STAND_INKS[standing]
            sign, label = mark.sign._replace(ink=sign_ink), mark.label._replace(ink=label_ink)
            dirty += self._paint_words(f"sign {number}", sign, STAND_SIGNS[standing])
            dirty += self._paint_words(f"label {number}", label, mark.label.text)
        dirty += self._paint_words("above", stage.above, _more(_MORE_ABOVE, frame.rows_above))
        dirty += self._paint_words("below", stage.below, _more(_MORE_BELOW, frame.rows_below))
        dirty += self._paint_progress(frame.progress)
        height, width = self._image.shape
        self.dirty = (Box(0, 0, width, height),) if self._is_first else tuple(dirty)
        self._is_first = False
        return self._image

    def coloured(self, frame: SceneFrame) -> Pixels:
        """The picture of a frame in colours: uint8 height × width × 3 RGB, a new array."""
        return np.take(self.palette, self.paint(frame), axis=0)

    def _paint_cells(self, cells: Iterable[Cell]) -> list[Box]:
        wanted = {(cell.row, cell.column): cell for cell in cells}
        dirty = []
        for place, cell in self._cells.items():
            new = wanted.get(place)
            if new is None or new.width < cell.width:
                rect = self._rect(cell)
                self._restore(rect)
                dirty.append(rect)
        for place, cell in wanted.items():
            old = self._cells.get(place)
            if old is cell or (old is not None and old[2:6] == cell[2:6]):
                continue
            tile = self._tiles.tile(cell)
            left, top = self._corner(cell)
            self._image[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
            if old is None or old.width <= cell.width:
                dirty.append(Box(left, top, tile.shape[1], tile.shape[0]))
        self._cells = wanted
        return dirty

    def _paint_words(self, name: str, place: Words | None, text: str) -> list[Box]:
        """Words that change; what stood there before is restored."""
        before, rect = self._words.get(name, (("", ""), Box(0, 0, 0, 0)))
        if place is None or before == (text, place.ink) or (not text and not before[0]):
            return []
        self._restore(rect)
        fresh = self._write(self._image, place._replace(text=text), padded=name in ("above", "below")) if text else None
        self._words[name] = ((text, place.ink), fresh or Box(0, 0, 0, 0))
        whole = bounds(found for found in (rect, fresh) if found is not None and found.width)
        return [whole] if whole else []

    def _paint_progress(self, share: float) -> list[Box]:
        bar = self._stage.progress
        if bar is None:
            return []
        now = round(bar.width * share)
        before, self._progress_px = self._progress_px, now
        if now == before:
            return []
        low, high = sorted((now, before))
        rect = Box(bar.left + low, bar.top, high - low, bar.height)
        self._fill(self._image, rect, self._inks.flat("accent" if now > before else "line"))
        return [rect]

    def _painted_background(self, scene: Scene) -> Pixels:
        """What stands in every frame."""
        stage, inks = scene.stage, self._inks
        image = np.full((stage.size[1], stage.size[0]), inks.flat("surface"), dtype=np.uint8)
        for rule in stage.rules:
            self._fill(image, rule, inks.flat("line"))
        if stage.progress:
            self._fill(image, stage.progress, inks.flat("line"))
        if stage.pill:
            self._draw_pill(image, stage.pill)
        for words in stage.words:
            self._write(image, words)
        if stage.legend:
            self._draw_legend(image, stage.legend)
        return image

    def _draw_pill(self, image: Pixels, pill: Box) -> None:
        """A frame with round ends."""
        width = max(1, round(pill.height / 22))
        outer = rounded(pill.width, pill.height, pill.height / 2)
        inner = np.zeros_like(outer)
        inner[width:-width, width:-width] = rounded(pill.width - 2 * width, pill.height - 2 * width, pill.height / 2)
        ring = np.clip(outer.astype(int) - inner, 0, 255) * _PILL_SHARE
        area = image[pill.top : pill.top + pill.height, pill.left : pill.left + pill.width]
        lay(area, ring, self._inks.ramp("accent"))

    def _draw_legend(self, image: Pixels, place: Legend) -> None:
        tiles = Tiles(self._glyphs, self._inks, place.metrics)
        for entry in legend(self._view, place.holds):
            tile = tiles.tile(entry.cell)
            left = place.left + entry.cell.column * place.metrics.column_px
            image[place.top : place.top + tile.shape[0], left : left + tile.shape[1]] = tile
            for number, letter in enumerate(entry.word):
                left = place.left + (entry.column + number) * place.metrics.column_px
                coverage = self._glyphs.tile(letter, place.metrics, 1)
                area = image[place.top : place.top + coverage.shape[0], left : left + coverage.shape[1]]
                lay(area, coverage, self._inks.ramp("quiet"))

    def _write(self, image: Pixels, words: Words, padded: bool = False) -> Box:
        """Set a line of words; padded: with room of the surface around, over a hairline. Returns what was touched."""
        coverage = self._lettering.line(words.text, words.font_px, words.bold)
        if padded:
            coverage = np.pad(coverage, ((0, 0), (words.font_px // 2,) * 2))
        left = words.left if words.right is None else words.right - coverage.shape[1]
        left = max(0, left)
        coverage = coverage[: image.shape[0] - words.top, : image.shape[1] - left]
        height, width = coverage.shape
        area = image[words.top : words.top + height, left : left + width]
        if padded:
            area[:] = self._inks.flat("surface")
        lay(area, coverage, self._inks.ramp(words.ink))
        return Box(left, words.top, width, height)

    def _corner(self, cell: Cell) -> tuple[int, int]:
        metrics = self._stage.metrics
        return self._stage.left + cell.column * metrics.column_px, self._stage.top + cell.row * metrics.line_px

    def _rect(self, cell: Cell) -> Box:
        metrics = self._stage.metrics
        return Box(*self._corner(cell), cell.width * metrics.column_px, metrics.line_px)

    def _restore(self, rect: Box) -> None:
        rows, columns = slice(rect.top, rect.top + rect.height), slice(rect.left, rect.left + rect.width)
        self._image[rows, columns] = self._background[rows, columns]

    @staticmethod
    def _fill(image: Pixels, box: Box, index: int) -> None:
        image[box.top : box.top + box.height, box.left : box.left + box.width] = index


def _more(form: str, rows: int) -> str:
    return form.format(f"{rows:,}", "line" if rows == 1 else "lines") if rows else ""


class PairPainter:
    """Paints the moments of two runs, each side as its own painter does, in the picture around them."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._around = Painter(pair.frame)
        self._lanes = [Painter(lane) for lane in pair.lanes]
        self.palette = self._around.palette  # all three have the theme's inks, in the same order
        self.dirty: tuple[Box, ...] = ()

    def paint(self, number: int) -> Pixels:
        """The picture of a moment: uint8 height × width, palette indices. The same array every time."""
        around, *lanes = self._pair.frames(number)
        image = self._around.paint(around)
        dirty = list(self._around.dirty)
        for painter, frame, (left, top) in zip(self._lanes, lanes, self._pair.corners, strict=True):
            own = painter.paint(frame)
            height, width = own.shape
            image[top : top + height, left : left + width] = own
            dirty += [box._replace(left=box.left + left, top=box.top + top) for box in painter.dirty]
        self.dirty = tuple(dirty)
        return image
