"""What prompts ask for, read from their words; and what they ask of a part, which is left alone."""

import pytest

from visualizer.measure import checks_of


@pytest.mark.parametrize(
    ("prompt", "labels"),
    [
        ("Write an acrostic of the name 'Mia' about rain.", ["M", "I", "A", "three lines"]),
        ("An acrostic poem for ZOE", ["Z", "O", "E", "three lines"]),
        ("Write an acrostic poem about rain with lines that start with R, A, and N.", ["R", "A", "N", "three lines"]),
        ("Write an acrostic about my mother.", []),
        ("Which of A, B, C is right?", []),
        ("Write a haiku about rain.", ["three lines", "5", "7", "5"]),
        ("Why? Use exactly 2 sentences.", ["two sentences"]),
        ("Explain it in two short sentences.", ["two sentences"]),
        ("In at most 3 sentences, why?", ["three sentences or fewer"]),
        ("Use at least five sentences.", ["five sentences or more"]),
        ("Answer in about 4 sentences.", ["3–5 sentences"]),
        ("A story in exactly 50 words.", ["50 words"]),
        ("Tell a 50-word story.", ["45–55 words"]),
        ("Say it in 20 words or less.", ["20 words or fewer"]),
        ("Explain the three words 'I love you'.", []),
        ("Name three fruits, each with two sentences.", []),
        ("Write a haiku, then explain it in two sentences.", ["three lines", "5", "7", "5"]),
        ("Give me a list of five tips.", ["a list of five"]),
        ("Give 3 bullet points.", ["a list of three"]),
        ("List 5 rivers, one per line.", ["five lines"]),
        ("Write a four-line poem about rain.", ["four lines"]),
        ("Name the planets in order from Mercury outward to Neptune.",
         ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune", "eight lines"]),
        ("Is Neptune larger than Mercury?", []),
        ("Start with 'Once upon a time.' and end with \"The end.\"", ["its first sentence", "its last sentence"]),
        ("It begins and ends with the sentence ‘No’ or “It's late.”", []),
        ("It opens and closes with “It's late.”", ["its first sentence", "its last sentence"]),
        ("Its first and last sentence is 'It's late.'", ["its first sentence", "its last sentence"]),
        ("Give the answer as valid JSON.", ["valid JSON"]),
        ("Write a Python function `add(a, b: int = 1)` with a docstring and one example.",
         ["valid Python", "add(a, b)", "docstring", "one example"]),
        ("Write a Python function that uses print().", ["valid Python", "a function"]),
        ("Write a JavaScript function `add(a)`.", []),
        ("Why is the sky blue?", []),
        ("", []),
    ],
)  # fmt: skip
def test_constraints_are_read_from_the_words_of_a_prompt(prompt, labels):
    assert [check.label for check in checks_of(prompt)] == labels


def test_lines_that_belong_together_say_so_once():
    assert {check.group for check in checks_of("Write an acrostic with the letters C, A.")} == {"lines begin with", ""}
