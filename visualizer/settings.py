"""The knobs of one run, described once and validated once, at the door.

A checkpoint gives the defaults (its `generation_config.json`); a request changes some of them.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from visualizer.errors import SettingsError

MAX_TOKENS = 8192
MAX_SEED = 2**32 - 1


class Sampler(StrEnum):
    """How a denoising step decides which positions to accept."""

    ENTROPY_BOUND = "entropy-bound"
    CONFIDENCE_THRESHOLD = "confidence-threshold"


@dataclass(frozen=True)
class Knob:
    """What a number that people set means, and what it may be.

    name: of its field. spoken: in a sentence. lowest, highest: inclusive; whole numbers where both are.
    step: a useful change of it. unit: what is counted. about: one line for who sets it; "" where only a checkpoint
    does, and no form offers it.
    """

    name: str
    spoken: str
    lowest: int | float
    highest: int | float
    step: int | float = 1
    unit: str = ""
    about: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it counts something."""
        return isinstance(self.lowest, int)

    def checked(self, value: object) -> int | float:
        """The value as a number of this knob. Raises SettingsError when it is none, or out of range."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self.lowest <= value <= self.highest:
            if not self.is_whole:
                return float(value)
            if value == int(value):
                return int(value)
        kind = "whole number" if self.is_whole else "number"
        raise SettingsError(
            f"The {self.spoken} must be a {kind} from {self.lowest:g} to {self.highest:.10g}, not {value!r:.60}."
        )


KNOBS = (
    Knob("max_tokens", "token budget", 1, MAX_TOKENS, 16, "tokens", "Answer tokens at most."),
    Knob("canvas_length", "canvas length", 8, 1024, 8, "positions", "Positions denoised together, as one block."),
    Knob("max_steps", "number of steps", 1, 512, 1, "", "Denoising steps of a block at most."),
    Knob("entropy_bound", "entropy bound", 0.0, 100.0, 0.01, "nats",
         "What a step may accept at once (entropy-bound sampler)."),
    Knob("temperature", "temperature", 0.0, 2.0, 0.1, "",
         "0 takes the most probable token; above, tokens are sampled."),
    Knob("seed", "seed", 0, MAX_SEED, 1, "", "Empty draws a random one, shown with the run."),
    Knob("accept_probability", "accept probability", 0.0, 1.0),
    Knob("t_min", "lowest schedule temperature", 0.01, 10.0),
    Knob("t_max", "highest schedule temperature", 0.01, 10.0),
    Knob("stability_steps", "number of stable steps", 1, 64),
    Knob("stop_entropy", "stop entropy", 0.0, 100.0, unit="nats"),
)  # fmt: skip
"""Every number of a run."""
SET_BY_VISITORS = (*(knob.name for knob in KNOBS if knob.about), "sampler")
"""What page, API and command line let a visitor set."""


@dataclass(frozen=True)
class Settings:
    """One run's knobs; KNOBS has the numbers' ranges.

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
        for knob in KNOBS:
            object.__setattr__(self, knob.name, knob.checked(getattr(self, knob.name)))
        if self.sampler not in list(Sampler):
            names = " or ".join(f'"{sampler}"' for sampler in Sampler)
            raise SettingsError(f"The sampler must be {names}, not {self.sampler!r:.60}.")
        object.__setattr__(self, "sampler", Sampler(self.sampler))

    def changed(self, **changes: object) -> Settings:
        """These settings with the given knobs set; None leaves a knob as it is, a seed of None draws a random one.

        Raises SettingsError for an unknown knob or a value that it cannot have.
        """
        unknown = changes.keys() - asdict(self).keys()
        if unknown:
            raise SettingsError(f"There is no knob called {', '.join(sorted(unknown)):.200}.")
        given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
        if "seed" in changes and changes["seed"] is None:
            given["seed"] = secrets.randbelow(MAX_SEED + 1)
        return replace(self, **given)

    def to_dict(self) -> dict[str, int | float | str]:
        """Plain values by name."""
        return asdict(self) | {"sampler": str(self.sampler)}


def spoken_name(name: str) -> str:
    """A knob in words."""
    return next((knob.spoken for knob in KNOBS if knob.name == name), name)
