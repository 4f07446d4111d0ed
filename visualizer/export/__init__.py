"""A recording as a file that people post."""

from __future__ import annotations

from visualizer.export.formats import FORMATS, PICTURES, Exported, export, format_of
from visualizer.export.png import png_bytes
from visualizer.export.post import alt_text, html_snippet, markdown_snippet
from visualizer.export.race import check_race_target, export_race
from visualizer.export.stills import picture_of, poster_path, write_poster

__all__ = [
    "FORMATS",
    "PICTURES",
    "Exported",
    "alt_text",
    "check_race_target",
    "export",
    "export_race",
    "format_of",
    "html_snippet",
    "markdown_snippet",
    "picture_of",
    "png_bytes",
    "poster_path",
    "write_poster",
]
