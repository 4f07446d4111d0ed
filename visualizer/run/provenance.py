"""What a run was made with, for those who look at its recording: checkpoint, libraries, machine, time."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata

from visualizer.draft import NO_DRAFT, Draft
from visualizer.hub import is_apple_silicon
from visualizer.model import CheckpointCard
from visualizer.settings import Settings
from visualizer.trace import RunInfo, Writing

_LIBRARIES = {
    Writing.DENOISED: ("mlx", "mlx-vlm", "transformers"),
    Writing.TYPED: ("mlx", "mlx-lm", "transformers"),
}


def run_info(
    card: CheckpointCard, prompt: str, settings: Settings, draft: Draft = NO_DRAFT, number_format: str | None = None
) -> RunInfo:
    """What a run that begins now is made with. number_format: what the model computes in, where it has loaded."""
    return RunInfo(
        checkpoint=card.name,
        fingerprint=card.fingerprint,
        prompt=prompt.strip(),
        settings=settings,
        device=device(number_format),
        versions=library_versions(_LIBRARIES[card.writing]),
        started_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        vocab_size=card.vocab_size,
        writing=card.writing,
        draft=draft,
    )


def device(number_format: str | None = None) -> str:
    """What the model computes on here, and in which numbers: MLX takes Metal on Apple silicon, else the processor."""
    names = ("Metal" if is_apple_silicon() else "CPU", f"{platform.system()} {platform.machine()}", number_format)
    return ", ".join(filter(None, names))


def library_versions(names: Sequence[str] = _LIBRARIES[Writing.DENOISED]) -> dict[str, str]:
    """Versions of Python and of the libraries that take part in the numbers, by name; absent ones are left out."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
