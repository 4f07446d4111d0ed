"""Prompts in a visitor's own words: what is offered is what the checkpoint in use can answer."""

from itertools import product

import pytest

from training.known_prompts import NAME
from visualizer.learned import unlearned
from visualizer.wordings import LETTERS, wordings_for

OFFERED, ALL = wordings_for(NAME), wordings_for("any other")


def filled(wording):
    """Each prompt that choosing alone can make of a wording."""
    choices = [[field] if isinstance(field, str) else field for field in wording.fields.values()]
    return [wording.prompt(dict(zip(wording.fields, chosen, strict=True))) for chosen in product(*choices)]


def test_the_pocket_is_offered_its_families_and_any_other_checkpoint_everything():
    assert len(OFFERED) == 5
    assert len(ALL) == 9


@pytest.mark.parametrize("wording", OFFERED, ids=lambda wording: wording.line)
def test_whatever_is_chosen_is_learned(wording):
    assert [prompt for prompt in filled(wording) if unlearned(NAME, prompt)] == []


@pytest.mark.parametrize("word", ["Ann", "Isabella", "zoe"])
def test_a_name_of_three_to_eight_letters_is_an_acrostic_that_is_learned(word):
    assert unlearned(NAME, OFFERED[0].prompt({"word": word})) == ""


def test_a_line_shows_each_field_once_and_its_prompt_uses_no_other():
    for wording in ALL:
        for name in wording.fields:
            assert wording.line.count(f"{{{name}}}") == 1, wording.line
        assert "{" not in wording.prompt(dict.fromkeys(wording.fields, "x")), wording.text


def test_letters_come_of_the_word():
    assert (
        OFFERED[0]
        .prompt({"word": "zoe", "topic": "the rain"})
        .endswith("about the rain with lines that start with Z, O, E.")
    )
    assert LETTERS not in OFFERED[0].fields
