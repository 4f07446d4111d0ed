"""What a picture or film of a run looks like and how it runs: its options, checked where they enter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from visualizer.errors import SettingsError
from visualizer.settings import Number
from visualizer.theme import THEMES

PRESETS: dict[str, tuple[int, int | None]] = {
    "720p": (1280, 720),
    "1080p": (1920, 1080),
    "square": (1080, 1080),
    "portrait": (1080, 1920),
    "readme": (880, None),
}
"""Widths and heights by name; a height of None is as tall as the text needs."""

Choice = TypeVar("Choice", bound=StrEnum)


class Pacing(StrEnum):
    """How long the steps stand. Directed: as `visualizer.measure.Direction` plans it, with its lights and captions."""

    DIRECTED = "directed"
    EQUAL = "equal"
    REAL = "real"
    SLOW_FINISH = "slow-finish"


class Arrangement(StrEnum):
    """Where tokens stand: at the place that they will have in the end, or as the text flows at the moment."""

    SETTLED = "settled"
    FLOW = "flow"


class Noise(StrEnum):
    """What noise is drawn as: a chip, or in the first seconds the tokens that the model reads."""

    TOKENS = "tokens"
    GRAIN = "grain"


class View(StrEnum):
    """What cells are coloured by: their state, or as in `visualizer/picture/heat.py`."""

    STATES = "states"
    CONFIDENCE = "confidence"
    ORDER = "order"
    REVISIONS = "revisions"


@dataclass(frozen=True)
class SceneOptions:
    """What a scene looks like and how it runs.

    width, height: pixels at 1×, even; height None is as tall as the text needs. scale: 1 or 2, the same layout with
    more pixels. speed: of the steps, not of the holds. start_hold_ms, end_hold_ms: how long the first and the last
    frame stand at least. loop_start: share of the frames with which a loop begins; above 0 the frames are rotated, and
    the file's last one is not the committed text. frame_step: keep every n-th step, and every block's first and last.
    prompt to scoreboard: what is written around the canvas; captions, lights and the noise's tokens belong to directed
    pacing, the last two to the view of states.

    Raises SettingsError when a value is out of range.
    """

    width: int = 1280
    height: int | None = 720
    scale: int = 1
    theme: str = "dark"
    layout: Arrangement = Arrangement.SETTLED
    pacing: Pacing = Pacing.DIRECTED
    noise: Noise = Noise.TOKENS
    view: View = View.STATES
    speed: float = 1.0
    start_hold_ms: int = 700
    end_hold_ms: int = 2500
    loop_start: float = 0.0
    frame_step: int = 1
    prompt: bool = True
    checkpoint: bool = True
    seed: bool = True
    step: bool = True
    legend: bool = True
    progress: bool = True
    label: bool = True
    captions: bool = True
    scoreboard: bool = True

    def __post_init__(self) -> None:
        for knob in (*_KNOBS, *([_HEIGHT] if self.height is not None else [])):
            object.__setattr__(self, knob.name, knob.checked(getattr(self, knob.name)))
        for spoken, side in (("width", self.width), ("height", self.height or 0)):
            if side % 2:
                raise SettingsError(f"The {spoken} must be even, as video needs it, not {side}.")
        object.__setattr__(self, "layout", _choice("layout", self.layout, Arrangement))
        object.__setattr__(self, "pacing", _choice("pacing", self.pacing, Pacing))
        object.__setattr__(self, "noise", _choice("noise", self.noise, Noise))
        object.__setattr__(self, "view", _choice("view", self.view, View))
        if self.theme not in THEMES:
            raise SettingsError(f"The theme must be {_either(THEMES)}, not {self.theme!r:.60}.")
        if self.loop_start >= 1:
            raise SettingsError("The loop start must be a share from 0 to below 1.")

    @classmethod
    def preset(cls, name: str, **changes: object) -> SceneOptions:
        """The options of a named size, with changes. Raises SettingsError for a name that there is not."""
        if name not in PRESETS:
            raise SettingsError(f"The preset must be {_either(PRESETS)}, not {name!r:.60}.")
        width, height = PRESETS[name]
        given: dict[str, Any] = {"width": width, "height": height} | changes  # checked at runtime, above
        return cls(**given)


_KNOBS = (
    Number("width", "width", 320, 3840),
    Number("scale", "scale", 1, 2),
    Number("speed", "speed", 0.1, 20.0),
    Number("start_hold_ms", "start hold in milliseconds", 0, 60_000),
    Number("end_hold_ms", "end hold in milliseconds", 0, 60_000),
    Number("loop_start", "loop start", 0.0, 1.0),
    Number("frame_step", "frame step", 1, 1000),
)
_HEIGHT = Number("height", "height", 240, 3840)


def _choice(spoken: str, value: object, kind: type[Choice]) -> Choice:
    if not isinstance(value, str) or value not in list(kind):
        raise SettingsError(f"The {spoken} must be {_either(kind)}, not {value!r:.60}.")
    return kind(value)


def _either(names: Iterable[str]) -> str:
    *first, last = [f'"{name}"' for name in names]
    return f"{', '.join(first)} or {last}"
