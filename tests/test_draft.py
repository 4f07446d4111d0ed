"""What can be written on a canvas, and what is refused, in one sentence each."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.draft import Draft
from visualizer.errors import SettingsError
from visualizer.settings import Settings

VOCAB = 100
STOP_IDS = frozenset({1, 5})
SMALL = Settings(canvas_length=16, max_tokens=40)

POSITIONS = st.integers(0, 11_000)
IDS = st.integers(0, VOCAB - 1)
SURE = st.lists(IDS, min_size=1, max_size=3, unique=True).map(
    lambda ids: tuple((token_id, 1 / len(ids)) for token_id in ids)
)


@st.composite
def drafts(draw):
    pinned = draw(st.dictionaries(POSITIONS, IDS, max_size=6))
    seeded = draw(st.dictionaries(POSITIONS.filter(lambda position: position not in pinned), IDS, max_size=6))
    return Draft(pinned, seeded, draw(st.dictionaries(POSITIONS, SURE, max_size=3)), draw(st.text(max_size=200)))


@given(drafts())
def test_a_draft_is_the_same_after_json(draft):
    assert Draft.from_dict(json.loads(json.dumps(draft.to_dict()))) == draft


def test_what_says_nothing_of_the_canvas_is_no_draft():
    assert not Draft(origin="by hand")
    assert Draft().to_dict() == {}
    assert Draft({0: 7}) and Draft(seeded={0: 7}) and Draft(conditioning={0: ((7, 1.0),)})


@pytest.mark.parametrize(
    ("pinned", "until"),
    [({}, 0), ({3: 7}, 4), ({3: 7, 20: 8}, 21), ({3: 7, 10: 1}, 4), ({3: 7, 10: 1, 12: 8}, 4), ({0: 5, 12: 8}, 0)],
    ids=["nothing", "one", "two", "then an end", "then an end and a tail", "an end at once"],
)
def test_the_answer_reaches_to_the_last_pinned_token_before_a_pinned_end(pinned, until):
    assert Draft(pinned).held_until(STOP_IDS) == until


FITS = {
    "the last token of the budget": Draft({39: 7}),
    "the tail on the last canvas, after a pinned end": Draft({39: 1, 47: 0}),
    "a seed on the last canvas": Draft(seeded={47: 7}),
}
FITS_NOT = {
    "longer than the budget": (Draft({40: 7}), "pins 41 tokens from the first to the last, and the token budget is 40"),
    "longer than the canvas": (Draft(seeded={48: 7}), "reaches position 49, and a token budget of 40 has 48"),
    "a tail beyond the canvas": (Draft({2: 1, 48: 0}), "longer than the canvas"),
    "conditioning beyond the canvas": (Draft(conditioning={48: ((7, 1.0),)}), "longer than the canvas"),
    "an unknown token": (Draft({0: 100}), "the token id 100, and this checkpoint knows the ids below 100"),
    "an unknown seed": (Draft(seeded={0: 2000}), "the token id 2,000"),
    "an unknown conditioning": (Draft(conditioning={0: ((100, 1.0),)}), "the token id 100"),
}


@pytest.mark.parametrize("draft", FITS.values(), ids=FITS)
def test_a_draft_may_fill_the_canvases_of_its_budget(draft):
    draft.check(SMALL, VOCAB, STOP_IDS)


@pytest.mark.parametrize(("draft", "sentence"), FITS_NOT.values(), ids=FITS_NOT)
def test_a_draft_that_does_not_fit_a_run_is_refused(draft, sentence):
    with pytest.raises(SettingsError, match=sentence):
        draft.check(SMALL, VOCAB, STOP_IDS)


def test_a_thought_makes_room_for_a_longer_draft():
    Draft({2000: 7}).check(SMALL.changed(think=True), VOCAB, STOP_IDS)


NO_DRAFTS = {
    "a list": [],
    "an unknown key": {"pins": {}},
    "pins in a list": {"pinned": [7]},
    "a negative position": {"pinned": {"-1": 7}},
    "a position in other digits": {"pinned": {"٣": 7}},
    "a position with a zero before it": {"pinned": {"01": 7}},
    "a position of no canvas": {"pinned": {"99999": 7}},
    "a word for a token": {"pinned": {"0": "word"}},
    "a negative token": {"seeded": {"0": -1}},
    "true for a token": {"seeded": {"0": True}},
    "half a token": {"seeded": {"0": 0.5}},
    "one position twice": {"pinned": {"4": 7}, "seeded": {"4": 8}},
    "conditioning that is no list": {"conditioning": {"0": 7}},
    "conditioning of no tokens": {"conditioning": {"0": []}},
    "conditioning of too many": {"conditioning": {"0": [[7, 1 / 41]] * 41}},
    "conditioning that does not sum to 1": {"conditioning": {"0": [[7, 0.5]]}},
    "a probability that is none": {"conditioning": {"0": [[7, 2.0], [8, -1.0]]}},
    "a probability that is no number": {"conditioning": {"0": [[7, "1"]]}},
    "an origin that is no text": {"pinned": {"0": 7}, "origin": 7},
    "an origin without end": {"pinned": {"0": 7}, "origin": "x" * 201},
}


@pytest.mark.parametrize("plain", NO_DRAFTS.values(), ids=NO_DRAFTS)
def test_what_is_no_draft_is_refused_in_a_sentence(plain):
    with pytest.raises(SettingsError) as caught:
        Draft.from_dict(plain)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_what_follows_a_loose_stretch_moves_up_when_it_gets_shorter():
    draft = Draft({0: 7, 5: 8, 9: 9}, loose=((1, 4), (6, 3)))
    assert draft.tightened(1) == Draft({0: 7, 2: 8, 6: 9}, loose=((3, 3),))
    assert draft.tightened(4).tightened(3) == Draft({0: 7, 5: 8, 9: 9})
