"""Runs a prompt, or opens a recording, and writes it as files: `python -m visualizer "prompt" -o run.gif`."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

from visualizer.byte_sizes import read_file_size
from visualizer.command.recording import add_run_flags, card_of, check_source, given_knobs, prompt_text, record
from visualizer.command.terminal import (
    FAILURE,
    SUCCESS,
    OneLineParser,
    exit_status_told,
    printable,
    refuse,
)
from visualizer.errors import ExportError, SettingsError, VisualizerError
from visualizer.export import (
    FORMATS,
    POSTABLE,
    Exported,
    ExportProgress,
    alt_text,
    check_moment,
    check_pair_target,
    export,
    export_pair,
    format_of,
    html_snippet,
    markdown_snippet,
    pair_alt_text,
    poster_path,
    write_pair_poster,
    write_poster,
)
from visualizer.logs import log_to_terminal
from visualizer.picture import PRESETS, Arrangement, Noise, Pacing, SceneOptions, View
from visualizer.theme import THEMES
from visualizer.trace import Trace, load_trace
from visualizer.whole_file import check_writable

_BURNED_IN = ("prompt", "checkpoint", "seed", "step", "legend", "progress", "label", "captions", "scoreboard")


def export_command(arguments: list[str], program: str) -> int:
    """Run the command line. Returns the exit status: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    asked = _parser(program).parse_args(arguments)
    log_to_terminal(logging.ERROR)
    return exit_status_told(lambda tell: _run(asked, tell), "Interrupted; unfinished files were not written.")


def _run(asked: argparse.Namespace, tell: Callable[[str], None]) -> int:
    _check(asked)
    options = _scene_options(asked)
    at_most_bytes = read_file_size(asked.at_most) if asked.at_most else None
    for target in asked.output:
        check_writable(target)
    beside = load_trace(asked.beside) if asked.beside else None
    trace = _opened(asked, tell)
    if not asked.output:
        tell("")
        print(printable(trace.answer))
    status, made = SUCCESS, []
    for target in asked.output:
        try:
            exported = _write(_export(trace, beside, target, options, at_most_bytes, asked.moment), target, tell)
        except VisualizerError as exc:
            tell("")
            status = refuse(str(exc), FAILURE)
        else:
            made.append(exported)
            print(f"{target}: {exported.words}", flush=True)
    if asked.embed:
        _print_snippets(trace, beside, made, options)
    return status


def _check(asked: argparse.Namespace) -> None:
    """Refuse what does not go together, before any work.

    Raises SettingsError.
    """
    check_source(asked)
    places = [os.path.realpath(target) for target in asked.output]
    for target, place in zip(asked.output, places, strict=True):
        if places.count(place) > 1:
            raise SettingsError(f"{target} is asked for more than once.")
    if asked.embed and not any(format_of(target.name) in POSTABLE for target in asked.output):
        raise SettingsError("--embed needs an output that a post can show: a GIF, MP4, WebP, PNG or HTML page.")
    check_moment(asked.moment)
    if asked.beside is None:
        return
    if not asked.output or asked.at_most:
        raise SettingsError("--beside needs an output, and is written in one size: it goes without --at-most.")
    for target in asked.output:
        try:
            check_pair_target(target)
        except ExportError as exc:
            raise SettingsError(str(exc)) from exc


def _opened(asked: argparse.Namespace, tell: Callable[[str], None]) -> Trace:
    """The recording, or a new run."""
    if asked.trace is not None:
        return load_trace(asked.trace)
    return record(card_of(asked.model), prompt_text(asked.prompt), given_knobs(asked), tell, asked.draft)


def _scene_options(asked: argparse.Namespace) -> SceneOptions:
    return SceneOptions.preset(
        asked.preset, scale=asked.scale, theme=asked.theme, layout=Arrangement(asked.layout),
        pacing=Pacing(asked.pacing), noise=Noise(asked.noise), view=View(asked.view), speed=asked.speed,
        start_hold_ms=asked.start_hold, end_hold_ms=asked.end_hold,
        loop_start=asked.loop_start,
        **{name: name not in asked.without for name in _BURNED_IN},
    )  # fmt: skip


def _export(
    trace: Trace, beside: Trace | None, target: Path, options: SceneOptions, at_most_bytes: int | None,
    moment: float | None,
) -> Generator[ExportProgress]:  # fmt: skip
    if beside is None:
        return export(trace, target, options, at_most_bytes, moment)
    return export_pair(trace, beside, target, options, moment)


def _write(exporting: Generator[ExportProgress], target: Path, tell: Callable[[str], None]) -> Exported:
    exported = None
    with closing(exporting):
        for progress in exporting:
            tell(f"{target.name}: {progress.share:4.0%}  {progress.words}")
            exported = progress.exported
    tell("")
    assert exported is not None, "an export ends with its file"
    return exported


def _print_snippets(trace: Trace, beside: Trace | None, made: list[Exported], options: SceneOptions) -> None:
    """Print what a post needs for each picture or page; an MP4 gets a poster beside it.

    Raises VisualizerError when a poster cannot be written.
    """
    for exported in made:
        if format_of(exported.path.name) not in POSTABLE:
            continue
        poster_name = None
        if format_of(exported.path.name) == ".mp4":
            if beside is None:
                poster_name = write_poster(trace, exported.path, options).name
            else:
                poster_name = write_pair_poster(trace, beside, exported.path, options).name
            print(f"{poster_path(exported.path)}: the film's poster")
        words = alt_text(trace) if beside is None else pair_alt_text(trace, beside)
        name = exported.path.name
        print(f"\nMarkdown:\n{markdown_snippet(words, name, poster_name)}")
        print(f"\nHTML:\n{html_snippet(words, name, exported.css_size(options.scale), poster_name)}", flush=True)


