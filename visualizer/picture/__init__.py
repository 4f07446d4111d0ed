"""A recording as timed pictures of cells."""

from __future__ import annotations

from visualizer.picture.boxes import Box
from visualizer.picture.cells import MAX_NOISE_CELLS, NOISE_SIGN, text_cells
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.layout import RETURN_SIGN, TAB_CELLS
from visualizer.picture.looks import SURE_LEVELS, special_sign
from visualizer.picture.painter import Painter
from visualizer.picture.scene import ENDINGS, PRESETS, STEP_MS, Arrangement, Pacing, Scene, SceneOptions, build_scene
from visualizer.picture.tiles import CHANGED_SIGN, REVERTED_SIGN

__all__ = [
    "CHANGED_SIGN",
    "ENDINGS",
    "MAX_NOISE_CELLS",
    "NOISE_SIGN",
    "PRESETS",
    "RETURN_SIGN",
    "REVERTED_SIGN",
    "STEP_MS",
    "SURE_LEVELS",
    "TAB_CELLS",
    "Arrangement",
    "Box",
    "Glyphs",
    "Pacing",
    "Painter",
    "Scene",
    "SceneOptions",
    "build_scene",
    "special_sign",
    "text_cells",
]
