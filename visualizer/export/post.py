"""What one pastes into a post: the picture or film with a poster, and a sentence that says what it shows."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

from visualizer.measure import clipped
from visualizer.trace import Part, Phase, Trace, Writing, settled_steps, trace_parts

_PROMPT_CHARACTERS = 120
_SYSTEM_CHARACTERS = 60
_TEXT_CHARACTERS = 100
_TOKEN_CHARACTERS = 24
_TOKENS = 4
_ASKED = {
    Writing.DENOISED: "A diffusion language model answers “{}”",
    Writing.TYPED: "A language model types its answer to “{}”",
    Writing.DRAWN: "A diffusion language model’s answer to “{}”, drawn as if it had been typed",
}
_FLUID_STYLE = "max-width:100%;height:auto"
_FRAME_STYLE = "width:100%;height:min(900px,90vh);border:0"
_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>&~|#!$@])")


def alt_text(trace: Trace) -> str:
    """The run in one sentence: its prompt, what landed first, how the text begins."""
    asked = _ASKED[trace.info.writing].format(clipped(trace.info.prompt, _PROMPT_CHARACTERS))
    if trace.info.settings.system:
        asked += f" under the system prompt “{clipped(trace.info.settings.system, _SYSTEM_CHARACTERS)}”"
    if not any(state.phase is Phase.STEP for state in trace.states):
        return f"{asked}, but the run ended before its first {trace.info.writing.unit}."
    return f"{asked}: {_landed_first(trace)}, and {_ends_with(trace)}."


def markdown_snippet(words: str, file_name: str, poster_name: str | None = None) -> str:
    """Markdown that shows a GIF, WebP or PNG. What Markdown cannot show is linked: a film by its poster, a page by its
    words.

    words: the alternative text.
    """
    alt = _MARKDOWN_SIGNS.sub(r"\\\1", words)
    if file_name.endswith(".html"):
        return f"[{alt}]({quote(file_name)})"
    if poster_name is None:
        return f"![{alt}]({quote(file_name)})"
    return f"[![{alt}]({quote(poster_name)})]({quote(file_name)})"


def html_snippet(words: str, file_name: str, size: tuple[int, int] | None, poster_name: str | None = None) -> str:
    """HTML that shows a picture, with a poster a silent looping film, without a size a page: never wider than the
    column that it stands in, and there in its own ratio before it is loaded.

    words: the alternative text. size: width and height in CSS pixels.
    """
    alt, name = html.escape(words), html.escape(quote(file_name))
    if size is None:
        return f'<iframe src="{name}" title="{alt}" loading="lazy" allow="fullscreen" style="{_FRAME_STYLE}"></iframe>'
    measures = f'width="{size[0]}" height="{size[1]}" style="{_FLUID_STYLE}"'
    if poster_name is None:
        return f'<img src="{name}" alt="{alt}" {measures}>'
    poster = html.escape(quote(poster_name))
    return (
        f'<video autoplay loop muted playsinline controls poster="{poster}" aria-label="{alt}" {measures}>\n'
        f'  <source src="{name}" type="video/mp4">\n'
        f'  <img src="{poster}" alt="{alt}" {measures}>\n'
        "</video>"
    )


def _landed_first(trace: Trace) -> str:
    """Which tokens of the first block's answer stood first for good; of a typed one there is nothing to tell."""
    if trace.info.writing is not Writing.DENOISED:
        return "one token a forward pass, from left to right"
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