def _target(text: str) -> Path:
    try:
        format_of(Path(text).name)
    except VisualizerError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
    return Path(text)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=program,
        usage=(
            f'{program} "prompt" -o run.gif [-o run.mp4 …] [options]\n'
            f'       {program} race "prompt" -o race.mp4\n'
            f"       {program} study prompts.txt --seeds 5 -o study/\n"
            f"       {program} serve [options]\n       {program} check [--model …]\n"
            f"       {program} trace FILE …"
        ),
        description="Runs a prompt on a diffusion language model, or opens a recorded run, and writes it as files.\n"
        f"To watch runs live in the browser instead: {program} serve (see {program} serve --help).",
        epilog=_epilog(program),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("prompt", nargs="?", help="what to ask the model; - reads it from the standard input; "
                        "after -- any words are a prompt")  # fmt: skip
    parser.add_argument("--trace", type=Path, metavar="FILE", help="open this recording instead; no model is loaded")
    parser.add_argument("--beside", type=Path, metavar="FILE", help="a second recording beside it, on one clock, as a "
                        "film, PNG or page; what differs is named; upright sizes stack the two")  # fmt: skip
    parser.add_argument("-o", "--output", type=_target, action="append", default=[], metavar="FILE",
                        help="write this file, its format by its name; may be given several times")  # fmt: skip
    parser.add_argument(
        "--at-most", metavar="SIZE", help="keep every file under this size (10MB, 500kB), or write none"
    )
    parser.add_argument("--embed", action="store_true", help="print Markdown and HTML that show the result in a post")
    _add_picture(parser.add_argument_group("how it looks"))
    run = parser.add_argument_group("the run")
    add_run_flags(run)
    run.add_argument("--draft", type=Path, metavar="FILE", help="JSON that says what stands on the canvas before: text "
                     "that stays, with ____ to fill in; a text to revise; a recording to go on with")  # fmt: skip
    return parser


def _add_picture(group: argparse._ArgumentGroup) -> None:
    sizes = ", ".join(
        f"{name} {width}×{height}" if height else f"{name} {width} wide" for name, (width, height) in PRESETS.items()
    )
    group.add_argument("--preset", choices=PRESETS, default="720p", help=f"size in pixels: {sizes} (default 720p)")
    group.add_argument("--scale", type=int, choices=(1, 2), default=1, help="2 doubles every pixel (default 1)")
    group.add_argument("--theme", choices=THEMES, default="dark", help="colours; safe: told apart by the colour-blind")
    group.add_argument(
        "--layout",
        choices=[str(name) for name in Arrangement],
        default=str(Arrangement.SETTLED),
        help="settled: every token at its final place; flow: the text as it stands (default settled)",
    )
    group.add_argument(
        "--pacing",
        choices=[str(name) for name in Pacing],
        default=str(Pacing.DIRECTED),
        help="directed: what lands first is held and lit, with captions; or equal steps, the real time, a slow finish "
        "(default directed)",
    )
    group.add_argument(
        "--noise",
        choices=[str(name) for name in Noise],
        default=str(Noise.TOKENS),
        help="at the start of a directed film: the random tokens that the model reads, or grain (default tokens)",
    )
    group.add_argument(
        "--view",
        choices=[str(name) for name in View],
        default=str(View.STATES),
        help="what cells are coloured by: their state, how unsure the model is, in which order they settled, how often "
        "they were taken back or replaced (default states)",
    )
    group.add_argument("--speed", type=float, default=1.0, metavar="TIMES", help="faster or slower (default 1)")
    group.add_argument("--start-hold", type=int, default=700, metavar="MS", help="first frame stands (default 700)")
    group.add_argument("--end-hold", type=int, default=2500, metavar="MS", help="last frame stands (default 2500)")
    group.add_argument(
        "--loop-start",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="where in the run the loop begins, 0 to 1 (default 0)",
    )
    group.add_argument(
        "--moment",
        type=float,
        metavar="SHARE",
        help="what a PNG shows, from 0, the noise, to 1, the end (default: the moment with most to tell)",
    )
    group.add_argument("--without", choices=_BURNED_IN, action="append", default=[],
                       help="leave this out of the picture; may be given several times")  # fmt: skip


def _epilog(program: str) -> str:
    formats = "\n".join(f"  {suffix:<11} {words}" for suffix, words in FORMATS.items())
    return f"""formats, by how the name ends:
{formats}

examples:
  {program} "Name the eight planets in order, one fact each" -o run.gif -o run.jsonl.gz
  {program} --trace run.jsonl.gz -o run.mp4 -o run.html --theme light --embed
  {program} --trace run.jsonl.gz -o small.gif --preset readme --at-most 2MB
  {program} --trace seed-3.jsonl.gz --beside seed-4.jsonl.gz -o both.mp4

exit status: 0 all written, 1 something could not be, 2 asked wrongly, 130 interrupted."""
