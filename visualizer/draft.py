"""What stands on the canvas before it is denoised: tokens that stay, tokens to begin with, noise everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from visualizer.errors import SettingsError
from visualizer.settings import MAX_TOKENS, THOUGHT_TOKENS, Settings

MAX_ORIGIN_CHARACTERS = 200
_POSITIONS = MAX_TOKENS + THOUGHT_TOKENS + 1024
"""Of the longest answer and its last canvas."""
_IDS, _RANKS = 2**20, 40
Taken = TypeVar("Taken")


@dataclass(frozen=True)
class Draft:
    """What a run begins with, by position of the answer, counted over all blocks (block = position // canvas length).

    pinned: tokens that stay: they stand on the canvas at every step, are accepted without spending the entropy bound,
    and condition the next step as certain. seeded: tokens to begin with, which the model may take back. Everything
    else is noise, drawn from the run's seed. conditioning: what the first step of a block is told of the step before
    it (self-conditioning), as tokens with their probabilities, which sum to 1; a position without an entry is told
    nothing, and without any entry the step is the first of a new run. origin: how the draft came about, for its reader.
    loose: stretches of free positions, each its first one and how many it has; they may be shorter, and what is pinned
    behind one then moves up. They get their lengths before the run begins (visualizer/run/fitting.py).

    The answer reaches to the last pinned token: until there no free position takes a token that ends it. A pinned
    token that ends the answer ends it there, and what is pinned after it belongs to the tail.
    Raises SettingsError for what cannot be on any canvas.
    """

    pinned: Mapping[int, int] = field(default_factory=dict)
    seeded: Mapping[int, int] = field(default_factory=dict)
    conditioning: Mapping[int, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    origin: str = ""
    loose: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for tokens in (self.pinned, self.seeded):
            for position, token_id in tokens.items():
                _check_position(position)
                _check_id(token_id)
        for position, ranks in self.conditioning.items():
            _check_position(position)
            _check_ranks(position, ranks)
        both = self.pinned.keys() & self.seeded.keys()
        if both:
            raise SettingsError(f"Position {min(both)} of the draft is both pinned and seeded.")
        if not isinstance(self.origin, str) or len(self.origin) > MAX_ORIGIN_CHARACTERS:
            raise SettingsError(f"The draft's origin must be a text of at most {MAX_ORIGIN_CHARACTERS} characters.")

    def __bool__(self) -> bool:
        """Whether it says anything of the canvas."""
        return bool(self.pinned or self.seeded or self.conditioning)

    def tightened(self, length: int) -> Draft:
        """The draft with the first of its loose stretches of a length that is at most its own."""
        (first, most), *others = self.loose
        up = most - length
        pinned = {place if place < first else place - up: token_id for place, token_id in self.pinned.items()}
        return replace(self, pinned=pinned, loose=tuple((start - up, room) for start, room in others))

    def held_until(self, stop_ids: Collection[int]) -> int:
        """How many leading positions are part of the answer whatever the model writes."""
        end = self._pinned_end(stop_ids)
        return max((position + 1 for position in self.pinned if position < end), default=0)

    def check(self, settings: Settings, vocab_size: int, stop_ids: Collection[int]) -> None:
        """Refuse a draft that does not fit a run.

        Raises SettingsError.
        """
        budget, length = settings.total_tokens, settings.canvas_length
        held = self.held_until(stop_ids)
        if held > budget:
            raise SettingsError(
                f"The draft pins {held:,} tokens from the first to the last, and the token budget is {budget:,}: raise "
                "it, or pin less."
            )
        room = -(-budget // length) * length
        last = max([*self.pinned, *self.seeded, *self.conditioning], default=-1)
        if last >= room:
            raise SettingsError(
                f"The draft is longer than the canvas: it reaches position {last + 1:,}, and a token budget of "
                f"{budget:,} has {room:,}."
            )
        self.check_ids(vocab_size)

    def check_ids(self, vocab_size: int) -> None:
        """Refuse ids that a vocabulary of that size has not.

        Raises SettingsError.
        """
        ranked = (token_id for ranks in self.conditioning.values() for token_id, _ in ranks)
        unknown = [token_id for token_id in (*self.pinned.values(), *self.seeded.values(), *ranked)
                   if token_id >= vocab_size]  # fmt: skip
        if unknown:
            raise SettingsError(
                f"The draft holds the token id {unknown[0]:,}, and this checkpoint knows the ids below {vocab_size:,}."
            )

    def to_dict(self) -> dict[str, object]:
        """Plain values; what there is none of is left out."""
        plain: dict[str, object] = {
            "pinned": _by_text(self.pinned),
            "seeded": _by_text(self.seeded),
            "conditioning": {key: [list(rank) for rank in ranks] for key, ranks in _by_text(self.conditioning).items()},
            "origin": self.origin,
        }
        return {key: value for key, value in plain.items() if value}

    @classmethod
    def from_dict(cls, plain: object) -> Draft:
        """What `to_dict` has written.

        Raises SettingsError when it is no draft.
        """
        if not isinstance(plain, dict) or not plain.keys() <= {"pinned", "seeded", "conditioning", "origin"}:
            raise SettingsError(
                "A draft is an object with pinned and seeded tokens by position, conditioning and origin, and nothing "
                "else."
            )
        return cls(
            pinned=_by_position(plain.get("pinned", {}), _as_id),
            seeded=_by_position(plain.get("seeded", {}), _as_id),
            conditioning=_by_position(plain.get("conditioning", {}), _as_ranks),
            origin=plain.get("origin", ""),
        )

    def _pinned_end(self, stop_ids: Collection[int]) -> int:
        return min((position for position, token_id in self.pinned.items() if token_id in stop_ids), default=_POSITIONS)


NO_DRAFT = Draft()
"""Noise everywhere: how a run begins that nobody has written on."""


def _by_text(values: Mapping[int, Taken]) -> dict[str, Taken]:
    return {str(position): values[position] for position in sorted(values)}


def _by_position(plain: object, take: Callable[[object], Taken]) -> dict[int, Taken]:
    if not isinstance(plain, dict) or len(plain) > _POSITIONS:
        raise SettingsError("What a draft holds must be an object with an entry by position.")
    return {_as_position(key): take(value) for key, value in plain.items()}


def _as_position(key: object) -> int:
    if not (isinstance(key, str) and key.isascii() and key.isdecimal() and len(key) < 8 and str(int(key)) == key):
        raise SettingsError(f"A position of a draft is a whole number from 0 on, not {key!a:.40}.")
    return int(key)


def _as_id(value: object) -> int:
    _check_id(value)
    assert isinstance(value, int), "an id has been checked"
    return value


def _as_ranks(value: object) -> tuple[tuple[int, float], ...]:
    ranks: list[object] = value if isinstance(value, list) else [value]
    pairs = [rank for rank in ranks if isinstance(rank, list) and len(rank) == 2]
    if len(pairs) != len(ranks):
        raise SettingsError(f"Conditioning is a list of pairs of a token id and a probability, not {value!a:.40}.")
    return tuple((token_id, probability) for token_id, probability in pairs)


def _check_position(position: object) -> None:
    if type(position) is not int or not 0 <= position < _POSITIONS:
        raise SettingsError(
            f"A position of a draft is a whole number from 0 to {_POSITIONS - 1:,}, not {position!a:.40}."
        )


def _check_id(token_id: object) -> None:
    if type(token_id) is not int or not 0 <= token_id < _IDS:
        raise SettingsError(f"A token of a draft is an id, a whole number from 0 on, not {token_id!a:.40}.")


def _check_ranks(position: int, ranks: tuple[tuple[int, float], ...]) -> None:
    for token_id, probability in ranks:
        _check_id(token_id)
        if type(probability) not in (int, float) or not 0 <= probability <= 1:
            raise SettingsError(f"A probability of a draft is a number from 0 to 1, not {probability!a:.40}.")
    if not 1 <= len(ranks) <= _RANKS or abs(sum(probability for _, probability in ranks) - 1) > 1e-3:
        raise SettingsError(
            f"The conditioning of position {position} must be 1 to {_RANKS} tokens whose probabilities sum to 1."
        )
