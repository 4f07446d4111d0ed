"""The lengths of blanks that may be shorter, on the pocket: one step each, and the text around them decides."""

import random
from typing import ClassVar

import numpy as np
import pytest

from tests.support.canvas_samples import tiny_state
from tests.support.here_engine import HereEngine
from tests.support.recorded import RecordedEngine
from training.corpus import FAMILIES
from visualizer.draft import Draft
from visualizer.model import TextTokens, fill_in
from visualizer.run import fitted
from visualizer.trace.canvas import Frame


def no_news(_):
    """Nothing is loaded here."""


def always(trial, trials):
    return True


def test_blanks_cut_out_of_a_learned_text_get_their_own_lengths_again(checkpoint):
    example = FAMILIES["haiku"].sample(random.Random(3))
    whole = example.answer.split()
    template = example.answer.replace(f" {whole[2]} {whole[3]}", " ____{up to 6}").replace(
        " line two uses", "____{up to 5}"
    )
    assert template.count("____") == 2
    tokens = TextTokens(checkpoint.card.folder, checkpoint.card.stop_ids)
    knobs = checkpoint.card.defaults.changed(seed=1)
    draft = fitted(HereEngine(checkpoint), example.prompt, knobs, fill_in(template, tokens), no_news, always)
    ids = tokens.ids(example.answer)
    assert all(ids[place] == token_id for place, token_id in draft.pinned.items() if place < len(ids))
    assert draft.pinned[len(ids)] == tokens.end_id
    assert not draft.loose and "blanks found to be of" in draft.origin


def judging(probabilities, block):
    """An engine whose steps hold 7 for certain at a canvas's first position and 8 for so probable at all others."""
    judged = iter(probabilities)

    class Judge(RecordedEngine):
        asked: ClassVar[list] = []

        def run(self, prompt, settings, draft):
            self.asked.append((settings.max_steps, draft))
            chances = np.array([[1.0], *[[chance] for chance in [next(judged)] * 7]])
            tops = np.array([[7], *[[8]] * 7])
            for number in range(block + 1):
                yield Frame(tiny_state([1] * 8, [True] * 8, block=number, top_ids=tops, top_probabilities=chances), {})

    return Judge([])


@pytest.mark.parametrize("block", [0, 1])
def test_every_length_is_tried_for_one_step_and_the_likeliest_stays(card, block):
    knobs = card.defaults.changed(canvas_length=8, seed=1)
    first = 8 * block
    before = {0: 5} if block else {}
    draft = Draft(before | {first: 7, first + 4: 8}, loose=((first + 1, 3),), origin="a template")
    engine, told = judging([0.2, 0.9, 0.4], block), []
    found = fitted(engine, "hello", knobs, draft, no_news, lambda *trial: told.append(trial) or True)
    origin = "a template; blanks found to be of 2 tokens"
    assert found == Draft(before | {first: 7, first + 3: 8}, origin=origin)
    assert engine.asked == [(1, Draft(before, {first: 7, first + place: 8})) for place in (2, 3, 4)]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_who_is_told_to_stop_tries_no_more(card):
    draft, engine = Draft({0: 7, 4: 8}, loose=((1, 3),)), judging([], 0)
    assert fitted(engine, "hello", card.defaults, draft, no_news, lambda *_: False) == draft
    assert engine.asked == []
