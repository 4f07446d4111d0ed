"""The endpoint `/denoise` through gradio_client, as a program uses it."""

from __future__ import annotations

import json
import re
import urllib.request

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.support.browser import open_page, served_app
from training.corpus import FAMILIES
from visualizer.page.api import MASK
from visualizer.prompts import load_prompts
from visualizer.trace import load_trace

PROMPT = "Why is the sky blue? Answer in exactly three sentences."
LONG = {"max_steps": 512, "entropy_bound": 0, "canvas_length": 128}
"""One position is accepted at a step, and steps are many: no run ends before it is stopped."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("empty-home")


@pytest.fixture(scope="module")
def address(home):
    with served_app(home=home) as served:
        yield served


@pytest.fixture(scope="module")
def client(address):
    return Client(address, verbose=False)


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
    steps = [
        [(text, step["cells"], step["seed"]) for text, step in job.outputs() if step["phase"] != "waiting"]
        for job in (first, second)
    ]
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


def first_step(job):
    """What a job has told by the time that its run has a step."""
    for text, step in job:
        if step["phase"] == "step":
            return text, step
    raise AssertionError("The run had no step.")


def page_of(browser, address):
    page = open_page(browser)
    page.goto(address)
    page.wait_for_function("() => document.querySelector('#player .player-root')?.dataset.run")
    return page


def test_a_page_behind_a_program_is_told_its_place_and_both_runs_can_be_opened(client, browser, address):
    job = client.submit(PROMPT, api_name="/denoise", **LONG)
    _, step = first_step(job)
    page = page_of(browser, address)
    page.click("#card-why")
    page.wait_for_function("() => document.querySelector('#place').textContent !== ''")
    assert page.text_content("#place").startswith("Waiting: one run is before yours")
    job.cancel()
    own = page.evaluate("() => window.denoiseLibrary.running()")
    page.wait_for_selector(f"#player .player-root[data-run='{own}'][data-state=stop]", timeout=120_000)
    page.evaluate(f"() => window.denoiseLibrary.open('{step['run']}')")
    page.wait_for_selector(f"#player .player-root[data-run='{step['run']}']", timeout=30_000)
    page.close()


def test_a_page_says_what_a_run_waits_for(browser, address):
    page = page_of(browser, address)
    told = {}
    for message in (
        {"k": "waiting", "run": "a", "place": 1},
        {"k": "waiting", "run": "a", "place": 2, "block_seconds": 17.4},
        {"k": "waiting", "run": "a", "place": 1, "block_seconds": 0.3},
        {"k": "loading", "run": "a", "text": "Loading 15.4 GB, 42 %…"},
        {"k": "end", "run": "a", "reason": "stopped"},
    ):
        page.evaluate("(message) => window.denoiseLibrary.receive(`1 ${JSON.stringify(message)}`)", message)
        told[str(message)] = page.text_content("#place")
    assert list(told.values()) == [
        "Waiting: one run is before yours.",
        "Waiting: 2 runs are before yours, about 17 s a block.",
        "Waiting: one run is before yours.",
        "Loading 15.4 GB, 42 %…",
        "",
    ]
    page.close()


def test_a_program_behind_a_page_is_told_its_place(client, browser, address):
    page = page_of(browser, address)
    page.click("#knobs summary")
    for name, value in LONG.items():
        page.fill(f"#knobs [name={name}]", str(value))
    page.fill("#prompt textarea", PROMPT)
    page.click("#denoise")
    page.wait_for_selector("#player .player-root[data-state=running]")
    job = client.submit(PROMPT, api_name="/denoise", max_steps=4)
    _, waiting = next(iter(job))
    assert (waiting["phase"], waiting["place"]) == ("waiting", 1)
    page.click("#stop")
    assert job.result()[1]["run"] == waiting["run"]
    page.close()


def test_a_program_that_closes_its_connection_stops_its_run(client, address, home):
    body = json.dumps({"data": [PROMPT, 128, 128, 512, None, 0, None, 1, None, None, None]}).encode()
    asked = urllib.request.Request(
        f"{address}/gradio_api/call/denoise", data=body, headers={"Content-Type": "application/json"}
    )
    event = json.load(urllib.request.urlopen(asked, timeout=60))["event_id"]
    listening = urllib.request.urlopen(f"{address}/gradio_api/call/denoise/{event}", timeout=60)
    told = ""
    while '"phase": "step"' not in told:
        told = listening.readline().decode()
    run_id = re.search(r'"run": "([0-9a-f]{32})"', told)[1]
    listening.close()
    assert client.predict(PROMPT, max_steps=2, api_name="/denoise")[1]["step"] == 2
    trace = load_trace(home / ".cache" / "diffusiongemma-visualizer" / "runs" / f"{run_id}.jsonl.gz")
    assert trace.ended == "stopped"
    assert trace.states[-1].step < 512
