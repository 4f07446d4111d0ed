"""The page in a real browser, on the pocket checkpoint."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bench.rounds import play
from tests.support.browser import PAINTED, open_page, served_app
from tests.support.live_page import RUN_MS, SHOWN, held_page, shown_run, start, upload, wait_for_end
from tests.support.recorded import TINY_RUN, GatedEngine, RecordedEngine
from training.corpus import FAMILIES
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import read_card
from visualizer.prompts import load_prompts
from visualizer.trace.canvas import CanvasState, Finish, Frame, Phase
from visualizer.trace.file import load_trace
from visualizer.wordings import wordings_for

FAMILY_OF_CARD = {"acrostic": "acrostic", "why": "why", "palindrome": "function", "planets": "planets",
                  "story": "story", "haiku": "haiku"}  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served_app(home=tmp_path_factory.mktemp("empty-home")) as served:
        yield served


@pytest.fixture
def page(browser, address):
    opened = open_page(browser, viewport={"width": 1280, "height": 900})
    opened.foreign_requests = []
    opened.on("request", lambda request: note_foreign(opened.foreign_requests, request.url, address))
    opened.goto(address)
    opened.wait_for_function(f"() => {SHOWN}")
    yield opened
    opened.close()


def note_foreign(seen, url, address):
    if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:")):
        seen.append(url)


def canvas_picture(page):
    """What the canvas shows now: every cell's classes and text."""
    describe = "cells => cells.map(cell => cell.className + '|' + cell.textContent).join('¦')"
    return page.eval_on_selector_all("#player .dp-canvas .dp-cell", describe)


def answer(page):
    return page.text_content("#player [data-ui=answer]")


def set_knobs(page, **knobs):
    """Open the knobs and type."""
    if page.get_attribute("#knobs", "open") is None:
        page.click("#knobs summary")
    for name, value in knobs.items():
        page.fill(f"#knobs [name={name}]", str(value))


LONG = {"max_steps": 512, "entropy_bound": 0}
"""One position is accepted at a step, and steps are many: no run ends before it is stopped."""


def knobs_of_long(page):
    """What stands where LONG is typed."""
    return {name: page.input_value(f"#knobs [name={name}]") for name in LONG}


@pytest.mark.parametrize("card", ["planets", "story"])
def test_a_click_on_a_card_denoises_and_ends_with_the_right_answer(page, card):
    set_knobs(page, seed=1)
    start(page, f"#card-{card}")
    assert wait_for_end(page) == "stop"
    prompt = next(prompt for prompt in load_prompts() if prompt.id == card)
    assert page.text_content("#player [data-ui=seed]") == "seed 1"
    assert page.input_value("#prompt textarea") == prompt.text
    assert FAMILIES[FAMILY_OF_CARD[card]].violations(prompt.text, answer(page)) == []
    assert page.foreign_requests == []


def test_each_step_is_on_the_screen_before_the_next_is_made(browser):
    engine = GatedEngine()
    with held_page(browser, engine) as page:
        start(page, "#card-story")
        pictures = []
        for step in range(len(TINY_RUN) - 1):
            engine.let(1)
            page.wait_for_selector(f"#player .player-root[data-state=running][data-drawn='{step}']")
            pictures.append(canvas_picture(page))
        engine.let(1)
        assert wait_for_end(page) == "stop"
    assert len(set(pictures)) == len(pictures) >= 2


def test_stop_keeps_what_was_shown_and_the_next_run_works(page):
    before = knobs_of_long(page)
    set_knobs(page, **LONG)
    start(page, "#card-story")
    page.wait_for_selector("#player .dp-canvas .dp-cell:not(.dp-masked)", timeout=RUN_MS)
    page.click("#stop")
    assert wait_for_end(page) == "stopped"
    assert page.locator("#player .dp-canvas .dp-cell").count() == 128
    set_knobs(page, **before)
    start(page, "#card-why")
    assert wait_for_end(page) == "stop"


