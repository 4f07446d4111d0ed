"""How messages are spelled: compact JSON, and numbers as letters of an alphabet of 64, which `decode.js` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)


def spell_shares(shares: np.ndarray) -> str:
    """Numbers from 0 to 1, one letter each."""
    return spell(np.round(shares * 63).astype(np.int64))


def spell_flags(flags: np.ndarray) -> str:
    """Flags, six a letter, lowest bit first."""
    padded = np.zeros(-(-len(flags) // 6) * 6, dtype=np.int64)
    padded[: len(flags)] = flags
    return spell(padded.reshape(-1, 6) @ (1 << np.arange(6)))


def spell_numbers(numbers: np.ndarray, characters: int) -> str:
    """Whole numbers, so many letters each, lowest bits first."""
    digits = (numbers[:, None].astype(np.int64) >> (6 * np.arange(characters))) & 63
    return spell(digits.ravel())


def spell(digits: np.ndarray) -> str:
    """Numbers from 0 to 63, one letter each."""
    letters: bytes = _LETTERS[digits].tobytes()
    return letters.decode()


def spell_json(message: Mapping[str, object]) -> str:
    """One line, without a blank that is not said."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
