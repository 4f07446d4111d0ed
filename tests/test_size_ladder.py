"""Sizes as people write them, the ladder of choices, and the search on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.errors import SettingsError
from visualizer.export.size_ladder import BestFit, choices, read_bytes, spoken_bytes
from visualizer.picture.options import SceneOptions


@pytest.mark.parametrize(
    "text, count",
    [("10MB", 10_000_000), ("10", 10_000_000), (" 2.5 mb ", 2_500_000), ("500kB", 500_000), ("1MiB", 1_048_576),
     ("9b", 9)],
)  # fmt: skip
def test_sizes_are_read(text, count):
    assert read_bytes(text) == count


@pytest.mark.parametrize(
    "text", ["", "MB", "-1MB", "0", "ten", "1e9", "1 TB", "0.0000001", "9" * 30, "１０MB x", "nan"]
)
def test_what_is_no_size_is_refused_in_one_sentence(text):
    with pytest.raises(SettingsError, match="is not a file size"):
        read_bytes(text)


@given(st.integers(1, 10**12))
def test_a_spoken_size_is_never_smaller_than_the_size(count):
    words = spoken_bytes(count)
    if words.endswith("bytes"):
        assert words == f"{count} bytes"
    else:
        assert read_bytes(words) >= count
        assert read_bytes(words) <= count * 1.11 + 1


@pytest.mark.parametrize("kind", ["gif", "mp4", "webp", "png"])
@pytest.mark.parametrize(
    "asked", [SceneOptions(), SceneOptions.preset("readme", scale=2), SceneOptions(width=320, height=240)]
)
def test_the_first_choice_is_what_was_asked_and_no_choice_is_larger(kind, asked):
    tries = choices(kind, asked)
    assert tries[0].scene == asked
    assert tries[0].colours == 256
    assert len(set(tries)) == len(tries)
    pixels = [try_.scene.width * (try_.scene.height or 1) * try_.scene.scale**2 for try_ in tries]
    assert max(pixels) == pixels[0]
    assert all(try_.scene.frame_step >= asked.frame_step for try_ in tries)


@given(st.integers(1, 30), st.data())
def test_the_search_finds_the_first_choice_that_fits_in_few_tries(count, data):
    first_that_fits = data.draw(st.integers(0, count))
    search = BestFit(count)
    tried = []
    for choice in search.tries():
        tried.append(choice)
        search.note(choice, choice >= first_that_fits)
    assert search.best == (first_that_fits if first_that_fits < count else None)
    assert tried[0] == 0
    assert len(tried) <= search.most_tries <= 6
    assert len(set(tried)) == len(tried)
