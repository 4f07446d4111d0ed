"""Reports what a machine is, what fits it and whether a checkpoint works on it: `python -m visualizer check`."""

from __future__ import annotations

import sys

from visualizer.command.terminal import FAILURE, SUCCESS, OneLineParser, exit_status
from visualizer.hub import default_hub, obtain, preselected
from visualizer.run import check_report


def check_command(arguments: list[str], program: str) -> int:
    """Print the report, a line at a time. Returns the exit status: 0 where all is well."""
    asked = _parser(program).parse_args(arguments)
    return exit_status(lambda: _check(asked.model))


def _check(model: str | None) -> int:
    """Raises VisualizerError when the checkpoint cannot be had."""
    card = preselected() if model is None else obtain(model, default_hub(), sys.stderr)
    well = True
    for line in check_report(card):
        print(line, flush=True)
        well = well and line.well
    return SUCCESS if well else FAILURE


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(
        prog=program, description="Reports on this machine and a checkpoint; paste it into an issue."
    )
    parser.add_argument("--model", help="pocket, a checkpoint folder or a hub id (default: as the page)")
    return parser
