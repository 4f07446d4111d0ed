"""The player's script and stylesheet, each put together from its files."""

from __future__ import annotations

import base64
import logging
import re

from visualizer.bundled import ASSETS_FOLDER, FONTS_FOLDER
from visualizer.player.constants import css_constants, script_constants
from visualizer.theme import DARK, LIGHT, SAFE

log = logging.getLogger(__name__)

_PLAYER_FOLDER = ASSETS_FOLDER / "player"
_SCRIPTS = ("dom", "terms", "words", "direction", "decode", "folds", "views", "layouts", "canvas", "clock", "chart",
            "scoreboard", "findings", "compare", "race", "inspector", "pointer", "toolbar", "timeline",
            "axis", "heatmap", "table", "curves", "inside", "pane", "player")  # fmt: skip
"""In this order: a file uses only those before it."""
_HAND, _INFLUENCE = "hand", "influence"
"""Their scripts and the stylesheet of the hand are only for a page that can run something."""
_NOTES = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n|^[ \t]+|[ \t]+// [^\n\"'`]*$", re.DOTALL | re.MULTILINE)
"""Of a script, what only its readers and the type checker need, types, indents, and remarks at the ends of lines (no
string ends in one): a third, which no page carries."""
_REMARKS = re.compile(r"""(?P<kept>"[^"\n]*")|/\*.*?\*/\s*|\s*(?P<mark>[{};])\s*|(?<=[:,])\s+""", re.DOTALL)
"""The same of a stylesheet, and its spaces beside marks that stand in no string."""
_STYLESHEETS = ("player", "canvas", "timeline", "scoreboard", "inside", "race")
_FONTS = (
    ("JetBrains Mono", "400", "jetbrains-mono-latin-400-normal.woff2"),
    ("JetBrains Mono", "700", "jetbrains-mono-latin-700-normal.woff2"),
    ("Inter", "100 900", "inter-latin-wght-normal.woff2"),
)
_FAMILIES = (
    '--font-mono: "JetBrains Mono", ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; '
    '--font-ui: "Inter", system-ui, -apple-system, "Segoe UI", sans-serif;'
)


def player_bundle(with_hand: bool = False) -> tuple[str, str]:
    """The player for any page: a script that declares `createPlayer`, and its stylesheet with fonts and themes.

    with_hand: for a page that gives the player something to ask for; one that plays a recording is smaller without.
    The theme is the root element's `data-theme`: dark (also without it), light or safe.
    """
    hand = (_HAND,) if with_hand else ()
    asks = (_HAND, _INFLUENCE) if with_hand else ()
    files = (script_constants(), *(_NOTES.sub("", _read(f"{name}.js")) for name in (*_SCRIPTS, *asks)))
    script = "\n".join(("const createPlayer = (() => {", *files, "return createPlayer;", "})();", ""))
    css = (
        *(_font_face(*font) for font in _FONTS),
        f":root {{ color-scheme: dark; {_FAMILIES} {css_constants()} {DARK.css_variables()} }}",
        f":root[data-theme=light] {{ color-scheme: light; {LIGHT.css_variables()} }}",
        f":root[data-theme=safe] {{ color-scheme: dark; {SAFE.css_variables()} }}",
        *(_REMARKS.sub(r"\g<kept>\g<mark>", _read(f"{name}.css")) for name in (*_STYLESHEETS, *hand)),
    )
    return script, "\n".join(css)


def _read(name: str) -> str:
    return (_PLAYER_FOLDER / name).read_text(encoding="utf-8")


def _font_face(family: str, weight: str, file_name: str) -> str:
    path = FONTS_FOLDER / file_name
    try:
        data = base64.b64encode(path.read_bytes()).decode()
    except OSError as exc:
        log.warning("The font %s cannot be used (%s); the browser's own stand in for it.", path, exc)
        return ""
    return (
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-display: swap; '
        f"src: url(data:font/woff2;base64,{data}) format('woff2'); }}"
    )
