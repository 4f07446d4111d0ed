"""The page's stylesheet, put together: bundled fonts, the theme's colours, the player's and the page's own rules."""

from __future__ import annotations

import base64
from pathlib import Path

from visualizer.theme import DARK, LIGHT, SAFE

ASSETS_FOLDER = Path(__file__).resolve().parent.parent / "assets"
_FONTS = (
    ("JetBrains Mono", "400", "jetbrains-mono-latin-400-normal.woff2"),
    ("JetBrains Mono", "700", "jetbrains-mono-latin-700-normal.woff2"),
    ("Inter", "100 900", "inter-latin-wght-normal.woff2"),
)
_FAMILIES = (
    '--font-mono: "JetBrains Mono", ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; '
    '--font-ui: "Inter", system-ui, -apple-system, "Segoe UI", sans-serif;'
)


def page_css() -> str:
    """Everything that the page is drawn with; it loads nothing from anywhere."""
    return "\n".join(
        (
            *(_font_face(*font) for font in _FONTS),
            f":root {{ color-scheme: dark; {_FAMILIES} {DARK.css_variables()} }}",
            f":root[data-theme=light] {{ color-scheme: light; {LIGHT.css_variables()} }}",
            f":root[data-theme=safe] {{ color-scheme: dark; {SAFE.css_variables()} }}",
            (ASSETS_FOLDER / "player" / "player.css").read_text(encoding="utf-8"),
            (ASSETS_FOLDER / "page.css").read_text(encoding="utf-8"),
        )
    )


def _font_face(family: str, weight: str, file_name: str) -> str:
    data = base64.b64encode((ASSETS_FOLDER / "fonts" / file_name).read_bytes()).decode()
    return (
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-display: swap; '
        f"src: url(data:font/woff2;base64,{data}) format('woff2'); }}"
    )
