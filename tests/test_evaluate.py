"""The scores of an evaluation, on literals and on the corpus itself."""

import random
from dataclasses import replace

import numpy as np
import pytest

from tests.support.made_traces import info, landing_trace
from training.corpus import FAMILIES, acrostic, story
from training.evaluate import (
    Job,
    broken_sentences,
    count_reversions,
    count_steps,
    drawn_answer,
    interval_of_mean,
    language_of,
    markdown,
    measure,
    plan,
    prose,
    sentences,
    spliced_sentences,
    stopped_early,
    stutters,
)
from visualizer.settings import Sampler
from visualizer.trace.canvas import CanvasState, Finish, Frame, Phase
from visualizer.trace.trace import trace_of

SKY = language_of(
    ["The sky is blue. Air scatters blue light, and a lot of it.", "Softly the sea sings,\nOften it sleeps."]
)


def state(step, phase=Phase.STEP, ids=(5, 6, 1), accepted=None, answer_length=2, max_steps=48):
    length = len(ids)
    zeros = np.zeros(length, dtype=np.float32)
    none = np.zeros((length, 0))
    return CanvasState(
        canvas_ids=np.array(ids, dtype=np.int32), candidate_ids=np.array(ids, dtype=np.int32),
        accepted=np.ones(length, dtype=bool) if accepted is None else np.array(accepted), entropy_nats=zeros,
        probability=zeros, top_ids=none, top_probabilities=none, block=0, step=step, max_steps=max_steps, phase=phase,
        temperature=0.5, elapsed_ms=0.0, answer_length=answer_length,
        finish=Finish.STOP_TOKEN if phase is Phase.COMMIT else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the the sea", ["the"]),
        ("The the sea", ["The"]),
        ("waves, waves", ["waves"]),
        ("the sea\nsea birds", ["sea"]),
        ("It ended. Ended by whom?", []),
        ("the then", []),
        ("bathe the sea", []),
        ("one two one two", []),
    ],
)
def test_a_stutter_is_a_word_twice_in_a_row(text, found):
    assert stutters(text) == found


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("one sentence", "The sky is blue."),
        ("two sentences", "Air scatters light. The sky is blue!"),
        ("a comma inside", "The light, the sky."),
        ("verse with a pause", "Softly the sea sings,\nOften it sleeps."),
        ("a numbered line", "1. Neptune: The sky is blue."),
        ("a known word in first place", "Blue is the light."),
    ],
)
def test_a_sound_sentence_is_not_broken(label, text):
    assert broken_sentences(text, SKY) == [], label


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("nothing", ""),
        ("no capital", "the sky is blue."),
        ("no end", "The sky is blue"),
        ("a comma at the very end", "The sky is blue,"),
        ("an unknown word", "The sky is qlue."),
        ("a fragment of one letter", "The sky s blue."),
        ("a capital inside", "The sky is Blue."),
        ("a doubled full stop", "The sky is blue.."),
        ("a doubled comma", "The sky,, the light."),
        ("a loose comma", "The sky , the light."),
        ("words run together", "The skyis blue."),
        ("sentences run together", "The sky is blue.The sky is blue."),
        ("a single word", "The."),
        ("a broken list marker", "1. Nep tune: The sky is blue."),
    ],
)
def test_a_broken_sentence_is_found(label, text):
    assert broken_sentences(text, SKY) != [], label


def test_only_the_broken_sentence_is_named():
    assert broken_sentences("The sky is blue. the sky. Air scatters light.", SKY) == ["the sky."]


def test_sentences_come_without_list_markers_and_blank_lines():
    assert sentences("1. Mars: It is red.\n\nIt is cold. Very!") == ["It is red.", "It is cold.", "Very!"]


def test_a_spliced_sentence_is_in_neither_the_corpus_nor_the_prompt():
    text = "The sky is blue. The sky it sleeps. My cat ran."
    assert spliced_sentences(text, "Begin with 'My cat ran.'", SKY) == ["The sky it sleeps."]


def test_the_first_word_may_differ_from_the_corpus():
    assert spliced_sentences("Slowly the sea sings,", "", SKY) == []


def test_the_prose_of_a_function_is_its_summary():
    assert prose("function", 'def f(s):\n    """Do it.\n\n    >>> f(1)\n    1\n    """\n    return s s') == "Do it."
    assert prose("function", "def f(s): pass") == ""
    assert prose("why", "It is so.") == "It is so."


