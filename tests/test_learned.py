"""What the pocket has learned, told from the prompt; and that the player is modest about the rest."""

import random
from dataclasses import replace

import pytest

from tests.support.made_traces import landing_trace
from training.corpus import FAMILIES
from training.known_prompts import NAME, known_prompts
from visualizer.bundled import POCKET_FOLDER
from visualizer.learned import nearest_demo, unlearned
from visualizer.model import read_card
from visualizer.player import recording_message
from visualizer.prompts import load_prompts


def test_the_file_is_what_the_corpus_asks():
    assert (POCKET_FOLDER / "prompts.toml").read_text(encoding="utf-8") == known_prompts()
    assert read_card(POCKET_FOLDER).name == NAME


@pytest.mark.parametrize("family", FAMILIES)
def test_every_prompt_of_the_corpus_is_learned(family):
    rng = random.Random(11)
    prompts = {FAMILIES[family].sample(rng).prompt for _ in range(100)}
    assert [prompt for prompt in prompts if unlearned(NAME, prompt)] == []


@pytest.mark.parametrize("prompt", load_prompts(), ids=lambda prompt: prompt.id)
def test_every_demo_prompt_is_learned(prompt):
    assert unlearned(NAME, prompt.text) == ""


@pytest.mark.parametrize(
    ("prompt", "nearest"),
    [
        ("Why is grass green? Answer in exactly three sentences.", "Why is the sky blue?"),
        ("Write a Python function that adds.", "Palindrome function"),
        ("Write a haiku about tax.", "Haiku, explained"),
        ("Hello", "Planets, outside in"),
    ],
)
def test_of_any_other_the_nearest_demo_is_named(prompt, nearest):
    assert nearest_demo(prompt).title == nearest
    assert unlearned(NAME, prompt)
    assert not unlearned("diffusiongemma-26B", prompt)


def test_the_player_says_so_and_shows_no_proud_number(opened):
    trace = landing_trace(["Hi", "."], [1, 2], "Hello")
    trace = replace(trace, info=replace(trace.info, checkpoint=NAME))
    page = opened(recording_message(trace, "r"), reduced_motion="reduce")
    page.wait_for_selector(".dp-unlearned:not(:empty)")
    assert page.inner_text(".dp-unlearned").startswith("This small checkpoint has not learned prompts like this one")
    assert page.text_content("[data-ui=state]") == "ended"
    assert "answer tokens per forward pass" not in page.inner_text(".dp-figures summary")
