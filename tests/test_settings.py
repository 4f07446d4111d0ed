"""The knobs are checked at the door, in words."""

import json
import math

import pytest

from visualizer.errors import SettingsError
from visualizer.settings import MAX_SEED, THOUGHT_TOKENS, Sampler, Settings

BAD = [
    ("no tokens at all", {"max_tokens": 0}, "token budget", "0"),
    ("too many tokens", {"max_tokens": 8193}, "token budget", "8193"),
    ("a canvas below 8", {"canvas_length": 7}, "canvas length", "7"),
    ("a canvas beyond 1024", {"canvas_length": 1025}, "canvas length", "1025"),
    ("no steps", {"max_steps": 0}, "number of steps", "0"),
    ("half a step", {"max_steps": 4.5}, "number of steps", "4.5"),
    ("steps as text", {"max_steps": "48"}, "number of steps", "'48'"),
    ("steps as a truth value", {"max_steps": True}, "number of steps", "True"),
    ("steps that are no number", {"max_steps": math.nan}, "number of steps", "nan"),
    ("endless steps", {"max_steps": math.inf}, "number of steps", "inf"),
    ("steps left empty", {"max_steps": None}, "number of steps", "None"),
    ("no stable step", {"stability_steps": 0}, "number of stable steps", "0"),
    ("a negative seed", {"seed": -1}, "seed", "-1"),
    ("a seed of 33 bits", {"seed": MAX_SEED + 1}, "seed", str(MAX_SEED + 1)),
    ("a negative bound", {"entropy_bound": -0.1}, "entropy bound", "-0.1"),
    ("a bound that is no number", {"entropy_bound": math.nan}, "entropy bound", "nan"),
    ("an endless bound", {"entropy_bound": math.inf}, "entropy bound", "inf"),
    ("a bound as a list", {"entropy_bound": [0.1]}, "entropy bound", "[0.1]"),
    ("a bound beyond any float", {"entropy_bound": 10**400}, "entropy bound", "1000"),
    ("a probability above 1", {"accept_probability": 1.01}, "accept probability", "1.01"),
    ("a probability as text", {"accept_probability": "0.9"}, "accept probability", "'0.9'"),
    ("a temperature above 2", {"temperature": 2.5}, "temperature", "2.5"),
    ("a temperature as a truth value", {"temperature": False}, "temperature", "False"),
    ("a schedule that ends at 0", {"t_min": 0.0}, "lowest schedule temperature", "0"),
    ("a schedule that starts too hot", {"t_max": 10.5}, "highest schedule temperature", "10.5"),
    ("a negative stop entropy", {"stop_entropy": -1}, "stop entropy", "-1"),
    ("a sampler of another name", {"sampler": "greedy"}, "sampler", "'greedy'"),
    ("a sampler that is a list", {"sampler": ["entropy-bound"]}, "sampler", "entropy-bound"),
    ("no sampler", {"sampler": None}, "sampler", "None"),
    ("thinking as a number", {"think": 1}, "thinking", "1"),
    ("thinking as a word", {"think": "yes"}, "thinking", "'yes'"),
    ("a system prompt that is no text", {"system": ["Be brief."]}, "system prompt", "Be brief."),
    ("a system prompt as long as a book", {"system": "x" * 200_001}, "system prompt", "200,001 characters"),
    ("a system prompt of half a character", {"system": "x\ud800"}, "system prompt", "ud800"),
]


@pytest.mark.parametrize(("knobs", "spoken", "value"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input_is_refused_with_the_name_and_the_value(knobs, spoken, value):
    with pytest.raises(SettingsError) as caught:
        Settings(**knobs)
    message = str(caught.value)
    assert message.startswith(f"The {spoken} must be ") and message.endswith(".")
    assert value in message


def test_a_change_is_checked_as_strictly_as_the_first_values():
    for label, knobs, spoken, _ in BAD:
        if None not in knobs.values():
            with pytest.raises(SettingsError, match=f"The {spoken} must be"):
                pytest.fail(f"{label} was taken: {Settings().changed(**knobs)}")


def test_a_very_long_value_is_quoted_in_part():
    with pytest.raises(SettingsError) as caught:
        Settings(sampler="x" * 10_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("max_tokens", 1, 8192),
        ("canvas_length", 8, 1024),
        ("max_steps", 1, 512),
        ("stability_steps", 1, 64),
        ("seed", 0, MAX_SEED),
        ("entropy_bound", 0.0, 100.0),
        ("accept_probability", 0.0, 1.0),
        ("temperature", 0.0, 2.0),
        ("t_min", 0.01, 10.0),
        ("t_max", 0.01, 10.0),
        ("stop_entropy", 0.0, 100.0),
    ],
)
def test_both_ends_of_a_range_are_taken(name, lowest, highest):
    assert getattr(Settings(**{name: lowest}), name) == lowest
    assert getattr(Settings(**{name: highest}), name) == highest


def test_numbers_become_the_type_of_their_knob():
    settings = Settings(max_steps=12.0, temperature=1, sampler="confidence-threshold")
    assert (settings.max_steps, type(settings.max_steps)) == (12, int)
    assert (settings.temperature, type(settings.temperature)) == (1.0, float)
    assert settings.sampler is Sampler.CONFIDENCE_THRESHOLD


def test_none_leaves_a_knob_alone():
    settings = Settings(max_steps=7, seed=5)
    assert settings.changed(max_steps=None, entropy_bound=None) == settings


def test_a_change_touches_nothing_else_and_leaves_the_old_value():
    before = Settings(seed=5)
    after = before.changed(max_steps=9)
    assert after.to_dict() == before.to_dict() | {"max_steps": 9}
    assert before.max_steps == 48


def test_a_seed_of_none_draws_a_random_one():
    seeds = {Settings(seed=5).changed(seed=None).seed for _ in range(20)}
    assert len(seeds) > 15
    assert all(0 <= seed <= MAX_SEED for seed in seeds)


def test_a_seed_of_zero_is_a_seed():
    assert Settings(seed=5).changed(seed=0).seed == 0


def test_an_unknown_knob_is_named():
    with pytest.raises(SettingsError, match=r"no knob called heat, pressure\."):
        Settings().changed(pressure=1, heat=2, max_steps=3)


@pytest.mark.parametrize("more", [{}, {"think": True}, {"system": "Be brief."}, {"think": True, "system": "Be brief."}])
def test_settings_survive_json(more):
    settings = Settings(sampler=Sampler.CONFIDENCE_THRESHOLD, temperature=0.7, seed=MAX_SEED, **more)
    plain = settings.to_dict()
    assert plain.keys() - Settings().to_dict().keys() == more.keys()
    assert Settings.from_dict(json.loads(json.dumps(plain))) == settings


@pytest.mark.parametrize("plain", [{}, {"seed": 1}, Settings().to_dict() | {"heat": 1}, ["seed"], None, "think"])
def test_what_is_not_the_knobs_of_a_run_is_no_settings(plain):
    with pytest.raises(SettingsError, match="the knobs of a run, each once"):
        Settings.from_dict(plain)


def test_a_thought_has_room_beside_the_budget_of_the_answer():
    assert Settings(max_tokens=100).total_tokens == 100
    assert Settings(max_tokens=100, think=True).total_tokens == 100 + THOUGHT_TOKENS


def test_spaces_around_a_system_prompt_are_no_part_of_it():
    assert Settings(system=" \n Be brief.\n").system == "Be brief."
    assert Settings(system=" \n ") == Settings()
