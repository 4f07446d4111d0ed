"""Writes down which prompts the corpus asks, so that the app can say of others that the pocket has not learned them.

`python -m training.known_prompts assets/pocket/prompts.toml`: for each demo prompt the patterns of its wordings.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from training.corpus import acrostic, function, haiku, planets, story, why
from training.corpus.function_recipes import IS_PALINDROME, OTHER_RECIPES

NAME = "pocket-diffusiongemma"


def known_prompts() -> str:
    """The file's text, in TOML: `checkpoint`, its name, and `patterns`, for each demo prompt's id."""
    lines = [
        "# Made by `python -m training.known_prompts`; do not edit.",
        f"checkpoint = {json.dumps(NAME)}",
        "[patterns]",
    ]
    lines += [f"{demo} = {json.dumps(patterns, indent=2)}" for demo, patterns in _patterns().items()]
    return "\n".join(lines) + "\n"


def _patterns() -> dict[str, list[str]]:
    letters = f"[A-Z](?:, [A-Z]){{{acrostic.MIN_LINES - 1},{acrostic.MAX_LINES - 1}}}"
    names = [recipe.name for recipe in (IS_PALINDROME, *OTHER_RECIPES)]
    return {
        "acrostic": [
            _pattern(wording, article="an?", number=_any(acrostic.NUMBER_WORDS.values()), topic=_any(acrostic.TOPICS),
                     letters=letters)
            for wording in (acrostic.DEMO_WORDING, *acrostic.OTHER_WORDINGS)
        ],
        "why": [
            _pattern("{question} {request}", question=_any(topic.question for topic in why.TOPICS),
                     request=_any((why.USUAL_REQUEST, *why.OTHER_REQUESTS)))
        ],
        "palindrome": [
            _pattern(wording, signature=rf"{_any(names)}\([a-z_]+(?:, [a-z_]+)*\)")
            for wording in (function.PLAIN_WORDING, *function.OTHER_WORDINGS)
        ],
        "planets": [
            _any((planets.DEMO_PROMPT, *planets.INWARD_PROMPTS, *planets.OUTWARD_PROMPTS))
        ],
        "story": [
            _pattern(wording, sentence=r"[A-Z][^\n]{5,80}[.!?]")
            for wording in (story.DEMO_WORDING, *story.OTHER_WORDINGS)
        ],
        "haiku": [
            _pattern(wording, topic=_any(haiku.TOPICS)) for wording in (haiku.DEMO_WORDING, *haiku.OTHER_WORDINGS)
        ],
    }  # fmt: skip


def _any(texts: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, texts))})"


def _pattern(wording: str, **fields: str) -> str:
    pieces = re.split(r"\{(\w+)\}", wording)
    return "".join(fields[piece] if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(known_prompts(), encoding="utf-8")
