"""A plot of means and intervals, one row a group and one column a measure: as SVG, or as a PNG of the same shapes.

Its own, since a library for plots would be larger than the app.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from visualizer.bundled import FONTS_FOLDER
from visualizer.export.png import png_bytes
from visualizer.measure import Interval
from visualizer.theme import LIGHT

_MARGIN, _LABELS, _COLUMN, _GAP, _ROW, _HEAD, _FOOT = 24, 150, 220, 36, 30, 84, 34
_FONT = "inter-latin-wght-normal.woff2"
_PNG_SCALE = 2


@dataclass(frozen=True)
class Column:
    """A measure's column: its name among the measures, what stands above it, its axis, and the value of no order."""

    measure: str
    title: str
    low: float
    high: float
    neutral: float | None


@dataclass(frozen=True)
class Row:
    """A group: for every column its interval, and a mark to compare with; None where there is none."""

    name: str
    intervals: tuple[Interval | None, ...]
    controls: tuple[float | None, ...]


@dataclass(frozen=True)
class Plot:
    """What is drawn."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width = 2 * _MARGIN + _LABELS + len(self.columns) * _COLUMN + (len(self.columns) - 1) * _GAP
        return width, _HEAD + len(self.rows) * _ROW + _FOOT


@dataclass(frozen=True)
class _Line:
    x: float
    y: float
    to_x: float
    to_y: float
    colour: str
    width: float = 1


@dataclass(frozen=True)
class _Dot:
    x: float
    y: float
    radius: float
    colour: str
    is_filled: bool = True


@dataclass(frozen=True)
class _Words:
    """anchor: `start`, `middle` or `end` of the text stands at x; y is its baseline."""

    x: float
    y: float
    text: str
    colour: str
    px: int = 13
    anchor: str = "start"


_Shape = _Line | _Dot | _Words


def plot_svg(plot: Plot) -> str:
    """The plot as an SVG file."""
    width, height = plot.size
    shapes = "\n".join(map(_svg, _shapes(plot)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="Inter, system-ui, sans-serif" role="img" aria-label="{html.escape(plot.title)}">\n'
        f'<rect width="{width}" height="{height}" fill="{LIGHT.surface}"/>\n{shapes}\n</svg>\n'
    )


def plot_png(plot: Plot) -> bytes:
    """The plot as a PNG file, twice as large."""
    from PIL import Image, ImageDraw, ImageFont

    width, height = plot.size
    picture = Image.new("RGB", (width * _PNG_SCALE, height * _PNG_SCALE), LIGHT.surface)
    pen = ImageDraw.Draw(picture)
    for shape in _shapes(plot):
        match shape:
            case _Line():
                ends = [shape.x, shape.y, shape.to_x, shape.to_y]
                pen.line([_PNG_SCALE * end for end in ends], shape.colour, round(_PNG_SCALE * shape.width))
            case _Dot():
                x, y, radius = (_PNG_SCALE * value for value in (shape.x, shape.y, shape.radius))
                fill = shape.colour if shape.is_filled else LIGHT.surface
                pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill, shape.colour, _PNG_SCALE)
            case _Words():
                font = ImageFont.truetype(str(FONTS_FOLDER / _FONT), shape.px * _PNG_SCALE)
                anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
                place = (shape.x * _PNG_SCALE, shape.y * _PNG_SCALE)
                pen.text(place, shape.text, shape.colour, font, anchor)
    return png_bytes(np.asarray(picture))


def _shapes(plot: Plot) -> Iterator[_Shape]:
    yield _Words(_MARGIN, 30, plot.title, LIGHT.text, 15)
    bottom = _HEAD + len(plot.rows) * _ROW
    for number, column in enumerate(plot.columns):
        left = _left(number)
        yield _Words(left, 58, column.title, LIGHT.quiet)
        yield _Line(left, bottom, left + _COLUMN, bottom, LIGHT.line)
        marks = [column.low, column.high] if column.neutral is None else [column.low, column.neutral, column.high]
        for mark in marks:
            x = _x(number, column, mark)
            yield _Line(x, _HEAD - 12, x, bottom, LIGHT.line)
            yield _Words(x, bottom + 18, f"{mark:g}".replace("-", "\u2212"), LIGHT.quiet, 12, "middle")
    for place, row in enumerate(plot.rows):
        y = _HEAD + place * _ROW + _ROW / 2
        yield _Words(_MARGIN, y + 4, row.name, LIGHT.text)
        for number, (column, interval, control) in enumerate(
            zip(plot.columns, row.intervals, row.controls, strict=True)
        ):
            if control is not None:
                yield _Dot(_x(number, column, control), y, 4, LIGHT.quiet, is_filled=False)
            if interval is not None:
                yield from _interval(number, column, interval, y)


def _interval(number: int, column: Column, interval: Interval, y: float) -> Iterator[_Shape]:
    if interval.low is not None and interval.high is not None:
        yield _Line(_x(number, column, interval.low), y, _x(number, column, interval.high), y, LIGHT.draft, 3)
    yield _Dot(_x(number, column, interval.mean), y, 5, LIGHT.draft)


def _left(number: int) -> int:
    return _MARGIN + _LABELS + number * (_COLUMN + _GAP)


def _x(number: int, column: Column, value: float) -> float:
    share = (min(max(value, column.low), column.high) - column.low) / (column.high - column.low)
    return round(_left(number) + share * _COLUMN, 1)


def _svg(shape: _Shape) -> str:
    match shape:
        case _Line():
            return (
                f'<line x1="{shape.x}" y1="{shape.y}" x2="{shape.to_x}" y2="{shape.to_y}" stroke="{shape.colour}" '
                f'stroke-width="{shape.width}"/>'
            )
        case _Dot():
            fill = shape.colour if shape.is_filled else LIGHT.surface
            return f'<circle cx="{shape.x}" cy="{shape.y}" r="{shape.radius}" fill="{fill}" stroke="{shape.colour}"/>'
        case _Words():
            return (
                f'<text x="{shape.x}" y="{shape.y}" font-size="{shape.px}" fill="{shape.colour}" '
                f'text-anchor="{shape.anchor}">{html.escape(shape.text)}</text>'
            )
