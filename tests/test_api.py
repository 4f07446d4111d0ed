"""The endpoint `/denoise` through gradio_client, as a program uses it."""

from __future__ import annotations

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.support.browser import served_app
from training.corpus import FAMILIES
from visualizer.page.api import MASK
from visualizer.prompts import load_prompts


@pytest.fixture(scope="module")
def client():
    with served_app() as address:
        yield Client(address, verbose=False)


def test_a_prompt_alone_streams_frames_and_ends_with_the_answer(client):
    prompt = next(prompt for prompt in load_prompts() if prompt.id == "why").text
    job = client.submit(prompt, api_name="/denoise")
    while_running = [text for text, _ in job if not job.done()]
    text, step = job.result()
    assert sum(MASK in seen for seen in while_running) >= 3
    assert step["finish"] == "stop"
    assert "sky" in text.lower() or "blue" in text.lower()
    assert MASK not in text


def test_a_seed_known_to_be_good_gives_three_sentences(client):
    prompt = next(prompt for prompt in load_prompts() if prompt.id == "why").text
    text, _ = client.predict(prompt, seed=1, api_name="/denoise")
    assert FAMILIES["why"].violations(prompt, text) == []


def test_every_knob_is_an_option_and_the_seed_repeats_the_run(client):
    knobs = {"max_tokens": 64, "canvas_length": 64, "max_steps": 6, "sampler": "confidence-threshold",
             "entropy_bound": 0.2, "temperature": 0.5, "seed": 11}  # fmt: skip
    first, second = (
        client.submit("Why is the sea salty? Answer in exactly three sentences.", api_name="/denoise", **knobs)
        for _ in range(2)
    )
    first.result(), second.result()
    steps = [[(text, step["cells"], step["seed"]) for text, step in job.outputs()] for job in (first, second)]
    assert steps[0] == steps[1]
    assert len(steps[0]) <= 8
    assert steps[0][0][2] == 11


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        pytest.param({"prompt": "  "}, "The prompt is empty", id="blank prompt"),
        pytest.param({"canvas_length": 4096}, "The canvas length must be", id="canvas too long"),
        pytest.param({"canvas_length": 512}, "for this checkpoint", id="canvas longer than the checkpoint's"),
        pytest.param({"max_tokens": 0}, "The token budget must be", id="no budget"),
        pytest.param({"max_steps": "many"}, "The number of steps must be", id="steps as a word"),
        pytest.param({"sampler": "magic"}, 'The sampler must be "entropy-bound"', id="unknown sampler"),
        pytest.param({"temperature": -1}, "The temperature must be", id="negative temperature"),
        pytest.param({"seed": 1.5}, "The seed must be", id="half a seed"),
        pytest.param({"prompt": "word " * 5000}, "The prompt is too long", id="prompt beyond the context"),
        pytest.param({"prompt": "x" * 300_000}, "The prompt has 300,000 characters", id="prompt beyond reason"),
    ],
)
def test_bad_input_gets_one_sentence_and_the_app_stays_up(client, knobs, sentence):
    arguments = {"prompt": "Why is the sky blue? Answer in exactly three sentences."} | knobs
    with pytest.raises(AppError, match=sentence):
        client.predict(**arguments, api_name="/denoise")
