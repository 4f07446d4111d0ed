"""Recordings that stay as they were made, while the gallery is chosen anew: what must open for ever, and figures."""

from __future__ import annotations

from pathlib import Path

WHY = Path(__file__).parent / "why-version-1.jsonl.gz"
"""The pocket explains why the sky is blue: 14 steps, version 1 of the file."""
