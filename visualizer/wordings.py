"""Prompts with room for a visitor's own words: one TOML file each, read in the order of their file names.

`line` is what the form shows, with a field for each name in braces; `text` is the prompt that is made of it. A field is
free text with something to begin with, or a choice. `{letters}` in a text are those of the field `word`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from visualizer.bundled import PROMPTS_FOLDER
from visualizer.learned import unlearned

LETTERS = "letters"
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Wording:
    """A line to fill in, the prompt that comes of it, a token budget that fits the answer, and the line's fields: what
    a free one begins with, or what may be chosen."""

    line: str
    text: str
    budget: int
    fields: Mapping[str, str | tuple[str, ...]]

    def prompt(self, words: Mapping[str, str]) -> str:
        """The prompt with some words in its fields, the first of each for those that are not given."""
        filled = {name: field if isinstance(field, str) else field[0] for name, field in self.fields.items()}
        filled |= words
        if "word" in filled:
            filled[LETTERS] = ", ".join(filled["word"].upper())
        return _NAME.sub(lambda name: filled[name[1]], self.text)

    def of_what_is_learned(self, checkpoint: str) -> Wording | None:
        """The wording with the choices that a checkpoint has learned; None where it has learned none of it."""
        if unlearned(checkpoint, self.prompt({})):
            return None
        kept = {
            name: field
            if isinstance(field, str)
            else tuple(choice for choice in field if not unlearned(checkpoint, self.prompt({name: choice})))
            for name, field in self.fields.items()
        }
        return replace(self, fields=kept)


def wordings_for(checkpoint: str, folder: Path = PROMPTS_FOLDER / "wordings") -> tuple[Wording, ...]:
    """What visitors of a checkpoint may fill in."""
    every = (_load(path) for path in sorted(folder.glob("*.toml")))
    return tuple(wording for one in every if (wording := one.of_what_is_learned(checkpoint)))


def _load(path: Path) -> Wording:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    fields = {name: field if isinstance(field, str) else tuple(field) for name, field in content["fields"].items()}
    return Wording(content["line"], content["text"], content["budget"], fields)
