"""A trace becomes timed frames, with words around them that say what it is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.made_traces import made_trace
from tests.support.trace_samples import growing_run
from visualizer.errors import SettingsError
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.legend import legend
from visualizer.picture.lettering import Lettering
from visualizer.picture.options import PRESETS, Pacing, SceneOptions
from visualizer.picture.scene import build_scene, status_of
from visualizer.picture.timing import durations_ms, kept_states
from visualizer.settings import Settings
from visualizer.theme import THEMES
from visualizer.trace import typed_out

GLYPHS = Glyphs()
SHORT = growing_run(["One", " two", " three"], steps=3)
LONG = growing_run([f" word{number}" for number in range(1024)], steps=8)
OPTIONS = SceneOptions(start_hold_ms=0, end_hold_ms=1000)


def scene_of(trace, **options):
    return build_scene(trace, SceneOptions(**options), GLYPHS)


def words_of(scene):
    return " ".join(words.text for words in scene.stage.words)


def timed(elapsed, **options):
    trace = growing_run(["a"], steps=len(elapsed) - 2)
    states = tuple(replace(state, elapsed_ms=ms) for state, ms in zip(trace.states, elapsed, strict=True))
    trace = replace(trace, states=states)
    return durations_ms(trace, kept_states(trace, options.pop("frame_step", 1)), replace(OPTIONS, **options))


@pytest.mark.parametrize(
    "options, durations",
    [
        ({}, (120, 120, 120, 120, 1000)),
        ({"start_hold_ms": 700}, (700, 120, 120, 120, 1000)),
        ({"speed": 2.0}, (60, 60, 60, 60, 1000)),
        ({"speed": 20.0}, (20, 20, 20, 20, 1000)),
        ({"pacing": Pacing.REAL}, (100, 210, 400, 20, 1000)),
        ({"pacing": Pacing.REAL, "speed": 0.5}, (200, 410, 810, 20, 1000)),
        ({"frame_step": 2}, (240, 240, 1000)),
        ({"end_hold_ms": 0}, (120, 120, 120, 120, 20)),
    ],
    ids=str,
)
def test_steps_stand_as_long_as_the_pacing_says(options, durations):
    assert timed([1000, 1102, 1307, 1711, 1711], **options) == durations


def test_a_slow_finish_gets_slower_towards_the_end_only():
    durations = timed([0.0] * 40, pacing=Pacing.SLOW_FINISH)[:-1]
    assert durations[0] == 120
    assert durations[-1] > 400
    assert list(durations[24:]) == sorted(durations[24:])


@given(
    st.lists(st.floats(0, 5000), min_size=2, max_size=30),
    st.sampled_from(Pacing),
    st.floats(0.1, 20),
    st.integers(1, 7),
)
def test_durations_are_whole_ticks_and_do_not_drift(gaps, pacing, speed, frame_step):
    elapsed = [sum(gaps[:count]) for count in range(len(gaps) + 1)]
    durations = timed(elapsed, pacing=pacing, speed=speed, frame_step=frame_step)
    assert all(duration % 10 == 0 and duration >= 20 for duration in durations)
    if pacing is Pacing.REAL and min(gaps[:-1], default=0) / speed > 40:
        assert abs(sum(durations[:-1]) - elapsed[-1] / speed) <= 30


def test_kept_steps_include_the_first_and_last_of_every_block():
    trace = growing_run(["a", "b"], steps=6, blocks=2)
    assert kept_states(trace, 4) == [0, 4, 7, 8, 12, 15]


def test_a_loop_can_begin_in_the_middle():
    plain, rotated = scene_of(SHORT), scene_of(SHORT, loop_start=0.4)
    assert [frame.state_index for frame in rotated.frames] == [2, 3, 4, 0, 1]
    assert rotated.durations_ms == tuple(frame.duration_ms for frame in rotated.frames)
    assert rotated.duration_ms == plain.duration_ms


def test_frames_can_be_asked_for_in_any_order():
    frames = scene_of(SHORT).frames
    assert frames[-1] == list(frames)[4]
    assert frames[1:3] == [frames[1], frames[2]]
    with pytest.raises(IndexError):
        frames[5]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("scale", [1, 2])
def test_presets_have_their_size_and_both_sides_even(name, scale):
    scene = build_scene(SHORT, SceneOptions.preset(name, scale=scale), GLYPHS)
    width, height = PRESETS[name]
    assert scene.size[0] == width * scale
    assert height is None or scene.size[1] == height * scale
    assert not any(side % 2 for side in scene.size)


def test_twice_the_pixels_are_the_same_layout():
    one, two = (scene_of(SHORT, scale=scale) for scale in (1, 2))
    assert [frame.cells for frame in one.frames] == [frame.cells for frame in two.frames]
    assert two.stage == one.stage.scaled(2)
    assert (two.stage.metrics.column_px, two.stage.left) == (2 * one.stage.metrics.column_px, 2 * one.stage.left)


def test_a_readme_picture_grows_with_its_text_up_to_a_limit():
    heights = [
        build_scene(growing_run(["line\n"] * lines), SceneOptions.preset("readme"), GLYPHS).size[1]
        for lines in (2, 20, 300)
    ]
    assert heights == sorted(set(heights))
    assert heights[-1] < 1400


def test_a_tall_picture_is_for_phones_and_has_a_larger_legend_that_fits():
    wide, tall = (build_scene(SHORT, SceneOptions.preset(name), GLYPHS) for name in ("1080p", "portrait"))
    assert tall.stage.legend.metrics.font_px > wide.stage.legend.metrics.font_px
    columns = max(entry.column + len(entry.word) for entry in legend())
    assert tall.stage.legend.left + columns * tall.stage.legend.metrics.column_px <= tall.size[0] - tall.stage.left


def test_short_texts_are_written_larger_than_long_ones():
    assert scene_of(SHORT).stage.metrics.font_px > 1.5 * scene_of(LONG).stage.metrics.font_px


def test_lines_are_kept_whole_where_that_costs_little():
    stage = scene_of(growing_run(["x" * 70 + "\n"] * 3)).stage
    assert stage.columns > 70


@pytest.mark.parametrize("layout", ["settled", "flow"])
def test_what_does_not_fit_scrolls_and_says_so(layout):
    frames = scene_of(LONG, layout=layout).frames
    rows = frames[-1].rows_above
    assert rows > 0 and frames[-1].rows_below == 0
    assert frames[0].rows_above == 0
    assert any(frame.rows_below for frame in frames)
    assert all(any(cell.look.state for cell in frame.cells) for frame in frames[1:])


def test_text_in_flow_is_as_large_as_the_steps_need_and_not_the_noise_before_them():
    run = growing_run(["Yes"] + ["<pad>"] * 255, steps=3, special=range(1, 256), answer_length=1)
    noise = replace(run.states[0], candidate_ids=np.zeros(256, np.int32), answer_length=256)
    steps = tuple(replace(state, accepted=np.arange(256) > 0, answer_length=1) for state in run.states[1:-1])
    run = replace(run, states=(noise, *steps, run.states[-1]))
    scene = scene_of(run, layout="flow")
    assert scene.stage.metrics == scene_of(run).stage.metrics
    assert scene.frames[0].rows_below > 0 and not any(frame.rows_below for frame in scene.frames[1:])


def test_cells_in_view_are_all_that_stand_between_the_rows_out_of_view():
    scene = scene_of(LONG, pacing=Pacing.EQUAL)  # where no field of raw tokens opens the film
    rows = scene.stage.rows
    for frame in scene.frames:
        assert {cell.row for cell in frame.cells} == set(range(rows))
    total = {frame.rows_above + rows + frame.rows_below for frame in scene.frames}
    assert len(total) == 1


def test_every_word_around_the_canvas_can_be_switched_off():
    trace = growing_run(["One"], prompt="Count to three.")
    whole = words_of(scene_of(trace))
    for switch, word in {"prompt": "Count", "checkpoint": "tiny", "seed": "seed 0", "label": "recorded"}.items():
        assert word in whole
        assert word not in words_of(scene_of(trace, **{switch: False}))
    bare = scene_of(trace, step=False, legend=False, progress=False)
    assert (bare.stage.status, bare.stage.legend, bare.stage.progress) == (None, None, None)
    assert bare.frames[0].status == ""


def test_a_picture_says_what_was_asked_for_beside_the_prompt():
    trace = growing_run(["One"])
    more = replace(trace, info=replace(trace.info, settings=Settings(think=True, system="Be brief.")))
    assert "thinking   ·   system prompt" in words_of(scene_of(more))
    assert "thinking" not in words_of(scene_of(more, prompt=False)) + words_of(scene_of(trace))


def test_what_was_not_run_is_not_labelled_recorded():
    assert "recorded" in words_of(scene_of(SHORT))
    assert "drawn" in words_of(scene_of(typed_out(SHORT)))


def test_the_layout_is_labelled_for_what_it_is():
    nothing = {"prompt": False, "label": False, "legend": False, "checkpoint": False, "seed": False, "step": False}
    assert words_of(scene_of(SHORT, **nothing)) == "settled layout: every token stands where it will end"
    assert "as it stands" in words_of(scene_of(SHORT, layout="flow"))


def test_a_long_prompt_is_shortened_with_the_number_of_characters_left_out():
    prompt = "Say it again. " * 400
    shown, told = words_of(scene_of(growing_run(["a"], prompt=prompt))).split("…", 1)
    said = int(told.split()[1].replace(",", ""))
    assert said + len(shown) == len(prompt.strip())


def test_the_prompts_lines_stay_in_the_picture():
    scene = scene_of(growing_run(["a"], prompt="w" * 5000 + " 漢字" * 500), width=640, height=480)
    for words in scene.stage.words:
        assert Lettering(GLYPHS).width(words.text, words.font_px, words.bold) <= 640


@pytest.mark.parametrize(
    "ended, words", [("stopped", "stopped"), ("length", "cut off"), ("failed", "failed"), ("stop", "0.3 s")]
)
def test_the_last_status_says_how_the_run_ended(ended, words):
    assert words in status_of(replace(SHORT, ended=ended), len(SHORT.states) - 1)


def test_a_run_of_several_blocks_counts_them():
    trace = growing_run(["a", "b"], steps=2, blocks=2)
    assert status_of(trace, 5).startswith("block 2 of 2")


def test_a_run_without_a_step_says_so():
    scene = scene_of(replace(SHORT, states=(), overrides=(), answers=()), step=False)
    assert [frame.status for frame in scene.frames] == ["the run ended before its first step"]
    assert scene.stage.status is not None


@pytest.mark.parametrize(
    "options, words",
    [
        ({"width": 1281}, "width must be even"),
        ({"height": 100}, "height must be a whole number from 240"),
        ({"width": 10**6}, "width must be a whole number from 320 to 3840"),
        ({"scale": 3}, "scale must be a whole number from 1 to 2"),
        ({"speed": 0}, "speed must be a number from 0.1"),
        ({"speed": float("nan")}, "speed must be a number"),
        ({"theme": "pink"}, 'theme must be "dark", "light" or "safe"'),
        ({"layout": "grid"}, 'layout must be "settled" or "flow"'),
        ({"pacing": "fast"}, 'pacing must be "directed", "equal", "real" or "slow-finish"'),
        ({"loop_start": 1.0}, "loop start must be"),
        ({"end_hold_ms": -1}, "end hold in milliseconds"),
        ({"frame_step": True}, "frame step"),
    ],
    ids=str,
)
def test_options_out_of_range_are_refused_in_words(options, words):
    with pytest.raises(SettingsError, match=words):
        SceneOptions(**options)


def test_an_unknown_preset_is_refused_with_the_names_there_are():
    with pytest.raises(SettingsError, match=r'"720p", .* or "readme"'):
        SceneOptions.preset("8k")


@pytest.mark.parametrize("theme", THEMES)
def test_a_scene_carries_its_theme(theme):
    assert scene_of(SHORT, theme=theme).theme is THEMES[theme]


def test_the_lines_of_a_short_text_stand_apart_in_a_tall_picture_and_nowhere_else():
    long = made_trace(["A line of its own here.\n"] * 40)
    for trace, preset, is_spread in ((SHORT, "portrait", True), (SHORT, "square", False), (long, "portrait", False)):
        metrics = build_scene(trace, SceneOptions.preset(preset), GLYPHS).stage.metrics
        assert (metrics.line_px > 1.8 * metrics.font_px) is is_spread
