"""What two runs have apart: checkpoint, prompt, settings and draft, where they differ, in a few words each."""

from __future__ import annotations

from dataclasses import fields

from visualizer.measure.quoting import clipped
from visualizer.settings import Settings, spoken_name
from visualizer.trace import RunInfo, Writing

_QUOTED_CHARACTERS = 40


def apart(left: RunInfo, right: RunInfo) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What each of two runs has that the other has not, as "seed 3"; both are of one length."""
    both = [_facts(info) for info in (left, right)]
    differing = [name for name in both[0] if both[0][name] != both[1][name]]
    one, other = (tuple(facts[name] for name in differing) for facts in both)
    return one, other


def is_race(left: RunInfo, right: RunInfo) -> bool:
    """Whether two runs of one prompt are a race: the one was denoised, the other typed."""
    return left.writing is Writing.DENOISED and right.writing is not Writing.DENOISED and left.prompt == right.prompt


def _facts(info: RunInfo) -> dict[str, str]:
    facts = {"checkpoint": info.checkpoint, "prompt": f"“{clipped(info.prompt, _QUOTED_CHARACTERS)}”"}
    for field in fields(Settings):
        facts[field.name] = f"{spoken_name(field.name)} {_worded(getattr(info.settings, field.name))}"
    return facts | {"draft": "from a draft" if info.draft else "from noise"}


def _worded(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    text = clipped(str(value), _QUOTED_CHARACTERS)
    return text or "none"
