"""Where the files are that come with the app: beside the package in a checkout, inside it when it is installed.

Inside they lie in a folder of their own (pyproject.toml), because `visualizer/prompts/` would hide `prompts.py`.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def _folder(name: str) -> Path:
    package = Path(str(files("visualizer")))
    inside = package / "bundled_files" / name
    return inside if inside.is_dir() else package.parent / name


ASSETS_FOLDER = _folder("assets")
PROMPTS_FOLDER = _folder("prompts")
POCKET_FOLDER = ASSETS_FOLDER / "pocket"
POCKET_TYPEWRITER_FOLDER = ASSETS_FOLDER / "pocket-typewriter"
RECORDINGS_FOLDER = ASSETS_FOLDER / "recordings"
FONTS_FOLDER = ASSETS_FOLDER / "fonts"
