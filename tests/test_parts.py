"""What every position of a canvas is part of: read from texts alone, live and from a recording."""

import pytest

from tests.support.canvas_samples import tiny_state
from tests.support.real_checkpoint import CANVASES, SKY, THOUGHT, written, written_trace
from visualizer.trace import Part, Phase, canvas_parts, load_trace, save_trace
from visualizer.trace.parts import PartReader, trace_parts

LETTERS = {Part.ANSWER: "a", Part.THOUGHT: "t", Part.STRUCTURE: "-", Part.TAIL: "."}


def spelled(parts):
    """A letter a position."""
    return "".join(LETTERS[part] for part in parts)


# "[" and "]" stand for the channel's markers, "#" for the stop token.
TEXTS = {"[": "<|channel>", "]": "<channel|>", "#": "<turn|>"}


def read(cells, accepted=None, opened=False):
    texts = [TEXTS.get(cell, cell) for cell in cells]
    end = cells.index("#") if "#" in cells else len(cells)
    special = [cell in TEXTS for cell in cells]
    return spelled(canvas_parts(texts, special, [True] * len(cells) if accepted is None else accepted, end, opened))


@pytest.mark.parametrize(
    ("label", "cells", "parts"),
    [
        ("nothing", [], ""),
        ("an answer", ["a", "b"], "aa"),
        ("an answer and its tail", ["a", "#", "#", "b"], "a..."),
        ("an empty thought", ["[", "thought", "\n", "]", "a"], "----a"),
        ("a thought of spaces", ["[", "thought", "\n", " ", "\n", "]", "a"], "------a"),
        ("a thought", ["[", "thought", "\n", "I", " see", "]", "a"], "---tt-a"),
        ("a thought over lines", ["[", "thought", "\n", "I", "\n", "see", "]", "a"], "---ttt-a"),
        ("a line break with letters", ["[", "thought", "\nI", "]", "a"], "--t-a"),
        ("not closed", ["[", "thought", "\n", "I"], "---t"),
        ("only its name", ["[", "thought"], "--"),
        ("cut off by the end", ["[", "thought", "\n", "I", "#", "]", "a"], "---t..."),
        ("in the middle", ["a", "[", "thought", "\n", "I", "]", "a"], "a---t-a"),
        ("closed without being open", ["a", "]", "b"], "a-a"),
        ("in plain text", ["<think>", "\n", "I", "\n", "</think>", "\n\n", "a"], "--t---a"),
        ("in plain pieces", ["<", "think", ">", "\n", "I", "</", "think", ">", "a"], "----t---a"),
        ("plain and empty", ["<think>", "\n\n", "</think>", "\n\n", "a"], "----a"),
        ("plain and not closed", ["<think>", "I", " see"], "-tt"),
        ("plain after an empty thought", ["[", "thought", "\n", "]", "<think>", "I", "</think>", "a"], "-----t-a"),
        ("about thinking", ["a", "<think>", "b", "</think>"], "aaaa"),
        ("a position that is half marker", ["<think>", "I", "</think>\n\nSo"], "-ta"),
    ],
)
def test_parts_of(label, cells, parts):
    assert read(cells) == parts, label


def test_a_marker_that_is_still_noise_marks_nothing():
    cells = ["a", "[", "thought", "\n", "b"]
    assert read(cells, accepted=[True, False, True, True, True]) == "aaaaa"
    assert read(cells) == "a---t"


def test_a_prompt_that_opens_a_channel_makes_what_follows_a_thought():
    assert read(["\n", "I", "]", "a"], opened=True) == "tt-a"


def test_a_thought_goes_on_in_the_next_block():
    texts = {1: "<|channel>", 2: "thought", 3: "\n", 4: "I", 5: "<channel|>", 6: "a", 7: "<eos>"}
    blocks = [([1, 2, 3, 4], 4), ([4, 5, 6, 7], 3)]
    reader = PartReader()
    found = [
        spelled(reader.read(state, [texts[token_id] for token_id in ids], frozenset({1, 5, 7})))
        for block, (ids, length) in enumerate(blocks)
        for state in [tiny_state(ids, [True] * 4, Phase.COMMIT, block=block, answer_length=length)]
    ]
    assert found == ["---t", "t-a."]


EXPECTED = {
    "an empty thought": (SKY, None),
    "a filled thought": (SKY, THOUGHT),
    "a thought as plain text": (SKY, THOUGHT),
    "no thought": (SKY, None),
    "a short answer": ("Paris.", None),
}


@pytest.mark.parametrize("label", EXPECTED)
def test_the_real_ones_canvases_have_answer_and_thought_apart_in_text_and_in_places(real, label, tmp_path):
    trace = written_trace(real, CANVASES[label])
    answer, thought = EXPECTED[label]
    assert (trace.answer, trace.thoughts[-1] if trace.thoughts else None) == (answer, thought)
    save_trace(trace, tmp_path / "run.jsonl")
    parts, cells = trace_parts(load_trace(tmp_path / "run.jsonl"))[-1], trace.shown_texts(-1)
    for part, text in ((Part.ANSWER, answer), (Part.THOUGHT, thought or "")):
        assert "".join(cell for cell, its in zip(cells, parts, strict=True) if its == part).strip() == text
    assert spelled(parts).endswith("." * 200)
    assert {cell for cell, its in zip(cells, parts, strict=True) if its == Part.TAIL} == {"<eos>"}


def test_the_tail_of_a_live_step_is_known_as_soon_as_its_stop_token_is_accepted(real):
    reader, seen = PartReader(), []
    texts, special = {}, frozenset()
    for frame in written(real, CANVASES["an empty thought"]):
        texts |= frame.texts
        special |= frame.special
        cells = [frame.overrides.get(i, texts[token_id]) for i, token_id in enumerate(frame.state.shown_ids().tolist())]
        seen.append(spelled(reader.read(frame.state, cells, special)))
    assert seen[0] == "a" * 256
    assert all(parts.startswith("----") for parts in seen[2:])
    assert all(parts.endswith("." * 200) for parts in seen[1:])


def test_two_blocks_read_as_one_text(real):
    trace = written_trace(real, CANVASES["two blocks"], length=128)
    parts = trace_parts(trace)
    first, last = (index for index, state in enumerate(trace.states) if state.phase is Phase.COMMIT)
    assert spelled(parts[first]) == "----" + "a" * 124
    assert set(spelled(parts[last])) == {"a", "."}
