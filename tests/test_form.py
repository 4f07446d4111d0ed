"""The form: what it shows of the knobs, and of the checkpoint in use."""

import asyncio
import json
from dataclasses import replace

import gradio as gr
import pytest

from tests.support.recorded import TINY_RUN, GatedEngine, RecordedEngine
from visualizer.page.api import denoise_endpoint
from visualizer.page.form import build_form, limits_of
from visualizer.prompts import load_prompts
from visualizer.run import Gallery, Runs
from visualizer.run.child import Loading
from visualizer.settings import KNOBS, SET_BY_VISITORS, Settings

PROMPTS = load_prompts()


@pytest.fixture(scope="module")
def script(card):
    return build_form(card, PROMPTS, Gallery(PROMPTS)).js_on_load


def test_every_knob_that_visitors_set_has_one_field(script):
    for name in SET_BY_VISITORS:
        assert script.count(f'name=\\"{name}\\"') == 1, name
    assert not any(f'name=\\"{knob.name}\\"' in script for knob in KNOBS if not knob.about)


def test_every_knob_is_an_option_of_the_endpoint():
    endpoint = denoise_endpoint(Runs(RecordedEngine(TINY_RUN)))
    assert set(endpoint.__annotations__) - {"prompt", "request", "draft", "return"} == set(SET_BY_VISITORS)


def test_a_program_is_told_how_far_the_checkpoint_is_that_it_waits_for():
    engine = GatedEngine()
    engine.loading = Loading(6, 15)

    async def gather():
        steps = denoise_endpoint(Runs(engine))("hello", gr.Request(session_hash="abc"))
        _, first = await anext(steps)
        engine.let(3)
        return first, [step["phase"] async for _, step in steps]

    first, phases = asyncio.run(asyncio.wait_for(gather(), 60))
    assert {key: first[key] for key in ("phase", "done_bytes", "total_bytes")} == {
        "phase": "loading", "done_bytes": 6, "total_bytes": 15
    }  # fmt: skip
    assert phases == ["noise", "step", "commit"]


def test_every_demo_prompt_has_a_button_and_its_recording_another(script):
    for prompt in PROMPTS:
        assert f'data-demo=\\"{prompt.id}\\"' in script
        assert f'data-recording=\\"gallery-{prompt.id}\\"' in script


def test_a_prompt_that_looks_like_markup_or_code_stays_text(card, tmp_path):
    evil = replace(PROMPTS[0], title="</script><b>${alert(1)}", watch="{{x}}", text="</script>`${1}`")
    form = build_form(card, (evil,), Gallery((evil,), tmp_path))
    assert "</script>" not in form.js_on_load
    assert "&lt;/script>&lt;b>" not in form.js_on_load
    assert "\\u003cb>${" not in form.js_on_load
    assert form.html_template == '<div class="form-root"></div>'


def test_the_form_takes_over_the_checkpoints_defaults_and_its_longest_canvas(card):
    shorter = replace(card, canvas_length=64, defaults=Settings(canvas_length=64, max_tokens=48, seed=9))
    limits = json.loads(limits_of(shorter))
    assert limits["ranges"]["canvas_length"] == "8 to 64"
    assert limits["ranges"]["max_tokens"] == "1 to 8192"
    assert limits["defaults"]["max_tokens"] == 48
    assert limits["defaults"]["think"] is False
    assert not {"seed", "system"} & limits["defaults"].keys()
    assert set(limits["ranges"]) <= set(SET_BY_VISITORS)


def test_the_form_shows_only_what_the_checkpoints_template_knows(card):
    def unknown(**able):
        return json.loads(limits_of(replace(card, **able)))["unknown"]

    assert unknown() == ["think", "system"]
    assert unknown(thinks=True) == ["system"]
    assert unknown(takes_system=True) == ["think"]
    assert unknown(thinks=True, takes_system=True) == []
