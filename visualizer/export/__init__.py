"""A recording as a file that people post."""

from __future__ import annotations

from visualizer.export.formats import (
    FILMS,
    FORMATS,
    PICTURES,
    POSTABLE,
    Exported,
    ExportProgress,
    check_moment,
    export,
    format_of,
)
from visualizer.export.pair import (
    PAIR_FORMATS,
    check_pair_target,
    export_pair,
    pair_alt_text,
    pair_still,
    write_pair_poster,
)
from visualizer.export.png import png_bytes
from visualizer.export.post import alt_text, html_snippet, markdown_snippet
from visualizer.export.stills import picture_of, poster_path, write_poster
from visualizer.export.study import StudyRow, study_csv, study_markdown, study_plot
from visualizer.export.study_plot import plot_png, plot_svg

__all__ = [
    "FILMS",
    "FORMATS",
    "PAIR_FORMATS",
    "PICTURES",
    "POSTABLE",
    "ExportProgress",
    "Exported",
    "StudyRow",
    "alt_text",
    "check_moment",
    "check_pair_target",
    "export",
    "export_pair",
    "format_of",
    "html_snippet",
    "markdown_snippet",
    "pair_alt_text",
    "pair_still",
    "picture_of",
    "plot_png",
    "plot_svg",
    "png_bytes",
    "poster_path",
    "study_csv",
    "study_markdown",
    "study_plot",
    "write_pair_poster",
    "write_poster",
]
