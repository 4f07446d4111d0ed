"""One size of monospace text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metrics:
    """One size of monospace text, in pixels: of the font, of a column, of a line and of its baseline from the top."""

    font_px: int
    column_px: int
    line_px: int
    baseline_px: int

    @classmethod
    def of(cls, font_px: int, line_share: float = 1.72) -> Metrics:
        """Metrics of a font size; JetBrains Mono's advance is 0.6 of it."""
        line_px = round(font_px * line_share)
        return cls(font_px, round(font_px * 0.6), line_px, round((line_px + font_px * 0.72) / 2))

    def spread(self, times: float) -> Metrics:
        """The same text with its lines so many times as far apart."""
        line_px = round(self.line_px * times)
        return Metrics(self.font_px, self.column_px, line_px, self.baseline_px + (line_px - self.line_px) // 2)

    def scaled(self, scale: int) -> Metrics:
        """The same layout with so many times the pixels."""
        return Metrics(self.font_px * scale, self.column_px * scale, self.line_px * scale, self.baseline_px * scale)
