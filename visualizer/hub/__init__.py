"""Which checkpoints there are, what fits this machine, how they come."""

from __future__ import annotations

from visualizer.hub.catalog import Hub, Offer, default_hub
from visualizer.hub.fetch import (
    DIFFUSION_GEMMA,
    DIFFUSION_GEMMA_BYTES,
    POCKET,
    Fetch,
    Progress,
    check_place,
    fit,
    locate,
    obtain,
    preselected,
)
from visualizer.hub.machine import (
    Machine,
    check_processor,
    fitting_canvas,
    fitting_context,
    is_apple_silicon,
    memory_need,
    probe_machine,
    read_shape,
    spoken_size,
    weights_on_disk,
)

__all__ = [
    "DIFFUSION_GEMMA",
    "DIFFUSION_GEMMA_BYTES",
    "POCKET",
    "Fetch",
    "Hub",
    "Machine",
    "Offer",
    "Progress",
    "check_place",
    "check_processor",
    "default_hub",
    "fit",
    "fitting_canvas",
    "fitting_context",
    "is_apple_silicon",
    "locate",
    "memory_need",
    "obtain",
    "preselected",
    "probe_machine",
    "read_shape",
    "spoken_size",
    "weights_on_disk",
]
