"""What a run was made with, for those who look at its recording: checkpoint, libraries, machine, time."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata

from visualizer.hub import is_apple_silicon
from visualizer.model import CheckpointCard
from visualizer.settings import Settings
from visualizer.trace import RunInfo

_LIBRARIES = ("mlx", "mlx-vlm", "transformers")


def run_info(card: CheckpointCard, prompt: str, settings: Settings) -> RunInfo:
    """What a run that begins now is made with."""
    return RunInfo(
        checkpoint=card.name,
        fingerprint=card.fingerprint,
        prompt=prompt.strip(),
        settings=settings,
        device=device(),
        versions=library_versions(),
        started_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        vocab_size=card.vocab_size,
    )


def device() -> str:
    """What the model computes on here: MLX takes Metal on Apple silicon, and the processor elsewhere."""
    return f"{'Metal' if is_apple_silicon() else 'CPU'}, {platform.system()} {platform.machine()}"


def library_versions(names: Sequence[str] = _LIBRARIES) -> dict[str, str]:
    """Versions of Python and of the libraries that take part in the numbers, by name; absent ones are left out."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
