"""Two runs as one film: on one clock, each with its own score, and the verdict when both have ended."""

import base64
import gzip
import json
import re
from dataclasses import replace

import av
import numpy as np
import pytest

from tests.support.trace_samples import growing_run
from visualizer.errors import ExportError, SettingsError
from visualizer.export import export_pair
from visualizer.picture import Glyphs, PairPainter, SceneOptions, build_pair
from visualizer.picture.lettering import Lettering
from visualizer.trace import Writing, typed_out

WORDS = ["One", " two", " three", "\n", "four"]
OPTIONS = SceneOptions(width=640, height=360, start_hold_ms=0, end_hold_ms=1000)


def run_of(steps, writing=Writing.DENOISED, ms_a_step=100.0):
    trace = growing_run(WORDS, steps=steps)
    states = tuple(replace(state, elapsed_ms=ms_a_step * state.step) for state in trace.states)
    return replace(trace, states=states, info=replace(trace.info, writing=writing))


DENOISED, TYPED = run_of(2, ms_a_step=300.0), run_of(5, Writing.TYPED, ms_a_step=95.0)


def test_the_clock_is_the_recorded_time_of_both():
    race = build_pair(DENOISED, TYPED, OPTIONS)
    at, shown = 0, []
    for (left, right), duration in zip(race.moments, race.frame.durations_ms, strict=True):
        shown.append((at, DENOISED.states[left].elapsed_ms, TYPED.states[right].elapsed_ms))
        at += duration
    assert all(at - 20 < max(left, right) <= at for at, left, right in shown[1:])
    assert [moment for moment, _, _ in shown] == [0, 100, 200, 300, 380, 480, 600]
    assert shown[-1][1:] == (600.0, 475.0)


def test_states_closer_than_a_picture_can_stand_are_passed_over_and_slow_no_side_down():
    quick = run_of(5, Writing.TYPED, ms_a_step=3.0)
    race = build_pair(DENOISED, quick, OPTIONS)
    assert sum(race.frame.durations_ms[:-1]) == 600
    assert race.moments[-1] == (len(DENOISED.states) - 1, len(quick.states) - 1)


def test_a_drawn_side_is_raced_by_passes():
    race = build_pair(DENOISED, typed_out(DENOISED), OPTIONS)
    scores = [[frame.status for frame in race.frames(number)[1:]] for number in range(len(race.moments))]
    assert scores[1] == ["1 forward pass   ·   0.30 s   ·   3 tokens", "1 forward pass if typed   ·   1 token"]
    assert race.frame.durations_ms[:2] == (120, 120)
    assert [words.text for words in race.lanes[1].stage.words] == ["The same text as if typed: drawn, not run", ""]
    assert "forward passes" in race.frame.stage.words[-1].text


def test_each_side_is_named_and_scored_and_the_verdict_comes_when_both_have_ended():
    race = build_pair(DENOISED, TYPED, OPTIONS)
    titles = [[words.text for words in lane.stage.words] for lane in race.lanes]
    assert titles == [
        ["Denoised, in any order", "tiny   ·   seed 0"],
        ["Typed, left to right", "tiny   ·   seed 0"],
    ]
    around, left, right = race.frames(len(race.moments) - 1)
    assert around.status == "fewer forward passes: denoised, 2 to 5   ·   less time: typed, 0.47 s to 0.60 s"
    assert left.status == "2 forward passes   ·   0.60 s   ·   5 tokens   ·   finished"
    assert right.status == "5 forward passes   ·   0.47 s   ·   5 tokens   ·   finished"
    assert [race.frames(number)[0].status for number in range(len(race.moments) - 1)] == [""] * 6


def test_a_legend_stands_below_unless_it_is_left_out_and_the_verdict_is_never_cut_off():
    for size in ((640, 360), (320, 640)):
        stage = build_pair(DENOISED, TYPED, replace(OPTIONS, width=size[0], height=size[1])).frame.stage
        assert stage.legend is not None
        assert stage.status.top < stage.legend.top < size[1]
        around = build_pair(DENOISED, TYPED, replace(OPTIONS, width=size[0], height=size[1])).frame.frames[-1]
        words = Lettering(Glyphs()).width(around.status, stage.status.font_px, bold=True)
        assert stage.status.left + words <= size[0]
    assert build_pair(DENOISED, TYPED, replace(OPTIONS, legend=False)).frame.stage.legend is None


