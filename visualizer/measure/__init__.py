"""What a recording shows, from the recording alone."""

from __future__ import annotations

from visualizer.measure.lead import scaffold_first

__all__ = ["scaffold_first"]
