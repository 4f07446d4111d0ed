"""A model that types: mlx-lm's own text, token by token, as the states that everything else reads."""

from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.support.tiny_typewriter import make_gemma_4, make_typewriter
from training.corpus import FAMILIES
from visualizer.bundled import POCKET_FOLDER, POCKET_TYPEWRITER_FOLDER
from visualizer.command.serve import serve_command
from visualizer.command.terminal import FAILURE
from visualizer.draft import Draft
from visualizer.errors import CheckpointError, SettingsError
from visualizer.export import export
from visualizer.model import check_denoises, load_checkpoint, read_card
from visualizer.run import Engine, run_info
from visualizer.run.engine import check_settings
from visualizer.run.frames import frames
from visualizer.trace import Finish, Phase, Writing, load_trace, save_trace, trace_of

PROMPT = "Why is the sky blue?"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return load_checkpoint(read_card(make_typewriter(tmp_path_factory.mktemp("checkpoints") / "tiny")))


def run_of(checkpoint, **knobs):
    settings = checkpoint.card.defaults.changed(**knobs)
    return trace_of(run_info(checkpoint.card, PROMPT, settings), frames(checkpoint, PROMPT, settings))


@pytest.mark.parametrize(("temperature", "seeds"), [(0.0, 1), (0.8, 20)])
def test_the_text_is_mlx_lms_own_for_the_same_seed_and_temperature(checkpoint, temperature, seeds):
    import mlx.core as mx
    from mlx_lm import generate, load
    from mlx_lm.sample_utils import make_sampler

    model, tokenizer = load(str(checkpoint.card.folder))
    texts, ends = set(), set()
    for seed in range(seeds):
        trace = run_of(checkpoint, seed=seed, temperature=temperature)
        mx.random.seed(seed)
        prompt = checkpoint.prompt_ids(PROMPT, trace.info.settings)
        theirs = generate(model, tokenizer, prompt, max_tokens=20, sampler=make_sampler(temp=temperature))
        assert trace.answer.removeprefix(" ") == theirs  # mlx-lm leaves off a space at the very beginning
        texts.add(theirs)
        ends.add(trace.ended)
    assert len(texts) > seeds // 2
    assert temperature == 0 or ends == {"stop", "length"}


def test_gemma_4_types_mlx_lms_own_text_too(tmp_path):
    import mlx.core as mx
    from mlx_lm import generate, load
    from mlx_lm.sample_utils import make_sampler

    four = load_checkpoint(read_card(make_gemma_4(tmp_path / "four")))
    assert (four.card.name, four.card.writing, four.number_format) == ("tiny-gemma-4", Writing.TYPED, "float32")
    trace = run_of(four, seed=4, temperature=0.8)
    model, tokenizer = load(str(four.card.folder))
    mx.random.seed(4)
    prompt = four.prompt_ids(PROMPT, trace.info.settings)
    theirs = generate(model, tokenizer, prompt, max_tokens=20, sampler=make_sampler(temp=0.8))
    assert trace.answer.removeprefix(" ") == theirs.removeprefix(" ")
    assert trace.states[-1].step > 1


@pytest.mark.parametrize("family", ["acrostic", "why"])
def test_the_one_that_comes_with_the_app_gives_what_a_demo_prompt_asks_for(family):
    shipped = load_checkpoint(read_card(POCKET_TYPEWRITER_FOLDER))
    prompt = FAMILIES[family].DEMO_PROMPT
    settings = shipped.card.defaults.changed(seed=1)
    trace = trace_of(run_info(shipped.card, prompt, settings), frames(shipped, prompt, settings))
    assert FAMILIES[family].violations(prompt, trace.answer) == []


def test_one_token_a_step_from_left_to_right_and_nothing_is_taken_back(checkpoint):
    states = run_of(checkpoint, seed=2).states
    steps = [state for state in states if state.phase is Phase.STEP]
    for number, state in enumerate(steps, start=1):
        assert state.accepted.tolist() == [True] * number + [False] * (len(state.accepted) - number)
        assert np.array_equal(state.canvas_ids[: number - 1], steps[number - 2].canvas_ids[: number - 1])
        assert state.probability[number - 1] == state.top_probabilities[number - 1, 0] > 0
        assert state.top_ids[number - 1, 0] == state.candidate_ids[number - 1]
        assert not state.probability[number:].any()
    assert all(before.elapsed_ms <= after.elapsed_ms for before, after in pairwise(states))


def test_what_is_shown_is_read_from_the_models_own_logits(checkpoint):
    import mlx.core as mx

    state = run_of(checkpoint, seed=3, temperature=0.5).states[6]
    ids = [*checkpoint.prompt_ids(PROMPT, checkpoint.card.defaults), *state.canvas_ids[:5].tolist()]
    chances = np.array(mx.softmax(checkpoint.model(mx.array([ids]))[0, -1] / 0.5))
    assert state.top_ids[5].tolist() == np.argsort(-chances)[:3].tolist()
    assert state.top_probabilities[5] == pytest.approx(np.sort(chances)[::-1][:3], rel=1e-3)
    assert state.entropy_nats[5] == pytest.approx(-(chances * np.log(chances + 1e-30)).sum(), rel=1e-3, abs=1e-6)


