"""A prompt becomes a few lines that fit."""

import pytest

from visualizer.picture.line_breaks import LineBreaker, shortened


@pytest.mark.parametrize(
    ("text", "most", "room", "lines"),
    [
        pytest.param("one two", 2, 10, ["one two"], id="fits"),
        pytest.param("one two six", 2, 10, ["one two", "six"], id="breaks at a space"),
        pytest.param("one two three four five six", 2, 20, ["one two three", "four five six"], id="evenly"),
        pytest.param("abcdefghij", 2, 5, ["abcde", "fghij"], id="breaks a word that is too long"),
        pytest.param("a" * 50, 1, 30, ["aaaaa…  and 45 more characters"], id="counts what is left out"),
    ],
)
def test_a_text_is_broken_into_lines(text, most, room, lines):
    assert LineBreaker(font_px=1, width_of=len).balanced(text, most, room) == lines


def test_what_does_not_fit_is_cut_visibly():
    assert shortened("checkpoint", len, 6) == "check…"
    assert shortened("short", len, 6) == "short"
