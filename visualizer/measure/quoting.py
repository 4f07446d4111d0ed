"""Texts of a run in sentences about it: one line, nothing that ends a quote, none too long."""

from __future__ import annotations

import unicodedata

_QUOTES = {"“": "‘", "”": "’"}
_JOINERS = "\u200c\u200d"
"""Part of how some scripts and emoji are written."""


def clipped(text: str, characters: int) -> str:
    """One line of plain text, of so many characters at most."""
    plain = " ".join("".join(map(_harmless, text)).split())
    return plain if len(plain) <= characters else plain[: characters - 1].rstrip() + "…"


def _harmless(sign: str) -> str:
    """No control signs, none that turn the direction of writing, and no quotes that would end ours."""
    if sign in _QUOTES:
        return _QUOTES[sign]
    invisible = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn") and sign not in _JOINERS
    return " " if invisible else sign
