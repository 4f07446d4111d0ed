"""The knobs of one run, described once and validated once, at the door.

A checkpoint gives the defaults (its `generation_config.json`); a request changes some of them.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from visualizer.errors import SettingsError

MAX_TOKENS = 8192
MAX_SEED = 2**32 - 1
THOUGHT_TOKENS = 2048
"""Room for a thought, beside the budget of the answer."""
MAX_PROMPT_CHARACTERS = 200_000
"""Of a prompt and a system prompt together."""


class Sampler(StrEnum):
    """How a denoising step decides which positions to accept."""

    ENTROPY_BOUND = "entropy-bound"
    CONFIDENCE_THRESHOLD = "confidence-threshold"


@dataclass(frozen=True)
class Knob(ABC):
    """What people set of a run, in one of the kinds below.

    name: of its field. spoken: in a sentence. about: one line for who sets it; "" where only a checkpoint does, and no
    form offers it.
    """

    name: str
    spoken: str
    about: str = field(default="", kw_only=True)

    @abstractmethod
    def checked(self, value: object) -> object:
        """The value as one of this knob. Raises SettingsError when it is none."""


@dataclass(frozen=True)
class Number(Knob):
    """lowest, highest: inclusive; whole numbers where both are. step: a useful change of it. unit: what is counted."""

    lowest: int | float
    highest: int | float
    step: int | float = 1
    unit: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it counts something."""
        return isinstance(self.lowest, int)

    def checked(self, value: object) -> int | float:
        """See `Knob`."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self.lowest <= value <= self.highest:
            if not self.is_whole:
                return float(value)
            if value == int(value):
                return int(value)
        kind = "whole number" if self.is_whole else "number"
        raise SettingsError(
            f"The {self.spoken} must be a {kind} from {self.lowest:g} to {self.highest:.10g}, not {value!r:.60}."
        )


@dataclass(frozen=True)
class Choice(Knob):
    """choices: what it is one of."""

    choices: type[StrEnum]

    def checked(self, value: object) -> StrEnum:
        """See `Knob`."""
        if isinstance(value, str) and value in list(self.choices):
            return self.choices(value)
        names = " or ".join(f'"{choice}"' for choice in self.choices)
        raise SettingsError(f"The {self.spoken} must be {names}, not {value!r:.60}.")


@dataclass(frozen=True)
class Switch(Knob):
    """It is on or off."""

    def checked(self, value: object) -> bool:
        """See `Knob`."""
        if isinstance(value, bool):
            return value
        raise SettingsError(f"The {self.spoken} must be true or false, not {value!r:.60}.")


@dataclass(frozen=True)
class Text(Knob):
    """What is written, without the spaces around it. longest: in characters."""

    longest: int

    def checked(self, value: object) -> str:
        """See `Knob`."""
        if not isinstance(value, str) or len(value) > self.longest:
            what = f"{len(value):,} characters" if isinstance(value, str) else f"{value!r:.60}"
            raise SettingsError(f"The {self.spoken} must be a text of at most {self.longest:,} characters, not {what}.")
        try:
            value.encode()
        except UnicodeEncodeError as exc:  # half of a surrogate pair
            raise SettingsError(f"The {self.spoken} must be valid UTF-8, not {value!a:.60}.") from exc
        return value.strip()


KNOBS: tuple[Knob, ...] = (
    Number("max_tokens", "token budget", 1, MAX_TOKENS, 16, "tokens", about="Answer tokens at most."),
    Number("canvas_length", "canvas length", 8, 1024, 8, "positions",
           about="Positions denoised together, as one block."),
    Number("max_steps", "number of steps", 1, 512, about="Denoising steps of a block at most."),
    Number("entropy_bound", "entropy bound", 0.0, 100.0, 0.01, "nats",
           about="What a step may accept at once (entropy-bound sampler)."),
    Number("temperature", "temperature", 0.0, 2.0, 0.1,
           about="0 takes the most probable token; above, tokens are sampled."),
    Number("seed", "seed", 0, MAX_SEED, about="Empty draws a random one, shown with the run."),
    Choice("sampler", "sampler", Sampler, about="How a step decides what to accept."),
    Switch("think", "thinking", about=f"The model thinks first, in up to {THOUGHT_TOKENS:,} tokens more."),
    Text("system", "system prompt", MAX_PROMPT_CHARACTERS, about="Said to the model before the prompt."),
    Number("accept_probability", "accept probability", 0.0, 1.0),
    Number("t_min", "lowest schedule temperature", 0.01, 10.0),
    Number("t_max", "highest schedule temperature", 0.01, 10.0),
    Number("stability_steps", "number of stable steps", 1, 64),
    Number("stop_entropy", "stop entropy", 0.0, 100.0, unit="nats"),
)  # fmt: skip
"""All that a run can be set to."""
SET_BY_VISITORS = tuple(knob.name for knob in KNOBS if knob.about)
"""What page, API and command line let a visitor set."""


@dataclass(frozen=True)
class Settings:
    """One run's knobs; KNOBS has what each may be.

    max_tokens: answer tokens at most, over all blocks. canvas_length: positions of one block. max_steps: denoising
    steps of one block at most. entropy_bound: nats (entropy-bound sampler). accept_probability: probability from which
    the confidence-threshold sampler accepts. temperature: 0 takes the most probable token, above 0 samples.
    t_min, t_max: ends of the linear temperature schedule. stability_steps, stop_entropy: the stop rule (candidates
    unchanged for so many steps, mean entropy in nats below). seed: fixes all noise of the run. think: the template asks
    for a thought before the answer. system: the system prompt; "" for none.

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
    think: bool = False
    system: str = ""

    def __post_init__(self) -> None:
        for knob in KNOBS:
            object.__setattr__(self, knob.name, knob.checked(getattr(self, knob.name)))

    @property
    def total_tokens(self) -> int:
        """What the run may write: the answer, and where it thinks, a thought before it."""
        return self.max_tokens + (THOUGHT_TOKENS if self.think else 0)

    def changed(self, **changes: object) -> Settings:
        """These settings with the given knobs set; None leaves a knob as it is, a seed of None draws a random one.

        Raises SettingsError for an unknown knob or a value that it cannot have.
        """
        unknown = changes.keys() - {field.name for field in fields(self)}
        if unknown:
            raise SettingsError(f"There is no knob called {', '.join(sorted(unknown)):.200}.")
        given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
        if "seed" in changes and changes["seed"] is None:
            given["seed"] = secrets.randbelow(MAX_SEED + 1)
        return replace(self, **given)

    def to_dict(self) -> dict[str, int | float | str]:
        """Plain values by name. Thinking and a system prompt are left out where there are none: those who only write
        and read other runs need not know them."""
        plain: dict[str, int | float | str] = asdict(self) | {"sampler": str(self.sampler)}
        return {name: value for name, value in plain.items() if value or name not in ("think", "system")}

    @classmethod
    def from_dict(cls, plain: object) -> Settings:
        """What `to_dict` has written.

        Raises SettingsError when it does not hold the knobs of a run, or one of them is out of range.
        """
        known, always = {field.name for field in fields(cls)}, cls().to_dict().keys()
        if not isinstance(plain, dict) or not always <= plain.keys() <= known:
            raise SettingsError("They must be the knobs of a run, each once.")
        return cls(**plain)


def spoken_name(name: str) -> str:
    """A knob in words."""
    return next((knob.spoken for knob in KNOBS if knob.name == name), name)
