"""The controls beside the player: the prompt, Denoise and Stop, the demo cards and the knobs.

Cards and buttons only fill the form and change one hidden field, whose change starts what is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import gradio as gr
from gradio.events import Dependency

from visualizer.model import CheckpointCard
from visualizer.prompts import Prompt
from visualizer.run import Gallery
from visualizer.settings import MAX_SEED, Sampler

_CLIENT_ONLY = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_ASK = """(prompt, budget) => {
  document.getElementById('player').scrollIntoView({behavior: 'smooth', block: 'nearest'});
  return [prompt, budget, window.denoiseLibrary.denoise()];
}"""


class Controls:
    """The form. prompt and knobs, the token budget first, are what a run takes, in the order of `Library.stream`."""

    def __init__(self, card: CheckpointCard, prompts: tuple[Prompt, ...], gallery: Gallery) -> None:
        self._prompts = prompts
        self._gallery = gallery
        self.prompt = gr.Textbox(label="Prompt", placeholder="Ask for something with a shape…", lines=3, max_lines=10,
                                 elem_id="prompt")  # fmt: skip
        with gr.Row(elem_id="actions"):
            self._denoise = gr.Button("Denoise", variant="primary", elem_id="denoise", min_width=120)
            self._stop = gr.Button("Stop", elem_id="stop", min_width=80)
        gr.HTML("<p id='place' role='status'></p>", elem_id="waiting", apply_default_css=False, js_on_load=None)
        with gr.Column(elem_id="cards"):
            self._cards = [_card(prompt, gallery.id_of(prompt)) for prompt in prompts]
        self.knobs = _knobs(card)

    @property
    def following(self) -> list[gr.Component]:
        """The knobs that take a checkpoint's own defaults, see `defaults_of`: all but the seed."""
        return self.knobs[:-1]

    def wire(self, asked: gr.Textbox, shown: gr.Textbox, run: Dependency, stop: Callable[[str], None]) -> None:
        """Connect it. asked: the hidden field whose change is `run`; shown: the id of the run on show, which `stop`
        takes."""
        form = [self.prompt, self.knobs[0], asked]
        for ask in (self._denoise.click, self.prompt.submit):
            ask(None, form[:2], form, js=_ASK, cancels=run, **_CLIENT_ONLY)
        for (card, replay), prompt in zip(self._cards, self._prompts, strict=True):
            fill = f"() => ({_ASK})({json.dumps(prompt.text)}, {prompt.budget})"
            card.click(None, None, form, js=fill, cancels=run, **_CLIENT_ONLY)
            if replay is not None:
                reopen = f"() => window.denoiseLibrary.open({json.dumps(self._gallery.id_of(prompt))})"
                replay.click(None, None, asked, js=reopen, cancels=run, **_CLIENT_ONLY)
        self._stop.click(stop, shown, None, js="() => window.denoiseLibrary.running()", queue=False,
                         show_progress="hidden", api_visibility="private")  # fmt: skip


def defaults_of(card: CheckpointCard) -> list[dict]:
    """Updates of `Controls.following` to the checkpoint's own defaults."""
    defaults = card.defaults
    return [
        gr.update(value=defaults.max_tokens),
        gr.update(value=defaults.canvas_length, minimum=min(32, card.canvas_length), maximum=card.canvas_length),
        gr.update(value=defaults.max_steps),
        gr.update(value=str(defaults.sampler)),
        gr.update(value=defaults.entropy_bound),
        gr.update(value=defaults.temperature),
    ]


def _card(prompt: Prompt, recording: str | None) -> tuple[gr.Button, gr.Button | None]:
    """A prompt's card, and the quiet button in its corner that plays its recording instead, where there is one."""
    with gr.Row(elem_classes="card-row"):
        card = gr.Button(f"{prompt.title}\n{prompt.watch}", elem_id=f"card-{prompt.id}", elem_classes="card")
        if recording is None:
            return card, None
        replay = gr.Button("▸ recording", elem_id=f"recording-{prompt.id}", elem_classes="replay", size="sm", scale=0)
        return card, replay


def _knobs(card: CheckpointCard) -> list[gr.Component]:
    """The token budget and the other knobs, the seed last."""
    defaults = card.defaults
    with gr.Accordion("Knobs", open=False, elem_id="knobs"):
        return [
            gr.Slider(16, 2048, defaults.max_tokens, step=16, label="Token budget", info="Answer tokens at most."),
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
