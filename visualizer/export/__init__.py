"""A recording as a file that people post."""

from __future__ import annotations

from visualizer.export.formats import FORMATS, PICTURES, POSTABLE, Exported, export, format_of
from visualizer.export.png import png_bytes
from visualizer.export.post import alt_text, html_snippet, markdown_snippet
from visualizer.export.race import RACE_FORMATS, check_race_target, export_race, race_still
from visualizer.export.stills import picture_of, poster_path, write_poster
from visualizer.export.study import StudyRow, study_csv, study_markdown, study_plot
from visualizer.export.study_plot import plot_png, plot_svg

__all__ = [
    "FORMATS",
    "PICTURES",
    "POSTABLE",
    "RACE_FORMATS",
    "Exported",
    "StudyRow",
    "alt_text",
    "check_race_target",
    "export",
    "export_race",
    "format_of",
    "html_snippet",
    "markdown_snippet",
    "picture_of",
    "plot_png",
    "plot_svg",
    "png_bytes",
    "poster_path",
    "race_still",
    "study_csv",
    "study_markdown",
    "study_plot",
    "write_poster",
]
