"""What a visitor asks for, whole: the one value that page, API and command line hand over, checked in one place."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from visualizer.draft import NO_DRAFT, Draft
from visualizer.errors import SettingsError
from visualizer.settings import MAX_PROMPT_CHARACTERS, SET_BY_VISITORS, Settings

MAX_PROMPT_BYTES = 400_000
"""Of a prompt and a system prompt together in UTF-8, where a character takes up to four."""
NO_UTF_8 = "The prompt is not valid UTF-8."
RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Request:
    """A run that somebody asks for.

    id: 32 hexadecimal digits, drawn at random by who asks, so that the run can be stopped before anybody has heard of
    it; whoever knows it can open the run. prompt: without the spaces around it. draft: what stands on its canvases.
    Raises SettingsError for an id, a prompt or a knob that cannot be.
    """

    id: str
    prompt: str
    settings: Settings
    draft: Draft = NO_DRAFT

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not RUN_ID.fullmatch(self.id):
            raise SettingsError("A run's id is 32 hexadecimal digits.")
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            raise SettingsError("The prompt is empty: write something, or choose one of the demo prompts.")
        length = len(self.prompt) + len(self.settings.system)
        both = " with the system prompt" if self.settings.system else ""
        if length > MAX_PROMPT_CHARACTERS:
            raise SettingsError(
                f"The prompt has {length:,} characters{both}; at most {MAX_PROMPT_CHARACTERS:,} are taken."
            )
        try:
            size = len(self.prompt.encode()) + len(self.settings.system.encode())
        except UnicodeEncodeError as exc:  # half of a surrogate pair
            raise SettingsError(NO_UTF_8) from exc
        if size > MAX_PROMPT_BYTES:
            raise SettingsError(f"The prompt has {size:,} bytes{both}; at most {MAX_PROMPT_BYTES:,} are taken.")
        object.__setattr__(self, "prompt", self.prompt.strip())

    @classmethod
    def of(
        cls, defaults: Settings, prompt: str, knobs: Mapping[str, object], run_id: str | None = None,
        draft: Draft = NO_DRAFT,
    ) -> Request:  # fmt: skip
        """A request with some knobs of the checkpoint's defaults changed, see `Settings.changed`.

        run_id: None draws one. Raises SettingsError as the request itself, and for knobs that visitors do not set.
        """
        unknown = knobs.keys() - set(SET_BY_VISITORS)
        if unknown:
            raise SettingsError(f"There is no knob called {', '.join(sorted(map(str, unknown))):.200}.")
        settings = defaults.changed(**{name: knobs.get(name) for name in SET_BY_VISITORS})
        return cls(new_run_id() if run_id is None else run_id, prompt, settings, draft)


def new_run_id() -> str:
    """An id that nobody can guess."""
    return secrets.token_hex(16)
