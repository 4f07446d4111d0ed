"""The demo prompts: one TOML file each, read in the order of their file names."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from visualizer.bundled import PROMPTS_FOLDER
from visualizer.errors import PromptFileError


@dataclass(frozen=True)
class Prompt:
    """A demo prompt: its text, what to watch for while it denoises, and a token budget that fits the answer."""

    id: str
    title: str
    text: str
    watch: str
    budget: int


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
    expected = {field.name: int if field.name == "budget" else str for field in fields(Prompt)}
    for key, kind in expected.items():
        if not isinstance(content.get(key), kind):
            raise PromptFileError(f"The prompt file {path.name} needs {key}, a {kind.__name__}.")
    unknown = set(content) - set(expected)
    if unknown:
        raise PromptFileError(f"The prompt file {path.name} has an unknown key: {', '.join(sorted(unknown))}.")
    return Prompt(**content)
