"""What one held token moves in one step: computed by running that step twice, and shown on the canvas."""

import asyncio
import json
from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest

from tests.support.here_engine import HereEngine
from tests.support.live_page import held_page, shown_run, start, wait_for_end
from tests.support.recorded import TINY_RUN, GatedEngine, RecordedEngine
from tests.support.waiting import wait_until
from visualizer.draft import NO_DRAFT, Draft
from visualizer.errors import SettingsError
from visualizer.model.denoise import TOP_K, make_reader
from visualizer.model.evaluation import Evaluation
from visualizer.page.answers import Answers
from visualizer.player import influence_message
from visualizer.prompts import load_prompts
from visualizer.request import Request, new_run_id
from visualizer.run import Engine, influence, run_info
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace import Influence, load_trace, trace_of

PROMPT = "Why is the sky blue?"
SMALL = Settings(canvas_length=16, max_tokens=32, max_steps=3, stop_entropy=0.0, seed=4)


def made(checkpoint, settings=SMALL, draft=NO_DRAFT):
    return trace_of(run_info(checkpoint.card, PROMPT, settings, draft), frames(checkpoint, PROMPT, settings, draft))


@pytest.fixture(scope="module")
def trace(checkpoint):
    return made(checkpoint)


@pytest.fixture(scope="module")
def engine(checkpoint):
    return HereEngine(checkpoint)


def by_hand(checkpoint, context, before, temperature, place, token_id):
    """Candidates and entropies of one step of the bare model, told of the step before what a state keeps of it."""
    model, reader = checkpoint.model, make_reader(checkpoint.model, Evaluation())
    cache = model.diffusion_prefill_cache(
        mx.array([context]), attention_mask=None, cache=model.make_cache(), pixel_values=None,
        mm_token_type_ids=None, prefill_step_size=1024, chunk_prefill=False,
    )  # fmt: skip
    canvas, ids = before.canvas_ids.copy(), before.top_ids.copy()
    shares = before.top_probabilities / before.top_probabilities.sum(axis=1, keepdims=True)
    if token_id is not None:
        canvas[place], ids[place], shares[place] = token_id, token_id, np.eye(1, shares.shape[1])
    hidden = model.model.decoder(
        mx.array(canvas)[None], cache=cache,
        self_conditioning_embeddings=reader.soft_embedding(mx.array(ids), mx.array(shares)),
        decoder_attention_mask=model.diffusion_decoder_masks(mx.array(canvas)[None], cache, None),
    )  # fmt: skip
    readout = reader.read(hidden, temperature, 0.0, TOP_K, mx.random.key(0))
    return np.array(readout.candidate_ids), np.array(readout.entropy_nats)


def test_on_noise_it_is_the_step_that_was_recorded_and_that_of_a_run_that_pins_the_token(checkpoint, engine, trace):
    found = influence(engine, trace, 1, 0)
    recorded, pinned = trace.states[1], made(checkpoint, draft=Draft({0: found.token_id})).states[1]
    assert found.token_id == recorded.shown_ids()[0]
    for ids, entropies, state in (
        (found.candidate_ids, found.entropy_nats, recorded), (found.held_candidate_ids, found.held_entropy_nats, pinned)
    ):  # fmt: skip
        assert np.array_equal(ids[1:], state.candidate_ids[1:])
        np.testing.assert_allclose(entropies[1:], state.entropy_nats[1:], atol=1e-5)
    assert np.abs(found.entropy_change_nats).max() > 1e-3
    assert found.entropy_change_nats[0] == 0 and not found.moved[0]


@pytest.mark.parametrize("block", [0, 1])
def test_later_it_is_that_step_run_by_hand_without_and_with_the_token(checkpoint, engine, trace, block):
    first, last = trace.blocks[block].first, trace.blocks[block].last
    index, place = first + 2, int(np.argmax(trace.states[first + 2].entropy_nats))
    found = influence(engine, trace, index, 16 * block + place)
    context = [*checkpoint.prompt_ids(PROMPT, SMALL), *(trace.states[first - 1].canvas_ids.tolist() if block else [])]
    for token_id, ids, entropies in (
        (None, found.candidate_ids, found.entropy_nats),
        (found.token_id, found.held_candidate_ids, found.held_entropy_nats),
    ):
        own = np.arange(16) != place
        hand = by_hand(checkpoint, context, trace.states[index - 1], trace.states[index].temperature, place, token_id)
        assert np.array_equal(ids[own], hand[0][own])
        np.testing.assert_allclose(entropies[own], hand[1][own], atol=1e-4)
    assert (found.index, found.place) == (index, place)
    assert influence(engine, trace, last, 16 * block + place).index == last - 1  # a commit shows the step before it


def test_what_the_run_itself_had_pinned_stays_so(checkpoint, engine):
    trace = made(checkpoint, draft=Draft({5: 204}))
    found = influence(engine, trace, 2, 0)
    assert (found.candidate_ids[5], found.entropy_nats[5], found.held_entropy_nats[5]) == (204, 0, 0)
    with pytest.raises(SettingsError, match="This token is held already"):
        influence(engine, trace, 2, 5)


