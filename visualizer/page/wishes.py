"""What the page asks for: one JSON object, of which each part is checked as it is read."""

from __future__ import annotations

import json

from visualizer.errors import SettingsError

_WISHES = ("denoise", "open", "compare", "again", "race", "influence")


class Wish:
    """What the page asks for. Raises SettingsError for what this page never asks."""

    def __init__(self, asked: object, client: str | None) -> None:
        self.client = client
        try:
            content = json.loads(asked) if isinstance(asked, str) else None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or content.get("do") not in _WISHES:
            raise _unknown()
        self._content = content

    def text(self, key: str) -> str:
        """A text of it, "" where it is missing."""
        value = self._content.get(key, "")
        if not isinstance(value, str):
            raise _unknown()
        return value

    def number(self, key: str) -> int:
        """A whole number of it."""
        value = self._content.get(key)
        if type(value) is not int:
            raise _unknown()
        return value

    @property
    def following(self) -> list[str]:
        """The runs of which one is followed on where this is refused."""
        run_ids = self._content.get("following", [])
        if not isinstance(run_ids, list) or not all(isinstance(run_id, str) for run_id in run_ids):
            raise _unknown()
        return run_ids

    @property
    def draft(self) -> object:
        """What stands on the canvas before, as the page says it; None for nothing."""
        return self._content.get("draft")

    @property
    def parent(self) -> str | None:
        """The run that this one is made of, prompt and settings too; None where it says these itself."""
        draft = self.draft
        origin = draft.get("from") if isinstance(draft, dict) and "prompt" not in self._content else None
        return origin if isinstance(origin, str) else None

    @property
    def seed(self) -> object:
        """The seed that stood on the screen; None draws one."""
        return self.knobs().get("seed")

    def knobs(self) -> dict[str, object]:
        """The knobs by name, as they stood on the screen."""
        knobs = self._content.get("knobs", {})
        if not isinstance(knobs, dict):
            raise _unknown()
        return knobs


def _unknown() -> SettingsError:
    return SettingsError("The page asked for something unknown; reload it.")


def wish_number(asked: str | None) -> int:
    """The number that the page gave what it asks for, its `number`; 0 for none."""
    try:
        return Wish(asked, None).number("number")
    except SettingsError:
        return 0
