"""The page: a prompt box, demo cards, knobs and the player, wired to one engine.

The page never imports MLX. What is shown is a stream of compact messages (visualizer/page/library.py); the browser
draws them (`assets/player/`).
"""

from __future__ import annotations

import html
from pathlib import Path

import gradio as gr

from visualizer.bundled import POCKET_FOLDER, RECORDINGS_FOLDER
from visualizer.hub import Checkpoints
from visualizer.model import CheckpointCard
from visualizer.page.api import denoise_endpoint
from visualizer.page.checkpoint_panel import CheckpointPanel
from visualizer.page.controls import Controls, defaults_of
from visualizer.page.export_panel import ExportPanel
from visualizer.page.library import LIBRARY_GLUE, Library, LibraryPanel
from visualizer.player import library_script, page_css, player_bundle
from visualizer.prompts import Prompt
from visualizer.run import Engine

TITLE = "Watch a diffusion language model think"
_POCKET_LIMITS = ". Tiny, it knows the prompts below and the like"
_QUEUE_LENGTH = 16
_KEEP_DOWNLOADS = (600, 3600)
"""Every ten minutes files that were offered for download an hour ago are deleted."""
_ONE_RUN_AT_A_TIME = {"concurrency_limit": 1, "concurrency_id": "engine"}
_WATCHERS = 64
"""Pages that follow a run at once; runs themselves take turns (visualizer/run/runs.py)."""
_CLIENT_ONLY = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}

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
_FIRST = """async () => {
  while (!window.denoiseLibrary) await new Promise((later) => setTimeout(later, 10));
  return window.denoiseLibrary.first();
}"""
"""The player may be mounted after the page has loaded."""


def build_page(
    engine: Engine, prompts: tuple[Prompt, ...], checkpoints: Checkpoints | None = None,
    runs_folder: Path | None = None, recordings: Path = RECORDINGS_FOLDER,
) -> gr.Blocks:  # fmt: skip
    """The whole page on one engine; without checkpoints to choose from the page keeps the engine's checkpoint.

    One event streams to the player: the change of a hidden field that says what is asked for. Buttons and cards only
    fill the form and change that field, so that each of them first ends the stream of what was on show.
    runs_folder: where finished runs are kept; None keeps the last ones in memory. recordings: those of the gallery.
    """
    library = Library(engine, prompts, runs_folder, recordings)
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=_KEEP_DOWNLOADS) as page:
        with gr.Row(elem_id="masthead"):
            headline = gr.HTML(_masthead(engine.card), elem_id="headline", apply_default_css=False, js_on_load=None)
            theme_button = gr.Button("Dark / light / safe", elem_id="theme-toggle", size="sm", scale=0, min_width=150)
        with gr.Row(elem_id="stage"):
            with gr.Column(elem_id="controls", scale=0, min_width=320):
                controls = Controls(engine.card, prompts, library.gallery)
                picker = CheckpointPanel(engine, checkpoints) if checkpoints else None
            with gr.Column(elem_id="theatre", min_width=320):
                player = gr.HTML("", html_template='<div class="player-root"></div>', elem_id="player",
                                 apply_default_css=False, js_on_load=_player_script())  # fmt: skip
                panel = LibraryPanel(library)
                export_panel = ExportPanel(library.trace)
        asked = gr.Textbox(visible="hidden", elem_id="asked", show_label=False)
        shown = gr.Textbox(visible="hidden", elem_id="shown", show_label=False)
        ask_button = gr.Button(visible="hidden", elem_id="ask")
        note_shown = gr.Button(visible="hidden", elem_id="note-shown")
        run = asked.change(
            library.stream, [asked, controls.prompt, *controls.knobs], player, trigger_mode="multiple",
            show_progress="hidden", api_visibility="private", concurrency_limit=_WATCHERS,
        )  # fmt: skip
        page.load(None, None, asked, js=_FIRST, **_CLIENT_ONLY)
        ask_button.click(None, None, asked, js="() => window.denoiseLibrary.asked()", cancels=run, **_CLIENT_ONLY)
        noted = note_shown.click(None, None, shown, js="() => window.denoiseLibrary.shown()", **_CLIENT_ONLY)
        panel.wire(asked, shown)
        export_panel.wire(shown, noted)
        controls.wire(asked, shown, run, library.runs.stop)
        theme_button.click(None, None, None, js=_TOGGLE_THEME, **_CLIENT_ONLY)
        if picker:
            picker.wire(page, [headline, *controls.following], _show_card)
        gr.api(denoise_endpoint(engine), api_name="denoise", **_ONE_RUN_AT_A_TIME)
    page.queue(max_size=_QUEUE_LENGTH)
    return page


def page_head() -> str:
    """What the page's head carries: the theme, chosen before the first paint, and the stylesheet.

    As a style element, because Gradio rewrites the selectors of `launch(css=…)` and loses rules on the way.
    """
    return f"{_THEME_SCRIPT}<style>{page_css()}</style>"


def page_theme() -> gr.themes.Base:
    """Gradio's own parts in the colours of visualizer.theme."""
    fonts = {"font": ["Inter", "system-ui", "sans-serif"], "font_mono": ["JetBrains Mono", "ui-monospace", "monospace"]}
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
    return gr.themes.Base(**fonts).set(**settable, **{f"{name}_dark": value for name, value in settable.items()})


def _show_card(card: CheckpointCard) -> list[dict]:
    """Updates of the headline and of the knobs that follow the checkpoint."""
    return [gr.update(value=_masthead(card)), *defaults_of(card)]


def _masthead(card: CheckpointCard) -> str:
    limits = _POCKET_LIMITS if card.folder == POCKET_FOLDER else ""
    return (
        f"<h1>{TITLE}</h1>"
        "<p>Ordinary language models type. This one starts from a canvas of random tokens and, step by step, keeps "
        "what it is sure of, in any order, and throws the rest back to noise. "
        f"<span id='checkpoint-name'>Checkpoint: {html.escape(card.name)}{limits}.</span></p>"
    )


def _player_script() -> str:
    return player_bundle()[0] + library_script() + LIBRARY_GLUE
