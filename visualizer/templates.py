"""Example texts with blanks: one TOML file each, read in the order of their file names.

`prompt` is what the model is asked, `template` the text whose blanks it fills in (`visualizer.model.fill_in`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from visualizer.bundled import PROMPTS_FOLDER
from visualizer.learned import unlearned

_MOST = 3


@dataclass(frozen=True)
class Template:
    """A text with blanks, what the model is asked, and what the example is called."""

    title: str
    prompt: str
    template: str


def templates_for(checkpoint: str, folder: Path = PROMPTS_FOLDER / "templates") -> tuple[Template, ...]:
    """The first few examples that a checkpoint can fill in."""
    every = (Template(**tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.toml")))
    return tuple(one for one in every if not unlearned(checkpoint, one.prompt))[:_MOST]