def test_what_is_on_the_screen_at_the_click_is_what_runs_and_every_stop_stops(browser, tmp_path):
    rounds, errors = play(browser, 8, seed=2, home=tmp_path)
    assert [fault for one in rounds for fault in one.faults] == []
    assert errors == []
    assert any(one.stopped_after_ms is not None for one in rounds)


def test_opening_the_knobs_changes_none_of_them(page):
    page.click("#knobs summary")
    page.wait_for_selector("#seed input:visible")
    assert page.input_value("#seed input") == ""
    seeds = set()
    for _ in range(2):
        start(page, "#card-why")
        assert wait_for_end(page) == "stop"
        seeds.add(page.text_content("#player [data-ui=seed]"))
    assert len(seeds) == 2


def test_a_card_clicked_during_a_run_replaces_the_run(page):
    before = knobs_of_long(page)
    set_knobs(page, **LONG)
    start(page, "#card-story")
    page.wait_for_selector("#player .dp-canvas .dp-cell:not(.dp-masked)", timeout=RUN_MS)
    set_knobs(page, **before)
    assert page.get_attribute("#player .player-root", "data-state") == "running"
    start(page, "#card-haiku")
    page.wait_for_function("() => document.querySelector('#prompt textarea').value.startsWith('Compose a haiku')")
    assert wait_for_end(page) == "stop"
    assert "syllables" in answer(page)


@pytest.mark.parametrize(
    ("prompt", "knobs", "sentence"),
    [
        ("   ", {}, "The prompt is empty: write something, or choose one of the demo prompts."),
        ("hello", {"max_steps": 0}, "The number of steps must be a whole number from 1 to 512, not 0."),
        ("hello", {"seed": "1.5"}, "The seed must be a whole number from 0 to 4294967295, not 1.5."),
    ],
)
def test_what_cannot_be_run_gets_one_sentence_and_the_run_on_show_stays(page, prompt, knobs, sentence):
    run = shown_run(page)
    page.fill("#prompt textarea", prompt)
    set_knobs(page, **knobs)
    page.click("#denoise")
    page.wait_for_selector("#notice:visible")
    assert page.text_content("#notice") == sentence
    assert shown_run(page) == run
    assert page.locator("#player .dp-canvas .dp-cell").count() > 100


def test_a_refused_request_leaves_the_run_under_way_alone(page):
    set_knobs(page, **LONG)
    start(page, "#card-story")
    page.wait_for_selector("#player .dp-canvas .dp-cell:not(.dp-masked)", timeout=RUN_MS)
    run = shown_run(page)
    page.fill("#prompt textarea", " ")
    page.click("#denoise")
    page.wait_for_selector("#notice:visible")
    drawn = int(page.get_attribute("#player .player-root", "data-drawn"))
    page.wait_for_function(f"() => Number(document.querySelector('#player .player-root').dataset.drawn) > {drawn}")
    assert shown_run(page) == run
    page.click("#stop")
    assert wait_for_end(page) == "stopped"


def test_a_token_can_be_inspected_with_the_keyboard(page):
    start(page, "#card-why")
    wait_for_end(page)
    page.focus("#player .dp-canvas .dp-cell[tabindex='0']")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#player .dp-inspector:visible")
    inspector = page.text_content("#player .dp-inspector")
    assert "entropy" in inspector.lower()
    assert "committed" in inspector.lower()


