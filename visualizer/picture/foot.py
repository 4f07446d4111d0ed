"""What stands under the canvas: the legend, and beside or below it a note on the layout."""

from __future__ import annotations

from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.measures import Measures
from visualizer.picture.metrics import Metrics
from visualizer.picture.pixels import Box
from visualizer.picture.stage import Billing, Legend, Words

_TALL_SHARE = 1.4
"""A tall picture is looked at on a phone and has room: its legend is larger."""
_LINE_SHARE = 1.9


class Foot:
    """Legend and note under a hairline. height: pixels between the canvas's end and the picture's."""

    def __init__(self, billing: Billing, measures: Measures, lettering: Lettering) -> None:
        self._measures = measures
        self._has_legend, self._holds = billing.legend_columns > 0, billing.holds
        share = _TALL_SHARE if measures.is_tall else 1.0
        largest_px = measures.room / max(1, billing.legend_columns) / 0.62
        self._metrics = Metrics.of(max(5, min(measures.px(13.5 * share), int(largest_px))), _LINE_SHARE)
        self._note_px = measures.px(13 * share)
        beside = measures.room - billing.legend_columns * self._metrics.column_px - measures.px(30)
        fitting = [note for note in billing.notes if lettering.width(note, self._note_px) <= beside]
        self._note = fitting[0] if fitting else billing.notes[0]
        self._is_below = self._has_legend and not fitting
        lines = 2 if self._is_below else 1
        self.height = measures.px(8) + measures.px(10) + lines * self._metrics.line_px + measures.px(14)

    def rule(self, height: int) -> Box:
        """The hairline over it, in a picture so tall."""
        return Box(0, self._top(height), self._measures.width, max(1, round(self._measures.unit)))

    def legend(self, height: int) -> Legend | None:
        """Where the samples of the cells stand."""
        if not self._has_legend:
            return None
        return Legend(self._metrics, self._measures.margin, self._words_top(height), self._holds)

    def note(self, height: int) -> Words:
        """The longest note that fits beside the legend, else one in a line of its own."""
        measures, font_px = self._measures, self._note_px
        top = self._words_top(height) + (self._metrics.line_px - line_metrics(font_px).line_px) // 2
        if self._is_below:
            return Words(measures.margin, top + self._metrics.line_px, self._note, font_px, False, "quiet")
        return Words(0, top, self._note, font_px, False, "quiet", measures.right)

    def _top(self, height: int) -> int:
        return height - self.height + self._measures.px(8)

    def _words_top(self, height: int) -> int:
        return self._top(height) + self._measures.px(9)