def test_the_stop_token_ends_the_answer_and_is_no_part_of_it(checkpoint):
    runs = (run_of(checkpoint, seed=seed) for seed in range(20))
    trace = next(trace for trace in runs if trace.ended == "stop")
    last = trace.states[-1]
    assert last.finish is Finish.STOP_TOKEN
    assert last.canvas_ids[last.answer_length] in checkpoint.card.stop_ids
    assert last.accepted.sum() == last.answer_length + 1 == last.step


def test_a_budget_longer_than_a_page_goes_on_on_the_next(checkpoint):
    card = replace(checkpoint.card, stop_ids=frozenset())
    trace = run_of(replace(checkpoint, card=card), max_tokens=300)
    assert [len(state.accepted) for state in trace.states if state.phase is Phase.NOISE] == [card.canvas_length, 44]
    assert [state.finish for state in trace.states if state.phase is Phase.COMMIT] == [None, Finish.BUDGET]
    assert trace.ended == "length"


def test_its_recording_says_that_it_was_typed_and_is_read_again(checkpoint, tmp_path):
    trace = run_of(checkpoint, seed=5)
    save_trace(trace, tmp_path / "typed.jsonl.gz")
    loaded = load_trace(tmp_path / "typed.jsonl.gz")
    assert loaded.info.writing is Writing.TYPED
    assert loaded.info.versions.keys() >= {"mlx", "mlx-lm"}
    assert loaded.answer == trace.answer


def test_a_knob_that_it_does_not_have_is_refused_by_name(checkpoint):
    card = checkpoint.card
    check_settings(card, card.defaults.changed(seed=7, temperature=0.3, max_tokens=12))
    with pytest.raises(SettingsError, match="The entropy bound is of no use to tiny-typewriter"):
        check_settings(card, card.defaults.changed(entropy_bound=2.5))


def test_nothing_can_stand_on_its_page_before(checkpoint):
    with pytest.raises(SettingsError, match="tiny-typewriter types one token after the other, and nothing can stand"):
        check_settings(checkpoint.card, checkpoint.card.defaults, Draft({0: 7}))


def test_the_engine_runs_it_in_the_place_of_the_other_and_a_stop_ends_it(checkpoint):
    engine = Engine(checkpoint.card)
    try:
        settings = checkpoint.card.defaults.changed(seed=5)
        whole = [frame.state.canvas_ids.tolist() for frame in engine.run(PROMPT, settings)]
        assert whole == [state.canvas_ids.tolist() for state in run_of(checkpoint, seed=5).states]
        with closing(engine.run(PROMPT, settings)) as begun:
            assert next(begun).state.step == 0
        assert [frame.state.canvas_ids.tolist() for frame in engine.run(PROMPT, settings)] == whole
    finally:
        engine.close()


@pytest.mark.parametrize("beside", [True, False])
def test_two_engines_take_turns_and_share_the_machine_only_where_memory_holds_both(checkpoint, beside):
    engine = Engine(read_card(POCKET_FOLDER))
    settings = engine.card.defaults.changed(seed=5, max_tokens=16, canvas_length=16, max_steps=2)
    try:
        partner = engine.partner(checkpoint.card, beside)
        assert engine.partner(checkpoint.card, beside) is partner
        alone = [frame.state.canvas_ids.tolist() for frame in engine.run(PROMPT, settings)]
        typed = checkpoint.card.defaults.changed(seed=5)
        whole = [frame.state.canvas_ids.tolist() for frame in partner.run(PROMPT, typed)]
        assert whole == [state.canvas_ids.tolist() for state in run_of(checkpoint, seed=5).states]
        assert (engine.number_format is not None) == beside
        assert [frame.state.canvas_ids.tolist() for frame in engine.run(PROMPT, settings)] == alone
        assert (partner.number_format is not None) == beside
    finally:
        engine.partner(checkpoint.card, beside).close()
        engine.close()


def test_it_is_exported_like_any_other_run(checkpoint, tmp_path):
    trace = run_of(checkpoint, seed=5)
    list(export(trace, tmp_path / "run.html"))
    assert trace.info.prompt in (tmp_path / "run.html").read_text()
    *_, last = export(trace, tmp_path / "run.png")
    assert last.exported.size == (1280, 720)


def test_the_page_is_served_for_what_denoises_only(checkpoint, capsys):
    with pytest.raises(CheckpointError, match="tiny-typewriter types one token after the other"):
        check_denoises(checkpoint.card)
    nowhere = ["--host", "256.0.0.1", "--open"]  # were it not refused, it would fail otherwise
    assert serve_command(["--model", str(checkpoint.card.folder), *nowhere], "serve") == FAILURE
    assert "types one token after the other" in capsys.readouterr().err
