"""What one pastes into a post: the picture or film with a poster, and a sentence that says what it shows."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

from visualizer.measure import clipped
from visualizer.trace import Part, Phase, Trace, settled_steps, trace_parts

_PROMPT_CHARACTERS = 120
_SYSTEM_CHARACTERS = 60
_TEXT_CHARACTERS = 100
_TOKEN_CHARACTERS = 24
_TOKENS = 4
_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>&~|#!$@])")


def alt_text(trace: Trace) -> str:
    """The run in one sentence: its prompt, what landed first, how the text begins."""
    asked = f"A diffusion language model answers “{clipped(trace.info.prompt, _PROMPT_CHARACTERS)}”"
    if trace.info.settings.system:
        asked += f" under the system prompt “{clipped(trace.info.settings.system, _SYSTEM_CHARACTERS)}”"
    if not any(state.phase is Phase.STEP for state in trace.states):
        return f"{asked}, but the run ended before its first step."
    return f"{asked}: {_landed_first(trace)}, and {_ends_with(trace)}."


def markdown_snippet(trace: Trace, file_name: str, poster_name: str | None = None) -> str:
    """Markdown that shows a GIF, WebP or PNG; a film that Markdown cannot show is its poster, linked to it."""
    alt = _MARKDOWN_SIGNS.sub(r"\\\1", alt_text(trace))
    if poster_name is None:
        return f"![{alt}]({quote(file_name)})"
    return f"[![{alt}]({quote(poster_name)})]({quote(file_name)})"


def html_snippet(trace: Trace, file_name: str, size: tuple[int, int], poster_name: str | None = None) -> str:
    """HTML that shows a picture, or with a poster a silent looping film. size: width and height in CSS pixels."""
    alt = html.escape(alt_text(trace))
    name = html.escape(quote(file_name))
    width, height = size
    if poster_name is None:
        return f'<img src="{name}" width="{width}" height="{height}" alt="{alt}">'
    poster = html.escape(quote(poster_name))
    return (
        f'<video autoplay loop muted playsinline width="{width}" height="{height}" poster="{poster}" '
        f'aria-label="{alt}">\n'
        f'  <source src="{name}" type="video/mp4">\n'
        f'  <img src="{poster}" alt="{alt}">\n'
        "</video>"
    )


def _landed_first(trace: Trace) -> str:
    """Which tokens of the first block's answer stood first for good."""
    block = trace.blocks[0]
    states = trace.states_of(block)
    end = states[-1]
    settled, texts, parts = settled_steps(states), trace.shown_texts(block.last), trace_parts(trace)[block.last]
    kept = [i for i in range(block.length) if end.accepted[i] and parts[i] == Part.ANSWER]
    words = [i for i in kept if texts[i].strip()]
    if not words:
        return "no word had settled when it ended"
    first = settled[words].min()
    landed = _in_runs([i for i in kept if settled[i] == first], texts)
    listed = ", ".join(f"“{token}”" for token in landed[:_TOKENS])
    more = f" and {len(landed) - _TOKENS} more" if len(landed) > _TOKENS else ""
    when = f"at step {first} of {max(state.step for state in states)}" if first <= end.step else "at the commit"
    return f"{when}, {listed}{more} landed first"


def _in_runs(positions: list[int], texts: list[str]) -> list[str]:
    """Texts of positions, neighbours in a line joined; of those with letters or digits where there are any."""
    runs: list[str] = []
    for place, position in enumerate(positions):
        if place and positions[place - 1] == position - 1:
            runs[-1] += texts[position]
        else:
            runs.append(texts[position])
    runs = [line for run in runs for line in run.split("\n") if line.strip()]
    runs = [run for run in runs if any(map(str.isalnum, run))] or runs
    return [clipped(run, _TOKEN_CHARACTERS) for run in runs]


def _ends_with(trace: Trace) -> str:
    if trace.answer.strip():
        return f"the final text begins “{clipped(trace.answer, _TEXT_CHARACTERS)}”"
    if trace.answers:
        return "the final text is empty"
    return "the run ended before its text was committed"