@pytest.mark.parametrize(
    ("index", "place", "sentence"),
    [(0, 3, "Nothing has been guessed yet"), (1, 16, "There is no position 17"), (99, 0, "has the states 0 to"),
     (5, 3, "Nothing has been guessed yet"), (6, 3, "There is no position 4 on the canvas of this step")],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_a_sentence(engine, trace, index, place, sentence):
    with pytest.raises(SettingsError, match=sentence):
        influence(engine, trace, index, place)


def test_another_checkpoint_cannot_run_the_step(trace):
    other = replace(trace, info=replace(trace.info, fingerprint="another"))
    with pytest.raises(SettingsError, match="not denoised by pocket-diffusiongemma, the checkpoint in use"):
        influence(RecordedEngine(TINY_RUN), other, 1, 0)


def test_the_page_is_told_what_moved_in_a_sentence_and_numbers(trace):
    found = Influence(
        1, 0, 7, np.int32([1, 2, 3, 4]), np.float32([1, 2, 3, 4]), np.int32([1, 7, 3, 4]),
        np.float32([1, 0.5, 3.05, 4]), {1: "a", 2: "b", 3: "c", 4: "d", 7: " x"},
    )  # fmt: skip
    assert found.moved.tolist() == [False, True, False, False]
    told = json.loads(influence_message("run", trace, found))
    assert told["changes"] == [[1, 2.0, 0.5, "b", " x"], [2, 3.0, 3.05, "c", "c"]]
    assert (
        "with “x” held before it: 1 best guess differs, and the entropy of 1 position by more than 0.1" in told["says"]
    )
    still = Influence(1, 0, 7, found.candidate_ids, found.entropy_nats, found.candidate_ids, found.entropy_nats,
                      found.texts)  # fmt: skip
    assert "nothing moves" in json.loads(influence_message("run", trace, still))["says"]


def test_the_page_is_refused_while_a_run_goes_on_or_of_one_that_is_not_kept():
    engine = GatedEngine()
    answers = Answers(engine, load_prompts())

    async def asked(**wish):
        stream = answers.stream(json.dumps({"do": "influence", "id": new_run_id(), "state": 1, "place": 0} | wish))
        return [json.loads(message)["text"] async for message in stream]

    assert asyncio.run(asked()) == ["This run is not kept any more."]
    assert "reload" in asyncio.run(asked(state="1"))[0]
    answers.runs.begin(Request(new_run_id(), "hello", SMALL))
    assert asyncio.run(asked()) == ["A run is under way; ask what moves when it has ended."]
    engine.let(3)


@pytest.mark.parametrize("by", ["pointer", "key"])
def test_the_canvas_shows_the_positions_that_moved_and_the_way_back(browser, live, checkpoint, by):
    page, trace = live
    here = HereEngine(checkpoint)
    index = 2
    places = np.argsort(-trace.states[index].entropy_nats)[:6].tolist()
    found = max((influence(here, trace, index, place) for place in places), key=lambda one: int(one.moved.sum()))
    assert found.moved.any()
    page.focus("#player .player-root")
    page.keyboard.press("Home")
    for _ in range(index):
        page.keyboard.press(".")
    page.wait_for_selector(f"#player .player-root[data-drawn='{index}']")
    cell = f"#player .dp-canvas [data-position='{found.place}']"
    page.click(cell)
    page.wait_for_selector(".dp-inspector button:has-text('What moves'):visible")
    if by == "key":
        page.mouse.move(2, 2)  # what is under the pointer would be shown instead
    page.click(".dp-inspector button") if by == "pointer" else page.press(cell, "i")
    page.wait_for_selector("#player .player-root[data-view=influence]")
    page.wait_for_selector(".dp-inspector button:has-text('Back'):visible")
    changed = "cells => cells.map(cell => Number(cell.dataset.position))"
    assert page.eval_on_selector_all("#player .dp-cell.dp-changed[data-position]", changed) == [
        place for place in np.flatnonzero(found.moved).tolist()
    ]
    assert "held before it" in page.text_content("#player .dp-legend")
    moved = int(np.argmax(np.abs(found.entropy_change_nats)))
    page.hover(f"#player .dp-canvas [data-position='{moved}']")
    told = f"entropy {found.entropy_nats[moved]:.2f} → {found.held_entropy_nats[moved]:.2f}"
    assert told in page.text_content(".dp-inspector .dp-moves")
    page.press(cell, "i") if by == "key" else page.click("#player .dp-tools button[value=states]")
    page.wait_for_selector("#player .player-root[data-view=states]")


@pytest.fixture(scope="module")
def live(browser, card, tmp_path_factory):
    """A page with a run that has ended, and its recording."""
    folder, engine = tmp_path_factory.mktemp("runs"), Engine(card)
    try:
        with held_page(browser, engine, folder) as page:
            page.fill("#prompt textarea", next(one.text for one in load_prompts() if one.id == "why"))
            page.click("#knobs summary")
            for name, value in {"seed": 1, "max_steps": 6}.items():
                page.fill(f"#knobs [name={name}]", str(value))
            start(page, "#denoise")
            wait_for_end(page)
            kept = folder / f"{shown_run(page)}.jsonl.gz"
            wait_until(kept.exists)  # which follows the end that the page shows
            trace = load_trace(kept)
            page.click("#player [data-ui=layouts] button[value=grid]")
            yield page, trace
    finally:
        engine.close()
