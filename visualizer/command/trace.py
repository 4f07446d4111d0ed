"""Says whether files are whole recordings, and what is in them: `python -m visualizer trace FILE …`."""

from __future__ import annotations

from pathlib import Path

from visualizer.byte_sizes import spoken_file_size
from visualizer.command.terminal import FAILURE, SUCCESS, OneLineParser, exit_status, printable, refuse
from visualizer.errors import TraceError
from visualizer.trace import Phase, Trace, load_trace


def trace_command(arguments: list[str], program: str) -> int:
    """Print a line a file. Returns the exit status: 0 where all are whole."""
    asked = _parser(program).parse_args(arguments)
    return exit_status(lambda: _check(asked.files))


def _check(files: list[Path]) -> int:
    status = SUCCESS
    for path in files:
        try:
            trace = load_trace(path)
        except TraceError as exc:
            status = refuse(str(exc), FAILURE)
        else:
            print(printable(f"{path}: {_said(trace, path.stat().st_size)}"), flush=True)
    return status


def _said(trace: Trace, size_bytes: int) -> str:
    info, steps = trace.info, [state for state in trace.states if state.phase is Phase.STEP]
    parts = [f"a whole recording. {info.checkpoint}, seed {info.settings.seed}, ended by {trace.ended}"]
    if trace.blocks:
        blocks = len(trace.blocks)
        parts.append(f"{blocks} block{'s' * (blocks > 1)} of {trace.blocks[0].length} positions, {len(steps)} steps")
    if steps:
        ranks = max(state.top_ids.shape[1] for state in steps)
        ending = "" if any(state.ending is None for state in steps) else ", the probability of ending"
        parts.append(f"up to {ranks} candidates a position{ending}")
        parts.append(f"{spoken_file_size(round(size_bytes / len(trace.states)))} a state")
    return "; ".join(parts)


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(
        prog=program,
        description="Says whether files are whole recordings, and what is in them. visualizer/trace/file.py has the "
        "format.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recording (.jsonl, .jsonl.gz)")
    return parser
