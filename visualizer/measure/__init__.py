"""What a recording shows, from the recording alone."""

from __future__ import annotations

from visualizer.measure.lead import scaffold_first
from visualizer.measure.score import Score, scores_of, verdict

__all__ = ["Score", "scaffold_first", "scores_of", "verdict"]