def test_on_a_phone_the_canvas_comes_first_and_what_is_needed_stays_in_reach(browser, address):
    phone = open_page(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone.goto(address)
    phone.wait_for_selector("#player .dp-caption:not(:empty)")  # the recording that a first visit opens with
    assert _top(phone, "#player .dp-caption") - _top(phone, "#player .dp-panel") > 200  # seven lines in sight
    start(phone, "#card-planets")
    wait_for_end(phone)
    phone.evaluate("document.querySelector('#player').scrollIntoView({block: 'start'})")
    phone.locator("#player .dp-canvas .dp-cell").nth(20).tap()
    phone.wait_for_selector("#player .dp-inspector:visible")
    for part in ("#stop", "#player .dp-timeline", "#player .dp-inspector"):
        box = phone.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 844, part
    assert _top(phone, "#player .dp-inspector") > _top(phone, "#stop")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    small = "(button) => button.offsetParent && button.getBoundingClientRect().height < 44"
    assert (
        phone.evaluate(f"[...document.querySelectorAll('button')].filter({small}).map((each) => each.outerHTML)") == []
    )
    phone.close()


def _top(page, selector):
    return page.locator(selector).bounding_box()["y"]


def test_a_recording_plays_the_moment_the_page_opens_and_says_what_it_is(page, card):
    assert shown_run(page) == "gallery-planets"
    page.wait_for_function("() => Number(document.querySelector('#player .player-root').dataset.drawn) >= 3")
    status = page.text_content("#player .dp-status")
    assert "recording" in status
    assert "Planets, outside in" in status
    assert card.name in status
    assert page.locator("#your-runs li").count() == 0


def test_each_card_plays_its_recording_without_the_model(page):
    start(page, "#recording-haiku")
    assert shown_run(page) == "gallery-haiku"
    page.wait_for_function("() => Number(document.querySelector('#player .player-root').dataset.drawn) >= 2")
    assert page.input_value("#prompt textarea") == ""


def test_own_words_make_a_prompt_and_a_word_that_cannot_be_used_makes_none(browser):
    engine = GatedEngine()
    engine.let(3)
    with held_page(browser, engine) as page:
        page.click("#own-words summary")
        page.fill("#own-words [aria-label=word]", "ab")
        page.click("#own-words button >> nth=0")
        assert "3 to 8 letters" in page.eval_on_selector(
            "#own-words [aria-label=word]", "field => field.validationMessage"
        )
        assert page.input_value("#prompt textarea") == ""
        page.fill("#own-words [aria-label=word]", "Zoë")
        start(page, "#own-words [aria-label=word]", key="Enter")
        wanted = wordings_for(engine.card.name)[0].prompt({"word": "Zoe"})
        assert page.input_value("#prompt textarea") == page.inner_text("#player .dp-prompt") == wanted


def test_a_prompt_that_was_not_learned_offers_the_nearest_that_was(browser):
    engine = GatedEngine()
    engine.let(6)
    with held_page(browser, engine) as page:
        page.fill("#prompt textarea", "Write a haiku about tax.")
        start(page, "#denoise")
        wait_for_end(page)
        assert "has not learned" in page.inner_text(".dp-unlearned")
        start(page, ".dp-unlearned button")
        assert page.inner_text("#player .dp-prompt").startswith("Compose a haiku about machine learning")


def test_the_first_key_leads_past_the_form_and_headings_come_in_order(browser):
    with held_page(browser, GatedEngine()) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "To the canvas"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('#player').contains(document.activeElement)")
        found = page.eval_on_selector_all(
            "h1, h2, h3, h4, h5, h6", "all => all.map(one => one.tagName + one.textContent)"
        )
        levels = [int(one[1]) for one in found]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_a_thought_and_a_system_prompt_are_asked_for_where_the_checkpoint_knows_them(browser):
    card = replace(read_card(POCKET_FOLDER), thinks=True, takes_system=True)
    with held_page(browser, RecordedEngine(TINY_RUN, card=card)) as page:
        page.click("#knobs summary")
        page.check("#think input")
        page.fill("#system textarea", "Be brief.")
        start(page, "#card-why")
        assert wait_for_end(page) == "stop"
        for _ in range(2):
            assert "thinking" in page.text_content("#player .dp-origin")
            assert page.text_content("#player [data-ui=system]") == "Be brief."
            page.reload()
            page.wait_for_selector("#player .player-root[data-state=stop]")


def test_a_checkpoint_that_knows_no_thinking_and_no_system_prompt_is_not_asked_for_them(browser):
    with held_page(browser, RecordedEngine(TINY_RUN)) as page:
        page.click("#knobs summary")
        assert page.is_visible("#seed input")
        assert page.is_hidden("#think input") and page.is_hidden("#system textarea")
        knobs = page.evaluate("() => window.denoiseForm.read().knobs")
        assert (knobs["think"], knobs["system"]) == (None, None)


@pytest.mark.parametrize("ending", ["stop", "stopped"])
def test_a_reload_in_the_middle_of_a_run_finds_it_from_its_beginning_and_stop_still_stops_it(browser, ending):
    engine = GatedEngine()
    with held_page(browser, engine) as page:
        start(page, "#card-story")
        engine.let(2)
        page.wait_for_selector("#player .player-root[data-state=running][data-drawn='1']")
        run = shown_run(page)
        page.reload()
        page.wait_for_selector(f"#player .player-root[data-run='{run}'][data-state=running][data-drawn='1']")
        if ending == "stop":
            engine.let(1)
        else:
            page.click("#stop")
        page.wait_for_selector(f"#player .player-root[data-state={ending}]")
        assert page.locator("#your-runs li").count() == 1
        engine.let(1)


def test_a_run_that_could_not_be_kept_is_said_and_saved_and_deleted_by_two_clicks(browser, tmp_path):
    (tmp_path / "file").write_text("in the way")
    engine = GatedEngine()
    engine.let(3)
    with held_page(browser, engine, tmp_path / "file" / "runs") as page:
        start(page, "#card-story")
        page.wait_for_selector("#notice:has-text('This run could not be kept')")
        with page.expect_download() as download:
            page.click("#save-now")
        assert download.value.suggested_filename.endswith(".jsonl.gz")
        run = shown_run(page)
        page.click("#your-runs summary")
        for said in ("delete", "for good?"):
            assert page.inner_text("#your-runs .delete-run") == said
            page.click("#your-runs .delete-run")
        page.wait_for_selector("#your-runs", state="hidden")
        page.evaluate(f"() => window.denoiseLibrary.open('{run}')")
        page.wait_for_selector("#notice:has-text('This run is not kept any more.')")
        assert not page.is_visible("#save-now")


def test_a_run_whose_tab_was_closed_is_finished_when_it_is_opened_again(browser, address):
    with browser.new_context() as visitor:
        tab = open_page(visitor)
        tab.goto(address)
        tab.wait_for_function(f"() => {SHOWN}")
        start(tab, "#card-why")
        run = shown_run(tab)
        tab.close()
        again = open_page(visitor)
        again.goto(address)
        again.wait_for_function(f"() => {SHOWN} === {json.dumps(run)}", timeout=RUN_MS)
        again.wait_for_selector("#player .dp-answer:visible", timeout=RUN_MS)
        assert "." in answer(again)


def test_another_browser_sees_nothing_of_a_run(page, browser, address):
    start(page, "#card-why")
    page.click("#stop")
    other = browser.new_page()
    other.goto(address)
    other.wait_for_function(f"() => {SHOWN}")
    assert shown_run(other).startswith("gallery-")
    assert other.locator("#your-runs li").count() == 0
    other.close()


def test_a_saved_recording_opens_in_another_browser_and_a_bad_file_loses_nothing(page, browser, address, tmp_path):
    start(page, "#recording-acrostic")
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert saved.name.startswith("write-a-six-line-poem")
    trace = load_trace(saved)
    other = browser.new_page()
    other.goto(address)
    other.wait_for_function(f"() => {SHOWN}")
    upload(other, saved)
    other.wait_for_function(f"() => !{SHOWN}.startsWith('gallery-')")
    other.evaluate(PAINTED)
    run = shown_run(other)
    assert trace.info.checkpoint in other.text_content("#player .dp-status")
    (tmp_path / "bad.jsonl").write_text("<b>hello</b>\n")
    upload(other, tmp_path / "bad.jsonl")
    other.wait_for_selector("#notice:visible")
    assert other.text_content("#notice") == "The recording bad.jsonl cannot be read: line 1 is not JSON."
    assert shown_run(other) == run
    other.close()


def test_what_is_on_show_is_exported_and_downloaded(page, tmp_path):
    page.click("#export .fold-line >> nth=0")
    page.wait_for_selector("#export-preview img[alt*='List the eight planets']")
    page.click("#export-more .fold-line")
    page.get_by_label("seed", exact=True).check()
    page.fill("#export-end-hold input", "5000")
    page.press("#export-end-hold input", "Enter")
    page.click("#export-start")
    page.wait_for_selector("#export-download:not([disabled])", timeout=RUN_MS)
    with page.expect_download() as download:
        page.click("#export-download")
    download.value.save_as(tmp_path / "run.gif")
    with Image.open(tmp_path / "run.gif") as film:
        film.seek(film.n_frames - 1)
        assert film.info["duration"] == 5000


def test_a_run_is_made_again_with_one_knob_changed_and_watched_beside_the_first(page):
    start(page, "#recording-why")
    start(page, "#again [data-change=sampler]")
    page.wait_for_selector("#player .dp-comparing, #player.dp-comparing, .player-root.dp-comparing", timeout=RUN_MS)
    page.evaluate(PAINTED)
    text = page.text_content("#player")
    assert "entropy-bound" in text
    assert "confidence-threshold" in text
    assert page.locator("#your-runs li").count() == 1


def test_a_run_is_raced_by_one_quiet_click(page):
    start(page, "#recording-why")
    shown = shown_run(page)
    page.click("#race-it")
    page.wait_for_selector("#player .player-root.dp-racing .dp-race:visible", timeout=RUN_MS)
    assert page.locator("#player .dp-canvas").count() == 2
    assert shown_run(page).startswith(f"{shown}~")


def test_the_list_of_this_browsers_runs_opens_an_earlier_one(page):
    set_knobs(page, **LONG)
    start(page, "#card-why")
    first = shown_run(page)
    page.click("#stop")
    start(page, "#card-haiku")
    page.click("#stop")
    page.wait_for_selector("#player .player-root[data-state=stopped]")
    page.click("#your-runs summary")
    assert page.locator("#your-runs li").count() == 2
    start(page, "#your-runs li:nth-child(2) .open-run")
    assert shown_run(page) == first


def hostile_frame(text):
    length = 8
    zeros = np.zeros(length, dtype=np.float32)
    ids = np.full(length, 7, dtype=np.int32)
    state = CanvasState(
        canvas_ids=ids, candidate_ids=ids, accepted=np.ones(length, dtype=bool), entropy_nats=zeros,
        probability=zeros + 1, top_ids=np.full((length, 3), 7, dtype=np.int32),
        top_probabilities=np.zeros((length, 3), dtype=np.float32), block=0, step=1, max_steps=1, phase=Phase.COMMIT,
        temperature=0.8, elapsed_ms=1.0, answer_length=length, finish=Finish.STOP_TOKEN,
    )  # fmt: skip
    return Frame(state=state, texts={7: text}, answer=text * length)


def test_a_token_that_looks_like_markup_stays_text(browser):
    hostile = "<img src=x onerror=alert(1)>"
    with held_page(browser, RecordedEngine([hostile_frame(hostile)])) as opened:
        dialogs = []
        opened.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        start(opened, "#card-why")
        wait_for_end(opened)
        assert opened.text_content("#player .dp-canvas .dp-cell") == hostile
        assert opened.locator("#player img").count() == 0
        assert dialogs == []
