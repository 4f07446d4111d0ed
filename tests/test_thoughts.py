"""A thought is apart from the answer wherever a run is read: by programs, in tables, in the words about a picture."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import logging

import gradio as gr
import pytest

import visualizer.model.denoise as denoise_module
from tests.support.canvas_samples import tiny_state
from tests.support.real_checkpoint import (
    CANVASES,
    OLDER_TEMPLATE,
    SKY,
    TEMPLATE,
    THOUGHT,
    written,
    written_trace,
)
from tests.support.recorded import RecordedEngine
from visualizer.export.post import alt_text
from visualizer.export.tables import csv_text, json_text
from visualizer.page.api import denoise_endpoint
from visualizer.player import MessageWriter
from visualizer.run import Runs
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace import Part, Phase, load_trace, save_trace, trace_parts

OPENING_TEMPLATE = TEMPLATE.replace("<|turn>model\n", "<|turn>model\n<|channel>thought\n")
EXPECTED = {
    "an empty thought": (SKY, None),
    "a filled thought": (SKY, THOUGHT),
    "a thought as plain text": (SKY, THOUGHT),
    "no thought": (SKY, None),
}


def told(real, run, runs=None, **knobs):
    """What the endpoint yields of a run's frames."""

    async def gather():
        endpoint = denoise_endpoint(runs or Runs(RecordedEngine(run, card=real.card)))
        return [(text, step) async for text, step in endpoint("hello", gr.Request(session_hash="abc"), **knobs)]

    return asyncio.run(asyncio.wait_for(gather(), 60))


def test_a_program_asks_for_a_thought_and_gives_a_system_prompt_and_the_recording_says_so(real, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    run = written(real, CANVASES["a filled thought"])
    runs = Runs(RecordedEngine(run, card=real.card))
    *_, (_, step) = told(real, run, runs, think=True, system=" Be brief. ")
    save_trace(runs.trace(step["run"]), tmp_path / "run.jsonl")
    settings = load_trace(tmp_path / "run.jsonl").info.settings
    assert (settings.think, settings.system) == (True, "Be brief.")
    assert "think True" in caplog.text and "brief" not in caplog.text


@pytest.mark.parametrize("knobs", [{"think": True}, {"system": "Be brief."}])
def test_a_program_is_told_what_the_pocket_cannot_be_asked_for(real, knobs):
    with pytest.raises(gr.Error, match="its chat template"):
        told(real, [], Runs(RecordedEngine([])), **knobs)


@pytest.mark.parametrize("label", EXPECTED)
def test_a_program_gets_answer_and_thought_apart(real, label):
    answer, thought = EXPECTED[label]
    *_, (all_accepted, _), (text, step) = told(real, written(real, CANVASES[label]))
    assert (all_accepted, text) == (answer, answer)
    assert step["thought"] == thought


def test_a_program_reads_no_thought_that_the_prompt_has_opened(real, monkeypatch):
    monkeypatch.setattr(real.tokenizer, "chat_template", OPENING_TEMPLATE)
    *_, (all_accepted, before), (text, step) = told(real, written(real, f"{THOUGHT}\n<channel|>{SKY}"))
    assert (all_accepted, text) == (SKY, SKY)
    assert (before["thought"], step["thought"]) == (None, THOUGHT)


def test_the_browser_is_told_of_a_thought_that_the_prompt_has_opened(real, monkeypatch):
    monkeypatch.setattr(real.tokenizer, "chat_template", OPENING_TEMPLATE)
    run = written(real, THOUGHT)
    writer = MessageWriter(real.card.vocab_size)
    stretches = [json.loads(writer.write(frame)).get("r") for frame in run]
    assert stretches[1][0][::2] == [0, Part.THOUGHT]


@pytest.mark.parametrize(("text", "answer"), [(f"{THOUGHT}\n<channel|>{SKY}", SKY), (THOUGHT, "")])
def test_a_recording_keeps_that_the_prompt_has_opened_a_thought(real, monkeypatch, tmp_path, text, answer):
    monkeypatch.setattr(real.tokenizer, "chat_template", OPENING_TEMPLATE)
    save_trace(written_trace(real, text), tmp_path / "run.jsonl")
    trace = load_trace(tmp_path / "run.jsonl")
    assert (trace.answer, trace.thought) == (answer, THOUGHT)
    parts = zip(trace.shown_texts(-1), trace_parts(trace)[-1], strict=True)
    assert "".join(cell for cell, part in parts if part == Part.THOUGHT).strip() == THOUGHT


def test_an_empty_thought_that_the_prompt_holds_leaves_the_canvas_to_the_answer(real, monkeypatch):
    monkeypatch.setattr(real.tokenizer, "chat_template", OLDER_TEMPLATE)
    run = written(real, SKY)
    assert (run[-1].answer, run[-1].thought, run[-1].begins_in_thought) == (SKY, None, False)
    assert told(real, run)[-2][0] == SKY


@pytest.mark.parametrize("prompt", ["What is <|channel>?", "<|channel>thought\n", "<|turn>model\n<|channel>thought\n"])
def test_a_prompt_that_spells_a_marker_opens_no_thought(real, monkeypatch, prompt):
    ids = real.tokenizer.encode("Paris.", add_special_tokens=False)
    commit = tiny_state(ids, [True] * len(ids), Phase.COMMIT)
    monkeypatch.setattr(denoise_module, "denoise", lambda *args, **kwargs: iter([commit]))
    (frame,) = frames(real, prompt, Settings(canvas_length=8, max_tokens=8))
    assert (frame.answer, frame.thought, frame.begins_in_thought) == ("Paris.", None, False)


@pytest.mark.parametrize("label", EXPECTED)
def test_a_table_says_of_every_position_whether_it_is_answer(real, label):
    answer, thought = EXPECTED[label]
    trace = written_trace(real, CANVASES[label])
    rows = list(csv.DictReader(io.StringIO(csv_text(trace))))
    assert "".join(json.loads(row["text"]) for row in rows if row["in_answer"] == "1") == answer
    document = json.loads(json_text(trace))
    assert (document["answer"], document["thought"]) == (answer, thought)


@pytest.mark.parametrize("label", EXPECTED)
def test_the_words_about_a_picture_are_about_the_answer(real, label):
    words = alt_text(written_trace(real, CANVASES[label]))
    assert f"the final text begins “{SKY[:40]}" in words
    landed = words.partition(": ")[2].partition(" landed first")[0]
    assert not {"thought", "think", "user", "asks"} & set(landed.replace("“", " ").replace("”", " ").split())
