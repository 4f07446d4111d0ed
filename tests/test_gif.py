"""GIFs, decoded again by Pillow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from PIL import Image

from tests.support.films import made_film
from visualizer.export.film import fewer_colours
from visualizer.export.gif import write_gif


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
