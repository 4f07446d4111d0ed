"""A denoised text as if typed: its own tokens, left to right, one a pass, and nothing where nothing stands yet."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.made_traces import landing_trace, made_trace, stopped_trace
from tests.support.trace_samples import growing_run
from visualizer.errors import TraceError
from visualizer.measure import direction_of
from visualizer.picture import Arrangement, SceneOptions, build_scene
from visualizer.trace import Phase, Writing, load_trace, save_trace, typed_out

DENOISED = landing_trace(["One", " two", " three", "<turn|>", "<pad>"], [2, 1, 3, 1, 1], special=["<turn|>", "<pad>"])
TYPED = typed_out(DENOISED)


def shown(trace):
    """What stands written at each state."""
    return [
        "".join(text for text, flag in zip(trace.shown_texts(index), state.accepted, strict=True) if flag)
        for index, state in enumerate(trace.states)
    ]


def test_it_is_typed_left_to_right_with_the_stop_token_last_and_nothing_of_the_tail():
    assert shown(TYPED) == ["", "One", "One two", "One two three", "One two three<turn|>", "One two three<turn|>"]
    assert [state.answer_length for state in TYPED.states] == [0, 1, 2, 3, 3, 3]
    assert (TYPED.answer, TYPED.ended, TYPED.info.writing) == ("One two three", "stop", Writing.DRAWN)


def test_it_has_neither_time_nor_probability():
    assert {state.elapsed_ms for state in TYPED.states} == {0.0}
    assert not any(state.probability.any() or state.entropy_nats.any() for state in TYPED.states)
    assert {state.top_ids.shape[1] for state in TYPED.states} == {0}


def test_every_block_is_typed_after_the_one_before():
    typed = typed_out(made_trace(["a", " b", "\n"], blocks=3))
    assert [state.block for state in typed.states if state.phase is Phase.STEP] == [0] * 3 + [1] * 3 + [2] * 3
    assert typed.answers == ("a b\n", "a b\na b\n", "a b\na b\na b\n")


def test_a_character_that_is_split_over_tokens_stands_when_its_last_one_does():
    trace = growing_run(["a", "\ufffd", "\ufffd", "b"])
    trace = replace(trace, overrides=({},) * (len(trace.states) - 1) + ({1: "é", 2: ""},))
    assert shown(typed_out(trace)) == ["", "a", "a", "aé", "aéb", "aéb"]


def test_a_run_that_committed_nothing_has_nothing_to_type():
    with pytest.raises(TraceError, match="nothing to type"):
        typed_out(stopped_trace(DENOISED, 3))


def test_it_is_a_recording_like_any_other(tmp_path):
    save_trace(TYPED, tmp_path / "typed.jsonl")
    loaded = load_trace(tmp_path / "typed.jsonl")
    assert loaded.info == TYPED.info
    assert shown(loaded) == shown(TYPED)
    text = (tmp_path / "typed.jsonl").read_text()
    (tmp_path / "typed.jsonl").write_text(text.replace('"drawn"', '"dreamt"'))
    with pytest.raises(TraceError, match="line 1: writing is none of typed, drawn"):
        load_trace(tmp_path / "typed.jsonl")


@pytest.mark.parametrize("layout", list(Arrangement))
def test_a_picture_shows_what_is_written_and_no_noise(layout):
    scene = build_scene(TYPED, SceneOptions(layout=layout))
    drawn = [["".join(sign for _, _, sign in cell.signs) for cell in frame.cells] for frame in scene.frames]
    assert drawn[:4] == [[], ["One"], ["One", "two"], ["One", "two", "three"]]
    assert drawn[4][-1].replace("\u00a0", " ") == "◼ end · 1 position"
    assert [frame.status for frame in scene.frames][1:3] == ["pass 1", "pass 2"]
    assert scene.stage.legend is None
    assert "drawn, not run" in " ".join(words.text for words in scene.stage.words)


def test_nothing_is_said_or_shown_of_noise():
    shots = direction_of(TYPED).shots
    assert not any(shot.raw or "random" in shot.caption for shot in shots)
    assert shots[0].caption == ""


def test_what_is_written_is_never_touched_again():
    for before, after in zip(TYPED.states, TYPED.states[1:], strict=False):
        kept = before.accepted
        assert np.array_equal(before.canvas_ids[kept], after.canvas_ids[kept])
        assert after.accepted[kept].all()
