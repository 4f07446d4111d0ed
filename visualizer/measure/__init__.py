"""What a recording shows, from the recording alone."""

from __future__ import annotations

from visualizer.measure.apart import apart, is_race
from visualizer.measure.asked import PLANETS, checks_of
from visualizer.measure.blanks import blanks
from visualizer.measure.checks import parses
from visualizer.measure.direction import Direction, direction_of
from visualizer.measure.interval import Interval, interval_over_prompts
from visualizer.measure.lead import scaffold_first
from visualizer.measure.milestones import milestones_of
from visualizer.measure.order import AR_SPANS, BIN_SIZES, Order, commit_steps, order_figures, order_of
from visualizer.measure.phenomena import DEFINITIONS, phenomena
from visualizer.measure.quoting import clipped
from visualizer.measure.scaffold import scaffold_of
from visualizer.measure.score import Score, scores_of, times_apart, verdict
from visualizer.measure.scoreboard import STAND_SIGNS, Course, Scoring, scoreboard
from visualizer.measure.sentences import sentence_ends, sentence_spans

__all__ = [
    "AR_SPANS",
    "BIN_SIZES",
    "DEFINITIONS",
    "PLANETS",
    "STAND_SIGNS",
    "Course",
    "Direction",
    "Interval",
    "Order",
    "Score",
    "Scoring",
    "apart",
    "blanks",
    "checks_of",
    "clipped",
    "commit_steps",
    "direction_of",
    "interval_over_prompts",
    "is_race",
    "milestones_of",
    "order_figures",
    "order_of",
    "parses",
    "phenomena",
    "scaffold_first",
    "scaffold_of",
    "scoreboard",
    "scores_of",
    "sentence_ends",
    "sentence_spans",
    "times_apart",
    "verdict",
]
