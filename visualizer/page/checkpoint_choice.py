"""Another checkpoint for the engine: what it needs, fetching it, and the switch to it.

A fetch belongs to the app, not to a tab: it goes on when the tab is closed, and a tab that is opened later follows it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from visualizer.bundled import POCKET_FOLDER
from visualizer.byte_sizes import spoken_size
from visualizer.errors import FetchError, VisualizerError
from visualizer.hub import (
    DIFFUSION_GEMMA,
    DIFFUSION_GEMMA_BYTES,
    POCKET,
    Fetch,
    Hub,
    Machine,
    Offer,
    Progress,
    check_place,
    check_processor,
    fit,
    fitting_canvas,
    locate,
    memory_need,
    probe_machine,
    read_shape,
    weights_on_disk,
)
from visualizer.model import CheckpointCard, read_json
from visualizer.run import Engine


@dataclass(frozen=True)
class Finding:
    """What choosing a checkpoint would take. needs: (label, words) lines; refusal: why it cannot work, else None."""

    found: CheckpointCard | Offer | None
    needs: tuple[tuple[str, str], ...] = ()
    refusal: str | None = None


class Chooser:
    """Finds, fetches and hands checkpoints to the engine; at most one fetch at a time."""

    def __init__(self, engine: Engine, hub: Hub, machine: Callable[[], Machine] = probe_machine) -> None:
        self.engine = engine
        self.hub = hub
        self.fetch: Fetch | None = None
        self._probe = machine
        self._machine: Machine | None = None
        self._turn = threading.Lock()

    def look(self, name: str) -> Finding:
        """What a checkpoint needs and whether it can be had; nothing is written or started."""
        try:
            if name == POCKET:
                return Finding(locate(name, self.hub), (("Here", "comes with the app, nothing to fetch"),))
            if name == DIFFUSION_GEMMA:
                check_processor(name, DIFFUSION_GEMMA_BYTES, self.machine())
            found = locate(name, self.hub)
        except VisualizerError as exc:
            return Finding(None, refusal=str(exc))
        needs = self._needs(found)
        try:
            canvas = self._check(found)
        except VisualizerError as exc:
            return Finding(found, needs, refusal=str(exc))
        return Finding(found, (*needs, ("Canvas", f"up to {canvas} positions")))

    def bring(self, found: CheckpointCard | Offer) -> Iterator[Progress]:
        """Fetch what is not here, and switch the engine to it.

        Raises VisualizerError when it cannot be had or does not load; the engine keeps what it had then.
        """
        if isinstance(found, Offer):
            with self._turn:
                if self.fetch is None or not self.fetch.running:
                    self._check(found)
                    self.fetch = Fetch(found)
                elif self.fetch.offer.repo_id != found.repo_id:
                    raise FetchError(f"{self.fetch.offer.repo_id} is being fetched; wait for it, or cancel it first.")
            yield from self.follow()
        else:
            self.engine.use(found if found.folder == POCKET_FOLDER else fit(found, self.machine()))

    def follow(self) -> Iterator[Progress]:
        """How far the fetch under way is, and at its end the switch to what it brought.

        Raises VisualizerError as `bring` does.
        """
        if self.fetch is not None:
            yield from self.fetch.progress()
            self.engine.use(fit(self.fetch.card(), self.machine()))

    def cancel(self) -> None:
        """End the fetch under way; what came is kept."""
        if self.fetch is not None:
            self.fetch.cancel()

    def machine(self) -> Machine:
        """What this machine offers, asked once."""
        if self._machine is None:
            self._machine = self._probe()
        return self._machine

    def _check(self, found: CheckpointCard | Offer) -> int:
        """The canvas length that fits. Raises VisualizerError where it cannot work."""
        if isinstance(found, CheckpointCard):
            return fit(found, self.machine()).canvas_length
        canvas = fitting_canvas(found.repo_id, found.shape, found.weights_bytes, self.machine())
        check_place(found)
        return canvas

    def _needs(self, found: CheckpointCard | Offer) -> tuple[tuple[str, str], ...]:
        if isinstance(found, Offer):
            shape, weights, here = found.shape, found.weights_bytes, found.here_bytes()
            missing = spoken_size(found.total_bytes - here) + (f", {spoken_size(here)} is here" if here else "")
            place = next(folder for folder in found.blobs.parents if folder.is_dir())
            fetching = [("Download", missing), ("Disk", f"{spoken_size(shutil.disk_usage(place).free)} free")]
        else:
            shape = read_shape(read_json(found.folder / "config.json"))
            weights, fetching = weights_on_disk(found.folder), [("Here", "nothing to fetch")]
        machine = self.machine()
        need = memory_need(shape, weights, shape.canvas_length, number_bytes=machine.number_bytes)
        memory = f"{spoken_size(need.total_bytes)} of {spoken_size(machine.memory_bytes)}"
        return (*fetching, ("Memory", f"{memory} {'that Metal recommends' if machine.metal else 'that are free'}"))
