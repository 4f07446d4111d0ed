"""The plan of a run's time, as a value and in a film that is decoded again."""

from __future__ import annotations

import av
import numpy as np
import pytest

from tests.support.canvas_samples import tiny_state
from tests.support.trace_samples import growing_run, run_info
from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.export.formats import export, finish
from visualizer.measure.direction import direction_of
from visualizer.measure.scaffold import scaffold_of
from visualizer.picture.options import SceneOptions
from visualizer.picture.pixels import Box
from visualizer.picture.scene import build_scene
from visualizer.theme import DARK
from visualizer.trace.canvas import CellState, Finish, Phase
from visualizer.trace.file import load_trace
from visualizer.trace.parts import Part, trace_parts
from visualizer.trace.trace import Trace

GALLERY = sorted(path.name.split(".")[0] for path in RECORDINGS_FOLDER.glob("*.jsonl.gz"))
SHOWN_MS = 1500
"""So long the scaffold is lit before the first content that follows it."""


def recording(name):
    return load_trace(RECORDINGS_FOLDER / f"{name}.jsonl.gz")


def made(steps, texts, prompt="A prompt."):
    """A run of one block. steps: at each the ids that are accepted, 0 for noise; the last one's are committed."""
    count = len(steps[-1])
    states = [tiny_state([0] * count, [False] * count, Phase.NOISE, step=0)]
    states += [tiny_state(ids, [token_id > 0 for token_id in ids], step=k) for k, ids in enumerate(steps, 1)]
    states.append(tiny_state(steps[-1], [True] * count, Phase.COMMIT, step=len(steps), finish=Finish.STOP_TOKEN))
    answer = "".join(texts[token_id] for token_id in steps[-1])
    return Trace(
        info=run_info(prompt), states=tuple(states), texts=texts, special=frozenset(), overrides=({},) * len(states),
        answers=(answer,), ended="stop",
    )  # fmt: skip


TEXTS = {0: "noise", 1: "One", 2: " sun", 3: ".", 4: " moon"}


def test_a_run_without_a_state_has_no_shot():
    trace = growing_run(["a"])
    assert direction_of(Trace(trace.info, (), {}, frozenset(), (), (), "failed")).shots == ()


@pytest.mark.parametrize("name", GALLERY)
def test_a_recording_of_the_gallery_takes_8_to_20_seconds(name):
    trace = recording(name)
    shots = direction_of(trace).shots
    assert len(shots) == len(trace.states)
    assert 8000 <= sum(shot.duration_ms for shot in shots) <= 20_000
    assert shots[0].duration_ms >= SHOWN_MS
    assert shots[-1].duration_ms >= 2500


@pytest.mark.parametrize("name", GALLERY)
def test_what_is_lit_is_scaffold_that_has_just_landed_and_it_is_held(name):
    trace = recording(name)
    direction = direction_of(trace)
    lit = [index for index, shot in enumerate(direction.shots) if shot.lit]
    assert lit
    assert direction.shots[lit[0]].duration_ms >= SHOWN_MS
    for index in lit:
        state, end = trace.states[index], trace.states[-1]
        assert 1000 <= direction.shots[index].duration_ms <= 2500
        for position in direction.shots[index].lit:
            assert scaffold_of(trace)[0][position]
            assert state.accepted[position] and state.canvas_ids[position] == end.canvas_ids[position]


def test_scaffold_that_lands_is_lit_and_what_lands_with_it_is_not():
    trace = made([[0, 2, 3], [1, 2, 3]], TEXTS)
    assert [shot.lit for shot in direction_of(trace).shots] == [(), (2,), (0,), ()]


def test_a_change_of_mind_is_worth_a_pause():
    calm = [[1, 0, 0], [1, 0, 3], [1, 0, 3], [1, 2, 3], [1, 2, 3]]
    turned = [[1, 0, 0], [1, 0, 3], [1, 4, 3], [1, 2, 3], [1, 2, 3]]
    shots = [direction_of(made(steps, TEXTS)).shots for steps in (calm, turned)]
    assert shots[1][4].caption == "Step 4: it takes “moon” back and writes “sun”."
    assert shots[1][4].duration_ms >= 1000 > shots[0][4].duration_ms


def test_a_run_whose_scaffold_comes_in_drops_is_shown_at_its_half():
    texts = {0: "noise"} | {k: f" w{k}" for k in range(1, 21)} | {21: "."}
    ids = list(range(1, 22))
    trace = made([ids[:k] + [0] * (21 - k) for k in range(1, 22)], texts)
    direction = direction_of(trace)
    half = direction.moment
    assert direction.shots[half].caption == f"Step {half}: {half} of the 21 answer tokens are there."
    there = [sum(state.accepted) for state in trace.states]
    assert there[half] * 2 >= 21 > there[half - 1] * 2


