"""Lines of words: measured as they are drawn, read in their direction."""

import numpy as np

from tests.support.shaping import SHAPED
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.lettering import Lettering

LETTERING = Lettering(Glyphs())


@SHAPED
def test_a_hindi_prompts_line_has_no_gaps():
    assert (LETTERING.line("नमस्ते", 23) > 40).all(axis=1).any()


def test_digits_are_of_one_width():
    assert len({LETTERING.width(f"step {digit}", 15) for digit in "0123456789"}) == 1


def test_words_are_about_as_wide_as_measured():
    for text in ("step 13 of at most 48", "漢字 מילה é", ""):
        assert abs(LETTERING.line(text, 15).shape[1] - LETTERING.width(text, 15)) <= 3


def test_words_from_right_to_left_are_turned():
    turned = np.concatenate([LETTERING.line("ם", 15), LETTERING.line("ש", 15)], axis=1)
    assert np.array_equal(LETTERING.line("שם", 15), turned)
