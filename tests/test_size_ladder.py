"""The ladder of choices, and the search on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.export.size_ladder import BestFit, choices
from visualizer.picture.options import SceneOptions


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
