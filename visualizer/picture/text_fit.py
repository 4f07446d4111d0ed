"""How large the canvas's text is: as large as fits, or a little smaller where that keeps its lines whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from visualizer.picture.layout import MIN_COLUMNS
from visualizer.picture.measures import Measures
from visualizer.picture.metrics import Metrics

MIN_FONT_UNITS, MAX_FONT_UNITS = 14, 33
"""The canvas's text is never smaller, in units (1 px at 720p): what does not fit then scrolls."""
_LEAST_COLUMNS = 38
"""Text is not made larger than leaves so many columns."""
_KEEP_LINES_WHOLE_SHARE = 0.75
"""How much smaller the text may be so that no line has to be broken."""
_DENSE_BELOW_UNITS, _DENSE_LINE_SHARE = 18, 1.55


class Need(NamedTuple):
    """The room that a run needs: rows by columns, and the columns on which no line is broken."""

    rows_of: Callable[[int], int]
    unbroken_columns: int


class Fit(NamedTuple):
    """A size of text, and the columns and rows that the run takes in it."""

    metrics: Metrics
    columns: int
    rows: int


def fit_text(need: Need, measures: Measures, height: int, largest_units: float) -> Fit:
    """The size for a canvas of so many pixels of height, of text no larger than so many units."""
    largest_px = measures.px(largest_units)
    smallest_px = min(measures.px(MIN_FONT_UNITS), largest_px)

    def fits(font_px: int) -> bool:
        metrics = _metrics(font_px, measures)
        return need.rows_of(_columns(metrics, measures)) * metrics.line_px <= height

    low, high = smallest_px, max(smallest_px, min(largest_px, round(measures.room / _LEAST_COLUMNS / 0.6)))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    least_px = max(smallest_px, round(low * _KEEP_LINES_WHOLE_SHARE))
    sizes = (_metrics(font_px, measures) for font_px in range(low, least_px - 1, -1))
    whole = (metrics for metrics in sizes if _columns(metrics, measures) >= need.unbroken_columns)
    metrics = next(whole, _metrics(low, measures))
    columns = _columns(metrics, measures)
    return Fit(metrics, columns, min(need.rows_of(columns), max(1, height // metrics.line_px)))


def _metrics(font_px: int, measures: Measures) -> Metrics:
    is_dense = font_px < measures.px(_DENSE_BELOW_UNITS)
    return Metrics.of(font_px, _DENSE_LINE_SHARE) if is_dense else Metrics.of(font_px)


def _columns(metrics: Metrics, measures: Measures) -> int:
    return max(MIN_COLUMNS, measures.room // metrics.column_px)
