"""Which tokens are scaffold: as each demo prompt declares it, and by general markers for all others."""

from dataclasses import replace

import pytest

from tests.support.made_traces import landing_trace
from visualizer.errors import PromptFileError
from visualizer.measure.scaffold import GENERAL, marked_cells, scaffold_of
from visualizer.prompts import Marker, load_prompts

DEMOS = {prompt.id: prompt.text for prompt in load_prompts()}


def marked(cells, *markers):
    return [cell for cell, is_marked in zip(cells, marked_cells(cells, markers), strict=True) if is_marked]


def scaffold(cells, prompt, special=()):
    trace = landing_trace(cells, [1] * len(cells), prompt, special)
    [flags] = scaffold_of(trace)
    return [cell for cell, is_scaffold in zip(cells, flags, strict=True) if is_scaffold]


@pytest.mark.parametrize(
    ("demo", "cells", "found"),
    [
        ("acrostic", ["O", "penly", " gray", ",", "\n", "C", "alm", "."], ["O", "C"]),
        ("acrostic", ["Ocean", " waves", "\n", "  ", "Calm"], ["Ocean", "Calm"]),
        ("why", ["Air", " is", " 3", ".", "5", ".", " Yes", "!”", " So", "."], [".", "!”", "."]),
        ("palindrome", ["def", " f", ":", "\n    ", '"""', "Undefined", "\n", ">>>", " f", '"""'],
         ["def", '"""', ">>>", '"""']),
        ("planets", ["1", ".", " N", "eptune", ":", " It", " is", ":", "\n", "2", ".", " U", "ranus", ":"],
         ["1", ".", " N", "eptune", ":", "2", ".", " U", "ranus", ":"]),
        ("planets", ["- ", "**", "Mars", ":**", " It is red."], ["- ", "**", "Mars", ":**"]),
        ("planets", ["Mars", ":", " It is red."], ["Mars", ":"]),
        ("story", ["It", " left", ".", " A", " man", " came", ".", " It", " left", "."],
         ["It", " left", ".", " It", " left", "."]),
        ("haiku", ["Lost", ",", "\n", "Found", ".", "\n\n", "Five", "."], ["\n", "\n\n"]),
    ],
)  # fmt: skip
def test_a_demo_prompt_declares_its_scaffold(demo, cells, found):
    assert marked(cells, *next(prompt.scaffold for prompt in load_prompts() if prompt.id == demo)) == found


def test_any_other_prompt_gets_the_general_markers():
    cells = ["Here", " you", " go", ":", "\n", "- ", "red", "\n", "```", "py", "\n", "def", " f", "(", ")", ":"]
    assert marked(cells, *GENERAL) == ["Here", "- ", "```", "def"]


def test_a_trace_is_read_by_its_own_prompt():
    cells = ["A", " b", "."]
    assert scaffold(cells, DEMOS["acrostic"] + "\n") == ["A"]
    assert scaffold(cells, "Say something.") == ["A", "."]


def test_structure_thought_and_tail_are_no_scaffold():
    cells = ["<|channel>", "thought", "\n", "So.", "<channel|>", "Air", ".", "<eos>", "."]
    landed = landing_trace(cells[:8], [1] * 8, DEMOS["why"], special=("<eos>",))
    marks = [cells.index(cell) for cell in ("<|channel>", "<channel|>", "<eos>")]
    [flags] = scaffold_of(replace(landed, special=frozenset(marks)))
    assert [cell for cell, flag in zip(cells, flags, strict=False) if flag] == ["."]


def test_a_text_without_anything_has_no_scaffold():
    assert marked_cells([], list(Marker)) == []
    assert marked_cells(["", " ", "\n"], list(Marker)) == [False] * 3


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "The prompt file a.toml needs scaffold, a list."),
        ('scaffold = ["rhymes"]', "The prompt file a.toml has an unknown scaffold, 'rhymes'; known: line starts"),
    ],
)
def test_a_prompt_file_without_known_markers_is_refused(tmp_path, line, sentence):
    (tmp_path / "a.toml").write_text(f'id = "a"\ntitle = "A"\ntext = "B"\nwatch = "C"\nbudget = 1\n{line}\n')
    with pytest.raises(PromptFileError, match=sentence):
        load_prompts(tmp_path)
