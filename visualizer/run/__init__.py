"""Runs that outlive their tab, and the child process that owns MLX."""

from __future__ import annotations

from visualizer.run.check import check_report
from visualizer.run.child import Loading
from visualizer.run.drafts import drafted, read_json
from visualizer.run.engine import Engine
from visualizer.run.fitting import fitted
from visualizer.run.gallery import Gallery
from visualizer.run.influence import influence
from visualizer.run.loading import run_telling
from visualizer.run.provenance import run_info
from visualizer.run.run import News, Run
from visualizer.run.runs import Runs, cache_folder
from visualizer.run.study import StudyRun, plan_study, read_probes, run_study

__all__ = [
    "Engine",
    "Gallery",
    "Loading",
    "News",
    "Run",
    "Runs",
    "StudyRun",
    "cache_folder",
    "check_report",
    "drafted",
    "fitted",
    "influence",
    "plan_study",
    "read_json",
    "read_probes",
    "run_info",
    "run_study",
    "run_telling",
]
