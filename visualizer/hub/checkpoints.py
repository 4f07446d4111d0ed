"""From a checkpoint's name to its card: what it needs, whether it fits, bringing it; for page and command line alike.

A fetch belongs to the app, not to who asked for it: it goes on when a tab is closed, and who comes later follows it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import FetchError, VisualizerError
from visualizer.hub.catalog import Hub, Offer
from visualizer.hub.download import Fetch, FetchProgress, fetched
from visualizer.hub.find import DIFFUSION_GEMMA, DIFFUSION_GEMMA_BYTES, POCKET, check_place, fit, locate, place_of
from visualizer.hub.machine import (
    Machine,
    ModelShape,
    check_processor,
    fitting_canvas,
    memory_need,
    probe_machine,
    read_shape,
    weights_on_disk,
)
from visualizer.model import CheckpointCard, read_card, read_json


@dataclass(frozen=True)
class Needs:
    """What a checkpoint takes here.

    missing_bytes: what is still to be fetched, beside the here_bytes of an earlier fetch; both 0 where it is complete.
    free_disk_bytes: where that would go. memory_bytes: of a run whose canvas has canvas_length positions, the longest
    that fits, or the checkpoint's own where none does. metal: whether the machine's memory is what Metal recommends.
    """

    missing_bytes: int
    here_bytes: int
    free_disk_bytes: int
    memory_bytes: int
    machine_memory_bytes: int
    metal: bool
    canvas_length: int


@dataclass(frozen=True)
class Finding:
    """A checkpoint that exists. needs: None for the pocket, which needs nothing; refusal: why it cannot work here."""

    found: CheckpointCard | Offer
    needs: Needs | None = None
    refusal: VisualizerError | None = None


class Checkpoints:
    """Finds and brings checkpoints: `look`, then `bring`, then `ready`. At most one fetch at a time."""

    def __init__(self, hub: Hub, probe: Callable[[], Machine] = probe_machine) -> None:
        self._hub = hub
        self._probe = probe
        self._machine: Machine | None = None
        self._fetch: Fetch | None = None
        self._turn = threading.Lock()

    def look(self, name: str) -> Finding:
        """What a checkpoint needs, and whether it can work here; nothing is written or started.

        Raises CheckpointError, FetchError or MachineError, in one sentence, when there is no such checkpoint, or when
        it can be refused unseen.
        """
        name = name.strip()
        if name == POCKET:
            return Finding(read_card(POCKET_FOLDER))
        if name == DIFFUSION_GEMMA:
            check_processor(name, DIFFUSION_GEMMA_BYTES, self._asked_machine())
        found = locate(name, self._hub)
        if isinstance(found, Offer):
            shape, weights_bytes = found.shape, found.weights_bytes
        else:
            shape, weights_bytes = read_shape(read_json(found.folder / "config.json")), weights_on_disk(found.folder)
        try:
            length = self._fitting_canvas(found)
        except VisualizerError as exc:
            return Finding(found, self._needs(found, shape, weights_bytes, shape.canvas_length), exc)
        return Finding(found, self._needs(found, shape, weights_bytes, length))

    def bring(self, found: CheckpointCard | Offer) -> Iterator[FetchProgress]:
        """Fetch what is not here, and tell how far that is; a fetch of the same that is under way is followed.

        Raises VisualizerError when it cannot be had.
        """
        if isinstance(found, CheckpointCard):
            return
        with self._turn:
            fetch = self.under_way
            if fetch is None:
                self._fitting_canvas(found)
                fetch = self._fetch = Fetch(found)
            elif fetch.offer.repo_id != found.repo_id:
                raise FetchError(f"{fetch.offer.repo_id} is being fetched; wait for it, or cancel it first.")
        yield from fetch.progress()

    def ready(self, found: CheckpointCard | Offer) -> CheckpointCard:
        """The card of what is here, with the longest canvas that fits.

        Raises FetchError when it is not complete, MachineError where it cannot work.
        """
        card = fetched(found) if isinstance(found, Offer) else found
        return card if card.folder == POCKET_FOLDER else fit(card, self._asked_machine())

    @property
    def under_way(self) -> Fetch | None:
        """The fetch that brings bytes now."""
        return self._fetch if self._fetch is not None and self._fetch.running else None

    def cancel(self) -> None:
        """End the fetch under way; what came is kept."""
        if self._fetch is not None:
            self._fetch.cancel()

    def _asked_machine(self) -> Machine:
        """What this machine offers, asked once."""
        if self._machine is None:
            self._machine = self._probe()
        return self._machine

    def _fitting_canvas(self, found: CheckpointCard | Offer) -> int:
        """The canvas length that fits. Raises VisualizerError where it cannot work."""
        if isinstance(found, CheckpointCard):
            return fit(found, self._asked_machine()).canvas_length
        length = fitting_canvas(found.repo_id, found.shape, found.weights_bytes, self._asked_machine())
        check_place(found)
        return length

    def _needs(self, found: CheckpointCard | Offer, shape: ModelShape, weights_bytes: int, canvas_length: int) -> Needs:
        machine = self._asked_machine()
        here_bytes = found.here_bytes() if isinstance(found, Offer) else 0
        return Needs(
            missing_bytes=found.total_bytes - here_bytes if isinstance(found, Offer) else 0,
            here_bytes=here_bytes,
            free_disk_bytes=shutil.disk_usage(place_of(found) if isinstance(found, Offer) else found.folder).free,
            memory_bytes=memory_need(
                shape, weights_bytes, canvas_length, number_bytes=machine.number_bytes
            ).total_bytes,
            machine_memory_bytes=machine.memory_bytes,
            metal=machine.metal,
            canvas_length=canvas_length,
        )
