"""Damaged files: bytes flipped, cut, repeated, exchanged; numbers and structure of JSON put elsewhere."""

from __future__ import annotations

import random

_SPITE = (b"null", b"NaN", b"-1", b"1e999", b"99999999999999999999", b"[]", b"{}", b'""', b'"\\ud800"', b"true", b"\n",
          b"\x00", b"\xff", b"[[[[[[", b'"' * 9, b"0" * 5000)  # fmt: skip


def mutate(whole: bytes, draw: random.Random) -> bytes:
    """The file with one to three damages."""
    for _ in range(draw.randint(1, 3)):
        whole = draw.choice(_WAYS)(whole, draw)
    return whole


def _flip(whole: bytes, draw: random.Random) -> bytes:
    damaged = bytearray(whole)
    for _ in range(draw.randint(1, 8) if damaged else 0):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def _cut(whole: bytes, draw: random.Random) -> bytes:
    start, end = sorted(draw.randint(0, len(whole)) for _ in range(2))
    return draw.choice((whole[:start], whole[:start] + whole[end:]))


def _repeat(whole: bytes, draw: random.Random) -> bytes:
    start = draw.randint(0, len(whole))
    end = start + draw.randint(0, 50_000)
    return whole[:end] + whole[start:end] * draw.randint(1, 20) + whole[end:]


def _insert(whole: bytes, draw: random.Random) -> bytes:
    place = draw.randint(0, len(whole))
    return whole[:place] + draw.choice(_SPITE) + whole[place:]


def _exchange_value(whole: bytes, draw: random.Random) -> bytes:
    """Put something else after a colon or a comma of the JSON."""
    places = [place for place, byte in enumerate(whole) if byte in b":,"]
    if not places:
        return whole
    start = draw.choice(places) + 1
    ends = [place for place in range(start, min(len(whole), start + 40)) if whole[place] in b",}]\n"]
    return whole[:start] + draw.choice(_SPITE) + whole[ends[0] if ends else start :]


def _exchange_digits(whole: bytes, draw: random.Random) -> bytes:
    """Other numbers of the same length: what is left to be judged by its value."""
    damaged = bytearray(whole)
    for _ in range(draw.randint(1, 4) if damaged else 0):
        place = draw.randrange(len(damaged))
        if damaged[place] in b"0123456789":
            damaged[place] = draw.choice(b"0123456789")
    return bytes(damaged)


def _exchange_lines(whole: bytes, draw: random.Random) -> bytes:
    lines = whole.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


_WAYS = (_flip, _cut, _repeat, _insert, _exchange_value, _exchange_value, _exchange_digits, _exchange_digits,
         _exchange_lines)  # fmt: skip
