"""The page: a prompt box, demo cards, knobs and the player, wired to one engine.

The page never imports MLX. What is shown is a stream of compact messages (visualizer/library.py); the browser draws
them (`assets/player/`).
"""

from __future__ import annotations

import html
import json
from pathlib import Path

import gradio as gr

from visualizer.api import denoise_endpoint
from visualizer.checkpoint import CheckpointCard
from visualizer.chooser import Chooser, build_chooser, wire_chooser
from visualizer.engine import Engine
from visualizer.export_panel import ExportPanel
from visualizer.library import LIBRARY_GLUE, Library, LibraryPanel
from visualizer.prompts import Prompt
from visualizer.recordings import RECORDINGS_FOLDER
from visualizer.settings import MAX_SEED, Sampler
from visualizer.styles import library_script, page_css, player_bundle

TITLE = "Watch a diffusion language model think"
_QUEUE_LENGTH = 16
_KEEP_DOWNLOADS = (600, 3600)
"""Every ten minutes files that were offered for download an hour ago are deleted."""
_ONE_RUN_AT_A_TIME = {"concurrency_limit": 1, "concurrency_id": "engine"}
_WATCHERS = 64
"""Pages that follow a run at once; runs themselves take turns (visualizer/runs.py)."""
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
_ASK = """(prompt, budget) => {
  document.getElementById('player').scrollIntoView({behavior: 'smooth', block: 'nearest'});
  return [prompt, budget, window.denoiseLibrary.denoise()];
}"""
_FIRST = """async () => {
  while (!window.denoiseLibrary) await new Promise((later) => setTimeout(later, 10));
  return window.denoiseLibrary.first();
}"""
"""The player may be mounted after the page has loaded."""


def build_page(
    engine: Engine, prompts: tuple[Prompt, ...], chooser: Chooser | None = None, runs_folder: Path | None = None,
    recordings: Path = RECORDINGS_FOLDER,
) -> gr.Blocks:  # fmt: skip
    """The whole page on one engine; without a chooser the page keeps the engine's checkpoint.

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
                prompt_box = gr.Textbox(label="Prompt", placeholder="Ask for something with a shape…", lines=3,
                                        max_lines=10, elem_id="prompt")  # fmt: skip
                with gr.Row(elem_id="actions"):
                    denoise_button = gr.Button("Denoise", variant="primary", elem_id="denoise", min_width=120)
                    stop_button = gr.Button("Stop", elem_id="stop", min_width=80)
                gr.HTML("<p id='place' role='status'></p>", elem_id="waiting", apply_default_css=False, js_on_load=None)
                with gr.Column(elem_id="cards"):
                    cards = [_card(prompt, library.gallery.id_of(prompt)) for prompt in prompts]
                budget, other_knobs = _knobs(engine.card)
                picker = build_chooser(engine.card) if chooser else None
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
            library.stream, [asked, prompt_box, budget, *other_knobs], player, trigger_mode="multiple",
            show_progress="hidden", api_visibility="private", concurrency_limit=_WATCHERS,
        )  # fmt: skip
        page.load(None, None, asked, js=_FIRST, **_CLIENT_ONLY)
        ask_button.click(None, None, asked, js="() => window.denoiseLibrary.asked()", cancels=run, **_CLIENT_ONLY)
        noted = note_shown.click(None, None, shown, js="() => window.denoiseLibrary.shown()", **_CLIENT_ONLY)
        panel.wire(asked, shown)
        export_panel.wire(shown, noted)
        form = [prompt_box, budget, asked]
        for ask in (denoise_button.click, prompt_box.submit):
            ask(None, [prompt_box, budget], form, js=_ASK, cancels=run, **_CLIENT_ONLY)
        for (card, replay), prompt in zip(cards, prompts, strict=True):
            fill = f"() => ({_ASK})({json.dumps(prompt.text)}, {prompt.budget})"
            card.click(None, None, form, js=fill, cancels=run, **_CLIENT_ONLY)
            if replay is not None:
                reopen = f"() => window.denoiseLibrary.open({json.dumps(library.gallery.id_of(prompt))})"
                replay.click(None, None, asked, js=reopen, cancels=run, **_CLIENT_ONLY)
        stop_button.click(library.runs.stop, shown, None, js="() => window.denoiseLibrary.running()", queue=False,
                          show_progress="hidden", api_visibility="private")  # fmt: skip
        theme_button.click(None, None, None, js=_TOGGLE_THEME, **_CLIENT_ONLY)
        if chooser and picker:
            *following, _seed = other_knobs
            wire_chooser(page, chooser, picker, [headline, budget, *following], _show_card)
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


def _card(prompt: Prompt, recording: str | None) -> tuple[gr.Button, gr.Button | None]:
    """A prompt's card, and the quiet button in its corner that plays its recording instead, where there is one."""
    with gr.Row(elem_classes="card-row"):
        card = gr.Button(f"{prompt.title}\n{prompt.watch}", elem_id=f"card-{prompt.id}", elem_classes="card")
        if recording is None:
            return card, None
        replay = gr.Button("▸ recording", elem_id=f"recording-{prompt.id}", elem_classes="replay", size="sm", scale=0)
        return card, replay


def _knobs(card: CheckpointCard) -> tuple[gr.Component, list[gr.Component]]:
    """The token budget and the other knobs, in the order of `Library.stream`."""
    defaults = card.defaults
    with gr.Accordion("Knobs", open=False, elem_id="knobs"):
        budget = gr.Slider(16, 2048, defaults.max_tokens, step=16, label="Token budget", info="Answer tokens at most.")
        return budget, [
            gr.Slider(min(32, card.canvas_length), card.canvas_length, defaults.canvas_length, step=32,
                      label="Canvas length", info="Positions denoised together, as one block."),
            gr.Slider(1, 96, defaults.max_steps, step=1, label="Steps", info="Denoising steps of a block at most."),
            gr.Radio([str(sampler) for sampler in Sampler], value=str(defaults.sampler), label="Sampler"),
            gr.Slider(0, 2, defaults.entropy_bound, step=0.001, label="Entropy bound",
                      info="Nats a step may accept at once (entropy-bound sampler)."),
            gr.Slider(0, 2, defaults.temperature, step=0.05, label="Temperature",
                      info="0 takes the most probable token; above, tokens are sampled."),
            gr.Number(None, precision=0, minimum=0, maximum=MAX_SEED, label="Seed",
                      info="Empty draws a random one, shown after the run.", placeholder="random", elem_id="seed"),
        ]  # fmt: skip


def _show_card(card: CheckpointCard) -> list[dict]:
    """Updates of the headline and of the knobs but the seed, to the checkpoint's own defaults."""
    defaults = card.defaults
    return [
        gr.update(value=_masthead(card)),
        gr.update(value=defaults.max_tokens),
        gr.update(value=defaults.canvas_length, minimum=min(32, card.canvas_length), maximum=card.canvas_length),
        gr.update(value=defaults.max_steps),
        gr.update(value=str(defaults.sampler)),
        gr.update(value=defaults.entropy_bound),
        gr.update(value=defaults.temperature),
    ]


def _masthead(card: CheckpointCard) -> str:
    return (
        f"<h1>{TITLE}</h1>"
        "<p>Ordinary language models type. This one starts from a canvas of random tokens and, step by step, keeps "
        "what it is sure of, in any order, and throws the rest back to noise. "
        f"<span id='checkpoint-name'>Checkpoint: {html.escape(card.name)}.</span></p>"
    )


def _player_script() -> str:
    return player_bundle()[0] + library_script() + LIBRARY_GLUE


