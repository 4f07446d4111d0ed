"""The pixels show the cells: colours, shapes, and nothing left over from the frame before."""

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.canvas_samples import tiny_state
from tests.support.trace_samples import growing_run, held_trace, run_info
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.legend import legend
from visualizer.picture.options import SceneOptions
from visualizer.picture.painter import Painter
from visualizer.picture.pixels import Box, bounds
from visualizer.picture.scene import build_scene
from visualizer.theme import DARK, THEMES
from visualizer.trace.canvas import Phase
from visualizer.trace.trace import Trace

GLYPHS = Glyphs()
TRACE = growing_run(["One", " two", "\n", " three"], steps=4)


def scene_of(trace=TRACE, glyphs=GLYPHS, **options):
    return build_scene(trace, SceneOptions(**{"width": 640, "height": 360} | options), glyphs)


def painted(scene, number):
    """RGB pixels of one frame, by a painter of its own."""
    painter = Painter(scene)
    return painter.palette[painter.paint(scene.frames[number])]


def rgb(colour):
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))


def cell_pixels(scene, picture, number, position):
    """The pixels of a position's first cell."""
    cell = next(cell for cell in scene.frames[number].cells if cell.position == position)
    metrics, stage = scene.stage.metrics, scene.stage
    top, left = stage.top + cell.row * metrics.line_px, stage.left + cell.column * metrics.column_px
    return picture[top : top + metrics.line_px, left : left + cell.width * metrics.column_px]


def has_colour(pixels, colour, tolerance=6):
    return bool((np.abs(pixels.astype(int) - rgb(colour)).max(axis=-1) <= tolerance).any())


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("number, name", [(1, "new"), (2, "draft"), (5, "committed")])
def test_a_state_has_its_colour(theme, number, name):
    scene = scene_of(theme=theme)
    pixels = cell_pixels(scene, painted(scene, number), number, position=0)
    assert has_colour(pixels, getattr(THEMES[theme], name))
    others = {"new", "draft", "committed"} - {name}
    if theme == "dark":
        assert not any(has_colour(pixels, getattr(DARK, other)) for other in others)


