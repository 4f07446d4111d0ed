"""Two runs compared as one film: step for step, what differs named, each side lit and told as it is alone."""

import base64
import gzip
import json
import re
from dataclasses import replace

import av
import pytest
from PIL import Image

from tests.support.made_traces import made_trace
from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.errors import ExportError, SettingsError
from visualizer.export import export_pair
from visualizer.export.pair import pair_alt_text
from visualizer.measure import apart, direction_of, is_race
from visualizer.picture import Pacing, SceneOptions, build_pair
from visualizer.picture.options import View
from visualizer.trace import load_trace, typed_out

OPTIONS = SceneOptions(width=640, height=360)
LEFT, RIGHT = load_trace(RECORDINGS_FOLDER / "why.jsonl.gz"), made_trace([" word"] * 12, steps=9, seed=4)


def changed(trace, **settings):
    return replace(trace, info=replace(trace.info, settings=trace.info.settings.changed(**settings)))


SEED_3, SEED_4 = (changed(LEFT, seed=seed, temperature=0.0) for seed in (3, 4))


def titles(pair):
    return [lane.stage.words[0].text for lane in pair.lanes]


def test_what_differs_is_named():
    assert titles(build_pair(SEED_3, SEED_4, OPTIONS)) == ["seed 3", "seed 4"]
    wide = replace(OPTIONS, width=1280, height=720)
    warm = changed(SEED_3, temperature=0.7, think=True)
    assert titles(build_pair(SEED_3, warm, wide)) == [
        "temperature 0   ·   thinking off",
        "temperature 0.7   ·   thinking on",
    ]
    assert titles(build_pair(SEED_3, SEED_3, wide)) == ["one run", "another, of the same settings"]
    other = replace(SEED_3, info=replace(SEED_3.info, prompt="Say hello."))
    assert apart(SEED_3.info, other.info) == (("“Why is the sky blue? Answer in exactly…”",), ("“Say hello.”",))
    pair = build_pair(SEED_3, other, wide)
    assert not [words for words in pair.frame.stage.words if "sky" in words.text]


def test_each_moment_stands_as_long_as_the_side_that_needs_longer():
    pair = build_pair(LEFT, RIGHT, OPTIONS)
    count = max(len(LEFT.states), len(RIGHT.states))
    lasts = [len(trace.states) - 1 for trace in (LEFT, RIGHT)]
    assert pair.moments == tuple((min(k, lasts[0]), min(k, lasts[1])) for k in range(count))
    alone = [lane.durations_ms for lane in pair.lanes]
    for k, duration in enumerate(pair.frame.durations_ms[:-1]):
        assert duration == max(side[k] for side, last in zip(alone, lasts, strict=True) if k < last)
    assert pair.frame.durations_ms[-1] == max(side[-1] for side in alone)


def test_each_side_is_lit_and_told_as_it_is_alone():
    pair = build_pair(LEFT, RIGHT, replace(OPTIONS, width=1280, height=720))
    for lane, trace in zip(pair.lanes, (LEFT, RIGHT), strict=True):
        shots = direction_of(trace).shots
        assert [" ".join(frame.caption) for frame in lane.frames] == [shot.caption for shot in shots]
        lit = [{cell.position for cell in frame.cells if cell.look.lit} for frame in lane.frames]
        assert lit == [set(shot.lit) for shot in shots]
    assert not any(frame.caption for frame in build_pair(LEFT, RIGHT, replace(OPTIONS, captions=False)).lanes[0].frames)


@pytest.mark.parametrize("pacing", list(Pacing))
def test_every_pacing_ends_with_both_committed(pacing):
    pair = build_pair(SEED_3, SEED_4, replace(OPTIONS, pacing=pacing, view=View.ORDER))
    assert pair.moments[0] == (0, 0)
    assert pair.moments[-1] == (len(SEED_3.states) - 1,) * 2
    said = [words.text for words in pair.frame.stage.words]
    assert any(text.startswith("one clock: " + ("the rec" if pacing is Pacing.REAL else "step")) for text in said)


def test_a_square_picture_has_them_side_by_side_and_a_tall_one_stacked():
    for size, stacked in (((480, 480), False), ((360, 640), True)):
        (one, other) = build_pair(SEED_3, SEED_4, replace(OPTIONS, width=size[0], height=size[1])).corners
        assert (one[0] == other[0]) is stacked
        assert (one[1] == other[1]) is not stacked


def test_film_picture_and_page_are_written(tmp_path):
    *_, film = export_pair(SEED_3, SEED_4, tmp_path / "both.mp4", OPTIONS)
    pair = build_pair(SEED_3, SEED_4, OPTIONS)
    with av.open(str(tmp_path / "both.mp4")) as decoded:
        assert sum(1 for _ in decoded.decode(video=0)) == len(pair.moments)
    assert film.exported.size == (640, 360)
    *_, still = export_pair(SEED_3, SEED_4, tmp_path / "both.png", OPTIONS, moment=1.0)
    with Image.open(tmp_path / "both.png") as image:
        assert image.size == still.exported.size == (640, 360)
    list(export_pair(SEED_3, SEED_4, tmp_path / "both.html", OPTIONS))
    packed = re.search(r'id="recording">\n(.*?)</script>', (tmp_path / "both.html").read_text(), re.DOTALL)[1]
    message = json.loads(gzip.decompress(base64.b64decode(packed)))
    seeds = [message[side]["messages"][0]["settings"]["seed"] for side in ("left", "right")]
    assert (message["k"], seeds) == ("compare", [3, 4])


def test_the_words_for_a_post_tell_the_two_apart():
    assert pair_alt_text(SEED_3, SEED_4).startswith("Two runs on one clock, seed 3 and seed 4. A diffusion language")
    assert pair_alt_text(LEFT, typed_out(LEFT)).endswith("Beside it the same prompt, typed left to right.")
    assert is_race(LEFT.info, typed_out(LEFT).info)
    assert not is_race(SEED_3.info, SEED_4.info)


def test_what_two_runs_are_not_written_as_is_said(tmp_path):
    with pytest.raises(ExportError, match="a film, a picture or a page"):
        list(export_pair(SEED_3, SEED_4, tmp_path / "both.csv", OPTIONS))
    with pytest.raises(SettingsError, match="share from 0 to 1"):
        list(export_pair(SEED_3, SEED_4, tmp_path / "both.png", OPTIONS, moment=2))
    assert not list(tmp_path.iterdir())
