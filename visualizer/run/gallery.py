"""The gallery: one recorded run of each demo prompt, in `assets/recordings/`.

`python -m visualizer.run.gallery [--model MODEL] [--seed N] [--prompt ID]` (or `make recordings`) makes them anew.
"""

from __future__ import annotations

import argparse
import logging
import sys
from contextlib import closing
from pathlib import Path

from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.errors import TraceError, VisualizerError
from visualizer.hub import default_hub, obtain
from visualizer.prompts import Prompt, load_prompts
from visualizer.run.engine import Engine
from visualizer.run.provenance import run_info
from visualizer.trace import Trace, load_trace, save_trace, trace_of

log = logging.getLogger(__name__)

_PREFIX = "gallery-"


class Gallery:
    """The recordings of the demo prompts, each read when it is first asked for."""

    def __init__(self, prompts: tuple[Prompt, ...], folder: Path = RECORDINGS_FOLDER) -> None:
        self._prompts = {_PREFIX + prompt.id: prompt for prompt in prompts if _path(folder, prompt).is_file()}
        self._folder = folder
        self._traces: dict[str, Trace] = {}

    def ids(self) -> list[str]:
        """Ids of the recordings that there are, in the order of the prompts."""
        return list(self._prompts)

    def id_of(self, prompt: Prompt) -> str | None:
        """The id of a prompt's recording."""
        run_id = _PREFIX + prompt.id
        return run_id if run_id in self._prompts else None

    def title(self, run_id: str) -> str:
        """What a recording is of."""
        return self._prompts[run_id].title

    def trace(self, run_id: str) -> Trace:
        """A recording.

        Raises TraceError when there is none of that id, or its file is damaged.
        """
        if run_id not in self._prompts:
            raise TraceError("There is no such recording.")
        if run_id not in self._traces:
            self._traces[run_id] = load_trace(_path(self._folder, self._prompts[run_id]))
        return self._traces[run_id]


def record(engine: Engine, prompt: Prompt, seed: int) -> Trace:
    """Run a demo prompt as a click on its card does.

    Raises VisualizerError when the run fails.
    """
    settings = engine.card.defaults.changed(max_tokens=prompt.budget, seed=seed)
    info = run_info(engine.card, prompt.text, settings)
    with closing(engine.run(prompt.text, settings)) as frames:
        return trace_of(info, frames)


def main(arguments: list[str] | None = None) -> int:
    """Make the gallery's recordings. Returns the exit status."""
    prompts = load_prompts()
    parser = argparse.ArgumentParser(prog="python -m visualizer.run.gallery", description=main.__doc__)
    parser.add_argument("--model", default="pocket", help="pocket (default), a checkpoint folder or a hub id")
    parser.add_argument("--seed", type=int, default=1, help="seed of every run (default 1)")
    parser.add_argument("--prompt", choices=[prompt.id for prompt in prompts], help="only this one (default: all)")
    parser.add_argument("--folder", type=Path, default=RECORDINGS_FOLDER, help="where to write")
    asked = parser.parse_args(arguments)
    try:
        engine = Engine(obtain(asked.model, default_hub(), sys.stderr))
        asked.folder.mkdir(parents=True, exist_ok=True)
        with closing(engine):
            for prompt in prompts:
                if asked.prompt in (None, prompt.id):
                    _record_to(engine, prompt, asked.seed, _path(asked.folder, prompt))
    except (VisualizerError, OSError) as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def _record_to(engine: Engine, prompt: Prompt, seed: int, path: Path) -> None:
    trace = record(engine, prompt, seed)
    save_trace(trace, path)
    states = len(trace.states)
    print(f"{path.name}: {states} states, ended by {trace.ended}, {path.stat().st_size / states / 1000:.1f} KB a state")
    print("  " + trace.answer.replace("\n", "\n  "), flush=True)


def _path(folder: Path, prompt: Prompt) -> Path:
    return folder / f"{prompt.id}.jsonl.gz"


if __name__ == "__main__":
    sys.exit(main())
