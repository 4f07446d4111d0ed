"""Whether the pocket checkpoint has learned prompts like one, and which demo prompt comes nearest.

It answers anything with something out of its families, so that only the prompt can tell. Nothing is said of other
checkpoints. `assets/pocket/prompts.toml` has the wordings of its corpus.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache

from visualizer.bundled import POCKET_FOLDER
from visualizer.prompts import Prompt, load_prompts


def is_limited(checkpoint: str) -> bool:
    """Whether a checkpoint answers what it has learned and nothing else."""
    return checkpoint == _known()[0]


def unlearned(checkpoint: str, prompt: str) -> str:
    """A sentence for who asks a checkpoint what it has not learned; empty where it has, or where that is not known."""
    text = " ".join(prompt.split())
    if not is_limited(checkpoint) or any(pattern.fullmatch(text) for pattern in _known()[1]):
        return ""
    return "This small checkpoint has not learned prompts like this one: look at the process, the words mean nothing."


def nearest_demo(prompt: str) -> Prompt:
    """The demo prompt that shares most words with a prompt."""
    asked = _words(prompt)
    return max(load_prompts(), key=lambda demo: len(asked & _words(demo.text)) / len(_words(demo.text)))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]{3,}", text.lower()))


@cache
def _known() -> tuple[str, tuple[re.Pattern[str], ...]]:
    content = tomllib.loads((POCKET_FOLDER / "prompts.toml").read_text(encoding="utf-8"))
    return content["checkpoint"], tuple(re.compile(one) for some in content["patterns"].values() for one in some)
