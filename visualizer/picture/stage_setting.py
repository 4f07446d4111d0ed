"""Sets a stage: the head from the top, the foot from the bottom; the canvas takes what is left."""

from __future__ import annotations

from visualizer.picture.foot import Foot
from visualizer.picture.head import set_head
from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.marks import Marks
from visualizer.picture.measures import Measures
from visualizer.picture.pixels import Box
from visualizer.picture.stage import Billing, Stage, Words
from visualizer.picture.subtitle import Subtitle
from visualizer.picture.text_fit import MAX_FONT_UNITS, Fit, Need, fit_text

_README_FONT_UNITS = 21
_FILLED_SHARE, _MOST_SPREAD = 0.75, 1.5
"""How much of a tall picture's canvas a text fills, as far as its lines may be spread for that."""
_TALLEST_UNITS, _LOWEST_UNITS = 1300, 320
"""Of a picture that is as tall as its text needs."""


def _spread(fit: Fit, height: int) -> Fit:
    """A short text with its lines farther apart, so that it fills more of a tall picture's height."""
    wanted = height * _FILLED_SHARE / (fit.rows * fit.metrics.line_px)
    return fit._replace(metrics=fit.metrics.spread(min(_MOST_SPREAD, max(1.0, wanted))))


def set_stage(
    measures: Measures, billing: Billing, need: Need, lettering: Lettering, subtitle: Subtitle, marks: Marks
) -> Stage:
    """Lay a picture out at 1×. A height of None is as tall as the text needs, within limits."""
    width, height, px = measures.width, measures.height, measures.px
    head, foot = set_head(billing, measures, lettering), Foot(billing, measures, lettering)
    below = foot.height + subtitle.height + marks.height
    around = head.bottom + below
    if height is None:
        fit = fit_text(need, measures, px(_TALLEST_UNITS) - around, _README_FONT_UNITS)
        height = max(px(_LOWEST_UNITS), around + fit.rows * fit.metrics.line_px + px(10))
        height += height % 2
    else:
        fit = fit_text(need, measures, max(1, height - around), MAX_FONT_UNITS)
        if measures.is_tall:
            fit = _spread(fit, height - around)
    spare = max(0, height - around - fit.rows * fit.metrics.line_px)
    top = head.bottom + spare // 3
    more_px = px(13)
    half_px = line_metrics(more_px).line_px // 2
    foot_rule = foot.rule(height)
    names, placed = marks.places(height - foot.height)
    return Stage(
        size=(width, height),
        metrics=fit.metrics,
        left=measures.margin,
        top=top,
        columns=fit.columns,
        rows=max(1, (height - below - top) // fit.metrics.line_px),
        words=(*head.words, foot.note(height), *names),
        rules=(head.rule, foot_rule) if head.rule else (foot_rule,),
        pill=head.pill,
        status=head.status,
        caption=subtitle.places(height - foot.height - marks.height),
        marks=placed,
        above=Words(0, head.bottom - px(10) - half_px, "", more_px, False, "quiet", measures.right),
        below=Words(0, foot_rule.top - half_px, "", more_px, False, "quiet", measures.right),
        legend=foot.legend(height),
        progress=Box(0, height - px(5), width, px(5)) if billing.progress else None,
    )
