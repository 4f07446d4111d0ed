"""Runs many prompts from many seeds and measures in which order they are written: `python -m visualizer study`."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from visualizer.command.recording import add_run_flags, card_of, given_knobs
from visualizer.command.terminal import FAILURE, SUCCESS, OneLineParser, exit_status_told, printable
from visualizer.errors import SettingsError, VisualizerError
from visualizer.export import StudyRow, plot_png, plot_svg, study_csv, study_markdown, study_plot
from visualizer.logs import log_to_terminal
from visualizer.measure import order_of
from visualizer.model import check_denoises
from visualizer.run import Engine, StudyRun, plan_study, read_probes, run_study
from visualizer.trace import Trace
from visualizer.whole_file import check_writable, whole_file

_FIRST_SEED = 1


def study_command(arguments: list[str], program: str) -> int:
    """Run the command line. Returns the exit status: 0 done, 1 failed or a run was lost, 2 asked wrongly, 130
    interrupted."""
    asked = _parser(program).parse_args(arguments)
    log_to_terminal(logging.ERROR)
    return exit_status_told(
        lambda tell: _run(asked, tell),
        "Interrupted; what was finished is kept, and gone on with.",
    )


def _run(asked: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Raises VisualizerError when the prompts, the knobs, the folder or the checkpoint cannot be used."""
    if asked.seeds < 1:
        raise SettingsError(f"A study needs a seed or more, not {asked.seeds}.")
    probes = read_probes(asked.prompts)
    card = card_of(asked.model)
    check_denoises(card)
    first = _FIRST_SEED if asked.seed is None else asked.seed
    runs = plan_study(card, probes, range(first, first + asked.seeds), given_knobs(asked), asked.output)
    asked.output.mkdir(parents=True, exist_ok=True)
    check_writable(asked.output / "runs.csv")
    rows: list[StudyRow] = []
    lost: list[StudyRun] = []
    with closing(Engine(card)) as engine:
        for run, result in run_study(engine, runs, tell):
            tell("")
            name = f"{run.path.name.removesuffix('.jsonl.gz')} ({len(rows) + len(lost) + 1} of {len(runs)})"
            if isinstance(result, VisualizerError):
                lost.append(run)
                print(f"{name}: lost: {printable(str(result))}", flush=True)
            else:
                rows.append(_row(run, result))
                print(f"{name}: {rows[-1].order.steps} steps, {rows[-1].order.tokens} tokens", flush=True)
    _write(f"{card.name}, {asked.seeds} seed{'s' * (asked.seeds > 1)}", rows, asked.output)
    print(f"{asked.output}: runs.csv, summary.md, plot.svg, plot.png of {len(rows)} runs")
    if lost:
        print(f"{len(lost)} of {len(runs)} runs were lost; the same command tries them again.")
    return FAILURE if lost else SUCCESS


def _row(run: StudyRun, trace: Trace) -> StudyRow:
    return StudyRow(
        run.probe.group, run.probe.prompt, trace.info.settings.seed, trace.ended, run.path.name, order_of(trace)
    )


def _write(title: str, rows: list[StudyRow], folder: Path) -> None:
    plot = study_plot(title, rows)
    files = {
        "runs.csv": study_csv(rows).encode(),
        "summary.md": study_markdown(title, rows).encode(),
        "plot.svg": plot_svg(plot).encode(),
        "plot.png": plot_png(plot),
    }
    for name, content in files.items():
        with whole_file(folder / name) as part:
            part.write_bytes(content)


def _parser(program: str) -> OneLineParser:
    parser = OneLineParser(
        prog=program,
        usage=f"{program} prompts.txt --seeds 5 -o study/ [options]",
        description="Runs every prompt of a file (one a line; # names a group) from several seeds, keeps the\n"
        "recordings, and writes what they say of the order: runs.csv, summary.md, plot.svg, plot.png.\n"
        "Goes on where it stopped.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("prompts", type=Path, help="a text file; prompts/probes.txt is one")
    parser.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="how many, from --seed on (default 5, from 1)"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the study is kept")
    add_run_flags(parser.add_argument_group("the runs"))
    return parser
