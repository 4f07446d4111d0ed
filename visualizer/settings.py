"""The knobs of one run, validated once, at the door.

A checkpoint gives the defaults (its `generation_config.json`); a request changes some of them.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum

from visualizer.errors import SettingsError

MAX_TOKENS = 8192
MAX_SEED = 2**32 - 1


class Sampler(StrEnum):
    """How a denoising step decides which positions to accept."""

    ENTROPY_BOUND = "entropy-bound"
    CONFIDENCE_THRESHOLD = "confidence-threshold"


@dataclass(frozen=True)
class Settings:
    """One run's knobs.

    max_tokens: answer tokens at most, over all blocks. canvas_length: positions of one block. max_steps: denoising
    steps of one block at most. entropy_bound: nats (entropy-bound sampler). accept_probability: probability from which
    the confidence-threshold sampler accepts. temperature: 0 takes the most probable token, above 0 samples.
    t_min, t_max: ends of the linear temperature schedule. stability_steps, stop_entropy: the stop rule (candidates
    unchanged for so many steps, mean entropy in nats below). seed: fixes all noise of the run.

    Raises SettingsError when a value is out of range or of the wrong type.
    """

    max_tokens: int = 256
    canvas_length: int = 256
    max_steps: int = 48
    sampler: Sampler = Sampler.ENTROPY_BOUND
    entropy_bound: float = 0.1
    accept_probability: float = 0.9
    temperature: float = 0.0
    t_min: float = 0.4
    t_max: float = 0.8
    stability_steps: int = 1
    stop_entropy: float = 0.005
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (lowest, highest) in _INTEGER_RANGES.items():
            object.__setattr__(self, name, _integer(name, getattr(self, name), lowest, highest))
        for name, (lowest, highest) in _NUMBER_RANGES.items():
            object.__setattr__(self, name, _number(name, getattr(self, name), lowest, highest))
        if self.sampler not in list(Sampler):
            names = " or ".join(f'"{sampler}"' for sampler in Sampler)
            raise SettingsError(f"The sampler must be {names}, not {self.sampler!r:.60}.")
        object.__setattr__(self, "sampler", Sampler(self.sampler))

    def changed(self, **changes: object) -> Settings:
        """These settings with the given knobs set; None leaves a knob as it is, a seed of None draws a random one."""
        unknown = set(changes) - {field.name for field in fields(self)}
        if unknown:
            raise SettingsError(f"There is no knob called {', '.join(sorted(unknown))}.")
        given = {name: value for name, value in changes.items() if value is not None}
        if "seed" in changes and changes["seed"] is None:
            given["seed"] = secrets.randbelow(MAX_SEED + 1)
        return replace(self, **given)

    def to_dict(self) -> dict[str, int | float | str]:
        """Plain values by name."""
        return asdict(self) | {"sampler": str(self.sampler)}


_INTEGER_RANGES = {
    "max_tokens": (1, MAX_TOKENS),
    "canvas_length": (8, 1024),
    "max_steps": (1, 512),
    "stability_steps": (1, 64),
    "seed": (0, MAX_SEED),
}
_NUMBER_RANGES = {
    "entropy_bound": (0.0, 100.0),
    "accept_probability": (0.0, 1.0),
    "temperature": (0.0, 2.0),
    "t_min": (0.01, 10.0),
    "t_max": (0.01, 10.0),
    "stop_entropy": (0.0, 100.0),
}
_SPOKEN = {
    "max_tokens": "token budget",
    "canvas_length": "canvas length",
    "max_steps": "number of steps",
    "stability_steps": "number of stable steps",
    "entropy_bound": "entropy bound",
    "accept_probability": "accept probability",
    "t_min": "lowest schedule temperature",
    "t_max": "highest schedule temperature",
    "stop_entropy": "stop entropy",
}


def spoken_name(name: str) -> str:
    """A knob in words."""
    return _SPOKEN.get(name, name)


def _integer(name: str, value: object, lowest: int, highest: int) -> int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not lowest <= value <= highest:
        raise SettingsError(
            f"The {spoken_name(name)} must be a whole number from {lowest} to {highest}, not {value!r:.60}."
        )
    return int(value)


def _number(name: str, value: object, lowest: float, highest: float) -> float:
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not numeric or not lowest <= value <= highest:
        raise SettingsError(
            f"The {spoken_name(name)} must be a number from {lowest:g} to {highest:g}, not {value!r:.60}."
        )
    return float(value)