@pytest.mark.parametrize("family", FAMILIES)
def test_right_answers_score_clean(family):
    rng, other = random.Random(1), random.Random(2)
    language = language_of(prose(family, FAMILIES[family].sample(rng).answer) for _ in range(4000))
    for _ in range(200):
        example = FAMILIES[family].sample(other)
        text = prose(family, example.answer)
        assert stutters(text) == []
        assert broken_sentences(text, language) == []
        assert spliced_sentences(text, example.prompt, language) == []


def test_the_stop_rule_ends_a_run_before_its_last_step():
    assert stopped_early([state(3), state(3, Phase.COMMIT)])
    assert not stopped_early([state(48), state(48, Phase.COMMIT)])


def test_only_steps_are_counted():
    assert count_steps([state(0, Phase.NOISE), state(1), state(2), state(2, Phase.COMMIT)]) == 2


def test_reversions_are_counted_of_the_answer_alone():
    run = landing_trace(["a", "b", "<eos>", "<pad>"], [1, 1, 1, 1], special=["<eos>"])
    before, first, last = run.states
    noise = replace(first, step=2, accepted=first.accepted & np.array([False, True, True, False]))
    again = replace(first, step=3)
    trace = replace(run, states=(before, first, noise, again, last), overrides=({},) * 5)
    assert count_reversions(trace) == 1


def test_an_interval_holds_the_mean_of_its_values():
    low, high = interval_of_mean([0.0, 1.0, 1.0, 1.0])
    assert 0 < low < 0.75 < high <= 1
    assert interval_of_mean([0.5, 0.5]) == (0.5, 0.5)


def test_what_the_commits_draw_is_the_answer_without_special_tokens():
    texts = {1: "<eos>", 5: "a", 6: "\ufffd", 7: "\ufffd", 8: "<pad>"}
    last = state(1, Phase.COMMIT, ids=(5, 6, 7, 8, 1), answer_length=4)
    drawn = [
        Frame(state(1, ids=(5, 6, 7, 8, 1)), texts, special=frozenset({1, 8})),
        Frame(last, {}, overrides={1: "é", 2: ""}, answer="aé"),
    ]
    assert drawn_answer(trace_of(info(), drawn)) == "aé"


def test_the_plan_asks_every_demo_prompt_with_both_samplers_and_everything_unseen():
    jobs = plan(list(FAMILIES), seeds=5)
    demos = [job for job in jobs if job.unseen is None]
    assert sum(job.sampler is Sampler.ENTROPY_BOUND for job in demos) == 5 * len(FAMILIES)
    assert {job.family for job in demos if job.sampler is Sampler.CONFIDENCE_THRESHOLD} == set(FAMILIES)
    asked = {job.unseen for job in jobs if job.unseen is not None}
    assert asked == {*acrostic.UNSEEN_WORDS, *story.UNSEEN_SENTENCES}


def test_one_family_alone_brings_only_its_own_jobs():
    assert {job.family for job in plan(["why"], seeds=2)} == {"why"}


def test_a_run_is_measured_from_its_text_and_its_states():
    cells = ["O", "penly the waves fold", " white lace ashore."]
    job = Job("acrostic", acrostic.DEMO_PROMPT, Sampler.ENTROPY_BOUND, 0)
    wrong = Job("acrostic", acrostic.prompt_for("CAT", "the ocean"), Sampler.ENTROPY_BOUND, 0, "CAT")
    run = landing_trace(cells, [1, 2, 3], acrostic.DEMO_PROMPT)
    other = replace(run, answers=(run.answer + " ",))
    figures = measure("tiny", 1, [(job, run), (wrong, other)])
    [demo], [unseen], [scaffold], [commit] = figures.demos, figures.unseen, figures.scaffold, figures.commits
    assert (demo.meets_constraint, demo.free_of_stutters, demo.free_of_broken_sentences) == (0, 1, 1)
    assert (demo.free_of_spliced_sentences, demo.stopped_early, demo.mean_steps, demo.mean_reversions) == (1, 1, 3, 0)
    assert (unseen.right, unseen.missed) == (0, ("CAT",))
    assert (scaffold.probability_first, scaffold.scaffold_median_step, scaffold.content_median_step) == (1, 1, 2.5)
    assert scaffold.interval == (1, 1)
    assert (commit.runs, commit.same_text) == (2, 0.5)
    assert "| acrostic | 1 | 0 % | 100 % |" in markdown(figures)
