"""Which tokens of an answer are its scaffold: what holds its shape, as the prompt declares it.

A demo prompt names the markers of its scaffold; any other gets the general ones. A token that a marker touches is
scaffold whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from visualizer.measure.sentences import Span, sentence_ends, sentence_spans
from visualizer.prompts import Marker, load_prompts
from visualizer.trace import Flags, Part, Trace, trace_parts

GENERAL = (Marker.LINE_STARTS, Marker.LIST_MARKERS, Marker.SENTENCE_ENDS, Marker.CODE_MARKS)
"""Of a prompt that declares none."""

_LIST_MARKER = r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])(?=[ \t])"
_PATTERNS = {
    Marker.LINE_STARTS: re.compile(r"^[ \t]*(?P<mark>[^\s])", re.MULTILINE),
    Marker.LINE_BREAKS: re.compile(r"(?P<mark>\n)(?=\s*\S)"),
    Marker.LIST_MARKERS: re.compile(rf"(?P<mark>{_LIST_MARKER})", re.MULTILINE),
    Marker.LIST_NAMES: re.compile(
        rf"(?:{_LIST_MARKER}|^)[ \t]*(?P<mark>(?:\*\*)?\w[^\n:.!?*]{{0,40}}(?::\*\*|\*\*:|:|\*\*(?=[ \t][-–—])))",
        re.MULTILINE,
    ),
    Marker.CODE_MARKS: re.compile(
        r"""^[ \t]*(?P<mark>(?:async )?def\b|class\b|```)|(?P<quotes>\"{3}|'{3})|(?P<prompt>>>>)""", re.MULTILINE
    ),
}


def scaffold_of(trace: Trace) -> tuple[Flags, ...]:
    """Which positions are scaffold (bool L), one array per block, read from the text at each block's end.

    No thought, structure or tail is; nor, unless line breaks are marked, is a position of blanks only.
    """
    markers = _markers(trace.info.prompt)
    parts = trace_parts(trace)
    flags = tuple(np.zeros(block.length, dtype=bool) for block in trace.blocks)
    places = [
        (number, position, trace.shown_texts(block.last)[position])
        for number, block in enumerate(trace.blocks)
        for position in np.flatnonzero(parts[block.last] == Part.ANSWER).tolist()
    ]
    cells = [cell for _, _, cell in places]
    for (number, position, _), is_marked in zip(places, marked_cells(cells, markers), strict=True):
        flags[number][position] = is_marked
    return flags


def marked_cells(cells: Sequence[str], markers: Iterable[Marker]) -> list[bool]:
    """Which cells of a text the markers touch."""
    text = "".join(cells)
    marked = np.zeros(len(text) + 1, dtype=bool)
    for marker in markers:
        for start, end in _spans(marker, text):
            marked[start:end] |= [marker is Marker.LINE_BREAKS or not sign.isspace() for sign in text[start:end]]
    ends = np.cumsum([len(cell) for cell in cells])
    return [bool(marked[end - len(cell) : end].any()) for cell, end in zip(cells, ends.tolist(), strict=True)]


def _markers(prompt: str) -> tuple[Marker, ...]:
    declared = {demo.text: demo.scaffold for demo in load_prompts()}
    return declared.get(prompt.strip(), GENERAL)


def _spans(marker: Marker, text: str) -> list[Span]:
    if marker is Marker.FIRST_AND_LAST_SENTENCE:
        spans = sentence_spans(text)
        return [*spans[:1], *spans[-1:]]
    if marker is Marker.SENTENCE_ENDS:
        return sentence_ends(text)
    pattern = _PATTERNS[marker]
    return [match.span(name) for match in pattern.finditer(text) for name in pattern.groupindex if match[name]]
