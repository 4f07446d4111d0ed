"""Lines with right-to-left words stand as Unicode's algorithm orders them."""

import pytest

from visualizer.picture.bidi import joined_forms, levels, mirrored, visual_order


@pytest.mark.parametrize(
    "line, shown",
    [
        ("abc", "abc"),
        ("אבג", "גבא"),
        ("ab אב cd", "ab בא cd"),
        ("אב 12 גד", "דג 12 בא"),
        ("אב, גד.", "דג ,בא."),
        ("a אב 1,2.5% ב", "a ב 1,2.5% בא"),
        ("مر ١٢ حب", "بح ١٢ رم"),
        ("אב ", "בא "),
        ("12 אב", "12 בא"),
        ("$5 אב", "$5 בא"),
        ("אב 1+2", "1+2 בא"),
        ("مر 1+2", "2+1 رم"),
    ],
)  # as python-bidi 0.6.12 orders them, from left to right
def test_a_line_is_ordered_as_unicode_says(line, shown):
    assert "".join(line[place] for place in visual_order(levels(list(line)))) == shown


def test_brackets_turn_round():
    assert mirrored("(") == ")"
    assert mirrored("a") == "a"


def test_letters_that_join_one_side_only_end_their_group():
    assert joined_forms(list("دار")) == ["ﺩ", "ﺍ", "ﺭ"]
    assert joined_forms(list("باب")) == ["ﺑ", "ﺎ", "ﺏ"]


def test_marks_stay_on_their_letters():
    assert joined_forms(["ب\u064e", "ب"]) == ["ﺑ\u064e", "ﺐ"]
