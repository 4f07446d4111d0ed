"""Some moments of a run side by side, under the prompt, over one legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from visualizer.picture.foot import Foot
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.head import set_head
from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.measures import Measures
from visualizer.picture.options import SceneOptions
from visualizer.picture.painter import Painter
from visualizer.picture.pixels import Box, Pixels
from visualizer.picture.scene import OwnStage, Scene, SceneFrame, billing_of, build_scene
from visualizer.picture.stage import Stage, Words
from visualizer.picture.subtitle import Subtitle
from visualizer.picture.text_fit import Need, fit_text
from visualizer.theme import THEMES
from visualizer.trace import Trace

_PANEL_SHARE, _LEAST_PANEL_PX = 3, 320
"""A moment has this part of the width asked for."""
_BETWEEN_PX = 2
_FONT_UNITS, _TALLEST_UNITS = 21, 1300


@dataclass(frozen=True, eq=False)
class Filmstrip:
    """panel: the run in the room of one moment. around: what stands around all of them, its one frame without cells.

    corners: where each moment stands.
    """

    panel: Scene
    around: Scene
    corners: tuple[tuple[int, int], ...]

    def picture(self, chosen: Sequence[int]) -> Pixels:
        """Frames of the panel in their places (uint8 H×W×3 RGB)."""
        painter, around = Painter(self.panel), Painter(self.around)
        image = around.paint(self.around.frames[0]).copy()
        for number, (left, top) in zip(chosen, self.corners, strict=False):
            panel = painter.paint(self.panel.frames[number])
            image[top : top + panel.shape[0], left : left + panel.shape[1]] = panel
        return np.take(around.palette, image, axis=0)


def build_filmstrip(trace: Trace, options: SceneOptions, count: int, glyphs: Glyphs | None = None) -> Filmstrip:
    """The filmstrip of a run in so many moments."""
    glyphs = glyphs or Glyphs()
    lettering = Lettering(glyphs)
    width = max(options.width // _PANEL_SHARE // 2 * 2, _LEAST_PANEL_PX)
    measures = Measures(count * width + (count - 1) * _BETWEEN_PX, None, unit_of=Measures(options.width, None))
    billing = billing_of(trace, options)
    head = set_head(replace(billing, longest_status=""), measures, lettering)
    foot = Foot(billing, measures, lettering)
    own = Measures(width, None)
    label_px = own.px(22)
    top = own.px(12) + line_metrics(label_px).line_px + own.px(8)

    def set_panel(need: Need, _: Subtitle) -> Stage:
        fit = fit_text(need, own, own.px(_TALLEST_UNITS), _FONT_UNITS)
        high = top + fit.rows * fit.metrics.line_px + own.px(12)
        return Stage(
            size=(width, high + high % 2),
            metrics=fit.metrics,
            left=own.margin,
            top=top,
            columns=fit.columns,
            rows=fit.rows,
            status=Words(own.margin, own.px(12), "", label_px, True, "text"),
        )

    panel = build_scene(trace, replace(options, captions=False, loop_start=0.0), glyphs, OwnStage(own, set_panel))
    panel_px = panel.size[1] // options.scale
    height = head.bottom + panel_px + foot.height
    height += height % 2
    lefts = [number * (width + _BETWEEN_PX) for number in range(count)]
    stage = Stage(
        size=(measures.width, height),
        metrics=panel.stage.metrics,
        left=0,
        top=head.bottom,
        columns=1,
        rows=1,
        words=(*head.words, foot.note(height)),
        rules=(
            *([head.rule] if head.rule else []),
            foot.rule(height),
            *(Box(left - _BETWEEN_PX, head.bottom, _BETWEEN_PX, panel_px) for left in lefts[1:]),
        ),
        pill=head.pill,
        legend=foot.legend(height),
    )
    frame = SceneFrame(0, 0, (), "", 1.0)
    around = Scene(options, THEMES[options.theme], stage.scaled(options.scale), (frame,), (0,), glyphs)
    corners = tuple((left * options.scale, head.bottom * options.scale) for left in lefts)
    return Filmstrip(panel, around, corners)
