"""The denoising loop on the real pocket checkpoint: what it yields, when, and that it follows mlx-vlm's own loop."""

import gc
import itertools
import json

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from bench.memory import block_memories
from bench.random_checkpoint import make_random_model
from tests.support.canvas_samples import differing_fields
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import denoise as denoise_module
from visualizer.model import load_checkpoint
from visualizer.model.denoise import TOP_K, denoise, worth_keeping
from visualizer.settings import Sampler, Settings
from visualizer.trace.canvas import Finish, Phase

NEVER = frozenset()
STEPS = 4
# A stop entropy of 0 is never reached: every block takes all of its steps.
SMALL = Settings(canvas_length=32, max_tokens=32, max_steps=STEPS, stop_entropy=0.0, seed=1)
MULTI_BLOCK = SMALL.changed(max_tokens=96, max_steps=2)
BOTH_SAMPLERS = pytest.mark.parametrize("sampler", list(Sampler), ids=str)


@pytest.fixture(scope="module")
def prompt_ids(checkpoint):
    return checkpoint.prompt_ids("Why is the sky blue?", SMALL)


@pytest.fixture(scope="module")
def run(checkpoint, prompt_ids):
    """Run with the given settings to the end; equal settings run once."""
    finished = {}

    def states(settings, stop_ids=NEVER):
        if (settings, stop_ids) not in finished:
            finished[settings, stop_ids] = list(denoise(checkpoint.model, prompt_ids, settings, stop_ids))
        return finished[settings, stop_ids]

    return states


def of_phase(states, phase):
    return [state for state in states if state.phase is phase]


def steps_of(states):
    return of_phase(states, Phase.STEP)


def assert_same_run(one, other):
    assert len(one) == len(other)
    assert [differing_fields(a, b) for a, b in zip(one, other, strict=True)] == [[]] * len(one)


@BOTH_SAMPLERS
def test_the_same_seed_gives_the_same_states(checkpoint, prompt_ids, run, sampler):
    settings = SMALL.changed(sampler=sampler, temperature=0.7)
    assert_same_run(run(settings), list(denoise(checkpoint.model, prompt_ids, settings, NEVER)))


def test_another_seed_gives_other_noise(run):
    one, other = run(SMALL)[0], run(SMALL.changed(seed=2))[0]
    assert (one.canvas_ids != other.canvas_ids).sum() > 24


def test_noise_is_drawn_anew_at_every_step_and_in_every_block(run):
    states = run(MULTI_BLOCK)
    noises = [state.canvas_ids for state in of_phase(states, Phase.NOISE)]
    assert all((one != other).sum() > 24 for one, other in itertools.combinations(noises, 2))
    for before, now in itertools.pairwise(states):
        open_twice = ~before.accepted & ~now.accepted
        if before.block == now.block and open_twice.sum() > 8:
            assert (before.canvas_ids != now.canvas_ids)[open_twice].mean() > 0.75


def test_the_prompt_is_read(checkpoint, run):
    other_ids = checkpoint.prompt_ids("Write a haiku about rain.", SMALL)
    one, other = run(SMALL), list(itertools.islice(denoise(checkpoint.model, other_ids, SMALL, NEVER), 2))
    assert np.array_equal(one[0].canvas_ids, other[0].canvas_ids)
    assert np.abs(one[1].entropy_nats - other[1].entropy_nats).max() > 1e-3


@BOTH_SAMPLERS
def test_a_block_is_noise_then_steps_then_a_commit(run, sampler):
    states = run(SMALL.changed(sampler=sampler, accept_probability=1.0))
    assert [state.phase for state in states] == [Phase.NOISE, *[Phase.STEP] * STEPS, Phase.COMMIT]
    assert [state.step for state in states] == [0, 1, 2, 3, 4, 4]
    assert {state.max_steps for state in states} == {STEPS}


@BOTH_SAMPLERS
def test_blocks_follow_one_another_until_the_budget_is_spent(run, sampler):
    # Warm, so that no probability is rounded to 1, which would accept everything and end the block.
    states = run(MULTI_BLOCK.changed(sampler=sampler, accept_probability=1.0, t_min=1.0, t_max=1.0))
    a_block = [Phase.NOISE, Phase.STEP, Phase.STEP, Phase.COMMIT]
    assert [state.phase for state in states] == a_block * 3
    assert [state.block for state in states] == [0] * 4 + [1] * 4 + [2] * 4
    assert [state.finish for state in states] == [None] * 11 + [Finish.BUDGET]
    assert [state.answer_length for state in of_phase(states, Phase.COMMIT)] == [32, 32, 32]


