"""The page: a form, the player and what stands beside it, wired to one engine.

The page never imports MLX. What is shown is a stream of compact messages (visualizer/page/answers.py); the browser
draws them (`assets/player/`).
"""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import gradio as gr
from gradio.events import api

from visualizer.bundled import POCKET_FOLDER, RECORDINGS_FOLDER
from visualizer.hub import Checkpoints
from visualizer.model import CheckpointCard
from visualizer.page.answers import Answers
from visualizer.page.api import denoise_endpoint
from visualizer.page.checkpoint_panel import CheckpointPanel
from visualizer.page.export_panel import ExportPanel
from visualizer.page.form import build_form, limits_of
from visualizer.page.library_panel import LibraryPanel
from visualizer.page.listeners import AT_ONCE, QUIET
from visualizer.page.styles import library_script, page_css
from visualizer.page.wishes import wish_number
from visualizer.player import player_bundle
from visualizer.prompts import Prompt
from visualizer.run import Engine

TITLE = "Watch a diffusion language model think"
_POCKET_LIMITS = ". Tiny, it knows the prompts below and the like"
_KEEP_DOWNLOADS = (600, 3600)
"""Every ten minutes files that were offered for download an hour ago are deleted."""
_WATCHERS = 64
"""Pages, and programs, that follow a run at once; runs themselves take turns (visualizer/run/runs.py)."""

_THEME_SCRIPT = """<script>
(() => {
  const asked = new URLSearchParams(location.search).get('__theme');
  const theme = asked || localStorage.getItem('theme');
  document.documentElement.dataset.theme = ['light', 'safe'].includes(theme) ? theme : 'dark';
})();
</script>"""
_TOGGLE_THEME = """() => {
  const root = document.documentElement;
  const next = {dark: 'light', light: 'safe', safe: 'dark'};
  root.dataset.theme = next[root.dataset.theme] ?? 'dark';
  localStorage.setItem('theme', root.dataset.theme);
}"""
_GLUE = """
const player = createPlayer(element.querySelector('.player-root'), {
  write: (...edit) => library.write(...edit), parentOf: (run) => library.parentOf(run),
  undo: (run) => library.undo(run), influence: (...at) => library.askInfluence(...at),
});
const library = createLibrary(document, player);
window.denoiseLibrary = library;
watch('value', () => library.receive(props.value));
"""
"""What the player's component runs when it has been mounted."""
_FIRST = """async () => {
  while (!window.denoiseLibrary?.isWhole()) await new Promise((later) => setTimeout(later, 10));
  return window.denoiseLibrary.first();
}"""
"""The player and the hidden buttons may be mounted after the page has loaded."""


def build_page(
    engine: Engine, prompts: tuple[Prompt, ...], checkpoints: Checkpoints | None = None,
    runs_folder: Path | None = None, recordings: Path = RECORDINGS_FOLDER,
) -> gr.Blocks:  # fmt: skip
    """The whole page on one engine; without checkpoints to choose from the page keeps the engine's checkpoint.

    One event streams to the player: the change of a hidden field that says what is asked for, whole. Whatever is
    clicked changes that field, and first ends the stream of what was on show.
    runs_folder: where finished runs are kept; None keeps the last ones in memory. recordings: those of the gallery.
    """
    answers = Answers(engine, prompts, runs_folder, recordings)
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=_KEEP_DOWNLOADS)
    with page:
        with gr.Row(elem_id="masthead"):
            headline = gr.HTML(_masthead(engine.card), elem_id="headline", apply_default_css=False, js_on_load=None)
            theme_button = gr.Button("Dark / light / safe", elem_id="theme-toggle", size="sm", scale=0, min_width=150)
        with gr.Row(elem_id="stage"):
            with gr.Column(elem_id="controls", scale=0, min_width=320):
                form = build_form(engine.card, prompts, answers.gallery)
                picker = CheckpointPanel(engine, checkpoints) if checkpoints else None
            with gr.Column(elem_id="theatre", min_width=320):
                player = gr.HTML("", html_template='<div class="player-root"></div>', elem_id="player",
                                 apply_default_css=False, js_on_load=_player_script())  # fmt: skip
                panel = LibraryPanel(answers)
                export_panel = ExportPanel(answers.trace, answers.pair)
        asked = gr.Textbox(visible="hidden", elem_id="asked", show_label=False)
        shown = gr.Textbox(visible="hidden", elem_id="shown", show_label=False)
        ask = gr.Button(visible="hidden", elem_id="ask")
        halt = gr.Button(visible="hidden", elem_id="halt")
        note_shown = gr.Button(visible="hidden", elem_id="note-shown")
        run = asked.change(
            _streamer(answers), asked, player, trigger_mode="multiple", concurrency_limit=_WATCHERS, **QUIET
        )
        page.load(None, None, asked, js=_FIRST, **AT_ONCE)
        ask.click(None, None, asked, js="() => window.denoiseLibrary.asked()", cancels=run, trigger_mode="multiple",
                  **AT_ONCE)  # fmt: skip
        # Not in the queue: a stop may overtake the run that it stops.
        halt.click(answers.stop, shown, None, js="() => window.denoiseLibrary.stopping()", trigger_mode="multiple",
                   **AT_ONCE)  # fmt: skip
        noted = note_shown.click(None, None, shown, js="() => window.denoiseLibrary.shown()", **AT_ONCE)
        panel.wire(shown)
        export_panel.wire(shown, noted)
        theme_button.click(None, None, None, js=_TOGGLE_THEME, **AT_ONCE)
        if picker:
            picker.wire(page, [headline, form], _follow)
        api(denoise_endpoint(answers.runs), api_name="denoise", concurrency_limit=_WATCHERS)
    page.queue()
    return page