def test_what_a_side_was_asked_beside_the_prompt_is_among_its_facts():
    settings = DENOISED.info.settings.changed(think=True, system="Be brief.")
    asked = replace(DENOISED, info=replace(DENOISED.info, settings=settings))
    words = build_pair(asked, TYPED, replace(OPTIONS, width=1280, height=720)).lanes[0].stage.words
    assert words[1].text == "tiny   ·   seed 0   ·   thinking   ·   system prompt"


def test_times_of_another_machine_are_not_compared_and_the_film_says_so():
    there = replace(DENOISED, info=replace(DENOISED.info, device="Metal, Darwin arm64"))
    race = build_pair(there, TYPED, replace(OPTIONS, width=1280, height=720))
    assert race.frame.stage.words[-1].text.startswith("Their times are not compared: one ran on Metal, Darwin arm64,")
    assert "less time" not in race.frame.frames[-1].status


def test_the_page_of_a_race_holds_both_and_both_texts_for_who_runs_no_scripts(tmp_path):
    *_, last = export_pair(DENOISED, TYPED, tmp_path / "race.html", OPTIONS)
    assert last.exported.size_bytes == (tmp_path / "race.html").stat().st_size
    page = (tmp_path / "race.html").read_text()
    assert page.count(DENOISED.answer) == 2
    packed = re.search(r'id="recording">\n(.*?)</script>', page, re.DOTALL)[1]
    message = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert (message["k"], message["race"]["verdict"][0]) == ("race", "fewer forward passes: denoised, 2 to 5")


@pytest.mark.parametrize("size, scale", [((640, 360), 1), ((360, 640), 1), ((640, 360), 2)], ids=str)
def test_the_two_stand_side_by_side_or_stacked_and_nothing_covers_another(size, scale):
    race = build_pair(DENOISED, TYPED, replace(OPTIONS, width=size[0], height=size[1], scale=scale))
    (one, other), (first, second) = race.corners, (lane.size for lane in race.lanes)
    assert race.frame.size == (size[0] * scale, size[1] * scale)
    if size[0] > size[1]:
        assert one[0] + first[0] <= other[0]
        assert one[1] == other[1]
        assert other[0] + second[0] == race.frame.size[0]
    else:
        assert one[1] + first[1] <= other[1]
        assert one[0] == other[0]
    status = race.frame.stage.status
    assert other[1] + second[1] <= status.top


def test_what_differs_from_the_picture_before_is_told():
    race = build_pair(DENOISED, TYPED, OPTIONS)
    painter, kept = PairPainter(race), None
    for number in range(len(race.moments)):
        image = painter.paint(number)
        kept = image.copy() if kept is None else kept
        for box in painter.dirty:
            area = np.s_[box.top : box.top + box.height, box.left : box.left + box.width]
            kept[area] = image[area]
        assert np.array_equal(kept, image)
    fresh = PairPainter(race)
    assert np.array_equal(fresh.paint(len(race.moments) - 1), image)


def test_the_film_has_every_moment_for_its_time(tmp_path):
    *_, last = export_pair(DENOISED, TYPED, tmp_path / "race.mp4", OPTIONS)
    race = build_pair(DENOISED, TYPED, OPTIONS)
    with av.open(str(tmp_path / "race.mp4")) as film:
        starts = [round(float(frame.time) * 1000) for frame in film.decode(video=0)]
    assert starts == np.cumsum((0, *race.frame.durations_ms[:-1])).tolist()
    assert last.exported.size == (640, 360)


def test_what_cannot_be_raced_is_said(tmp_path):
    with pytest.raises(ExportError, match="are a film, a picture or a page"):
        list(export_pair(DENOISED, TYPED, tmp_path / "race.csv", OPTIONS))
    with pytest.raises(SettingsError, match="given height"):
        build_pair(DENOISED, TYPED, replace(OPTIONS, height=None))
    unborn = replace(DENOISED, states=DENOISED.states[:1], overrides=({},), answers=(), ended="stopped")
    with pytest.raises(SettingsError, match="before its first step"):
        build_pair(unborn, TYPED, OPTIONS)
    assert not list(tmp_path.iterdir())