@pytest.mark.parametrize(("max_tokens", "lengths"), [(1, [1]), (31, [31]), (32, [32]), (33, [32, 1]), (64, [32, 32])])
def test_the_answer_is_cut_at_the_budget(run, max_tokens, lengths):
    commits = of_phase(run(MULTI_BLOCK.changed(max_tokens=max_tokens)), Phase.COMMIT)
    assert [commit.answer_length for commit in commits] == lengths
    assert [commit.finish for commit in commits] == [None] * (len(lengths) - 1) + [Finish.BUDGET]
    assert {len(commit.canvas_ids) for commit in commits} == {32}


def test_a_thought_has_room_of_its_own(run, monkeypatch):
    monkeypatch.setattr("visualizer.settings.THOUGHT_TOKENS", 40)
    commits = of_phase(run(MULTI_BLOCK.changed(max_tokens=33, think=True)), Phase.COMMIT)
    assert [commit.answer_length for commit in commits] == [32, 32, 9]


def latest_first_position(ids):
    """The token whose first position is the last one, and that position."""
    tokens, first = np.unique(ids, return_index=True)
    return int(tokens[first.argmax()]), int(first.max())


def test_a_stop_id_ends_the_run_before_it(run):
    stop_id, position = latest_first_position(of_phase(run(MULTI_BLOCK), Phase.COMMIT)[0].canvas_ids)
    states = run(MULTI_BLOCK, frozenset({stop_id, 10**6}))
    assert [state.finish for state in states] == [None, None, None, Finish.STOP_TOKEN]
    assert states[-1].answer_length == position
    assert states[-1].canvas_ids[position] == stop_id


def test_a_stop_id_right_after_the_budget_counts_and_one_further_on_does_not(run):
    stop_id, position = latest_first_position(run(SMALL)[-1].canvas_ids)
    assert position >= 2
    for max_tokens, finish in [(position, Finish.STOP_TOKEN), (position - 1, Finish.BUDGET)]:
        last = run(SMALL.changed(max_tokens=max_tokens), frozenset({stop_id}))[-1]
        assert (last.answer_length, last.finish) == (max_tokens, finish)


def test_while_it_runs_the_answer_ends_at_the_first_accepted_stop_id(run, card):
    # Every second token ends the answer, so that the noise is full of them.
    stop_ids = frozenset(range(0, card.vocab_size, 2))
    states = run(SMALL, stop_ids)
    assert any((~state.accepted & (state.canvas_ids % 2 == 0)).any() for state in steps_of(states))
    for state in states:
        stops = np.flatnonzero(state.accepted & (state.canvas_ids % 2 == 0))
        assert state.answer_length == (stops[0] if len(stops) else 32)


@BOTH_SAMPLERS
@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_a_commit_is_the_candidates_of_the_last_step(run, sampler, temperature):
    *_, last, commit = run(SMALL.changed(sampler=sampler, temperature=temperature))
    assert np.array_equal(commit.canvas_ids, last.candidate_ids)
    assert commit.accepted.all()
    assert set(differing_fields(last, commit)) <= {"canvas_ids", "accepted", "phase", "answer_length", "finish"}


def test_accepted_positions_hold_their_candidate_when_nothing_is_sampled(run):
    for state in steps_of(run(MULTI_BLOCK)):
        assert state.accepted.any()
        assert np.array_equal(state.canvas_ids[state.accepted], state.candidate_ids[state.accepted])


def test_above_temperature_zero_accepted_tokens_are_sampled(run):
    # A hot schedule flattens the distribution, and a wide bound accepts everything: all tokens are seen.
    hot = Settings(canvas_length=8, max_tokens=8, max_steps=1, t_min=10, t_max=10, entropy_bound=100, seed=1)
    cold, sampled = run(hot)[1], run(hot.changed(temperature=2.0))[1]
    assert cold.accepted.all() and sampled.accepted.all()
    assert np.array_equal(cold.canvas_ids, cold.candidate_ids)
    assert (sampled.canvas_ids != sampled.candidate_ids).any()
    assert np.array_equal(sampled.candidate_ids, cold.candidate_ids)
    other = run(hot.changed(temperature=2.0, seed=3))[1]
    assert not np.array_equal(sampled.canvas_ids, other.canvas_ids)


