"""The model that types beside one that denoises: of its size and training, where it is on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from visualizer.bundled import POCKET_FOLDER, POCKET_TYPEWRITER_FOLDER
from visualizer.hub.catalog import Hub, default_hub, find_cached
from visualizer.hub.find import DIFFUSION_GEMMA, fit
from visualizer.hub.machine import Machine, memory_need, probe_machine, read_shape, weights_on_disk
from visualizer.model import CheckpointCard, read_card, read_json

GEMMA_4 = "mlx-community/gemma-4-26b-a4b-it-4bit"
"""The partner of DIFFUSION_GEMMA, which was made from it."""


@dataclass(frozen=True)
class Partner:
    """beside: whether memory holds both; else each is loaded when the other has gone."""

    card: CheckpointCard
    beside: bool


def partner_of(
    card: CheckpointCard, hub: Callable[[], Hub] = default_hub, probe: Callable[[], Machine] = probe_machine
) -> Partner | None:
    """The partner of a checkpoint, or None where it has none or it is not here; nothing is fetched.

    Raises VisualizerError where it is here and cannot work.
    """
    if card.folder == POCKET_FOLDER:
        there = POCKET_TYPEWRITER_FOLDER.is_dir()
        return Partner(read_card(POCKET_TYPEWRITER_FOLDER), beside=True) if there else None
    found = find_cached(GEMMA_4, hub()) if card.name == DIFFUSION_GEMMA else None
    if found is None:
        return None
    machine = probe()
    other = fit(found, machine)
    need = sum(_need_bytes(one, machine) for one in (card, other))
    return Partner(other, beside=need <= machine.memory_bytes)


def missing_partner(card: CheckpointCard) -> str:
    """What a checkpoint's partner is called where `partner_of` finds none and it can be fetched; "" elsewhere."""
    return GEMMA_4 if card.name == DIFFUSION_GEMMA else ""


def _need_bytes(card: CheckpointCard, machine: Machine) -> int:
    shape, weights = read_shape(read_json(card.folder / "config.json")), weights_on_disk(card.folder)
    return memory_need(shape, weights, card.canvas_length, number_bytes=machine.number_bytes).total_bytes
