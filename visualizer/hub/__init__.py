"""Which checkpoints there are, what fits this machine, how they come."""

from __future__ import annotations

from visualizer.hub.blobs import compare_with_hub
from visualizer.hub.catalog import Offer, default_hub
from visualizer.hub.checkpoints import Checkpoints, Finding, Needs
from visualizer.hub.download import FetchProgress
from visualizer.hub.find import DIFFUSION_GEMMA, DIFFUSION_GEMMA_BYTES, POCKET, preselected
from visualizer.hub.machine import (
    Machine,
    fitting_canvas,
    fitting_context,
    is_apple_silicon,
    probe_machine,
    read_shape,
    weights_on_disk,
)
from visualizer.hub.partner import GEMMA_4, Partner, missing_partner, partner_of
from visualizer.hub.terminal import obtain

__all__ = [
    "DIFFUSION_GEMMA",
    "DIFFUSION_GEMMA_BYTES",
    "GEMMA_4",
    "POCKET",
    "Checkpoints",
    "FetchProgress",
    "Finding",
    "Machine",
    "Needs",
    "Offer",
    "Partner",
    "compare_with_hub",
    "default_hub",
    "fitting_canvas",
    "fitting_context",
    "is_apple_silicon",
    "missing_partner",
    "obtain",
    "partner_of",
    "preselected",
    "probe_machine",
    "read_shape",
    "weights_on_disk",
]