def page_head() -> str:
    """What the page's head carries: the theme, chosen before the first paint, and the stylesheet.

    As a style element, because Gradio rewrites the selectors of `launch(css=…)` and loses rules on the way.
    """
    return f"{_THEME_SCRIPT}<style>{page_css()}</style>"


def page_theme() -> gr.themes.Base:
    """Gradio's own parts in the colours of visualizer.theme."""
    colours = {
        "body_background_fill": "page",
        "body_text_color": "text",
        "body_text_color_subdued": "quiet",
        "background_fill_primary": "surface",
        "background_fill_secondary": "raised",
        "block_background_fill": "surface",
        "block_border_color": "line",
        "block_label_text_color": "quiet",
        "block_title_text_color": "quiet",
        "block_info_text_color": "quiet",
        "border_color_primary": "line",
        "border_color_accent": "accent",
        "color_accent_soft": "raised",
        "input_background_fill": "raised",
        "input_border_color": "line",
        "input_border_color_focus": "accent",
        "input_placeholder_color": "quiet",
        "slider_color": "accent",
        "checkbox_background_color_selected": "accent",
        "checkbox_border_color_selected": "accent",
        "button_primary_background_fill": "accent",
        "button_primary_background_fill_hover": "accent",
        "button_primary_text_color": "on-accent",
        "button_secondary_background_fill": "raised",
        "button_secondary_background_fill_hover": "line",
        "button_secondary_border_color": "line",
        "button_secondary_text_color": "text",
    }
    settable = {name: f"var(--c-{colour})" for name, colour in colours.items()}
    theme = gr.themes.Base(font=["Inter", "system-ui", "sans-serif"], font_mono=["JetBrains Mono", "monospace"])
    return theme.set(**settable, **{f"{name}_dark": value for name, value in settable.items()})


def _streamer(answers: Answers) -> Callable[..., AsyncIterator[str]]:
    """The function that answers the hidden field, which tells pages apart. Each message comes after the number of what
    it answers and a space: what was asked for before may be heard a little longer, and is not listened to."""

    async def stream(asked: str | None, request: gr.Request) -> AsyncIterator[str]:
        number = wish_number(asked)
        async with aclosing(answers.stream(asked, request.session_hash)) as messages:
            async for message in messages:
                yield f"{number} {message}"

    return stream


def _follow(card: CheckpointCard) -> list[dict[str, object]]:
    """Updates of the headline and of the form, which follow the checkpoint."""
    return [gr.update(value=_masthead(card)), gr.update(value=limits_of(card))]


def _masthead(card: CheckpointCard) -> str:
    limits = _POCKET_LIMITS if card.folder == POCKET_FOLDER else ""
    return (
        "<a class='skip' href='#player'>To the canvas</a>"
        f"<h1>{TITLE}</h1>"
        "<p><span class='at-length'>Ordinary language models type. </span>"
        "This one starts from a canvas of random tokens and"
        "<span class='at-length'>, step by step,</span> keeps what it is sure of, in any order"
        "<span class='at-length'>, and throws the rest back to noise</span>. "
        f"<span id='checkpoint-name'>Checkpoint: {html.escape(card.name)}{limits}.</span></p>"
    )


def _player_script() -> str:
    return player_bundle(with_hand=True)[0] + library_script() + _GLUE
