"""Tokens that are pinned or seeded, in the loop: on made-up drafts under random weights, and on the pocket."""

import json

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.random_checkpoint import make_random_model
from tests.support.canvas_samples import differing_fields
from visualizer.bundled import POCKET_FOLDER
from visualizer.draft import Draft
from visualizer.model.block_draft import block_draft
from visualizer.model.denoise import denoise, make_reader
from visualizer.model.evaluation import Evaluation
from visualizer.settings import Sampler, Settings
from visualizer.trace.canvas import Finish, Phase

VOCAB = 60
STOP_IDS = frozenset({1, 5, 30, 31, 32})
"""Many, so that random weights would end most answers early."""
BOTH_SAMPLERS = pytest.mark.parametrize("sampler", list(Sampler), ids=str)


@pytest.fixture(scope="module")
def tiny():
    """A model of one layer and 60 ids with random weights."""
    config = json.loads((POCKET_FOLDER / "config.json").read_text())
    config["text_config"] |= {
        "vocab_size": VOCAB, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
        "layer_types": ["full_attention"], "num_attention_heads": 2, "num_key_value_heads": 1,
        "head_dim": 16, "global_head_dim": 16, "num_experts": 2, "moe_intermediate_size": 16,
    }  # fmt: skip
    return make_random_model(config)


