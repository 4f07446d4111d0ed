"""Many prompts from many seeds on one checkpoint: a recording of each run, in a folder that is gone on with.

A run whose recording is there is not made again. One that fails is lost alone, and made when the study is next asked
for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from visualizer.errors import SettingsError, TraceError, VisualizerError
from visualizer.model import CheckpointCard
from visualizer.request import NO_UTF_8, Request
from visualizer.run.engine import Engine
from visualizer.run.loading import run_telling
from visualizer.run.provenance import run_info
from visualizer.trace import Trace, load_trace, save_trace, trace_of

_TRACES = "traces"
_MOST_LOST_IN_A_ROW = 3
"""From then on it is no bad luck: the checkpoint does not run."""


@dataclass(frozen=True)
class Probe:
    """A prompt, and the group that it belongs to."""

    group: str
    prompt: str


@dataclass(frozen=True)
class StudyRun:
    """A run of a study and where its recording is, or is to be."""

    probe: Probe
    request: Request
    path: Path


def read_probes(path: Path) -> tuple[Probe, ...]:
    """The prompts of a text file, one a line; a line that begins with `#` names the group of those after it.

    Raises SettingsError when it cannot be read or has none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as exc:
        raise SettingsError(f"{path} cannot be read: {(exc.strerror or 'it cannot be opened').lower()}.") from exc
    except UnicodeDecodeError as exc:
        raise SettingsError(NO_UTF_8) from exc
    group, probes = "", []
    for line in map(str.strip, lines):
        if line.startswith("#"):
            group = line.lstrip("#").strip()
        elif line:
            probes.append(Probe(group, line))
    if not probes:
        raise SettingsError(f"{path} holds no prompt; write one a line.")
    return tuple(dict.fromkeys(probes))


def plan_study(
    card: CheckpointCard, probes: Sequence[Probe], seeds: Sequence[int], knobs: Mapping[str, object], folder: Path
) -> tuple[StudyRun, ...]:
    """Every run of a study, all prompts from one seed before the next: a study that is cut short has seen each.

    Raises SettingsError for a knob or a prompt that cannot be.
    """
    runs = []
    for seed in seeds:
        for number, probe in enumerate(probes, 1):
            request = Request.of(card.defaults, probe.prompt, {**knobs, "seed": seed})
            words = re.sub(r"[^a-z0-9]+", "-", probe.prompt.lower()).strip("-")[:40].strip("-")
            name = f"{number:03}-{words or 'prompt'}-seed-{seed}.jsonl.gz"
            runs.append(StudyRun(probe, request, folder / _TRACES / name))
    return tuple(runs)


def run_study(
    engine: Engine, runs: Sequence[StudyRun], tell: Callable[[str], None]
) -> Iterator[tuple[StudyRun, Trace | VisualizerError]]:
    """Make the runs in order, or open what is there; a lost one comes with what went wrong.

    Raises SettingsError when a recording is of something else, and what went wrong after three lost runs in a row.
    """
    lost = 0
    for number, run in enumerate(runs, 1):
        trace = _recorded(engine.card, run)
        try:
            result: Trace | VisualizerError = trace or _record(engine, run, f"run {number} of {len(runs)}", tell)
            lost = 0
        except VisualizerError as exc:
            lost += 1
            if lost == _MOST_LOST_IN_A_ROW:
                raise
            result = exc
        yield run, result


def _recorded(card: CheckpointCard, run: StudyRun) -> Trace | None:
    """The recording that is there; None where there is none, or it is damaged."""
    if not run.path.is_file():
        return None
    try:
        trace = load_trace(run.path)
    except TraceError:
        return None
    made = (trace.info.fingerprint, trace.info.prompt, trace.info.settings)
    if made != (card.fingerprint, run.request.prompt, run.request.settings):
        raise SettingsError(
            f"{run.path} was made by another checkpoint, or with another prompt or other knobs; choose another folder."
        )
    return trace


def _record(engine: Engine, run: StudyRun, where: str, tell: Callable[[str], None]) -> Trace:
    info = run_info(engine.card, run.request.prompt, run.request.settings)
    frames = []
    tell(where)
    running = run_telling(
        engine, run.request.prompt, run.request.settings, lambda loading: tell(f"{where}: {loading.words}")
    )
    with closing(running):
        for frame in running:
            frames.append(frame)
            tell(f"{where}: block {frame.state.block + 1}, step {frame.state.step}/{frame.state.max_steps}")
    trace = trace_of(info, frames)
    run.path.parent.mkdir(parents=True, exist_ok=True)
    save_trace(trace, run.path)
    return trace
