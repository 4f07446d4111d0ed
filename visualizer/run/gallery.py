"""The gallery: one recorded run of each demo prompt, in `assets/recordings/` (`make recordings` makes them anew)."""

from __future__ import annotations

from pathlib import Path

from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.errors import TraceError
from visualizer.prompts import Prompt
from visualizer.trace import Trace, load_trace

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


def _path(folder: Path, prompt: Prompt) -> Path:
    return folder / f"{prompt.id}.jsonl.gz"
