"""What stands above the canvas: the prompt, then a line of label, checkpoint, seed and status."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.line_breaks import LineBreaker, shortened
from visualizer.picture.measures import Measures
from visualizer.picture.pixels import Box
from visualizer.picture.stage import SEPARATOR, Billing, Words


@dataclass(frozen=True)
class Head:
    """The parts of a stage above its canvas. bottom: where the canvas may begin."""

    bottom: int
    words: tuple[Words, ...] = ()
    rule: Box | None = None
    pill: Box | None = None
    status: Words | None = None


@dataclass(frozen=True)
class _FactsLine:
    words: tuple[Words, ...]
    pill: Box | None
    status: Words | None
    bottom: int


def set_head(billing: Billing, measures: Measures, lettering: Lettering) -> Head:
    """Lay the head out; without words there is nothing but a margin."""
    px = measures.px
    top = begin = round(measures.margin * 0.8)
    words: tuple[Words, ...] = ()
    if billing.prompt:
        words, top = _prompt(billing.prompt, top, measures, lettering)
        top += px(8)
    facts = _FactsLine((), None, None, top)
    if billing.label or billing.facts or billing.longest_status:
        facts = _facts(billing, top, measures, lettering)
        top = facts.bottom
    if top == begin:
        return Head(measures.margin)
    top += px(12)
    rule = Box(0, top, measures.width, max(1, round(measures.unit)))
    return Head(top + px(10), words + facts.words, rule, facts.pill, facts.status)


def _prompt(prompt: str, top: int, measures: Measures, lettering: Lettering) -> tuple[tuple[Words, ...], int]:
    """The prompt in as many lines as may be, and where it ends."""
    font_px = measures.px(23)
    line_px = line_metrics(font_px).line_px
    breaker = LineBreaker(font_px, lambda line: lettering.width(line, font_px, bold=True))
    lines = breaker.balanced(" ".join(prompt.split()), 4 if measures.is_upright else 2, measures.room)
    words = tuple(
        Words(measures.margin, top + number * line_px, line, font_px, True, "text") for number, line in enumerate(lines)
    )
    return words, top + len(lines) * line_px


def _facts(billing: Billing, top: int, measures: Measures, lettering: Lettering) -> _FactsLine:
    """Label, checkpoint and seed at the left, the status at the right, or below where the line is too short."""
    px = measures.px
    font_px = px(15)
    width_of = partial(lettering.width, font_px=font_px)
    line_px = line_metrics(font_px).line_px
    pad_px, pill_px = px(11), line_px + px(4)
    left = measures.margin
    words_top = top + (pill_px - line_px) // 2
    words: list[Words] = []
    pill = None
    if billing.label:
        text = f"●  {billing.label}"
        pill = Box(left, top, width_of(text, bold=True) + 2 * pad_px, pill_px)
        words.append(Words(left + pad_px, words_top, text, font_px, True, "accent"))
        left += pill.width + px(14)
    facts = SEPARATOR.join(billing.facts)
    if facts:
        text = shortened(facts, width_of, measures.right - left)
        words.append(Words(left, words_top, text, font_px, False, "quiet"))
        left += width_of(text) + px(24)
    bottom = top + pill_px
    status_px = width_of(billing.longest_status)
    if not status_px:
        return _FactsLine(tuple(words), pill, None, bottom)
    if left + status_px <= measures.right:
        status = Words(0, words_top, "", font_px, False, "text", measures.right)
        return _FactsLine(tuple(words), pill, status, bottom)
    below = bottom + px(4)
    status = Words(measures.margin, below, "", font_px, False, "text")
    return _FactsLine(tuple(words), pill, status, below + line_px)
