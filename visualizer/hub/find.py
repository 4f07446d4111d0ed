"""Checkpoints by name: "pocket", a folder, or a hub id; where they are, and what of them fits this machine."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from visualizer.bundled import POCKET_FOLDER
from visualizer.byte_sizes import spoken_size
from visualizer.errors import CheckpointError, FetchError, MachineError, VisualizerError
from visualizer.hub.catalog import Hub, Offer, default_hub, find_cached, look_up
from visualizer.hub.machine import (
    Machine,
    fitting_canvas,
    fitting_context,
    is_apple_silicon,
    probe_machine,
    read_shape,
    weights_on_disk,
)
from visualizer.model import CheckpointCard, read_card, read_json

log = logging.getLogger(__name__)

POCKET = "pocket"
DIFFUSION_GEMMA = "mlx-community/diffusiongemma-26B-A4B-it-4bit"
DIFFUSION_GEMMA_BYTES = 16_600_000_000
"""About what it weighs, to be said before the hub is asked."""
DISK_MARGIN_BYTES = 2**29
"""What a fetch leaves free for everybody else."""


def locate(name: str, hub: Hub) -> CheckpointCard | Offer:
    """A checkpoint by the name that a person gives it; its card where it is here, else what the hub offers.

    Raises CheckpointError or FetchError, in one sentence.
    """
    name = name.strip()
    if name == POCKET:
        return read_card(POCKET_FOLDER)
    if not name:
        raise CheckpointError("Name a checkpoint: pocket, a folder, or a hub id like owner/name.")
    try:
        folder = Path(name).expanduser()
    except RuntimeError as exc:
        raise CheckpointError(f"There is no home folder for {name:.100}.") from exc
    if _is_folder(folder) or name.startswith((".", "~", "/")) or name.count("/") > 1:
        return read_card(folder)
    if not _is_hub_id(name):
        raise CheckpointError(f"{name:.100} is neither a folder here nor a hub id like owner/name.")
    return find_cached(name, hub) or look_up(name, hub)


def place_of(offer: Offer) -> Path:
    """The folder, of those that are there, in which a fetch would begin to write."""
    return next(folder for folder in (offer.blobs, *offer.blobs.parents) if _is_folder(folder))


def check_place(offer: Offer) -> None:
    """See to it that what is missing will find a place.

    Raises MachineError when the disk is too small, FetchError when the cache folder cannot be written.
    """
    place = place_of(offer)
    if not os.access(place, os.W_OK | os.X_OK):
        raise FetchError(f"The folder {place} cannot be written; set HF_HOME to one that can.")
    missing, free = offer.total_bytes - offer.here_bytes(), shutil.disk_usage(place).free
    if missing + DISK_MARGIN_BYTES > free:
        raise MachineError(
            f"{offer.repo_id} needs {spoken_size(missing + DISK_MARGIN_BYTES)} of disk, and {spoken_size(free)} are "
            f"free at {place}; make room there, or set HF_HOME to another disk."
        )


def fit(card: CheckpointCard, machine: Machine) -> CheckpointCard:
    """The card with the longest canvas, and beside it the longest context, that fit this machine.

    Raises MachineError where the checkpoint cannot work.
    """
    shape = read_shape(read_json(card.folder / "config.json"))
    weights = weights_on_disk(card.folder)
    length = min(fitting_canvas(card.name, shape, weights, machine), card.canvas_length)
    context = fitting_context(shape, weights, machine, length)
    # No more than half the context for the answer, so that a prompt fits beside it.
    defaults = card.defaults.changed(
        canvas_length=min(length, card.defaults.canvas_length),
        max_tokens=max(1, min(card.defaults.max_tokens, context // 2)),
    )
    memory_context = context if context < card.context_length else None
    return replace(card, canvas_length=length, defaults=defaults, memory_context=memory_context)


def preselected(hub: Callable[[], Hub] = default_hub, probe: Callable[[], Machine] = probe_machine) -> CheckpointCard:
    """What is shown when nobody asked for a checkpoint: the 26B where it is here and fits, else the pocket."""
    if is_apple_silicon():
        try:
            card = find_cached(DIFFUSION_GEMMA, hub())
            if card is not None:
                return fit(card, probe())
        except VisualizerError as exc:
            log.warning("%s The pocket checkpoint is shown.", exc)
    return read_card(POCKET_FOLDER)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # too long, or with a null character
        return False


def _is_hub_id(name: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.count("/") == 1