def test_the_confidence_sampler_never_takes_back_and_ends_when_all_is_accepted(run):
    states = run(SMALL.changed(sampler=Sampler.CONFIDENCE_THRESHOLD, max_steps=12))
    steps = steps_of(states)
    for before, now in itertools.pairwise(states[:-1]):
        assert now.accepted[before.accepted].all()
        assert np.array_equal(now.canvas_ids[before.accepted], before.canvas_ids[before.accepted])
        assert now.accepted.sum() > before.accepted.sum()
    assert [step.accepted.all() for step in steps] == [False] * (len(steps) - 1) + [True]


def test_the_last_step_of_the_confidence_sampler_takes_all(run):
    steps = steps_of(run(SMALL.changed(sampler=Sampler.CONFIDENCE_THRESHOLD, accept_probability=1.0, max_steps=3)))
    assert len(steps) == 3
    assert not steps[1].accepted.all()
    assert steps[2].accepted.all()


def test_the_entropy_sampler_accepts_by_the_entropies_that_it_shows(run):
    for state in steps_of(run(SMALL)):
        ascending = np.sort(state.entropy_nats)
        within = np.cumsum(ascending) - np.maximum.accumulate(ascending) <= SMALL.entropy_bound
        assert state.accepted.sum() == within.sum()
        if not state.accepted.all():
            assert state.entropy_nats[state.accepted].max() <= state.entropy_nats[~state.accepted].min()


@pytest.mark.parametrize("stability_steps", [1, 2])
def test_a_block_ends_at_the_first_step_whose_candidates_have_settled(run, stability_steps):
    steps = steps_of(run(SMALL.changed(max_steps=24, stop_entropy=100.0, stability_steps=stability_steps)))
    ids = [step.candidate_ids.tolist() for step in steps]
    settled = [
        number >= stability_steps and all(ids[number] == ids[number - back] for back in range(1, stability_steps + 1))
        for number in range(len(ids))
    ]
    assert not any(settled[:-1])
    assert settled[-1] or len(steps) == 24


def test_every_step_has_the_temperature_of_the_schedule(run):
    states = run(SMALL.changed(t_min=0.4, t_max=0.8))
    assert [state.temperature for state in states] == pytest.approx([0.8, 0.8, 0.7, 0.6, 0.5, 0.5])


def test_time_is_counted_from_the_start_of_the_run(checkpoint, prompt_ids):
    ticks = itertools.count(100.0)
    states = list(denoise(checkpoint.model, prompt_ids, SMALL, NEVER, clock=lambda: next(ticks)))
    assert [state.elapsed_ms for state in states] == [1000, 2000, 3000, 4000, 5000, 6000]


def test_what_is_recorded_of_the_candidates_is_short_and_what_is_nothing_is_the_best_guess(checkpoint, prompt_ids):
    *_, last, commit = denoise(checkpoint.model, prompt_ids, SMALL.changed(max_steps=12), NEVER)
    assert (commit.top_ids == last.top_ids).all() and (commit.ending == last.ending).all()
    alternatives = last.top_probabilities[:, 1:]
    assert np.array_equal(alternatives, np.minimum(np.round(alternatives, 4), last.top_probabilities[:, :1]))
    assert np.array_equal(last.top_probabilities[:, 0], last.probability)
    for ids, shares in zip(last.top_ids.tolist(), last.top_probabilities.tolist(), strict=True):
        assert len(set(ids[:3])) == 3
        assert all(token_id == ids[0] for token_id, share in zip(ids[3:], shares[3:], strict=True) if not share)
        assert list(shares) == sorted(shares, reverse=True)


def is_expert(path, module):
    return "experts" in path and hasattr(module, "to_quantized")


@pytest.fixture(scope="module", params=["float32", "bfloat16", "4-bit", "4-bit of bfloat16"])
def model(request, card):
    """A model of its own in each number format that a checkpoint can have."""
    model = load_checkpoint(card).model
    embedding_class = nn.Embedding
    if "bfloat16" in request.param:
        model.set_dtype(mx.bfloat16)
    if request.param == "bfloat16":
        # MLX's CPU backend multiplies plain experts in float32 only.
        nn.quantize(model, group_size=64, bits=8, class_predicate=is_expert)
    if "4-bit" in request.param:
        nn.quantize(model, group_size=64, bits=4, class_predicate=model.quant_predicate)
        embedding_class = nn.QuantizedEmbedding
    assert type(model.model.decoder.embed_tokens) is embedding_class
    mx.eval(model.parameters())
    return model