def test_noise_is_a_plain_chip_with_round_corners():
    scene = scene_of(noise="grain")
    chip = cell_pixels(scene, painted(scene, 0), 0, position=0)
    middle = chip[chip.shape[0] // 2, 4:-4]
    assert len(np.unique(middle.reshape(-1, 3), axis=0)) == 1
    assert not np.array_equal(middle[0], rgb(DARK.surface))
    assert np.array_equal(chip[0, 0], rgb(DARK.surface))


def marks_trace():
    texts = {1: "kept", 2: " taken back", 3: " before", 4: " after"}
    states = (
        tiny_state([1, 2, 3], [True] * 3),
        tiny_state([1, 2, 4], [True, False, True], step=2),
        tiny_state([1, 2, 4], [True] * 3, Phase.COMMIT, step=2),
    )
    return Trace(run_info(), states, texts, frozenset(), ({},) * 3, ("",), "stop")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("position, name", [(1, "reverted"), (2, "changed")])
def test_marks_have_a_colour_and_a_sign_and_a_line_of_their_own(theme, position, name):
    scene = scene_of(marks_trace(), theme=theme)
    picture = painted(scene, 1)
    pixels = cell_pixels(scene, picture, 1, position)
    colour = getattr(THEMES[theme], name)
    half = pixels.shape[0] // 2
    assert has_colour(pixels[:half], colour, 40), "the sign at the corner"
    assert has_colour(pixels[half:], colour), "the line below"
    assert not has_colour(cell_pixels(scene, picture, 1, 0), colour, 40)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("options", [{}, {"noise": "grain", "layout": "flow"}])
def test_what_a_draft_holds_lies_on_a_plate_in_every_state_and_the_legend_says_so(theme, options):
    scene = scene_of(held_trace(), theme=theme, **options)
    plates = set()
    for number in range(3):
        pixels = cell_pixels(scene, painted(scene, number), number, position=0)
        assert not has_colour(pixels, THEMES[theme].new)
        plates.add(tuple(pixels[pixels.shape[0] // 2, 0]))
    assert len(plates) == 1 and rgb(THEMES[theme].surface) not in plates
    free = cell_pixels(scene, painted(scene, 2), 2, position=1)
    assert tuple(free[free.shape[0] // 2, 0]) not in plates
    assert scene.stage.legend.holds and not scene_of().stage.legend.holds
    assert [entry.cell.look.held for entry in legend(held=True)].count(True) == 1


def test_signs_of_marks_differ_in_shape():
    scene = scene_of(marks_trace())
    picture = painted(scene, 1)
    lines = []
    for position, name in ((1, "reverted"), (2, "changed")):
        pixels = cell_pixels(scene, picture, 1, position)
        inked = (np.abs(pixels.astype(int) - rgb(getattr(DARK, name))).max(axis=-1) <= 6)[pixels.shape[0] // 2 :]
        lines.append(inked.any(axis=0).mean())
    assert lines[0] < 0.8, "dotted"
    assert lines[1] == 1.0, "drawn through"


@pytest.mark.parametrize("theme, options", list(itertools.product(THEMES, [{}, {"scale": 2}, {"layout": "flow"}])))
def test_the_palette_is_small_and_starts_with_the_surface(theme, options):
    painter = Painter(scene_of(theme=theme, **options))
    assert painter.palette.dtype == np.uint8
    assert painter.palette.shape[1] == 3
    assert len(painter.palette) <= 256
    assert tuple(painter.palette[0]) == rgb(THEMES[theme].surface)


def test_the_same_array_is_painted_every_time():
    scene = scene_of()
    painter = Painter(scene)
    first = painter.paint(scene.frames[0])
    assert first.shape == (360, 640)
    assert first.dtype == np.uint8
    assert first.flags.c_contiguous
    assert painter.paint(scene.frames[1]) is first


LONG = growing_run([f" word{number % 37}" for number in range(500)], steps=7)


@pytest.mark.parametrize("trace", [TRACE, marks_trace(), LONG], ids=["short", "marks", "scrolling"])
@pytest.mark.parametrize("layout", ["settled", "flow"])
def test_painting_over_leaves_nothing_behind_and_dirt_covers_every_change(trace, layout):
    scene = scene_of(trace, layout=layout)
    painter = Painter(scene)
    numbers = list(range(len(scene.frames))) * 2
    random.Random(1).shuffle(numbers)
    before = None
    for number in numbers:
        picture = painter.paint(scene.frames[number]).copy()
        fresh = Painter(scene).paint(scene.frames[number])
        assert np.array_equal(picture, fresh)
        if before is not None:
            outside = np.ones(picture.shape, dtype=bool)
            for left, top, width, height in painter.dirty:
                outside[top : top + height, left : left + width] = False
            assert np.array_equal(picture[outside], before[outside])
        before = picture


def test_nothing_is_dirty_when_nothing_changes():
    scene = scene_of()
    painter = Painter(scene)
    painter.paint(scene.frames[0])
    assert painter.dirty == (Box(0, 0, 640, 360),)
    painter.paint(scene.frames[0])
    assert painter.dirty == ()


def test_a_small_change_is_a_small_rectangle():
    scene = scene_of(step=False, progress=False, captions=False)
    painter = Painter(scene)
    painter.paint(scene.frames[1])
    painter.paint(scene.frames[2])
    hull = bounds(painter.dirty)
    assert hull is not None
    assert hull.width * hull.height < 0.2 * 640 * 360


def test_bounds_are_the_hull():
    assert bounds([Box(2, 3, 4, 5), Box(10, 1, 1, 1)]) == Box(2, 1, 9, 7)
    assert bounds([]) is None


@pytest.mark.parametrize("number", [2, 5])
def test_twice_the_pixels_show_the_same_picture(number):
    one, two = (painted(scene_of(marks_trace() if number == 2 else TRACE, scale=scale), number) for scale in (1, 2))
    halved = two.reshape(360, 2, 640, 2, 3).mean(axis=(1, 3))
    blocks = [
        np.abs(picture - rgb(DARK.surface)).reshape(36, 10, 64, 10, 3).mean(axis=(1, 3, 4)) for picture in (one, halved)
    ]
    assert np.corrcoef(blocks[0].ravel(), blocks[1].ravel())[0, 1] > 0.97


def test_the_progress_bar_fills_up():
    scene = scene_of()
    filled = [
        (np.abs(painted(scene, number)[-1].astype(int) - rgb(DARK.accent)).max(axis=-1) <= 2).sum()
        for number in range(len(scene.frames))
    ]
    assert filled == sorted(set(filled))
    assert filled[-1] == 640


def test_switched_off_words_leave_the_surface():
    off = dict.fromkeys(("prompt", "checkpoint", "seed", "step", "label", "legend", "progress"), False)
    scene = scene_of(**off)
    head = painted(scene, 5)[: scene.stage.top]
    assert np.array_equal(np.unique(head.reshape(-1, 3), axis=0), [rgb(DARK.surface)])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"width": 320, "height": 240},
        {"scale": 2},
        {"width": 400, "height": 1200, "theme": "light"},
        {"height": None},
    ],
    ids=str,
)
def test_hard_texts_are_painted_in_every_size(options):
    texts = [
        "漢字",
        "\u0301",
        "👩\u200d",
        "💻",
        "\t",
        "\x00\u202e",
        " שלום",
        "\n\n",
        "\ue000",
        "x" * 300,
        "कि",
        "\ud83d",
        "🇩",
        "<pad>",
    ]
    trace = growing_run(texts, steps=3, special=(13,), prompt="漢 \x00 \n" + "ש" * 900)
    for layout in ("settled", "flow"):
        scene = scene_of(trace, layout=layout, **options)
        painter = Painter(scene)
        for frame in scene.frames:
            assert len(np.unique(painter.paint(frame))) > 10


@pytest.mark.parametrize("texts", [["Hi"], [""], ["\n"], [" "]], ids=ascii)
def test_runs_of_one_token_are_painted(texts):
    scene = scene_of(growing_run(texts, steps=1))
    assert [painted(scene, number).shape for number in range(3)] == [(360, 640, 3)] * 3


def test_an_empty_run_is_one_picture_that_says_so():
    scene = scene_of(replace(TRACE, states=(), overrides=(), answers=()))
    told = painted(scene, 0)
    silent = Painter(scene)
    assert not np.array_equal(told, silent.palette[silent.paint(replace(scene.frames[0], status=""))])


def test_a_missing_font_folder_still_gives_text(tmp_path):
    scene = scene_of(glyphs=Glyphs(tmp_path))
    picture = painted(scene, 5)
    assert has_colour(cell_pixels(scene, picture, 5, 0), DARK.committed, 40)
    assert has_colour(picture[: scene.stage.top], DARK.text, 60)


def test_a_split_character_is_drawn_whole_when_its_tokens_are_there():
    trace = growing_run(["", "漢"], steps=2)
    trace = replace(trace, overrides=tuple({0: "漢", 1: ""} for _ in trace.states))
    scene = scene_of(trace)
    assert has_colour(cell_pixels(scene, painted(scene, 3), 3, 0), DARK.committed, 20)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=4), min_size=1, max_size=6), st.booleans())
def test_any_text_is_painted(texts, is_settled):
    scene = scene_of(growing_run(texts, steps=2), layout="settled" if is_settled else "flow")
    painter = Painter(scene)
    for frame in scene.frames:
        painter.paint(frame)
