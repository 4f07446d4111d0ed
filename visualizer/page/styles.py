"""What the page is drawn and driven with beside the player: its stylesheet and scripts, each from its file."""

from __future__ import annotations

from visualizer.bundled import ASSETS_FOLDER
from visualizer.player import player_bundle

_STYLESHEETS = ("page", "form", "library")


def page_css() -> str:
    """Everything that the page is drawn with; it loads nothing from anywhere."""
    return "\n".join((player_bundle(with_hand=True)[1], *(_read(f"{name}.css") for name in _STYLESHEETS)))


def form_script() -> str:
    """It declares `createForm`."""
    return _read("wordings.js") + _read("draft.js") + _read("form.js")


def library_script() -> str:
    """It declares `createLibrary`."""
    return _read("library.js")


def _read(name: str) -> str:
    return (ASSETS_FOLDER / name).read_text(encoding="utf-8")
