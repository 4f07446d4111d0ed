"""The look inside a run as still pictures, probed by their pixels."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.made_traces import landing_trace, made_trace, stopped_trace
from visualizer.picture.inside import curves_of, map_of, table_of
from visualizer.picture.options import SceneOptions
from visualizer.theme import DARK, THEMES
from visualizer.trace.canvas import Phase

OPTIONS = SceneOptions(width=960, height=None, prompt=False, checkpoint=False)
LEFT, ROOM = 40, 880
"""Pixels of the margin and of the picture."""
SETTLES = (1, 1, 3, 3, 5, 2, 1, 1)
WORDS = ["the", " sea", " is", " blue", ".", "!", "<eos>", "<pad>"]
TEXT = 6
PICTURES = {
    "map": map_of,
    "table": lambda trace, options: table_of(trace, options, 0),
    "curves": lambda trace, options: curves_of(trace, options, 0),
}


def settling_trace(share=0.5):
    """A run in which each candidate becomes that of the end at its step, all of the same probability."""
    trace = landing_trace(WORDS, SETTLES, special=("<eos>", "<pad>"))
    states = []
    for state in trace.states:
        right = np.array(SETTLES) <= state.step
        ids = np.where(right, np.arange(len(WORDS)), len(WORDS)).astype(np.int32)
        chances = np.full(len(WORDS), share, np.float32)
        top = {} if state.phase is Phase.NOISE else {"top_ids": ids[:, None], "top_probabilities": chances[:, None]}
        states.append(replace(state, candidate_ids=ids, probability=chances, entropy_nats=1 - chances, **top))
    return replace(trace, states=tuple(states))


def rgb(colour):
    return np.array([*bytes.fromhex(colour.removeprefix("#"))])


def centre(position):
    """The column of pixels in the middle of a position, of a canvas that is drawn evenly."""
    return LEFT + round((position + 0.5) * ROOM / len(WORDS))


def test_the_map_lights_up_at_the_step_from_which_a_candidate_stays():
    trace = settling_trace()
    pixels = map_of(trace, OPTIONS)
    last = len(trace.states) - 1
    tops = {}
    for position in range(TEXT):
        share = SETTLES[position] / last
        lit = np.round(rgb(DARK.new) + (rgb(DARK.draft) - rgb(DARK.new)) * share)
        rows = np.flatnonzero((pixels[:, centre(position)] == lit).all(axis=1))
        assert rows[-1] - rows[0] + 1 == len(rows)
        tops[position] = (int(rows[0]), len(rows))
    [high] = {count for _, count in tops.values()}
    first = tops[0][0] - high
    assert [top for top, _ in tops.values()] == [first + step * high for step in SETTLES[:TEXT]]


def test_a_bar_of_the_table_is_as_long_as_its_token_is_probable():
    widths = []
    for share in (0.25, 0.5):
        pixels = table_of(settling_trace(share), OPTIONS, 5)
        bar = np.round(rgb(DARK.surface) * 0.78 + rgb(DARK.masked) * 0.22)
        widths.append((pixels == bar).all(axis=2).sum(axis=1).max())
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.1)


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_the_curve_of_the_end_is_as_high_as_the_end_is_probable(share):
    pixels = curves_of(settling_trace(share), OPTIONS, 5)
    tops = {}
    for ink in (DARK.quiet, DARK.accent):  # of the end, and of a token that is not there
        rows = np.flatnonzero((pixels[:, centre(7)] == rgb(ink)).all(axis=1))
        tops[ink] = int(rows[0])
    assert (tops[DARK.accent] - tops[DARK.quiet]) / 251 == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("theme", THEMES)
def test_every_picture_has_even_sides_and_the_surface_of_its_theme(picture, theme):
    whole = made_trace(WORDS, blocks=2)
    for trace in (whole, stopped_trace(whole, 1), stopped_trace(whole, 0)):
        pixels = picture(trace, replace(OPTIONS, theme=theme))
        assert pixels.shape[0] % 2 == pixels.shape[1] % 2 == 0
        assert (pixels[0, 0] == rgb(THEMES[theme].surface)).all()
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
