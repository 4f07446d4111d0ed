"""What a visitor asks for is one value, checked in one place."""

import pytest

from visualizer.errors import SettingsError
from visualizer.request import Request, new_run_id
from visualizer.settings import MAX_PROMPT_CHARACTERS, Sampler, Settings

ID = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        pytest.param("", "The prompt is empty", id="nothing"),
        pytest.param(" \n\t ", "The prompt is empty", id="nothing but spaces"),
        pytest.param(None, "The prompt is empty", id="no prompt"),
        pytest.param(["sky"], "The prompt is empty", id="a list of words"),
        pytest.param("sky \ud800", "not valid UTF-8", id="half of a character"),
        pytest.param("x" * (MAX_PROMPT_CHARACTERS + 1), "200,001 characters; at most 200,000", id="a book"),
        pytest.param("🎈" * 100_001, "400,004 bytes; at most 400,000", id="a book of balloons"),
    ],
)
def test_a_prompt_that_cannot_be_run_is_refused_in_words(prompt, reason):
    with pytest.raises(SettingsError, match=reason):
        Request(ID, prompt, Settings())


def test_a_prompt_and_a_system_prompt_are_short_enough_together_or_refused():
    half = "x" * (MAX_PROMPT_CHARACTERS // 2)
    Request(ID, half, Settings(system=half))
    with pytest.raises(SettingsError, match="200,001 characters with the system prompt; at most 200,000"):
        Request(ID, half + "x", Settings(system=half))
    with pytest.raises(SettingsError, match="400,004 bytes with the system prompt; at most 400,000"):
        Request(ID, "𝔘" * 100_000, Settings(system="𝔘"))


@pytest.mark.parametrize("run_id", ["", "0" * 31, "0" * 33, "G" * 32, "../" + "0" * 29, 7, ID.upper(), ID + "\n"])
def test_only_32_hexadecimal_digits_are_an_id(run_id):
    with pytest.raises(SettingsError, match="32 hexadecimal digits"):
        Request(run_id, "hello", Settings())


def test_spaces_around_a_prompt_are_no_part_of_it():
    assert Request(ID, "  two words \n", Settings()).prompt == "two words"


def test_knobs_change_the_checkpoints_defaults_and_those_left_out_or_empty_do_not():
    defaults = Settings(max_tokens=99, t_min=0.1)
    request = Request.of(defaults, "hello", {"max_steps": 7, "sampler": "confidence-threshold", "entropy_bound": None,
                                             "seed": 5}, ID)  # fmt: skip
    assert request == Request(
        ID, "hello", Settings(max_tokens=99, t_min=0.1, max_steps=7, sampler=Sampler.CONFIDENCE_THRESHOLD, seed=5)
    )


def test_no_seed_is_a_random_one_and_no_id_too():
    requests = [Request.of(Settings(), "hello", {"seed": None}) for _ in range(8)]
    assert len({request.settings.seed for request in requests}) > 1
    assert len({request.id for request in requests}) == 8


@pytest.mark.parametrize("name", ["t_min", "stop_entropy", "x", "__class__"])
def test_what_no_visitor_sets_is_refused(name):
    with pytest.raises(SettingsError, match=f"There is no knob called {name}"):
        Request.of(Settings(), "hello", {name: 1}, ID)


def test_a_knob_out_of_range_is_refused_with_its_name():
    with pytest.raises(SettingsError, match="The number of steps must be a whole number from 1 to 512, not 'many'"):
        Request.of(Settings(), "hello", {"max_steps": "many"}, ID)


def test_ids_are_drawn_anew():
    assert len({new_run_id() for _ in range(100)}) == 100
