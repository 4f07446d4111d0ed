"""Drafts made of text, on the pocket: text is exact to its edges in what is committed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualizer.errors import SettingsError
from visualizer.model import TextTokens, fill_in, revise
from visualizer.run.frames import frames

WORDS = st.sampled_from(
    ["def f(x):", "Dear", " Éa", "return 0", ",", "\n", "\n    ", "Zebra", "  two", "7", "ocean.", "É", "\u65e5"]
)


@pytest.fixture(scope="module")
def tokens(card):
    return TextTokens(card.folder, card.stop_ids)


@given(pieces=st.lists(WORDS, min_size=1, max_size=4), blanks=st.lists(st.integers(1, 4), min_size=1, max_size=4))
@settings(max_examples=20)
def test_the_committed_text_holds_the_text_of_a_template_to_its_edges(checkpoint, tokens, pieces, blanks):
    pairs = list(zip(pieces, blanks, strict=False))
    template = "".join(f"{piece}____{{{blank}}}" for piece, blank in pairs) + "."
    draft = fill_in(template, tokens)
    knobs = checkpoint.card.defaults.changed(canvas_length=16, max_tokens=64, max_steps=1, t_min=8, t_max=8, seed=1)
    answer = [frame.answer for frame in frames(checkpoint, "Hello", knobs, draft)][-1]
    place = 0
    for piece, _ in pairs:
        assert piece in answer[place:], (template, answer)
        place = answer.index(piece, place) + len(piece)
    assert answer.endswith(".")


def test_a_template_is_the_whole_answer_unless_its_end_is_open(tokens):
    the_sky = dict(enumerate(tokens.ids("The sky")))
    room = len(the_sky) + 2
    closed = fill_in("The sky ____{2}.", tokens).pinned
    assert dict(closed) == the_sky | {room: tokens.ids(".")[0], room + 1: tokens.end_id}
    assert dict(fill_in("The sky ____{*}", tokens).pinned) == the_sky
    assert max(fill_in("The sky ____", tokens).pinned) == len(the_sky) + 8  # where no length is said


def test_a_blank_of_up_to_so_many_tokens_begins_at_its_longest(tokens):
    draft = fill_in("The sky ____{up to 4} is ____{2} and ____{up to 3}.", tokens)
    assert draft.pinned == fill_in("The sky ____{4} is ____{2} and ____{3}.", tokens).pinned
    sky, between = len(tokens.ids("The sky")), len(tokens.ids(" is")) + 2 + len(tokens.ids(" and"))
    assert draft.loose == ((sky, 4), (sky + 4 + between, 3))
    assert draft.tightened(1).tightened(3) == fill_in("The sky ____{1} is ____{2} and ____{3}.", tokens)


def test_indentation_before_a_blank_stays(tokens):
    assert dict(fill_in("x:\n    ____{*}", tokens).pinned) == dict(enumerate(tokens.ids("x:\n    ")))


def test_a_revision_throws_back_the_share_that_is_asked_for_at_places_of_its_seed(tokens):
    text = "Slowly one sail glows in morning light."
    ids = tokens.ids(text)
    assert dict(revise(text, 0, 1, tokens).seeded) == dict(enumerate(ids))
    half, same, other = (revise(text, 0.5, seed, tokens).seeded for seed in (1, 1, 3))
    assert len(half) == len(ids) - round(len(ids) / 2)
    assert half == same != other
    assert half.items() <= dict(enumerate(ids)).items()
    assert not revise(text, 1, 1, tokens)


def test_where_a_model_thinks_in_a_channel_its_empty_thought_stands_before_the_text(real):
    tokens = TextTokens(real.card.folder, real.card.stop_ids)
    thought = tokens.empty_thought
    assert real.tokenizer.decode(thought) == "<|channel>thought\n<channel|>"
    pinned = fill_in("The sky ____{2}.", tokens).pinned
    assert [pinned[place] for place in range(len(thought))] == thought
    assert min(revise("The sky", 0, 1, tokens).seeded) == len(thought)
    assert real.tokenizer.decode([tokens.end_id]) == "<turn|>"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("The sky.", "The template has no blank"),
        ("The ____{0} sky", "has at least one token"),
        ("The ____{up to 0} sky", "has at least one token"),
        ("____{*} and more", "can only be the last"),
        ("____{up to 40} and ____{up to 25}", "have 65 lengths together.* at most 64 are"),
        ("\ud800 ____", "not valid UTF-8"),
        ("<eos> ____", "spells <eos>, which marks structure"),
    ],
)
def test_a_template_that_cannot_be_is_refused(tokens, template, sentence):
    with pytest.raises(SettingsError, match=sentence):
        fill_in(template, tokens)


@pytest.mark.parametrize(
    ("text", "strength", "sentence"),
    [(" ", 0.5, "no text to revise"), ("sky", 1.5, "a share from 0 to 1"), ("sky", True, "a share from 0 to 1")],
)
def test_a_revision_that_cannot_be_is_refused(tokens, text, strength, sentence):
    with pytest.raises(SettingsError, match=sentence):
        revise(text, strength, 1, tokens)
