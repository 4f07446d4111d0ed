"""GIFs, decoded again by Pillow."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from PIL import Image

from tests.support.films import made_film
from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.export.film import Film, Picture, fewer_colours
from visualizer.export.formats import film_of
from visualizer.export.gif import write_gif
from visualizer.picture import Box, SceneOptions, build_scene
from visualizer.trace import load_trace


def decoded(path):
    """Pixels (RGB) and durations in ms of all frames, equal neighbours kept apart."""
    frames, durations = [], []
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.array(image.convert("RGB")))
            durations.append(image.info["duration"])
        return frames, durations, image.info.get("loop")


def test_every_frame_has_the_exact_pixels_and_time(tmp_path):
    film, shown = made_film([700, 30, 120, 20, 2500])
    assert list(write_gif(film, tmp_path / "a.gif")) == [1, 2, 3, 4, 5]
    frames, durations, loop = decoded(tmp_path / "a.gif")
    assert all(np.array_equal(frame, film.palette[indices]) for frame, indices in zip(frames, shown, strict=True))
    assert durations == [700, 30, 120, 20, 2500]
    assert loop == 0


@how(max_examples=25)
@given(st.lists(st.integers(20, 3000), min_size=1, max_size=12), st.integers(0, 9), st.sampled_from([2, 17, 255, 256]))
def test_no_frame_begins_more_than_five_milliseconds_off(tmp_path_factory, durations_ms, changes, colours):
    path = tmp_path_factory.mktemp("gif") / "a.gif"
    film, shown = made_film(durations_ms, colours=colours, changes=changes)
    list(write_gif(film, path))
    frames, durations, _ = decoded(path)
    assert len(frames) == len(shown)
    assert all(np.array_equal(frame, film.palette[indices]) for frame, indices in zip(frames, shown, strict=True))
    assert abs(np.cumsum(durations) - np.cumsum(durations_ms)).max() <= 5


def test_frames_are_differences_so_a_still_film_costs_next_to_nothing(tmp_path):
    moving, _ = made_film([100] * 20, size=(320, 240), changes=9)
    still, _ = made_film([100] * 20, size=(320, 240), changes=0)
    list(write_gif(moving, tmp_path / "moving.gif"))
    list(write_gif(still, tmp_path / "still.gif"))
    assert (tmp_path / "still.gif").stat().st_size < (tmp_path / "moving.gif").stat().st_size / 5


@pytest.mark.parametrize("count", [8, 24, 93])
def test_fewer_colours_keep_those_that_are_far_apart(count):
    film, _ = made_film([100])
    kept, place = fewer_colours(film.palette, count)
    assert len(kept) == count
    assert place.max() < count
    assert {tuple(colour) for colour in kept.tolist()} <= {tuple(colour) for colour in film.palette.tolist()}
    exact = [tuple(colour) in set(map(tuple, kept.tolist())) for colour in film.palette.tolist()]
    assert all(np.array_equal(kept[place[index]], film.palette[index]) for index in np.flatnonzero(exact))


def test_the_ends_of_a_ramp_stay_and_its_middle_goes():
    ramp = np.linspace([10, 10, 10], [240, 250, 245], 17).round().astype(np.uint8)
    kept, place = fewer_colours(ramp, 3)
    assert np.array_equal(kept[place[0]], ramp[0])
    assert np.array_equal(kept[place[16]], ramp[16])
    assert 90 < kept[place[8]].mean() < 160


def test_of_a_picture_the_box_of_what_moved_is_written(tmp_path):
    before = np.tile(np.arange(8, dtype=np.uint8), (16, 8))
    after = before.copy()
    after[4:8, 5], after[4:8, 60] = 9, 9
    palette = (np.arange(10)[:, None] * np.array([[7, 11, 23]])).astype(np.uint8)
    boxes = [(Box(0, 0, 64, 16),), (Box(0, 4, 64, 4),)]
    film = Film((64, 16), palette, (100, 100), lambda: map(Picture, [before, after], boxes))
    list(write_gif(film, tmp_path / "a.gif"))
    with Image.open(tmp_path / "a.gif") as image:
        image.seek(1)
        assert image.tile[0][1] == (5, 4, 61, 8)
    frames, _, _ = decoded(tmp_path / "a.gif")
    assert np.array_equal(frames[1], palette[after])


def test_it_is_smaller_than_what_ffmpeg_makes_of_the_same_pictures(tmp_path):
    trace = load_trace(RECORDINGS_FOLDER / "haiku.jsonl.gz")
    film = film_of(build_scene(trace, SceneOptions(width=640, height=360)))
    list(write_gif(film, tmp_path / "own.gif"))
    with av.open(str(tmp_path / "other.gif"), "w", format="gif") as other:
        stream = other.add_stream("gif")
        (stream.width, stream.height), stream.pix_fmt = film.size, "pal8"
        for number, picture in enumerate(film.pictures()):
            frame = av.VideoFrame(*film.size, "pal8")
            colours = np.zeros((256, 4), dtype=np.uint8)
            colours[: len(film.palette)] = np.pad(film.palette[:, ::-1], ((0, 0), (0, 1)), constant_values=255)
            frame.planes[0].update(np.pad(picture.indices, ((0, 0), (0, frame.planes[0].line_size - 640))).tobytes())
            frame.planes[1].update(colours.tobytes())
            frame.pts = number
            other.mux(stream.encode(frame))
        other.mux(stream.encode(None))
    assert (tmp_path / "own.gif").stat().st_size < 0.95 * (tmp_path / "other.gif").stat().st_size
