"""What the JavaScript and the style sheets of the player share with the house: each fact has its home in Python."""

from __future__ import annotations

import json
from dataclasses import fields

from visualizer.measure import STAND_SIGNS
from visualizer.picture import (
    AXIS_SHARES,
    CHANGED_SIGN,
    ENDINGS,
    HEAT_NATS,
    MAP_SHARES,
    MAX_NOISE_COLUMNS,
    NOISE_SIGN,
    RETURN_SIGN,
    REVERTED_SIGN,
    STEP_MS,
    STRUCTURE_SIGN,
    SURE_LEVELS,
    TAB_COLUMNS,
    TAIL_WORDS,
)
from visualizer.player.spelling import ALPHABET
from visualizer.player.step_writer import CellCode
from visualizer.settings import Settings, spoken_name
from visualizer.trace import Part


def script_constants() -> str:
    """A statement that declares them as `SHARED`; `assets/player/types.d.ts` says what is in it."""
    shared = {
        "alphabet": ALPHABET,
        "axisShares": AXIS_SHARES,
        "codes": {code.name: code.value for code in CellCode},
        "endings": ENDINGS,
        "heatNats": HEAT_NATS,
        "mapShares": MAP_SHARES,
        "maxNoiseCells": MAX_NOISE_COLUMNS,
        "noiseSign": NOISE_SIGN,
        "parts": {part.name: part.value for part in Part},
        "returnSign": RETURN_SIGN,
        "settings": {field.name: spoken_name(field.name) for field in fields(Settings)},
        "standSigns": STAND_SIGNS,
        "stepMs": STEP_MS,
        "structureSign": STRUCTURE_SIGN,
        "sureLevels": SURE_LEVELS,
        "tailWords": TAIL_WORDS,
    }
    return f"const SHARED = {json.dumps(shared)};"


def css_constants() -> str:
    """The same as custom properties."""
    signs = {"return": RETURN_SIGN, "reverted": REVERTED_SIGN, "changed": CHANGED_SIGN, "noise": NOISE_SIGN}
    properties = {"tab-cells": str(TAB_COLUMNS)} | {f"{name}-sign": f'"{sign}"' for name, sign in signs.items()}
    return " ".join(f"--{name}: {value};" for name, value in properties.items())
