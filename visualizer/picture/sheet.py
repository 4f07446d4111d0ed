"""A still picture that is put together from areas of colour and lines of words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from visualizer.picture.glyphs import Glyphs
from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.line_breaks import shortened
from visualizer.picture.measures import Measures
from visualizer.picture.options import SceneOptions
from visualizer.picture.pixels import Box, Pixels
from visualizer.theme import THEMES
from visualizer.trace import Trace

_SMALL, _PLAIN, _LARGE = 13, 15, 21
"""Sizes of words, in units."""


class Sheet:
    """A picture as wide as its options say and as high as what is put on it. bottom: where the next thing may begin."""

    def __init__(self, options: SceneOptions) -> None:
        theme = THEMES[options.theme]
        self._options = options
        self._measures = Measures(options.width * options.scale, None)
        self._colours = {name: _rgb(getattr(theme, name)) for name in theme.__dataclass_fields__}
        self._lettering = Lettering(Glyphs())
        self._rows = np.empty((0, self._measures.width, 3))
        self.bottom = self.px(28)
        self._grow(self.bottom)

    def px(self, units: float) -> int:
        """So many units in pixels, at least one."""
        return self._measures.px(units)

    @property
    def left(self) -> int:
        """Where the left margin ends."""
        return self._measures.margin

    @property
    def room(self) -> int:
        """Pixels between the margins."""
        return self._measures.room

    def colour(self, name: str) -> npt.NDArray[np.float64]:
        """A colour of the theme: three numbers from 0 to 255."""
        return self._colours[name]

    def head(self, trace: Trace, facts: str) -> None:
        """The prompt in a line, and under it what the picture is of."""
        if self._options.prompt:
            self.words(" ".join(trace.info.prompt.split()), _LARGE, "text", bold=True)
        named = [trace.info.checkpoint] if self._options.checkpoint else []
        self.words("   ·   ".join([*named, facts]), _PLAIN, "quiet")
        self.skip(14)

    def skip(self, units: float) -> None:
        """Leave room."""
        self._grow(self.bottom + self.px(units))
        self.bottom += self.px(units)

    def words(self, text: str, units: float = _SMALL, ink: str = "quiet", bold: bool = False) -> None:
        """A line of words of its own, cut where there is no more room."""
        self.write(self.left, self.bottom, text, units, ink, bold, room=self.room)
        self.skip(units * 1.55)

    def write(
        self, left: int, top: int, text: str, units: float = _SMALL, ink: str = "quiet", bold: bool = False,
        room: int | None = None, is_right: bool = False,
    ) -> int:  # fmt: skip
        """Words at a place, from there or up to there, in at most so many pixels; returns how wide they are."""
        font_px = self.px(units)
        if room is not None:
            text = shortened(text, lambda part: self._lettering.width(part, font_px, bold), room)
        coverage = self._lettering.line(text, font_px, bold)
        left = max(0, left - coverage.shape[1] if is_right else left)
        self._grow(top + coverage.shape[0])
        area = self._rows[top : top + coverage.shape[0], left : left + coverage.shape[1]]
        shares = coverage[:, : area.shape[1], None] / 255
        area[:] = area * (1 - shares) + self._colours[ink] * shares
        return int(coverage.shape[1])

    def line_px(self, units: float = _SMALL) -> int:
        """How high a line of words is."""
        return line_metrics(self.px(units)).line_px

    def fill(self, box: Box, ink: str, share: float = 1.0) -> None:
        """Lay a colour over an area."""
        self._grow(box.top + box.height)
        area = self._rows[box.top : box.top + box.height, box.left : box.left + box.width]
        area[:] = area * (1 - share) + self._colours[ink] * share

    def paint(self, left: int, top: int, colours: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]) -> None:
        """Lay a picture over an area: colours H×W×3, and how much of each, H×W."""
        height, width = shares.shape
        self._grow(top + height)
        area = self._rows[top : top + height, left : left + width]
        area[:] = area * (1 - shares[:, :, None]) + colours * shares[:, :, None]

    def pixels(self) -> Pixels:
        """All of it with a margin below: uint8 H×W×3, both sides even."""
        self.skip(26)
        self._grow(self._rows.shape[0] + self._rows.shape[0] % 2)
        return np.round(self._rows).astype(np.uint8)

    def _grow(self, height: int) -> None:
        more = height - self._rows.shape[0]
        if more > 0:
            surface = np.broadcast_to(self._colours["surface"], (more, self._measures.width, 3))
            self._rows = np.concatenate([self._rows, surface])


def _rgb(colour: str) -> npt.NDArray[np.float64]:
    return np.array([*bytes.fromhex(colour.removeprefix("#"))], dtype=float)
