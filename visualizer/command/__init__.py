"""The command line: one room for each of its uses."""

from __future__ import annotations

from visualizer.command.export import export_command
from visualizer.command.serve import serve_command

__all__ = ["export_command", "serve_command"]