def test_of_a_position_eight_candidates_are_recorded_and_all_that_are_likely():
    crowded = [0.0801, *[0.0702] * 10, 0.05, 0.031, 0.029, *[0.001] * 19]
    plain = [0.9, 0.05, 0.04, 0.00501, 0.00402, 0.0003, 0.00012, 0.00004, 0.00003, *[0.0] * 24]
    probabilities = np.array([crowded, plain], dtype=np.float32)
    ids, kept = worth_keeping(np.tile(np.arange(TOP_K, dtype=np.int32), (2, 1)), probabilities)
    assert ids.shape == kept.shape == (2, 13)
    assert kept[0].tolist() == pytest.approx(crowded[:13])
    assert kept[1].tolist() == pytest.approx([0.9, 0.05, 0.04, 0.005, 0.004, 0.0003, 0.0001, *[0] * 6])
    assert ids[0].tolist() == list(range(13))
    assert ids[1].tolist() == [0, 1, 2, 3, 4, 5, 6, *[0] * 6]
    ids, kept = worth_keeping(ids[1:], kept[1:])
    assert ids.shape == (1, 8)


def test_every_state_is_finished_numpy_in_every_number_format(model, prompt_ids, card):
    states = list(denoise(model, prompt_ids, SMALL.changed(canvas_length=8, max_steps=2, max_tokens=16), NEVER))
    assert len(states) == 8
    for state in states:
        alternatives = state.top_ids.shape[1]
        assert alternatives == 0 if state.phase is Phase.NOISE else 8 <= alternatives <= TOP_K
        expected = {
            "canvas_ids": (np.int32, (8,)),
            "candidate_ids": (np.int32, (8,)),
            "accepted": (np.bool_, (8,)),
            "entropy_nats": (np.float32, (8,)),
            "probability": (np.float32, (8,)),
            "top_ids": (np.int32, (8, alternatives)),
            "top_probabilities": (np.float32, (8, alternatives)),
        }
        if alternatives:
            expected["ending"] = (np.float32, (8,))
            assert (state.ending >= 0).all() and (state.ending <= 1).all()
        for name, (dtype, shape) in expected.items():
            value = getattr(state, name)
            assert type(value) is np.ndarray and (value.dtype, value.shape) == (dtype, shape), name
        for name, kind in {"step": int, "block": int, "answer_length": int, "temperature": float}.items():
            assert type(getattr(state, name)) is kind, name
        assert state.canvas_ids.min() >= 0 and state.canvas_ids.max() < card.vocab_size
        assert np.isfinite(state.entropy_nats).all() and (state.entropy_nats <= np.log(card.vocab_size) + 1e-3).all()
        assert (state.probability > 0).all() and (state.probability <= 1 + 1e-6).all()
        if alternatives:
            assert np.array_equal(state.top_ids[:, 0], state.candidate_ids)
            assert np.array_equal(state.top_probabilities[:, 0], state.probability)
            assert (np.diff(state.top_probabilities, axis=1) <= 0).all()


def test_bfloat16_and_quantized_steps_stay_close_to_float32(model, prompt_ids, run):
    first, exact = list(itertools.islice(denoise(model, prompt_ids, SMALL, NEVER), 2))[1], run(SMALL)[1]
    assert abs(first.mean_entropy_nats - exact.mean_entropy_nats) < 1.0


@pytest.fixture
def forwards(checkpoint, monkeypatch):
    """The decoder's calls so far, one entry each."""
    calls = []
    decoder_class = type(checkpoint.model.model.decoder)
    forward = decoder_class.__call__

    def counted(self, *args, **kwargs):
        calls.append(len(calls) + 1)
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(decoder_class, "__call__", counted)
    return calls


def test_a_state_is_handed_over_before_the_next_forward_but_one(checkpoint, prompt_ids, forwards):
    seen = [(state.step, len(forwards)) for state in denoise(checkpoint.model, prompt_ids, SMALL, NEVER)]
    assert [step for step, _ in seen] == [0, 1, 2, 3, 4, 4]
    assert all(begun <= step + 1 for step, begun in seen)
    assert len(forwards) == STEPS


def test_closing_after_the_second_step_leaves_at_most_one_forward(checkpoint, prompt_ids, forwards):
    states = denoise(checkpoint.model, prompt_ids, SMALL, NEVER)
    for state in states:
        if state.step == 2:
            break
    states.close()
    assert len(forwards) <= 3


def test_no_forward_runs_before_the_first_state_is_asked_for(checkpoint, prompt_ids, forwards):
    denoise(checkpoint.model, prompt_ids, SMALL, NEVER)
    assert forwards == []


