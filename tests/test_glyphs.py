"""Every text leaves ink, whatever its script and whatever fonts there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.shaping import SHAPED
from visualizer.bundled import FONTS_FOLDER
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.lettering import Lettering
from visualizer.picture.metrics import Metrics

METRICS = Metrics.of(20)
GLYPHS = Glyphs()
SAMPLES = [
    "a",
    "é",
    "e\u0301",
    "ж",
    "Ω",
    "漢",
    "각",
    "ש",
    "ﺣ",
    "कि",
    "ไ",
    "👩\u200d💻",
    "🇩🇪",
    "1\ufe0f\u20e3",
    "→",
    "⏎",
    "\ufffd",
]


def tile(grapheme, glyphs=GLYPHS, bold=False):
    return glyphs.tile(grapheme, METRICS, glyphs.columns(grapheme), bold)


@pytest.mark.parametrize("grapheme", SAMPLES, ids=ascii)
def test_every_script_is_drawn(grapheme):
    assert tile(grapheme).max() > 200


@pytest.mark.parametrize(
    "grapheme", ["\ue000", "\u202e", "\u200b", "\ufeff", "\U0010ffff", "\ud800", "\ufe0f"], ids=ascii
)
def test_what_no_font_draws_is_a_box_two_columns_wide(grapheme):
    box = tile(grapheme)
    assert box.shape == (METRICS.line_px, 2 * METRICS.column_px)
    assert 100 < box[box.shape[0] // 2, 1] < 200


def test_boxes_tell_which_character_they_stand_for():
    assert not np.array_equal(tile("\ue000"), tile("\ue001"))


def test_control_characters_show_as_their_pictures():
    assert not np.array_equal(tile("\x00"), tile("\x1b"))
    assert np.array_equal(tile("\x1b"), tile("␛"))


def test_a_mark_leaves_ink_above_its_letter():
    bare, marked = (np.flatnonzero(tile(text).any(axis=1))[0] for text in ("x", "x\u0306"))
    assert marked < bare - 2


def test_a_second_mark_stands_above_the_first():
    once, twice = (np.flatnonzero(tile(text).any(axis=1))[0] for text in ("x\u0306", "x\u0306\u0306"))
    assert twice < once - 2


def test_new_tokens_can_be_bold():
    assert tile("m", bold=True).sum() > 1.1 * tile("m").sum()


def test_letters_of_wide_glyphs_get_the_cells_that_they_need():
    assert [GLYPHS.columns(text) for text in ("a", "漢", "①", "ጀ", "👩\u200d💻")] == [1, 2, 2, 2, 2]


SEQUENCES = {
    "a family": "👩\u200d👩\u200d👧",
    "a profession with a tone": "👩🏽\u200d💻",
    "a flag": "🇩🇪",
    "a flag of tags": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
}


@SHAPED
@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES)
def test_an_emoji_sequence_is_one_picture(sequence):
    assert ink_width(sequence) <= 2 * METRICS.column_px
    assert not np.array_equal(tile(sequence), tile(sequence[0]))


def ink_width(grapheme):
    """Columns from the first to the last with ink, where there is more room than needed."""
    inked = np.flatnonzero(GLYPHS.tile(grapheme, METRICS, 8).any(axis=0))
    return inked[-1] - inked[0] + 1


def test_a_sequence_that_the_font_does_not_know_keeps_all_of_its_parts():
    assert ink_width("🚀\u200d🍎") > 3 * METRICS.column_px


CLUSTERS = {
    "Devanagari": "क्ष",
    "Bengali": "দ্রে",
    "Tamil": "நீ",
    "Thai": "ท้",
    "Khmer": "ខ្មែ",
    "Malayalam": "ന്ത",
    "Shan": "\u1081\u103d",
}


@SHAPED
@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS)
def test_letters_that_join_are_drawn_as_one(cluster, monkeypatch):
    joined = tile(cluster)
    monkeypatch.setattr("visualizer.picture.font_order.can_shape", lambda: False)
    apart = tile(cluster, Glyphs())
    assert apart.any()
    assert joined.shape[1] <= apart.shape[1]
    assert not np.array_equal(joined, apart)


WORDS = {"Devanagari": ["न", "म", "स्ते"], "Bengali": ["ক", "ল", "কা"], "Gurmukhi": ["ਜਾ", "ਬੀ", "ਸ"]}


@SHAPED
@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_the_line_that_letters_hang_from_has_no_gaps(word):
    line = np.concatenate([tile(cluster) for cluster in word], axis=1)
    assert (line > 60).all(axis=1).any()


@SHAPED
@pytest.mark.parametrize("sign", ["\u102c", "\u102c\u103a", "\u102b\u103a"])
def test_vowel_signs_without_their_letter_have_no_dotted_circle(sign):
    assert GLYPHS.columns(sign) == 1
    assert tile(sign).sum() < tile("မ").sum()


@SHAPED
@pytest.mark.parametrize("cluster", ["ည်", "మ్ర", "स्त्रु", "ខ្ញុំ"])
def test_letters_under_letters_are_not_cut_off_in_a_dense_line(cluster):
    columns = GLYPHS.columns(cluster)
    dense, loose = (inked_part(GLYPHS.tile(cluster, Metrics.of(40, share), columns)) for share in (1.4, 2.5))
    same_size = np.asarray(Image.fromarray(loose).resize(dense.shape[::-1]))
    assert np.corrcoef(dense.ravel(), same_size.ravel())[0, 1] > 0.85


def inked_part(coverage):
    """The smallest rectangle with all ink."""
    rows, columns = (np.flatnonzero(coverage.any(axis=axis)) for axis in (1, 0))
    return coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@SHAPED
def test_ink_before_the_pen_is_kept():
    long_sign = "\u0cd6"
    loose = GLYPHS.tile(long_sign, METRICS, 6)
    inked = np.flatnonzero(loose.any(axis=0))
    assert inked[0] > 0
    assert loose.sum() > 0.5 * tile("ಕ").sum()


def test_only_letters_are_stretched_to_touch():
    assert ink_width("।") < METRICS.column_px / 2


def test_a_korean_syllable_is_the_same_in_parts():
    assert GLYPHS.columns("\u1112\u1161\u11ab") == GLYPHS.columns("한") == 2
    assert np.array_equal(tile("\u1112\u1161\u11ab"), tile("한"))


@pytest.mark.parametrize("character", ["漢", "の", "한", "。", "ｶ"])
def test_chinese_japanese_and_korean_have_a_font_of_their_own(character, tmp_path):
    for path in FONTS_FOLDER.iterdir():
        if "cjk" not in path.name:
            (tmp_path / path.name).symlink_to(path)
    pixels = tile(character, Glyphs(tmp_path))
    assert pixels.any()
    assert not np.array_equal(tile(character), pixels)


def test_nothing_is_drawn_as_nothing():
    assert tile("").shape == (METRICS.line_px, GLYPHS.columns("") * METRICS.column_px)


@pytest.mark.parametrize("text", ["Plain words", "漢", "👩", "\x00"], ids=ascii)
def test_a_missing_font_folder_still_leaves_ink(text, tmp_path):
    glyphs = Glyphs(tmp_path / "nowhere")
    assert tile(text[0], glyphs).max() > 100
    assert Lettering(glyphs).line(text, 15).max() > 100


def test_a_damaged_font_is_passed_over(tmp_path, caplog):
    for name in ("DejaVuSansMono.ttf", "unifont-16px.npz.xz"):
        (tmp_path / name).write_bytes(b"no font")
    assert tile("漢", Glyphs(tmp_path)).max() > 100
    assert "unifont-16px.npz.xz" in caplog.text


@settings(max_examples=60, deadline=None)
@given(st.characters(exclude_categories=["Zs"]))
def test_any_character_fills_its_columns_and_leaves_ink(character):
    drawn = tile(character)
    assert drawn.shape == (METRICS.line_px, GLYPHS.columns(character) * METRICS.column_px)
    assert drawn.any()
