"""What the prompt asked for, under the canvas of films: each mark turns where its constraint does."""

from dataclasses import replace

import numpy as np
import pytest

from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.measure import STAND_SIGNS, scoreboard
from visualizer.picture import Painter, SceneOptions, build_scene
from visualizer.trace import load_trace

STORY = load_trace(RECORDINGS_FOLDER / "story.jsonl.gz")
PLANETS = load_trace(RECORDINGS_FOLDER / "planets.jsonl.gz")


def labels(scene):
    return [mark.label.text for mark in scene.stage.marks]


@pytest.mark.parametrize("trace", [STORY, PLANETS], ids=["story", "planets"])
@pytest.mark.parametrize("preset", ["720p", "square", "portrait", "readme"])
def test_every_mark_stands_in_the_picture_and_none_on_another(trace, preset):
    scene = build_scene(trace, SceneOptions.preset(preset))
    assert labels(scene) == [course.check.label for course in scoreboard(trace)]
    painter = Painter(scene)
    painter.paint(scene.frames[0])
    boxes = [painter._words[f"{part} {n}"][1] for n in range(len(labels(scene))) for part in ("sign", "label")]
    taken = np.zeros(scene.size[::-1], dtype=int)
    for box in boxes:
        assert box.left + box.width <= scene.size[0]
        taken[box.top : box.top + box.height, box.left : box.left + box.width] += 1
    assert taken.max() == 1
    caption = scene.stage.caption[-1]
    assert caption.top + caption.font_px < min(box.top for box in boxes)
    assert max(box.top + box.height for box in boxes) <= scene.stage.legend.top


def test_a_mark_turns_at_the_step_from_which_its_constraint_holds():
    scene, courses = build_scene(STORY, SceneOptions()), scoreboard(STORY)
    for number, course in enumerate(courses):
        turns = [
            frame.state_index
            for before, frame in zip([None, *scene.frames], scene.frames, strict=False)
            if frame.marks[number] != (before.marks[number] if before else "open")
        ]
        assert tuple(turns) == course.turns
    assert scene.frames[-1].marks == ("met",) * len(courses)


def test_a_constraint_that_was_lost_is_marked_so():
    course = replace(scoreboard(STORY)[0], turns=(2, 5, 9))
    assert [course.standing(index) for index in (0, 2, 4, 5, 8, 9)] == ["open", "met", "met", "lost", "lost", "met"]
    assert set(STAND_SIGNS) == {"open", "met", "lost"}


@pytest.mark.parametrize(
    "changes", [{"scoreboard": False}, {"width": 640, "height": 360}], ids=["switched off", "small"]
)
def test_without_room_or_when_it_is_switched_off_there_are_no_marks(changes):
    scene = build_scene(STORY, SceneOptions(**changes))
    assert labels(scene) == []
    assert scene.stage.caption


def test_the_sign_on_the_picture_changes():
    scene = build_scene(STORY, SceneOptions())
    painter = Painter(scene)
    sign = scene.stage.marks[0].sign
    area = np.s_[sign.top : sign.top + sign.font_px, sign.left : sign.left + sign.font_px]
    before, after = (painter.coloured(scene.frames[number])[area] for number in (0, len(scene.frames) - 1))
    green = (np.array([74, 222, 128]) - after.astype(int)).__abs__().sum(axis=2).min()
    assert green < 60
    assert (np.array([74, 222, 128]) - before.astype(int)).__abs__().sum(axis=2).min() > green
