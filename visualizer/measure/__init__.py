"""What a recording shows, from the recording alone."""

from __future__ import annotations

from visualizer.measure.asked import PLANETS, checks_of
from visualizer.measure.checks import parses
from visualizer.measure.lead import scaffold_first
from visualizer.measure.score import Score, scores_of, verdict
from visualizer.measure.sentences import sentence_ends, sentence_spans

__all__ = [
    "PLANETS",
    "Score",
    "checks_of",
    "parses",
    "scaffold_first",
    "scores_of",
    "sentence_ends",
    "sentence_spans",
    "verdict",
]
