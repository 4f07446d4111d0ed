"""The command line: one room for each of its uses."""

from __future__ import annotations

from visualizer.command.check import check_command
from visualizer.command.export import export_command
from visualizer.command.race import race_command
from visualizer.command.serve import serve_command
from visualizer.command.study import study_command
from visualizer.command.trace import trace_command

__all__ = ["check_command", "export_command", "race_command", "serve_command", "study_command", "trace_command"]
