"""Which checkpoints there are, what fits this machine, how they come."""

from __future__ import annotations

from visualizer.hub.catalog import Offer, default_hub
from visualizer.hub.checkpoints import Checkpoints, Finding, Needs
from visualizer.hub.download import FetchProgress
from visualizer.hub.find import DIFFUSION_GEMMA, DIFFUSION_GEMMA_BYTES, POCKET, preselected
from visualizer.hub.machine import is_apple_silicon
from visualizer.hub.terminal import obtain

__all__ = [
    "DIFFUSION_GEMMA",
    "DIFFUSION_GEMMA_BYTES",
    "POCKET",
    "Checkpoints",
    "FetchProgress",
    "Finding",
    "Needs",
    "Offer",
    "default_hub",
    "is_apple_silicon",
    "obtain",
    "preselected",
]