@st.composite
def drafted_runs(draw):
    """Settings of one to three small blocks, and a draft that fits them."""
    length, tokens = draw(st.integers(8, 10)), draw(st.integers(1, 20))
    knobs = Settings(
        canvas_length=length, max_tokens=tokens, max_steps=draw(st.integers(1, 2)), seed=draw(st.integers(0, 9)),
        sampler=draw(st.sampled_from(list(Sampler))), temperature=draw(st.sampled_from([0.0, 1.0])),
        entropy_bound=draw(st.sampled_from([0.0, 0.5, 8.0])), stop_entropy=draw(st.sampled_from([0.0, 1.0])),
    )  # fmt: skip
    ids = st.integers(0, VOCAB - 1)
    text = ids.filter(lambda token_id: token_id not in STOP_IDS)
    pinned = draw(st.dictionaries(st.integers(0, tokens - 1), text, max_size=tokens))
    if draw(st.booleans()):  # an end, and what stands after it
        end = draw(st.integers(max(pinned, default=-1) + 1, tokens))
        room = -(-tokens // length) * length
        if end < room:
            pinned |= draw(st.dictionaries(st.integers(end, room - 1), ids, max_size=4)) | {end: 5}
    seeded = draw(st.dictionaries(st.integers(0, tokens - 1), ids, max_size=8))
    return knobs, Draft(pinned, {position: token_id for position, token_id in seeded.items() if position not in pinned})


@given(run=drafted_runs())
@settings(max_examples=1000)
def test_what_is_pinned_stands_in_every_state_and_in_the_committed_text(tiny, run):
    knobs, draft = run
    draft.check(knobs, VOCAB, STOP_IDS)
    states = list(denoise(tiny, [2, 7, 8], knobs, STOP_IDS, draft=draft))
    length = knobs.canvas_length
    for state in states:
        first = state.block * length
        places = np.array([at - first for at in draft.pinned if first <= at < first + length], dtype=np.int64)
        ids = [draft.pinned[first + place] for place in places]
        assert np.array_equal(np.flatnonzero(state.pinned), np.sort(places))
        for shown in (state.canvas_ids, state.candidate_ids, state.shown_ids()):
            assert shown[places].tolist() == ids
        assert state.accepted[places].all()
        assert (state.entropy_nats[places] == 0).all() and (state.probability[places] == 1).all()
        if state.phase is Phase.STEP:
            assert state.top_ids[places, 0].tolist() == ids
            assert (state.top_probabilities[places] == np.eye(1, state.top_ids.shape[1])).all()
            assert all(len(set(ranks)) == 3 for ranks in state.top_ids[places].tolist())
    commits = [state for state in states if state.phase is Phase.COMMIT]
    answer = [token_id for commit in commits for token_id in commit.canvas_ids[: commit.answer_length].tolist()]
    held = draft.held_until(STOP_IDS)
    assert len(answer) >= held
    assert all(answer[at] == token_id for at, token_id in draft.pinned.items() if at < held)
    assert commits[-1].finish in (Finish.STOP_TOKEN, Finish.BUDGET)


@BOTH_SAMPLERS
def test_without_a_draft_a_run_is_what_it_was(checkpoint, sampler):
    knobs = Settings(canvas_length=16, max_tokens=32, max_steps=4, seed=1, sampler=sampler, temperature=0.7)
    ids = checkpoint.prompt_ids("Why is the sky blue?", knobs)
    one = list(denoise(checkpoint.model, ids, knobs, frozenset()))
    other = list(denoise(checkpoint.model, ids, knobs, frozenset(), draft=Draft(origin="nothing")))
    assert [differing_fields(a, b) for a, b in zip(one, other, strict=True)] == [[]] * len(one)
    assert not any(state.pinned.any() for state in one)


@BOTH_SAMPLERS
def test_the_same_draft_and_seed_give_the_same_run_and_the_noise_of_a_run_without(tiny, sampler):
    knobs = Settings(canvas_length=12, max_tokens=24, max_steps=4, seed=3, sampler=sampler, temperature=1.0)
    draft = Draft({2: 40, 15: 41}, {4: 42}, {5: ((43, 0.75), (44, 0.25))})
    one, other = (list(denoise(tiny, [2, 7], knobs, STOP_IDS, draft=draft)) for _ in range(2))
    assert [differing_fields(a, b) for a, b in zip(one, other, strict=True)] == [[]] * len(one)
    noise = next(denoise(tiny, [2, 7], knobs, STOP_IDS)).canvas_ids
    assert np.flatnonzero(noise != one[0].canvas_ids).tolist() == [2, 4]


def test_a_seed_stands_on_the_first_canvas_only_and_may_be_taken_back(tiny):
    knobs = Settings(canvas_length=12, max_tokens=12, max_steps=1, entropy_bound=0.0, seed=1)
    noise, step, _ = denoise(tiny, [2, 7], knobs, STOP_IDS, draft=Draft(seeded=dict.fromkeys(range(12), 40)))
    assert (noise.canvas_ids == 40).all() and noise.accepted.all() and not noise.pinned.any()
    assert step.accepted.sum() == 1
    assert (step.canvas_ids != 40).any()


def test_pinned_tokens_do_not_spend_the_entropy_bound(tiny):
    knobs = Settings(canvas_length=12, max_tokens=12, max_steps=1, entropy_bound=0.0, seed=1)
    _, step, _ = denoise(tiny, [2, 7], knobs, STOP_IDS, draft=Draft(dict.fromkeys(range(5), 40)))
    assert step.accepted.sum() == 6  # The five, and of the free ones the surest.


def test_the_stop_rule_looks_at_free_positions_only(checkpoint):
    """Eleven certain positions would bring the mean of twelve below a bound that the free one is above."""
    knobs = Settings(canvas_length=12, max_tokens=12, max_steps=8, seed=1, t_min=2.0, t_max=2.0, entropy_bound=0.0)
    ids = checkpoint.prompt_ids("Why is the sky blue?", knobs)
    draft = Draft(dict.fromkeys(range(11), 40))
    states = list(denoise(checkpoint.model, ids, knobs, frozenset(), draft=draft))
    free = max(float(state.entropy_nats[11]) for state in states if state.phase is Phase.STEP)
    assert states[1].mean_entropy_nats == pytest.approx(float(states[1].entropy_nats[11]))
    bound = knobs.changed(stop_entropy=free / 2)
    assert len(list(denoise(checkpoint.model, ids, bound, frozenset(), draft=draft))) == len(states)


def test_where_nothing_is_free_a_block_takes_one_step(tiny):
    knobs = Settings(canvas_length=8, max_tokens=16, max_steps=9, seed=1, stop_entropy=0.0)
    states = list(denoise(tiny, [2, 7], knobs, STOP_IDS, draft=Draft(dict.fromkeys(range(8), 40))))
    assert [state.phase for state in states if state.block == 0] == [Phase.NOISE, Phase.STEP, Phase.COMMIT]
    assert states[0].mean_entropy_nats == 0.0
    assert any(state.block == 1 for state in states)


def test_what_is_pinned_conditions_the_next_step_as_certain(tiny):
    """Its soft embedding is that of the token alone, whatever the model would have said there."""
    reader = make_reader(tiny, Evaluation())
    drafted = block_draft(Draft({1: 40}), 0, 8, STOP_IDS)
    hidden = mx.random.normal((1, 8, 32), key=mx.random.key(1))
    raw = reader.read(hidden, 0.5, 0.0, 3, mx.random.key(2))
    held = drafted.held(raw, reader)
    alone = tiny.model.decoder.embed_tokens.weight[40] * tiny.model.decoder.embed_scale
    np.testing.assert_allclose(np.array(held.soft_embedding[0, 1]), np.array(alone), rtol=1e-6)
    rest = np.array([0, *range(2, 8)])
    assert np.array_equal(np.array(held.soft_embedding[0])[rest], np.array(raw.soft_embedding[0])[rest])
    assert drafted.free.tolist() == rest.tolist()


def test_conditioning_is_the_expected_embedding_of_its_tokens_and_nothing_elsewhere(tiny):
    reader = make_reader(tiny, Evaluation())
    drafted = block_draft(Draft(conditioning={9: ((40, 0.75), (41, 0.25)), 10: ((42, 1.0),)}), 1, 8, STOP_IDS)
    soft = np.array(drafted.conditioning(reader)[0])
    rows = np.array(tiny.model.decoder.embed_tokens.weight) * tiny.model.decoder.embed_scale
    np.testing.assert_allclose(soft[1], 0.75 * rows[40] + 0.25 * rows[41], rtol=1e-5)
    np.testing.assert_allclose(soft[2], rows[42], rtol=1e-6)
    assert (soft[[0, 3, 4, 5, 6, 7]] == 0).all()
    assert block_draft(Draft({0: 7}), 0, 8, STOP_IDS).conditioning(reader) is None


def test_the_conditioning_of_a_draft_is_read_by_the_first_step(tiny):
    knobs = Settings(canvas_length=8, max_tokens=8, max_steps=1, seed=1)
    draft = Draft(conditioning={3: ((40, 1.0),)})
    told, untold = (list(denoise(tiny, [2], knobs, STOP_IDS, draft=one))[1] for one in (draft, Draft()))
    assert np.abs(told.entropy_nats - untold.entropy_nats).max() > 1e-3
