"""The page: a prompt box, demo cards, knobs and the player, wired to one engine.

The page never imports MLX. A run is a generator of compact messages; the browser draws them (`assets/player/`).
"""

from __future__ import annotations

import html
import json
import logging
import secrets
from collections.abc import Iterator
from functools import partial

import gradio as gr

from visualizer.api import denoise_endpoint
from visualizer.checkpoint import CheckpointCard
from visualizer.engine import Engine, check_request
from visualizer.errors import VisualizerError
from visualizer.messages import MessageWriter, end_message, start_message
from visualizer.prompts import Prompt
from visualizer.settings import MAX_SEED, Sampler
from visualizer.styles import page_css, player_bundle

log = logging.getLogger(__name__)

TITLE = "Watch a diffusion language model think"
_QUEUE_LENGTH = 16
_ONE_RUN_AT_A_TIME = {"concurrency_limit": 1, "concurrency_id": "engine"}
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
_STOP = "() => window.dispatchEvent(new Event('denoise-stop'))"
_ASK = """(prompt, budget) => {
  document.getElementById('player').scrollIntoView({behavior: 'smooth', block: 'nearest'});
  return [prompt, budget, String(performance.now())];
}"""
_PLAYER_GLUE = """
const player = createPlayer(element.querySelector('.player-root'));
watch('value', () => player.receive(props.value));
window.addEventListener('denoise-stop', () => player.receive('{"k":"end","reason":"stopped"}'));
"""


def build_page(engine: Engine, prompts: tuple[Prompt, ...]) -> gr.Blocks:
    """The whole page on one engine.

    One event runs the model: the change of a hidden field. Buttons and cards only fill the form and change that field,
    so that each of them first cancels the run that is under way.
    """
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="masthead"):
            gr.HTML(_masthead(engine.card), elem_id="headline", apply_default_css=False, js_on_load=None)
            theme_button = gr.Button("Dark / light / safe", elem_id="theme-toggle", size="sm", scale=0, min_width=150)
        with gr.Row(elem_id="stage"):
            with gr.Column(elem_id="controls", scale=0, min_width=320):
                prompt_box = gr.Textbox(label="Prompt", placeholder="Ask for something with a shape…", lines=3,
                                        max_lines=10, elem_id="prompt")  # fmt: skip
                with gr.Row(elem_id="actions"):
                    denoise_button = gr.Button("Denoise", variant="primary", elem_id="denoise", min_width=120)
                    stop_button = gr.Button("Stop", elem_id="stop", min_width=80)
                waiting = gr.HTML("", elem_id="waiting", apply_default_css=False, js_on_load=None)
                with gr.Column(elem_id="cards"):
                    cards = [gr.Button(f"{prompt.title}\n{prompt.watch}", elem_id=f"card-{prompt.id}",
                                       elem_classes="card") for prompt in prompts]  # fmt: skip
                budget, other_knobs = _knobs(engine.card)
            with gr.Column(elem_id="theatre", min_width=320):
                player = gr.HTML("", html_template='<div class="player-root"></div>', elem_id="player",
                                 apply_default_css=False, js_on_load=_player_script())  # fmt: skip
        asked = gr.Textbox(visible="hidden", elem_id="asked", show_label=False)
        run = asked.change(
            partial(stream_messages, engine), [prompt_box, budget, *other_knobs], player,
            trigger_mode="multiple", show_progress="full", show_progress_on=waiting, api_visibility="private",
            **_ONE_RUN_AT_A_TIME,
        )  # fmt: skip
        form = [prompt_box, budget, asked]
        for ask in (denoise_button.click, prompt_box.submit):
            ask(None, [prompt_box, budget], form, js=_ASK, cancels=run, **_CLIENT_ONLY)
        for card, prompt in zip(cards, prompts, strict=True):
            fill = f"() => ({_ASK})({json.dumps(prompt.text)}, {prompt.budget})"
            card.click(None, None, form, js=fill, cancels=run, **_CLIENT_ONLY)
        stop_button.click(None, None, None, js=_STOP, cancels=run, **_CLIENT_ONLY)
        theme_button.click(None, None, None, js=_TOGGLE_THEME, **_CLIENT_ONLY)
        gr.api(denoise_endpoint(engine), api_name="denoise", **_ONE_RUN_AT_A_TIME)
    page.queue(max_size=_QUEUE_LENGTH)
    return page


def stream_messages(
    engine: Engine,
    prompt: str,
    max_tokens: float | None,
    canvas_length: float | None,
    max_steps: float | None,
    sampler: str | None,
    entropy_bound: float | None,
    temperature: float | None,
    seed: float | None,
) -> Iterator[str]:
    """The player's messages of one run, live; what goes wrong ends it with one sentence."""
    run = secrets.token_hex(4)
    try:
        settings = engine.card.defaults.changed(
            max_tokens=max_tokens, canvas_length=canvas_length, max_steps=max_steps, sampler=sampler,
            entropy_bound=entropy_bound, temperature=temperature, seed=seed,
        )  # fmt: skip
        check_request(engine.card, prompt, settings)
        yield start_message(run, prompt.strip(), engine.card.name, settings.to_dict())
        writer = MessageWriter(engine.card.vocab_size)
        finish = None
        for frame in engine.run(prompt, settings):
            finish = frame.state.finish
            yield writer.write(frame)
        yield end_message(run, finish.value if finish else "stopped")
    except VisualizerError as exc:
        yield end_message(run, "failed", str(exc))
    except Exception:
        log.exception("A run failed")
        yield end_message(run, "failed", "Something went wrong; the app's log says more.")


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


def _knobs(card: CheckpointCard) -> tuple[gr.Component, list[gr.Component]]:
    """The token budget and the other knobs, in the order of `stream_messages`."""
    defaults = card.defaults
    with gr.Accordion("Knobs", open=False, elem_id="knobs"):
        budget = gr.Slider(16, 2048, defaults.max_tokens, step=16, label="Token budget", info="Answer tokens at most.")
        return budget, [
            gr.Slider(min(32, card.canvas_length), card.canvas_length, defaults.canvas_length, step=32,
                      label="Canvas length", info="Positions denoised together, as one block."),
            gr.Slider(1, 96, defaults.max_steps, step=1, label="Steps", info="Denoising steps of a block at most."),
            gr.Radio([str(sampler) for sampler in Sampler], value=str(defaults.sampler), label="Sampler"),
            gr.Slider(0, 2, defaults.entropy_bound, step=0.01, label="Entropy bound",
                      info="Nats a step may accept at once (entropy-bound sampler)."),
            gr.Slider(0, 2, defaults.temperature, step=0.05, label="Temperature",
                      info="0 takes the most probable token; above, tokens are sampled."),
            gr.Number(None, precision=0, minimum=0, maximum=MAX_SEED, label="Seed",
                      info="Empty draws a random one, shown after the run.", placeholder="random", elem_id="seed"),
        ]  # fmt: skip


def _masthead(card: CheckpointCard) -> str:
    return (
        f"<h1>{TITLE}</h1>"
        "<p>Ordinary language models type. This one starts from a canvas of random tokens and, step by step, keeps "
        "what it is sure of, in any order, and throws the rest back to noise. "
        f"<span id='checkpoint-name'>Checkpoint: {html.escape(card.name)}.</span></p>"
    )


def _player_script() -> str:
    return player_bundle()[0] + _PLAYER_GLUE


