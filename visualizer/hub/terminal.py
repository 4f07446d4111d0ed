"""A checkpoint for a command line: what it needs and how far its fetch is are told on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TextIO

from visualizer.byte_sizes import spoken_size
from visualizer.hub.catalog import Hub, Offer
from visualizer.hub.checkpoints import Checkpoints, Needs
from visualizer.hub.download import FetchProgress
from visualizer.hub.machine import Machine, probe_machine
from visualizer.model import CheckpointCard


def obtain(name: str, hub: Hub, out: TextIO, probe: Callable[[], Machine] = probe_machine) -> CheckpointCard:
    """A checkpoint ready to be run, fetched where needed.

    Raises CheckpointError, FetchError or MachineError, in one sentence.
    """
    checkpoints = Checkpoints(hub, probe)
    finding = checkpoints.look(name)
    if finding.refusal is not None:
        raise finding.refusal
    if isinstance(finding.found, Offer) and finding.needs is not None:
        print(_demand(finding.found, finding.needs), file=out, flush=True)
        try:
            _tell(checkpoints.bring(finding.found), out)
        finally:
            checkpoints.cancel()
    return checkpoints.ready(finding.found)


def _demand(offer: Offer, needs: Needs) -> str:
    return (
        f"{offer.repo_id} needs {spoken_size(needs.missing_bytes)} of download to {offer.blobs.parent} and "
        f"{spoken_size(needs.memory_bytes)} of {spoken_size(needs.machine_memory_bytes)} memory, for a canvas of "
        f"{needs.canvas_length}. Ctrl-C stops; the same command goes on."
    )


def _tell(fetching: Iterator[FetchProgress], out: TextIO) -> None:
    """One line that renews itself on a terminal, a line every tenth elsewhere."""
    tenth = -1
    for progress in fetching:
        if out.isatty():
            print(f"\r\x1b[K{progress}", end="", file=out, flush=True)
        elif int(progress.share * 10) > tenth:
            tenth = int(progress.share * 10)
            print(progress, file=out, flush=True)
    if out.isatty():
        print(file=out, flush=True)
