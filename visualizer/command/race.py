"""Races a denoised run with a typed one, as a film: `python -m visualizer race "prompt" -o race.mp4`.

The two run in turn, never at once. Without a model that types, the denoised text is drawn as if it had been typed.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from visualizer.command.recording import add_run_flags, card_of, check_source, given_knobs, prompt_text, record
from visualizer.command.terminal import SUCCESS, OneLineParser, exit_status_told
from visualizer.errors import SettingsError, VisualizerError
from visualizer.export import check_pair_target, export_pair
from visualizer.logs import log_to_terminal
from visualizer.measure import times_apart, verdict
from visualizer.model import CheckpointCard
from visualizer.picture import PRESETS, Arrangement, SceneOptions
from visualizer.theme import THEMES
from visualizer.trace import Trace, Writing, load_trace, typed_out
from visualizer.whole_file import check_writable

_PRESETS = {name: size for name, size in PRESETS.items() if size[1] is not None}


def race_command(arguments: list[str], program: str) -> int:
    """Run the command line. Returns the exit status: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    asked = _parser(program).parse_args(arguments)
    log_to_terminal(logging.ERROR)
    return exit_status_told(lambda tell: _run(asked, tell), "Interrupted; unfinished films were not written.")


def _run(asked: argparse.Namespace, tell: Callable[[str], None]) -> int:
    check_source(asked)
    if not asked.output:
        raise SettingsError("Name the film: -o race.mp4.")
    options = SceneOptions.preset(
        asked.preset, scale=asked.scale, theme=asked.theme, layout=Arrangement(asked.layout), speed=asked.speed,
        start_hold_ms=asked.start_hold, end_hold_ms=asked.end_hold,
    )  # fmt: skip
    for target in asked.output:
        check_writable(target)
    left, right = _runs(asked, tell)
    for target in asked.output:
        with closing(export_pair(left, right, target, options)) as exporting:
            for progress in exporting:
                tell(f"{target.name}: {progress.share:4.0%}  {progress.words}")
        tell("")
        print(f"{target}: {progress.words}", flush=True)
    for line in verdict(left, right):
        print(line)
    if right.info.writing is Writing.TYPED and (apart := times_apart(left.info, right.info)):
        print(apart)
    return SUCCESS


def _runs(asked: argparse.Namespace, tell: Callable[[str], None]) -> tuple[Trace, Trace]:
    """Both sides; the typed one of the same prompt, from the same seed, with the same budget.

    Raises VisualizerError when a checkpoint cannot be had or writes otherwise, or a run cannot be made.
    """
    typewriter = _card(asked.typewriter, Writing.TYPED) if asked.typewriter else None
    if asked.trace is not None:
        left = load_trace(asked.trace)
    else:
        left = record(_card(asked.model, Writing.DENOISED), prompt_text(asked.prompt), given_knobs(asked), tell)
    if typewriter is None:
        return left, typed_out(left)
    asked_of = left.info.settings
    knobs: dict[str, object] = {"seed": asked_of.seed, "max_tokens": asked_of.max_tokens}
    knobs |= {"think": True} if asked_of.think and typewriter.thinks else {}
    knobs |= {"system": asked_of.system} if asked_of.system and typewriter.takes_system else {}
    return left, record(typewriter, left.info.prompt, knobs, tell)


def _card(model: str | None, writing: Writing) -> CheckpointCard:
    """Raises VisualizerError when it cannot be had, or writes otherwise."""
    card = card_of(model)
    if card.writing is not writing:
        raise SettingsError(
            f"{card.name} {'types' if card.writing is Writing.TYPED else 'denoises'}; a race is between --model, which "
            "denoises, and --typewriter, which types."
        )
    return card


def _target(text: str) -> Path:
    try:
        check_pair_target(Path(text))
    except VisualizerError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
    return Path(text)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=program,
        usage=f'{program} "prompt" -o race.mp4 [options]\n       {program} --trace FILE -o race.mp4 [options]',
        description="Shows a run beside one that is typed left to right, one token a forward pass, as one film on one\n"
        "clock. Without --typewriter the same text is drawn as if typed: it was not run, and has no time.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("prompt", nargs="?", help="what to ask the model; - reads it from the standard input")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="race this recording; no model is loaded")
    parser.add_argument("-o", "--output", type=_target, action="append", default=[], metavar="FILE",
                        help="write this film or page (.mp4, .gif, .webp, .html); may be repeated")  # fmt: skip
    parser.add_argument("--typewriter", metavar="MODEL",
                        help="run this too, after the other: a folder or a hub id (gemma3_text, gemma4)")  # fmt: skip
    look = parser.add_argument_group("how it looks")
    sizes = ", ".join(f"{name} {width}×{height}" for name, (width, height) in _PRESETS.items())
    look.add_argument("--preset", choices=_PRESETS, default="720p",
                      help=f"size in pixels: {sizes} (default 720p); upright ones stack the two")  # fmt: skip
    look.add_argument("--scale", type=int, choices=(1, 2), default=1, help="2 doubles every pixel (default 1)")
    look.add_argument("--theme", choices=THEMES, default="dark", help="colours; safe: told apart by the colour-blind")
    look.add_argument("--layout", choices=[str(name) for name in Arrangement], default=str(Arrangement.SETTLED),
                      help="settled: every token at its final place; flow: the text as it stands")  # fmt: skip
    look.add_argument("--speed", type=float, default=1.0, metavar="TIMES", help="faster or slower, both (default 1)")
    look.add_argument("--start-hold", type=int, default=700, metavar="MS", help="first frame stands (default 700)")
    look.add_argument("--end-hold", type=int, default=4000, metavar="MS", help="last frame stands (default 4000)")
    add_run_flags(parser.add_argument_group("the run"))
    return parser
