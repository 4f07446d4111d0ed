"""What page, programs and command line say of a canvas: every form, the ways that it comes, every refusal."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import gradio as gr
import pytest

from tests.support.recorded import TINY_RUN, RecordedEngine
from visualizer.draft import Draft
from visualizer.errors import SettingsError, TraceError
from visualizer.model import TextTokens, fill_in, revise
from visualizer.page.answers import Answers
from visualizer.page.api import denoise_endpoint
from visualizer.prompts import load_prompts
from visualizer.request import Request, new_run_id
from visualizer.run import Runs, run_info
from visualizer.run.drafts import drafted, read_json
from visualizer.settings import Settings
from visualizer.trace import SelfConditioning, go_on, hold, throw_back, trace_of, write

SMALL = Settings(canvas_length=16, max_tokens=32, seed=6)


@pytest.fixture(scope="module")
def tokens(card):
    return TextTokens(card.folder, card.stop_ids)


@pytest.fixture(scope="module")
def trace(card):
    """A recording of two positions, which end as the ids 1 and 2."""
    return trace_of(run_info(card, "hello", SMALL), TINY_RUN)


@pytest.fixture(scope="module")
def read(card, trace):
    """The draft of what is asked."""

    def open_trace(name):
        if name != "run":
            raise TraceError("There is no such run.")
        return trace

    def read_draft(asked, settings=SMALL):
        return drafted(Request(new_run_id(), "hello", settings), asked, card, open_trace).draft

    return read_draft


def test_a_template_and_a_revision_are_read(read, tokens):
    assert read({"template": "The sky ____{2}."}) == fill_in("The sky ____{2}.", tokens)
    assert read({"revise": "The sky is blue.", "strength": 0.25}) == revise("The sky is blue.", 0.25, 6, tokens)
    assert read({"revise": "The sky is blue."}) == revise("The sky is blue.", 0.5, 6, tokens)


def test_what_is_done_to_a_recording_is_read(read, trace, tokens):
    first = {"from": "run", "places": [[0, 1]]}
    assert read(first | {"do": "hold"}) == hold(trace, 2, [0])
    assert read(first | {"do": "throw back", "state": 1}) == throw_back(trace, 1, [0])
    assert read(first | {"do": "write", "text": "sky"}) == write(trace, 2, [0], tokens.ids("sky"))
    assert read({"from": "run", "do": "go on", "state": 1, "self_conditioning": "none"}) == go_on(
        trace, 1, [], SelfConditioning.NONE
    )


def test_tokens_are_read_as_they_are(read):
    assert read({"pinned": {"3": 7}}) == Draft({3: 7})


REFUSED = {
    "no object": ([], "A draft is an object"),
    "an unknown key": ({"template": "____", "strength": 1}, "A draft with template has no 'strength'"),
    "a template that is no text": ({"template": 7}, "The template of a draft is a text"),
    "a strength that is no number": ({"revise": "sky", "strength": "all"}, "The strength of a draft is a number"),
    "longer than the canvas": ({"template": "sky ____{40}."}, "pins 42 tokens .* budget is 32"),
    "a hole of zero": ({"template": "sky ____{0}"}, "at least one token"),
    "an unknown token": ({"pinned": {"0": 99999}}, "the token id 99,999"),
    "no such recording": ({"from": "gone", "do": "hold", "places": [[0, 1]]}, "no such run"),
    "no such state": ({"from": "run", "do": "hold", "places": [[0, 1]], "state": 3}, "states 0 to 2, and not 3"),
    "nothing to do": ({"from": "run"}, "What is done to a recording"),
    "an unknown conditioning": ({"from": "run", "do": "go on", "self_conditioning": "all"}, "Self-conditioning is"),
    "an empty stretch": ({"from": "run", "do": "hold", "places": [[1, 1]]}, "Places are a list of stretches"),
    "places that are none": ({"from": "run", "do": "hold", "places": 3}, "Places are a list of stretches"),
    "a memory full of places": ({"from": "run", "do": "hold", "places": [[0, 200_000]] * 10_000}, "overlap"),
    "places twice": ({"from": "run", "do": "hold", "places": [[0, 2], [1, 2]]}, "The stretches of places overlap"),
    "no place": ({"from": "run", "do": "hold"}, "Choose at least one position"),
    "a text that does not fit": (
        {"from": "run", "do": "write", "places": [[0, 1]], "text": "The sky"}, "takes 3 positions, and 1 are chosen"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_draft_of_this_run_is_refused_in_a_sentence(read, asked, sentence):
    with pytest.raises((SettingsError, TraceError), match=sentence) as caught:
        read(asked)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_nobody_knows_where_text_stands_after_a_thought(read):
    with pytest.raises(SettingsError, match="thinking do not go together"):
        read({"template": "sky ____"}, SMALL.changed(think=True))


def test_tokens_of_another_vocabulary_are_not_taken(card, trace):
    other = replace(trace, info=replace(trace.info, fingerprint="another", checkpoint="another"))
    request = Request(new_run_id(), "hello", SMALL)
    with pytest.raises(SettingsError, match="made by another and not by pocket"):
        drafted(request, {"from": "x", "do": "hold", "places": [[0, 1]]}, card, lambda name: other)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, 7])
def test_what_is_no_json_is_no_draft(text):
    with pytest.raises(SettingsError, match="A draft is JSON"):
        read_json(text)


def test_a_program_writes_on_the_canvas_and_then_on_that_of_its_run():
    runs = Runs(RecordedEngine(TINY_RUN))

    async def told(draft):
        steps = denoise_endpoint(runs)("hello", gr.Request(session_hash="abc"), 32, 16, seed=6, draft=json.dumps(draft))
        return [step["run"] async for _, step in steps][-1]

    first = asyncio.run(told({"pinned": {"3": 7}}))
    assert runs.trace(first).info.draft == Draft({3: 7})
    second = asyncio.run(told({"from": first, "do": "throw back", "places": [[0, 1]]}))
    assert dict(runs.trace(second).info.draft.pinned) == {1: 2}
    with pytest.raises(gr.Error, match="The draft is longer than the canvas"):
        asyncio.run(told({"seeded": {"32": 7}}))


def test_the_page_writes_on_the_canvas_of_a_run():
    answers = Answers(RecordedEngine(TINY_RUN), load_prompts())

    async def asked(**wish):
        whole = {"do": "denoise", "prompt": "hello", "id": new_run_id(), "knobs": {"seed": 6}} | wish
        return [json.loads(message) async for message in answers.stream(json.dumps(whole))]

    first, second = new_run_id(), new_run_id()
    asyncio.run(asked(id=first))
    asyncio.run(asked(id=second, draft={"from": first, "do": "hold", "places": [[1, 2]]}))
    assert answers.trace(second).info.draft.origin == "held 1 position of the end of block 1, seed 6"
    (notice,) = asyncio.run(asked(draft={"from": first, "do": "hold", "places": [[2, 3]]}))
    assert notice["text"] == "Nothing stands at position 3 of this canvas."
