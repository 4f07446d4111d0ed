"""What can be checked of a text: right and wrong ones in tables, and no text that is too much."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.hard_texts import HARD_TEXTS
from visualizer.measure import checks_of
from visualizer.measure.checks import (
    begins_with,
    defines,
    ends_with,
    has_docstring,
    has_examples,
    has_items,
    has_lines,
    has_sentences,
    has_words,
    is_json,
    line_begins,
    line_has_syllables,
    line_names,
    parses,
)
from visualizer.measure.sentences import sentence_ends, sentence_spans
from visualizer.measure.syllables import syllable_totals
from visualizer.prompts import load_prompts

CUSTOM = (
    "Write an acrostic of the name 'Mia'.", "A list of five tips, in at most 50 words.", "Write a haiku about rain.",
    "Answer with valid JSON.", "Begin with 'Once upon a time.' and end with 'The end.' in 3 sentences.",
    "Write a Python function that adds, with a docstring and two examples.", "Write a four-line poem.",
)  # fmt: skip
EVERY_CHECK = [check for prompt in (*(demo.text for demo in load_prompts()), *CUSTOM) for check in checks_of(prompt)]
FUNCTION = (
    'def add(a, b=1):\n    """Add them.\n\n    >>> add(1, 2)\n    3\n    >>> add(1)\n    2\n    """\n    return a + b'
)


@pytest.mark.parametrize(
    ("text", "lines", "letters"),
    [
        ("Calm\nAir", 2, "CA"),
        ("calm\nair", 2, "CA"),
        ("**C**alm\n\n> Air", 2, "CA"),
        ("Here you are:\n\nCalm\nAir", 2, "CA"),
        ("Calm\n\nAir\n\nTide", 3, "CAT"),
        ("C░░\nA░░░", 2, "CA"),
    ],
)
def test_lines_begin_with_their_letters(text, lines, letters):
    assert [line_begins(number, lines, letter)(text) for number, letter in enumerate(letters)] == [True] * lines
    assert has_lines(lines)(text)
    assert not has_lines(lines + 2)(text)
    assert not line_begins(0, lines, "X")(text)
    assert not line_begins(lines, lines, letters[0])(text)


def test_a_line_of_noise_is_a_line_that_does_not_stand():
    assert not has_lines(1)("░░░")
    assert not line_begins(1, 2, "A")("C\n░")
    assert line_begins(1, 2, "A")("░\nA")


@pytest.mark.parametrize("line", ["Mars", "5. Mars: red.", "5) **Mars**: red", "- Mars is red", "* *Mars*", "## Mars"])
def test_a_line_names_its_item_whatever_marks_it(line):
    assert line_names(1, "Mars")(f"Earth\n\n{line}")
    assert not line_names(0, "Mars")(f"Earth\n{line}")
    assert not line_names(0, "Mar")(line)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0), ("Yes", 0), ("It is. Is it? Yes!", 3), ("He said “no.” And left…", 2), ("Pi is 3.14. Fine.", 2),
        ("Dr. Who and Mr. X left.", 1), ("1. It is.\n2. It was.", 2), ("空は青い。なぜ？", 2), ("No... really.", 2),
        ("░░. A ░. B░░.", 3), ("It came **last.** Then", 1), ("...", 1),
    ],
)  # fmt: skip
def test_sentences_are_counted_by_their_ends(text, count):
    assert len(sentence_ends(text)) == count


def test_sentences_come_whole_and_without_the_blanks_between_them():
    text = "  It is.  Is it?\nYes"
    assert [text[slice(*span)] for span in sentence_spans(text)] == ["It is.", "Is it?", "Yes"]
    assert sentence_spans(" \n") == []


@pytest.mark.parametrize(
    ("label", "test", "right", "wrong"),
    [
        ("sentences", has_sentences(2, 2), ["A. B.", "A! B?\n"], ["A.", "A. B. C.", "A. B. c", "A. B.░", ""]),
        ("words", has_words(2, 3), ["a b", "a, b – c", "░a b░ ░"], ["a", "a b c d", "░ ░ ░", ""]),
        ("items", has_items(2, 2), ["- a\n- b", "1. a\n\n2) b", "Here:\n* a\n  * b"], ["- a", "-a\n-b", "a\nb", ""]),
        ("first", begins_with("It left."), ["It left. Then", "It left!", "“It left.” So"],
         ["It left early.", "So it left.", "It left", "It lef░", ""]),
        ("last", ends_with("It left."), ["So. It left.", "It left.", "So!\n\n“It left.”", "So░ It left!", "It left.\n"],
         ["I saw it left.", "So it left. Then.", "So, It left.", "It left", "It left.░", ""]),
        ("apostrophes", begins_with("It's late"), ["It’s late.", "It's late. So"], ["Its late."]),
        ("json", is_json, ['{"a": [1]}', "3", "```json\n[1]\n```", "```\n[1]"], ["{'a': 1}", "[░]", "", "[" * 9999]),
        ("python", parses, ["x = 1", "```python\nx = 1\n```\nSo.", FUNCTION], ["", "# so", "x =", "x = ░", "x = '\0'"]),
        ("a function", defines("add", ("a", "b")), [FUNCTION, f"Here:\n```py\n{FUNCTION}\n```"],
         [FUNCTION.replace("b=1", "c"), FUNCTION.replace("add", "sub"), "add = 1", ""]),
        ("any function", defines(None), [FUNCTION, "async def f(): pass"], ["x = 1", "class A: pass"]),
        ("docstring", has_docstring("add"), [FUNCTION, FUNCTION + "░", "def add(░):\n    '''░░'''\n    ░"],
         ["def add(a):\n    return a", 'def add(a):\n    """░░', 'def add(a):\n    x = """a"""', "░" * 9, ""]),
        ("examples", has_examples("add", 2, 2), [FUNCTION, FUNCTION + "░", FUNCTION.replace("return a", "return ░")],
         [FUNCTION.replace("    2\n", ""), FUNCTION.replace("add(1)", "sub(1)"), FUNCTION.replace(">>> add(1)", "")]),
    ],
)  # fmt: skip
def test_what_holds_and_what_does_not(label, test, right, wrong):
    assert [text for text in right if not test(text)] == []
    assert [text for text in wrong if test(text)] == []


@pytest.mark.parametrize(
    ("line", "totals"),
    [
        ("Lost in the numbers,", {5}), ("The ocean’s tide", {4}), ("Our fire", {2, 3, 4}), ("Zxqy rain", set()),
        ("", set()), ("░░ rain", {1}), ("word " * 999, set()),
    ],
)  # fmt: skip
def test_syllables_come_from_the_dictionary_and_are_never_guessed(line, totals):
    assert syllable_totals(line) == totals


def test_a_line_with_noise_in_it_has_no_syllables_yet():
    poem = "Lost in the numbers\nThe layers learn ░ new\nAnswers start to bloom"
    assert [line_has_syllables(number, 3, count)(poem) for number, count in enumerate((5, 7, 5))] == [True, False, True]


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
def test_no_hard_text_is_too_much(text):
    assert {type(check.holds(text)) for check in EVERY_CHECK} == {bool}


@given(st.text(alphabet=st.one_of(st.sampled_from("░\n .!?\"'`-*1>()[]{}:"), st.characters()), max_size=200))
@example('"""')
def test_no_text_at_all_is_too_much(text):
    assert {type(check.holds(text)) for check in EVERY_CHECK} == {bool}
    assert {type(check.holds(f"```python\n{text}")) for check in EVERY_CHECK} == {bool}
