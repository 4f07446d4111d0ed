"""Example texts with blanks: what is offered is what the checkpoint in use can fill in."""

import pytest

from training.known_prompts import NAME
from visualizer.learned import unlearned
from visualizer.model import TextTokens, fill_in
from visualizer.templates import templates_for

POCKETS, OTHERS = templates_for(NAME), templates_for("any other")


def test_each_checkpoint_is_offered_three_and_the_pocket_what_it_has_learned():
    assert [len(POCKETS), len(OTHERS)] == [3, 3]
    assert [one.prompt for one in POCKETS if unlearned(NAME, one.prompt)] == []
    assert [one.title for one in OTHERS] == ["A letter", "Code with a hole", "A JSON form"]


@pytest.mark.parametrize("one", {*POCKETS, *OTHERS}, ids=lambda one: one.title)
def test_each_is_a_template_that_fits_the_smallest_budget(one, card):
    fill_in(one.template, TextTokens(card.folder, card.stop_ids)).check(card.defaults, card.vocab_size, card.stop_ids)
