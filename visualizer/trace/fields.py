"""The fields of one JSON object, taken one by one and checked: the type, the range, the length.

A `Fault` says what is wrong in the middle of a sentence, naming the line and the field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard, TypeVar

import numpy as np

from visualizer.trace.canvas import Flags, Ids, Reals

Taken = TypeVar("Taken")

MAX_POSITIONS, MAX_RANKS, MAX_TEXT = 1024, 40, 1000
"""Of a canvas, of its alternatives, and characters of a token's text."""
_MEASURES = (-1.0, 1000.0)
"""Bounds of entropies and probabilities: generous, since rounding can leave the exact range."""


class Fault(Exception):
    """What is wrong with a file, in the middle of a sentence."""


class Fields:
    """One line's object. What was taken is gone, and `end` refuses what is left. Every method raises Fault."""

    def __init__(self, number: int, content: dict[str, object]) -> None:
        self._number = number
        self._content = content

    def fault(self, field: str, what: str) -> Fault:
        return Fault(f"line {self._number}: {field} {what}")

    def take(self, field: str) -> object:
        if field not in self._content:
            raise self.fault(field, "is missing")
        return self._content.pop(field)

    def take_if_there(self, field: str, take: Callable[[str], Taken], otherwise: Taken) -> Taken:
        return take(field) if field in self._content else otherwise

    def end(self) -> None:
        if self._content:
            raise Fault(f"line {self._number}: {next(iter(self._content))!a:.60} is an unknown field")

    def true(self, field: str) -> bool:
        if self.take(field) is not True:
            raise self.fault(field, "is not true")
        return True

    def integer(self, field: str, lowest: int, highest: int) -> int:
        value = self.take(field)
        if type(value) is not int or not lowest <= value <= highest:
            raise self.fault(field, f"is not a whole number from {lowest} to {highest}")
        return value

    def number(self, field: str, lowest: float, highest: float) -> float:
        value = self.take(field)
        if not _is_number(value) or not lowest <= value <= highest:
            raise self.fault(field, f"is not a number from {lowest:g} to {highest:g}")
        return float(value)

    def choice(self, field: str, choices: Sequence[str]) -> str:
        value = self.take(field)
        if not isinstance(value, str) or value not in choices:
            raise self.fault(field, f"is none of {', '.join(choices)}")
        return value

    def text(self, field: str, longest: int) -> str:
        value = self.take(field)
        if not _is_text(value, longest):
            raise self.fault(field, f"is not a text of at most {longest:,} characters")
        return value

    def texts(self, field: str) -> dict[str, str]:
        value = self.take(field)
        if not isinstance(value, dict):
            raise self.fault(field, "is not an object of texts")
        if not all(_is_text(part, MAX_TEXT) for entry in value.items() for part in entry):
            raise self.fault(field, f"holds something else than texts of at most {MAX_TEXT:,} characters")
        return value

    def index(self, field: str, key: str, end: int) -> int:
        """A key of `texts(field)` as a number below `end`."""
        if not (key.isascii() and key.isdecimal() and len(key) < 8 and str(int(key)) == key and int(key) < end):
            raise self.fault(field, f"has a key that is not a whole number below {end}")
        return int(key)

    def flags(self, field: str) -> Flags:
        value = self.take(field)
        if not isinstance(value, str) or not value or set(value) - {"0", "1"} or len(value) > MAX_POSITIONS:
            raise self.fault(field, f"is not a string of 1 to {MAX_POSITIONS} zeros and ones")
        bits: Flags = np.frombuffer(value.encode(), dtype=np.uint8) == ord("1")
        return bits

    def ids(self, field: str, length: int, vocab_size: int) -> Ids:
        return self._int32(field, self.take(field), length, vocab_size)

    def measures(self, field: str, length: int) -> Reals:
        return self._float32(field, self.take(field), length)

    def ranked_ids(self, field: str, length: int, vocab_size: int) -> Ids:
        ranks = [self._int32(field, rank, length, vocab_size) for rank in self._ranks(field)]
        return np.stack(ranks, axis=1) if ranks else np.zeros((length, 0), dtype=np.int32)

    def ranked_measures(self, field: str, length: int) -> Reals:
        ranks = [self._float32(field, rank, length) for rank in self._ranks(field)]
        return np.stack(ranks, axis=1) if ranks else np.zeros((length, 0), dtype=np.float32)

    def _ranks(self, field: str) -> list[object]:
        value = self.take(field)
        if not isinstance(value, list) or len(value) > MAX_RANKS:
            raise self.fault(field, f"is not a list of at most {MAX_RANKS} lists")
        return value

    def _int32(self, field: str, value: object, length: int, vocab_size: int) -> Ids:
        if not _is_list(value, length, {int}) or min(value) < 0 or max(value) >= vocab_size:
            raise self.fault(field, f"is not a list of {length} ids below {vocab_size}")
        return np.array(value, dtype=np.int32)

    def _float32(self, field: str, value: object, length: int) -> Reals:
        lowest, highest = _MEASURES
        if not _is_list(value, length, {int, float}) or not (min(value) >= lowest and max(value) <= highest):
            raise self.fault(field, f"is not a list of {length} numbers from {lowest:g} to {highest:g}")
        return np.array(value, dtype=np.float32)


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number: True and False are none."""
    return type(value) in (int, float)


def _is_list(value: object, length: int, kinds: set[type]) -> TypeGuard[list[float]]:
    """Whether a value is a list of so many numbers of the given kinds."""
    return isinstance(value, list) and len(value) == length and set(map(type, value)) <= kinds


def _is_text(value: object, longest: int) -> TypeGuard[str]:
    """Whether a value is a text that UTF-8 can write: half of a surrogate pair is none."""
    if not isinstance(value, str) or len(value) > longest:
        return False
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
