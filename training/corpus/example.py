"""What every family module of the corpus yields, and how its text is counted.

The pre-tokenizer splits text into *pieces*; the tokenizer's vocabulary is large enough that a piece of the corpus is
one token. Capital letters are pieces of their own, so that an acrostic's letters can land before their words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from visualizer.measure import checks_of

PIECE_PATTERN = r'"""|>>>| ?[A-Z]| ?[a-z]+| ?[0-9]| ?[^\sA-Za-z0-9]|\n *|\s'

MAX_PROMPT_PIECES = 40
MAX_ANSWER_PIECES = 126


@dataclass(frozen=True)
class Example:
    """A prompt and one right answer to it."""

    prompt: str
    answer: str


def pieces(text: str) -> list[str]:
    """Split text as the pocket tokenizer does; the pieces joined are the text."""
    return re.findall(PIECE_PATTERN, text)


def unmet(prompt: str, answer: str) -> list[str]:
    """The constraints that the prompt names, as the app's scoreboard checks them, and the answer does not keep."""
    checks = checks_of(prompt)
    if not checks:
        return ["The prompt names no constraint."]
    return [f"Not met: {check.group} {check.label}." for check in checks if not check.holds(answer)]
