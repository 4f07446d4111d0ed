"""The demo prompts: one TOML file each, read in the order of their file names."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from visualizer.bundled import PROMPTS_FOLDER
from visualizer.errors import PromptFileError

_KEYS = {"id": str, "title": str, "text": str, "watch": str, "budget": int, "scaffold": list}


class Marker(StrEnum):
    """What holds the shape of an answer: as a prompt file names it under `scaffold`."""

    LINE_STARTS = "line starts"
    LINE_BREAKS = "line breaks"
    LIST_MARKERS = "list markers"
    LIST_NAMES = "list names"
    SENTENCE_ENDS = "sentence ends"
    FIRST_AND_LAST_SENTENCE = "first and last sentence"
    CODE_MARKS = "code marks"


@dataclass(frozen=True)
class Prompt:
    """A demo prompt: its text, what to watch for while it denoises, a token budget that fits the answer, and what is
    the scaffold of that."""

    id: str
    title: str
    text: str
    watch: str
    budget: int
    scaffold: tuple[Marker, ...]


def load_prompts(folder: Path = PROMPTS_FOLDER) -> tuple[Prompt, ...]:
    """All prompts of a folder.

    Raises PromptFileError naming the file that cannot be read, or the key that is missing, unknown or of a wrong type.
    """
    return tuple(_load(path) for path in sorted(folder.glob("*.toml")))


def _load(path: Path) -> Prompt:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise PromptFileError(f"The prompt file {path.name} cannot be read: {exc}.") from exc
    for key, kind in _KEYS.items():
        if not isinstance(content.get(key), kind):
            raise PromptFileError(f"The prompt file {path.name} needs {key}, a {kind.__name__}.")
    unknown = set(content) - set(_KEYS)
    if unknown:
        raise PromptFileError(f"The prompt file {path.name} has an unknown key: {', '.join(sorted(unknown))}.")
    markers = list(Marker)
    for marker in content["scaffold"]:
        if marker not in markers:
            known = ", ".join(markers)
            raise PromptFileError(f"The prompt file {path.name} has an unknown scaffold, {marker!r}; known: {known}.")
    return Prompt(**content | {"scaffold": tuple(map(Marker, content["scaffold"]))})
