"""Every colour of the page, the player and the exports, once: dark, light, and one for colour-blind eyes.

The state colours keep a contrast of at least 4.5:1 against their surface. Those of the safe theme also stay apart for
eyes without red, green or blue cones (hues near Okabe and Ito's).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Theme:
    """Colours by what they mean, as CSS hex values."""

    page: str
    surface: str
    raised: str
    line: str
    text: str
    quiet: str
    masked: str
    new: str
    draft: str
    committed: str
    reverted: str
    changed: str
    accent: str
    on_accent: str

    def css_variables(self) -> str:
        """The colours as CSS custom properties, `--c-page: #…;` and so on."""
        return " ".join(f"--c-{field.name.replace('_', '-')}: {getattr(self, field.name)};" for field in fields(self))


DARK = Theme(
    page="#0a0c11",
    surface="#11141c",
    raised="#181c27",
    line="#262c3b",
    text="#e9ecf5",
    quiet="#98a0b8",
    masked="#7f88a4",
    new="#4ade80",
    draft="#b99aff",
    committed="#f6f8ff",
    reverted="#ff9d5c",
    changed="#ffd166",
    accent="#4ade80",
    on_accent="#06210f",
)

LIGHT = Theme(
    page="#f4f5f8",
    surface="#ffffff",
    raised="#eef0f5",
    line="#d5d9e3",
    text="#14171f",
    quiet="#565e73",
    masked="#666e85",
    new="#0a7a3d",
    draft="#6a3fd0",
    committed="#14171f",
    reverted="#b0480c",
    changed="#856000",
    accent="#0a7a3d",
    on_accent="#ffffff",
)

SAFE = replace(
    DARK,
    masked="#888c94",
    new="#ffe02e",
    draft="#4d9fff",
    committed="#ffffff",
    reverted="#d9580f",
    changed="#ffa9e0",
    accent="#4d9fff",
    on_accent="#06142b",
)

THEMES = {"dark": DARK, "light": LIGHT, "safe": SAFE}