def test_a_prompt_read_in_chunks_gives_the_same_states(checkpoint, monkeypatch):
    long_prompt = checkpoint.prompt_ids("Why is the sky blue? " * 20, SMALL)
    # A hot schedule, so that no position is certain: small differences would show.
    settings = SMALL.changed(max_tokens=64, max_steps=2, t_min=10, t_max=10)
    whole = list(denoise(checkpoint.model, long_prompt, settings, NEVER))
    assert all(state.entropy_nats.min() > 0.01 for state in whole)
    monkeypatch.setattr(denoise_module, "_PREFILL_CHUNK", 13)
    chunked = list(denoise(checkpoint.model, long_prompt, settings, NEVER))
    for one, other in zip(whole, chunked, strict=True):
        np.testing.assert_allclose(one.entropy_nats, other.entropy_nats, atol=1e-2)
        assert np.array_equal(one.candidate_ids, other.candidate_ids)


@pytest.fixture(scope="module")
def narrow_window():
    """A random model whose sliding window (9) is shorter than the prompts below."""
    config = json.loads((POCKET_FOLDER / "config.json").read_text())
    config["text_config"] |= {
        "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 4, "sliding_window": 9, "head_dim": 16,
        "layer_types": ["sliding_attention", "full_attention"] * 2, "global_head_dim": 32,
    }  # fmt: skip
    return make_random_model(config)


@pytest.mark.parametrize("chunk", [1, 7, 9, 10, 31, 32])
def test_chunks_shorter_and_longer_than_the_sliding_window_give_the_same_states(narrow_window, monkeypatch, chunk):
    prompt = [2, *range(300, 331)]
    settings = SMALL.changed(canvas_length=12, max_tokens=36, max_steps=2)
    monkeypatch.setattr(denoise_module, "_PREFILL_CHUNK", 1000)
    whole = list(denoise(narrow_window, prompt, settings, NEVER))
    monkeypatch.setattr(denoise_module, "_PREFILL_CHUNK", chunk)
    chunked = list(denoise(narrow_window, prompt, settings, NEVER))
    assert len(whole) == len(chunked) == 3 * 4
    for one, other in zip(whole, chunked, strict=True):
        np.testing.assert_allclose(one.entropy_nats, other.entropy_nats, atol=1e-3)
        assert np.array_equal(one.candidate_ids, other.candidate_ids)
        assert np.array_equal(one.canvas_ids, other.canvas_ids)


def test_a_prompt_of_thousands_of_tokens_takes_less_memory_in_chunks_and_gives_the_same(checkpoint, monkeypatch):
    prompt = checkpoint.prompt_ids("Why is the sky blue? " * 500, SMALL.changed(max_tokens=8, canvas_length=8))
    assert len(prompt) > 2 * denoise_module._PREFILL_CHUNK
    settings = SMALL.changed(canvas_length=8, max_tokens=8, max_steps=1, t_min=10, t_max=10)

    def run():
        mx.clear_cache()
        before = mx.get_active_memory()
        mx.reset_peak_memory()
        return list(denoise(checkpoint.model, prompt, settings, NEVER)), mx.get_peak_memory() - before

    chunked, chunked_peak = run()
    monkeypatch.setattr(denoise_module, "_PREFILL_CHUNK", 10_000)
    whole, whole_peak = run()
    np.testing.assert_allclose(chunked[1].entropy_nats, whole[1].entropy_nats, atol=1e-2)
    assert np.array_equal(chunked[1].candidate_ids, whole[1].candidate_ids)
    assert chunked_peak < whole_peak


def test_memory_after_many_blocks_is_what_it_was_after_three():
    # Full attention keeps every position by its nature; without it nothing may grow.
    config = json.loads((POCKET_FOLDER / "config.json").read_text())
    config["text_config"] |= {"hidden_size": 64, "sliding_window": 9, "layer_types": ["sliding_attention"] * 4}
    model = make_random_model(config)
    settings = SMALL.changed(canvas_length=8, max_tokens=8 * 14, max_steps=2)
    gc.collect()
    memories = list(block_memories(model, [2, *range(300, 331)], settings))
    assert len(memories) == 14
    third, last = memories[2], memories[-1]
    assert last.key_values == third.key_values
    assert last.active <= 1.001 * third.active
    assert last.peak <= 1.05 * third.peak
    assert last.pooled <= 1.05 * third.pooled
