"""A recording as timed pictures of cells."""

from __future__ import annotations

from visualizer.picture.options import PRESETS, Arrangement, Pacing, SceneOptions
from visualizer.picture.painter import Painter
from visualizer.picture.pixels import Box, Pixels
from visualizer.picture.scene import Scene, build_scene

__all__ = ["PRESETS", "Arrangement", "Box", "Pacing", "Painter", "Pixels", "Scene", "SceneOptions", "build_scene"]
