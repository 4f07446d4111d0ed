"""A recording as timed pictures of cells."""

from __future__ import annotations

from visualizer.picture.cells import MAX_NOISE_COLUMNS, NOISE_SIGN, text_columns
from visualizer.picture.filmstrip import build_filmstrip
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.heat import HEAT_NATS
from visualizer.picture.inside import AXIS_SHARES, MAP_SHARES, curves_of, map_of, table_of
from visualizer.picture.layout import RETURN_SIGN, TAB_COLUMNS
from visualizer.picture.looks import STRUCTURE_SIGN, SURE_LEVELS, TAIL_WORDS, special_sign
from visualizer.picture.options import PRESETS, Arrangement, Noise, Pacing, SceneOptions, View
from visualizer.picture.painter import Painter, PairPainter
from visualizer.picture.pair import RACE_TITLES, Pair, build_pair
from visualizer.picture.pixels import Box, Pixels, bounds
from visualizer.picture.scene import ENDINGS, Scene, build_scene
from visualizer.picture.tiles import CHANGED_SIGN, REVERTED_SIGN
from visualizer.picture.timing import STEP_MS

__all__ = [
    "AXIS_SHARES",
    "CHANGED_SIGN",
    "ENDINGS",
    "HEAT_NATS",
    "MAP_SHARES",
    "MAX_NOISE_COLUMNS",
    "NOISE_SIGN",
    "PRESETS",
    "RACE_TITLES",
    "RETURN_SIGN",
    "REVERTED_SIGN",
    "STEP_MS",
    "STRUCTURE_SIGN",
    "SURE_LEVELS",
    "TAB_COLUMNS",
    "TAIL_WORDS",
    "Arrangement",
    "Box",
    "Glyphs",
    "Noise",
    "Pacing",
    "Painter",
    "Pair",
    "PairPainter",
    "Pixels",
    "Scene",
    "SceneOptions",
    "View",
    "bounds",
    "build_filmstrip",
    "build_pair",
    "build_scene",
    "curves_of",
    "map_of",
    "special_sign",
    "table_of",
    "text_columns",
]
