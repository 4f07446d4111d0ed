"""Every character finds its place on the grid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.picture.layout import MIN_COLUMNS, lay_out, terminal_columns

ALPHABET = [
    *"ab .\n\t(1", "\r", "\x00", "é", "\u0301", "漢", "カ", "👩", "\u200d", "💻", "\ufe0f", "🇩", "ש", "ל", "م", "ر",
    "क", "ि", "\ufffd", "\u202e",
]  # fmt: skip
TEXTS = st.lists(st.text(st.sampled_from(ALPHABET), max_size=6), max_size=12)


def picture(texts, columns, **others):
    """The rows of a layout as strings; the second cell of a wide letter is left out."""
    layout = lay_out(texts, columns, **others)
    rows = [[" "] * columns for _ in range(layout.rows)]
    for glyph in layout.glyphs:
        rows[glyph.row][glyph.column : glyph.column + glyph.width] = (
            [glyph.sign] + [""] * (glyph.width - 1) if glyph.sign else [" "] * glyph.width
        )
    return ["".join(row).rstrip() for row in rows]


def test_lines_wrap_at_spaces_and_the_space_hangs():
    assert picture(["The quick", " brown", " fox"], 10) == ["The quick", "brown fox"]


def test_a_word_longer_than_the_line_is_broken():
    assert picture(["abcdefgh"], 6) == ["abcde", "fgh"]


def test_a_line_broken_at_a_space_may_have_to_be_broken_again():
    assert picture([" bcde漢"], 6) == ["", "bcde", "漢"]


def test_newlines_show_and_the_line_after_the_last_one_counts():
    assert picture(["a\n", "\nb\r\n"], 8) == ["a⏎", "⏎", "b⏎", ""]


def test_a_newline_has_room_after_a_full_line():
    assert picture(["abcde\nf"], 6) == ["abcde⏎", "f"]


def test_the_indentation_of_code_stands():
    assert picture(["def f():\n", "    if x:\n", "\treturn"], 20) == ["def f():⏎", "    if x:⏎", "    return"]


@pytest.mark.parametrize("before, tab", [("", 4), ("a", 3), ("abcd", 4), ("漢", 2)])
def test_a_tab_goes_to_the_next_stop(before, tab):
    widths = [glyph.width for glyph in lay_out([f"{before}\tx"], 30).glyphs if glyph.text == "\t"]
    assert widths == [tab]


def test_wide_characters_take_two_cells_and_never_stand_across_the_edge():
    layout = lay_out(["漢字漢字漢"], 8)
    assert [(glyph.row, glyph.column, glyph.width) for glyph in layout.glyphs] == [
        (0, 0, 2), (0, 2, 2), (0, 4, 2), (1, 0, 2), (1, 2, 2),
    ]  # fmt: skip


def test_a_mark_at_the_start_of_a_token_joins_the_letter_before():
    glyphs = lay_out(["caf", "e", "\u0301 au"], 20).glyphs
    joined = glyphs[3]
    assert (joined.text, joined.width, joined.parts) == ("e\u0301", 1, ((1, "e"), (2, "\u0301")))


def test_an_emoji_sequence_over_two_tokens_is_one_glyph():
    (glyph,) = lay_out(["👩\u200d", "💻"], 20).glyphs
    assert (glyph.width, glyph.position, [position for position, _ in glyph.parts]) == (2, 0, [0, 1])


def test_right_to_left_words_are_read_from_the_right():
    assert picture(["ab ", "שלום (", "טוב) 12 x"], 30) == ["ab 12 (בוט) םולש x"]


def test_arabic_letters_are_joined():
    assert picture(["مر", "حبا"], 30) == ["ﺎﺒﺣﺮﻣ"]


def test_a_loose_position_may_begin_a_line():
    assert picture(["a word", ".", "·", "·"], 6) == ["a", "word.", "··"]
    assert picture(["a word", ".", "·", "·"], 8, loose={2, 3}) == ["a word.", "··"]
    assert picture(["a word", ".", "·", "·"], 8) == ["a", "word.··"]


def test_no_text_is_one_empty_row():
    assert picture([], 10) == [""]


@pytest.mark.parametrize(
    "grapheme, columns",
    [("a", 1), ("漢", 2), ("e\u0301", 1), ("👩\u200d💻", 2), ("🇩🇪", 2), ("\x00", 1), ("\u200b", 1), ("\u0301", 1)],
)
def test_every_grapheme_takes_a_column(grapheme, columns):
    assert terminal_columns(grapheme) == columns


@given(TEXTS, st.integers(MIN_COLUMNS, 24))
def test_the_text_is_kept_exactly_with_every_character_at_its_position(texts, columns):
    shares = [""] * len(texts)
    for glyph in lay_out(texts, columns).glyphs:
        for position, text in glyph.parts:
            shares[position] += text
    assert shares == list(texts)


@given(TEXTS, st.integers(MIN_COLUMNS, 24), st.frozensets(st.integers(0, 11)))
def test_no_glyph_leaves_the_grid_or_overlaps_another(texts, columns, loose):
    layout = lay_out(texts, columns, loose=loose)
    taken = [
        (glyph.row, glyph.column + step) for glyph in layout.glyphs for step in range(glyph.width)
    ]  # fmt: skip
    assert len(set(taken)) == len(taken)
    assert all(row < layout.rows and column < columns for row, column in taken)


@given(TEXTS, st.integers(MIN_COLUMNS, 24))
def test_only_spaces_tabs_and_nothing_else_are_left_undrawn(texts, columns):
    assert {glyph.text for glyph in lay_out(texts, columns).glyphs if glyph.width == 0} <= {" ", "\t"}