def test_many_dull_steps_take_little_time():
    texts = {0: "noise"} | {k: f" word{k}" for k in range(1, 301)}
    ids = list(range(1, 301))
    trace = made([ids[:k] + [0] * (300 - k) for k in range(1, 301)], texts)
    assert sum(shot.duration_ms for shot in direction_of(trace).shots) <= 20_000


def test_the_same_recording_has_the_same_direction():
    assert direction_of(recording("story")) == direction_of(recording("story"))


def film_rows(path):
    """Every picture of a film (uint8 H×W×3), and when it begins."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield float(frame.pts * frame.time_base) * 1000, frame.to_ndarray(format="rgb24")


def has_ink(picture, box, colour):
    """Whether a part of a picture has some of a colour, as far as a film keeps it."""
    part = picture[box.top : box.top + box.height, box.left : box.left + box.width].astype(int)
    wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return bool((np.abs(part - wanted).max(axis=-1) <= 24).mean() > 0.3)


@pytest.mark.parametrize("preset", ["720p", "portrait"])
def test_a_film_lights_the_scaffold_before_the_first_content_that_follows(tmp_path, preset):
    """A film of default settings, decoded again: where the cells of the scaffold are, there is light."""
    trace = recording("story")
    options = SceneOptions.preset(preset)
    finish(export(trace, tmp_path / "story.mp4", options))
    scene = build_scene(trace, options)
    assert 8000 <= scene.duration_ms <= 20_000
    lit = [cell for cell in scene.frames[1].cells if cell.look.lit]
    places = [place_of(scene, cell) for cell in lit]
    assert len({cell.position for cell in lit}) == len(direction_of(trace).shots[1].lit) > 10
    times = [at for at, picture in film_rows(tmp_path / "story.mp4")
             if all(has_ink(picture, place, DARK.new) for place in places)]  # fmt: skip
    content = first_content_after(trace, scene)
    assert content - times[0] >= SHOWN_MS
    assert max(times) < content


def place_of(scene, cell):
    metrics, stage = scene.stage.metrics, scene.stage
    left, top = stage.left + cell.column * metrics.column_px, stage.top + cell.row * metrics.line_px
    return Box(left, top + metrics.line_px // 4, cell.width * metrics.column_px, metrics.line_px // 2)


def first_content_after(trace, scene):
    """When the first token that is no scaffold lands after the first landing of scaffold."""
    is_content = (trace_parts(trace)[-1] == Part.ANSWER) & ~scaffold_of(trace)[0]
    starts = np.cumsum([0, *scene.durations_ms])
    for frame, before, at in zip(scene.frames[2:], scene.frames[1:], starts[2:], strict=False):
        state, last = trace.states[frame.state_index], trace.states[before.state_index]
        if (state.accepted & ~last.accepted & is_content).any():
            return float(at)
    raise AssertionError("no content follows")


def test_a_directed_film_begins_with_the_tokens_that_the_model_reads():
    trace = recording("story")
    scene = build_scene(trace, SceneOptions())
    noise = trace.states[0].canvas_ids
    first = scene.frames[0]
    shown = {cell.position: "".join(sign for _, _, sign in cell.signs) for cell in first.cells}
    assert len(shown) > 80 and first.rows_below == 4
    assert all(
        trace.texts[noise[position]].strip(" ").startswith(text) for position, text in shown.items() if text != "⏎"
    )
    settled = {cell.position: (cell.row, cell.column) for cell in scene.frames[-1].cells}
    same = [settled.get(cell.position) == (cell.row, cell.column) for cell in first.cells]
    assert np.mean(same) < 0.1


def test_noise_stays_grain_where_that_is_asked_for_and_after_the_scaffold_has_landed():
    trace = recording("story")
    for scene, number in (
        (build_scene(trace, SceneOptions(noise="grain")), 0),
        (build_scene(trace, SceneOptions()), 3),
    ):
        masked = [cell for cell in scene.frames[number].cells if cell.look.state is CellState.MASKED]
        assert masked and not any(cell.signs for cell in masked)


def test_captions_stand_in_one_line_and_can_be_left_out():
    trace = recording("story")
    scene = build_scene(trace, SceneOptions())
    assert scene.frames[1].caption == ("Step 1: the first and the last sentence are there. The middle is not.",)
    assert all(len(frame.caption) == 1 for frame in scene.frames)
    assert len(scene.stage.caption) == 1
    silent = build_scene(trace, SceneOptions(captions=False))
    assert not silent.stage.caption and not any(frame.caption for frame in silent.frames)
    assert not build_scene(trace, SceneOptions(pacing="equal")).stage.caption
