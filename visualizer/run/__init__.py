"""Runs that outlive their tab, and the child process that owns MLX."""

from __future__ import annotations

from visualizer.run.check import check_report
from visualizer.run.drafts import drafted, read_json
from visualizer.run.engine import Engine
from visualizer.run.gallery import Gallery
from visualizer.run.loading import run_telling
from visualizer.run.provenance import run_info
from visualizer.run.runs import News, Run, Runs, cache_folder

__all__ = [
    "Engine",
    "Gallery",
    "News",
    "Run",
    "Runs",
    "cache_folder",
    "check_report",
    "drafted",
    "read_json",
    "run_info",
    "run_telling",
]
