"""Every family writes answers that keep its own constraints, fit the canvas, and never ask what is held out."""

import random

import pytest

from training.corpus import FAMILIES, acrostic, story
from training.corpus.example import MAX_ANSWER_PIECES, MAX_PROMPT_PIECES, pieces
from visualizer.measure import checks_of

SAMPLES = {name: 300 for name in FAMILIES} | {"function": 30}
"""Fewer functions, for each forks a child that runs its doctests."""

ALL = pytest.mark.parametrize("name", FAMILIES)


def draw(name, count, seed=0):
    rng = random.Random(seed)
    return [FAMILIES[name].sample(rng) for _ in range(count)]


def letters_in(prompt):
    return "".join(check.label for check in checks_of(prompt) if check.group)


@ALL
def test_every_sample_keeps_its_constraints(name):
    for example in draw(name, SAMPLES[name]):
        assert FAMILIES[name].violations(example.prompt, example.answer) == [], example


@ALL
def test_every_sample_fits_the_prompt_and_the_canvas(name):
    for example in draw(name, 300):
        assert len(pieces(example.prompt)) <= MAX_PROMPT_PIECES, example.prompt
        assert len(pieces(example.answer)) <= MAX_ANSWER_PIECES, example.answer


@ALL
def test_the_pieces_joined_are_the_text(name):
    for example in draw(name, 100):
        assert "".join(pieces(example.answer)) == example.answer
        assert "".join(pieces(example.prompt)) == example.prompt


@ALL
def test_the_same_seed_draws_the_same_samples(name):
    assert draw(name, 20, seed=5) == draw(name, 20, seed=5)
    assert draw(name, 20, seed=5) != draw(name, 20, seed=6)


@ALL
def test_the_demo_prompt_is_among_the_samples(name):
    assert FAMILIES[name].DEMO_PROMPT in {example.prompt for example in draw(name, 300)}


@ALL
def test_an_empty_answer_breaks_the_constraints(name):
    assert FAMILIES[name].violations(FAMILIES[name].DEMO_PROMPT, "") != []


def test_unseen_words_are_never_asked_for():
    asked = {letters_in(example.prompt) for example in draw("acrostic", 5000)}
    assert asked.isdisjoint(acrostic.UNSEEN_WORDS)
    assert set(acrostic.SEEN_WORDS) <= asked


def test_unseen_sentences_are_never_asked_for():
    prompts = "\n".join(example.prompt for example in draw("story", 5000))
    assert [sentence for sentence in story.UNSEEN_SENTENCES if sentence in prompts] == []


def test_unseen_prompts_name_what_they_ask_for():
    for word in acrostic.UNSEEN_WORDS:
        assert letters_in(acrostic.prompt_for(word, "the ocean")) == word
    for sentence in story.UNSEEN_SENTENCES:
        assert sentence in story.prompt_for(sentence)
