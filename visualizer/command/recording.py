"""Makes the run that a command is about, telling how far it is; the flags that say which run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from visualizer.errors import SettingsError
from visualizer.request import NO_UTF_8, Request
from visualizer.settings import KNOBS, SET_BY_VISITORS, Choice, Knob, Number, Switch
from visualizer.trace import Trace, load_trace, trace_of

if TYPE_CHECKING:
    from visualizer.model import CheckpointCard
    from visualizer.run import Loading


def card_of(model: str | None) -> CheckpointCard:
    """The checkpoint that a person names; the pocket for None.

    Raises VisualizerError when it cannot be had.
    """
    from visualizer.bundled import POCKET_FOLDER
    from visualizer.hub import default_hub, obtain
    from visualizer.model import read_card

    return obtain(model, default_hub(), sys.stderr) if model else read_card(POCKET_FOLDER)


def record(
    card: CheckpointCard, prompt: str, knobs: Mapping[str, object], tell: Callable[[str], None],
    draft: Path | None = None,
) -> Trace:  # fmt: skip
    """Make a run in a process of its own, which has ended when this returns. draft: a file that says what stands on the
    canvas before.

    Raises VisualizerError when the checkpoint or the knobs cannot be used, or the run fails.
    """
    from visualizer.run import Engine, drafted, fitted, read_json, run_info, run_telling

    request = Request.of(card.defaults, prompt, dict(knobs))
    if draft is not None:
        request = drafted(request, read_json(_read(draft)), card, lambda name: load_trace(Path(name)))
    engine = Engine(card)
    frames = []

    def loading(found: Loading) -> None:
        tell(f"{card.name}: {found.words}")

    def trying(trial: int, trials: int) -> bool:
        tell(f"{card.name}: length {trial} of {trials} of the blanks")
        return True

    try:
        tell(f"{card.name}: loading")
        canvas = fitted(engine, request.prompt, request.settings, request.draft, loading, trying)
        info = run_info(card, request.prompt, request.settings, canvas)
        running = run_telling(engine, request.prompt, request.settings, loading, canvas)
        with closing(running):
            for frame in running:
                frames.append(frame)
                tell(f"{card.name}: block {frame.state.block + 1}, step {frame.state.step}/{frame.state.max_steps}")
    finally:
        engine.close()
    return trace_of(info, frames)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"The draft {path.name} cannot be read.") from exc


def prompt_text(prompt: str) -> str:
    """The prompt, of which `-` stands for the standard input.

    Raises SettingsError when that is not valid UTF-8.
    """
    try:
        return sys.stdin.read() if prompt == "-" else prompt
    except UnicodeDecodeError as exc:
        raise SettingsError(NO_UTF_8) from exc


def add_run_flags(group: argparse._ArgumentGroup) -> None:
    """The flags of `given_knobs` and the checkpoint."""
    group.add_argument("--model", metavar="MODEL", help="checkpoint: a folder or a hub id (default: the pocket one)")
    for knob in KNOBS:
        if knob.about:
            _add_flag(group, knob)


def _add_flag(group: argparse._ArgumentGroup, knob: Knob) -> None:
    flag = f"--{knob.name.replace('_', '-')}"
    match knob:
        case Number():
            kind = int if knob.is_whole else float
            group.add_argument(flag, type=kind, metavar=knob.unit.upper() or "N", help=knob.about)
        case Choice():
            group.add_argument(flag, choices=[str(choice) for choice in knob.choices], help=knob.about)
        case Switch():
            group.add_argument(flag, action="store_const", const=True, help=knob.about)
        case _:
            group.add_argument(flag, metavar="TEXT", help=knob.about)


def given_knobs(asked: argparse.Namespace) -> dict[str, object]:
    """What was said of the run's knobs; None of those that were not named."""
    return {name: getattr(asked, name) for name in SET_BY_VISITORS}


def check_source(asked: argparse.Namespace) -> None:
    """Refuse a prompt beside a recording, neither of them, and a run's flags with a recording.

    Raises SettingsError.
    """
    if (asked.prompt is None) == (asked.trace is None):
        raise SettingsError(
            "Give either a prompt, or --trace with a recording; serve opens the page; --help tells of all."
        )
    if asked.trace is not None:
        given = [name for name in ("model", "draft", *SET_BY_VISITORS) if getattr(asked, name, None) is not None]
        if given:
            flag = f"--{given[0].replace('_', '-')}"
            raise SettingsError(f"{flag} is about a new run, and --trace opens one that has been made.")
