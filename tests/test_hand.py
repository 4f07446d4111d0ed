"""Writing on the canvas by hand: what is selected, what is asked for, and what becomes of it on the page."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from tests.support.browser import PAINTED, open_page, served_app
from tests.support.live_page import RUN_MS, SHOWN, shown_run
from tests.support.played import live_messages, made_info, made_run, recording
from tests.support.player_pages import press, send
from visualizer.trace import trace_of

WORDS = (" sea", " light", "ning", ".", "\n")
"""Of made-up runs: some words go on in the next token, some lines end."""
ASKS = """{
  write: (edit, deed, refused) => { window.asked = { edit, deed, refused }; },
  parentOf: () => null, undo() {},
}"""
TOKENS = "#player .dp-canvas .dp-cell"


@pytest.fixture
def opened(opened):
    """Opens a player that is told what to ask for, with some messages and the focus on it."""

    def open_player(*messages, asks=ASKS, **options):
        page = opened(*messages, asks=asks, **options)
        page.focus("#root")
        return page

    return open_player


@pytest.fixture(scope="module")
def run():
    return made_run(48, 6, words=WORDS)


def cell(page, place):
    return page.locator(f".dp-canvas [data-position='{place}']")


def picked(page):
    """The places that are selected."""
    page.evaluate(PAINTED)
    return page.eval_on_selector_all("[data-picked]", "cells => cells.map((cell) => Number(cell.dataset.position))")


def middle(page, place):
    box = cell(page, place).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _is_in(point, box):
    return box["x"] < point[0] < box["x"] + box["width"] and box["y"] < point[1] < box["y"] + box["height"]


STANDING = """() => Promise.allSettled(
    [...document.querySelectorAll('.dp-panel')].flatMap((panel) => panel.getAnimations().map((one) => one.finished)))"""
"""The panel has closed around its canvas: a page that is scrolled to its end moves with it until then."""


def drag(page, start, end):
    page.evaluate(STANDING)
    for place in (end, start):
        cell(page, place).hover()  # waits until it stands still, as who aims at it does
    page.mouse.down()
    page.mouse.move(*middle(page, end), steps=3)
    page.mouse.up()


def line_of(texts, place):
    """The places of a line, without the break that ends it."""
    breaks = [-1, *(k for k, text in enumerate(texts) if "\n" in text), len(texts)]
    return next(list(range(start + 1, end)) for start, end in pairwise(breaks) if start < place < end)


@pytest.mark.parametrize("layout", ["flow", "settled", "grid"])
def test_tokens_are_selected_by_dragging_and_shift_and_let_go_by_a_click(opened, run, layout):
    page = opened(recording(run))
    press(page, "End")
    page.click(f".dp-tools button[value={layout}]")
    page.evaluate(PAINTED)
    cell(page, 3).click()
    assert picked(page) == [] and page.is_visible(".dp-inspector")
    cell(page, 6).click(modifiers=["Shift"])
    assert picked(page) == [3, 4, 5, 6]
    assert page.inner_text(".dp-hand [data-ui=count]") == "4 tokens" and not page.is_visible(".dp-inspector")
    cell(page, 1).click(modifiers=["Shift"])
    assert picked(page) == [1, 2, 3]
    drag(page, 8, 5)
    assert picked(page) == [5, 6, 7, 8]
    cell(page, 2).click()
    assert picked(page) == [] and page.is_visible(".dp-inspector") and not page.is_visible(".dp-hand")


def test_the_card_of_the_token_at_which_a_drag_begins_is_not_in_its_way(opened, run):
    page = opened(recording(run))
    press(page, "End")
    page.click(".dp-tools button[value=grid]")
    page.evaluate(PAINTED)
    cell(page, 0).click()
    page.wait_for_selector(".dp-inspector.dp-stays")
    start = middle(page, 0)
    page.mouse.move(*start)
    page.mouse.down()
    page.evaluate(PAINTED)
    card = page.locator(".dp-inspector").bounding_box()
    under = next(place for place in range(1, 48) if _is_in(middle(page, place), card))
    page.mouse.move(*middle(page, under))
    page.mouse.up()
    assert picked(page) == list(range(under + 1))


def test_a_double_click_takes_the_word_and_a_triple_click_the_line(opened, run):
    texts = [trace_of(made_info(), run).texts[token_id] for token_id in run[-1].state.canvas_ids.tolist()]
    light = next(k for k, pair in enumerate(pairwise(texts)) if pair == (" light", "ning"))
    page = opened(recording(run))
    press(page, "End")
    cell(page, light).click(click_count=2)
    assert picked(page) == [light, light + 1]
    cell(page, light).click(click_count=3)
    assert picked(page) == line_of(texts, light)


def test_keys_alone_select_and_ask_for_what_is_to_be_done_at_the_step_on_show(opened, run):
    page = opened(recording(run))
    press(page, "Home", ".", ".")
    page.focus(".dp-canvas [tabindex='0']")
    press(page, "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    assert len(picked(page)) == 3
    first, last = picked(page)[0], picked(page)[-1]
    press(page, "Escape")
    assert picked(page) == []
    press(page, "Shift+ArrowLeft", "Shift+ArrowLeft", "Tab", "Enter")
    asked = page.evaluate("() => window.asked")
    assert asked["edit"] == {"from": "kept", "do": "throw back", "state": 2, "places": [[first, last + 1]]}
    assert asked["deed"] == "threw back 3 tokens at step 2"
    press(page, "Escape")
    assert page.evaluate("document.activeElement.dataset.position") == str(first)


def test_what_is_refused_is_said_in_the_bar_and_selection_and_words_stay(opened, run):
    page = opened(recording(run))
    press(page, "End")
    drag(page, 0, 2)
    page.click(".dp-verbs button[value=write]")
    page.keyboard.type("1 f")  # keys of the player else
    press(page, "Enter")
    assert page.evaluate("() => window.asked.edit.do") == "write"
    assert page.evaluate("() => window.asked.edit.text.trim()") == "1 f"
    page.evaluate("() => window.asked.refused('The text takes 9 positions, and 3 are chosen.')")
    assert picked(page) == [0, 1, 2]
    assert page.inner_text(".dp-refusal") == "The text takes 9 positions, and 3 are chosen."
    assert page.input_value(".dp-hand textarea") == "1 f"


def test_only_what_stands_is_held(opened, run):
    page = opened(recording(run))
    press(page, "Home", ".", ".")
    state = run[2].state
    page.click(".dp-tools button[value=grid]")
    page.evaluate(PAINTED)
    drag(page, 0, 20)
    page.click(".dp-verbs button[value=hold]")
    places = page.evaluate("() => window.asked.edit.places")
    standing = [place for place in range(21) if state.accepted[place]]
    assert [place for start, end in places for place in range(start, end)] == standing
    assert 0 < len(standing) < 21


def test_a_run_that_goes_on_stands_still_while_something_is_selected(opened, run):
    messages = live_messages(run)
    page = opened(*messages[:4])
    drag(page, 1, 4)
    send(page, messages[4])
    assert picked(page) and page.get_attribute("#root", "data-drawn") == "2"
    page.click(".dp-verbs button[value='go on']")
    assert page.evaluate("() => [asked.edit.from, asked.edit.state]") == ["r1", 2]
    send(page, messages[0] | {"run": "r2"})
    assert picked(page) == []


def test_a_page_that_runs_nothing_has_no_hand(opened, run):
    page = opened(recording(run), asks="undefined")
    press(page, "End")
    drag(page, 0, 4)
    cell(page, 6).click(modifiers=["Shift"])
    assert picked(page) == [] and not page.is_visible(".dp-hand")


# ---- On the page ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served_app(home=tmp_path_factory.mktemp("empty-home")) as served:
        yield served


def open_planets(browser, address, **options):
    """The recording of the planets at its end, on a page of its own; the next run has the seed 1."""
    page = open_page(browser, **options)
    page.goto(address)
    page.wait_for_function(f"() => {SHOWN} === 'gallery-planets'")  # which it opens with
    page.click("#knobs summary")
    page.fill("#knobs [name=seed]", "1")
    to_the_end(page)
    return page


def to_the_end(page):
    page.focus("#player .dp-play")
    press(page, "End")


def wait_for_both(page):
    """The new run beside its parent, both at their end."""
    page.wait_for_selector("#player .player-root.dp-comparing", timeout=RUN_MS)
    to_the_end(page)


def tokens(page, pane=0):
    return page.eval_on_selector_all(
        f"#player .dp-pane:nth-child({pane + 1}) .dp-canvas .dp-cell", "all => all.map((one) => one.textContent)"
    )


def changed(page):
    """The places at which the two runs on show differ."""
    return [k for k, (one, other) in enumerate(zip(tokens(page, 0), tokens(page, 1), strict=True)) if one != other]


SECOND_LINE = range(15, 29)


def test_a_line_is_thrown_back_and_only_it_changes_and_one_click_goes_back(browser, address):
    page = open_planets(browser, address, viewport={"width": 1280, "height": 900})
    before = tokens(page)
    page.locator(TOKENS).nth(22).click(click_count=3)
    assert picked(page) == list(SECOND_LINE)
    page.click("#player .dp-verbs button[value='throw back']")
    wait_for_both(page)
    assert tokens(page, 0) == before
    assert changed(page) and set(changed(page)) <= set(SECOND_LINE)
    marks = page.eval_on_selector_all(
        "#player .dp-pane:nth-child(2) .dp-differs", "all => all.map((one) => Number(one.dataset.position))"
    )
    assert marks == changed(page)
    held = page.locator("#player .dp-pane:nth-child(2) .dp-canvas .dp-held").count()
    assert held == page.locator(
        "#player .dp-pane:nth-child(2) .dp-canvas .dp-cell:not(.dp-quiet, .dp-none)"
    ).count() - len(SECOND_LINE)
    assert "held" in page.inner_text("#player .dp-legend")
    page.click("#player .dp-pane:nth-child(2) .dp-came button")
    page.wait_for_function(f"() => {SHOWN} === 'gallery-planets'")
    page.evaluate(PAINTED)
    assert tokens(page) == before and page.locator("#player .dp-canvas").count() == 1
    page.close()


def test_by_keys_alone_a_line_is_thrown_back_and_of_that_run_another_held_and_the_list_is_a_tree(browser, address):
    page = open_planets(browser, address, viewport={"width": 1280, "height": 900})
    page.focus("#player .dp-canvas [tabindex='0']")
    press(page, *["ArrowRight"] * 15, "l", "Enter", "Enter")
    wait_for_both(page)
    assert changed(page) and set(changed(page)) <= set(SECOND_LINE)
    child = shown_run(page)
    page.focus("#player .dp-pane:nth-child(2) .dp-canvas [tabindex='0']")
    press(page, "l", "Enter", "Tab", "Enter")
    page.wait_for_function(f"() => {SHOWN} !== {json.dumps(child)}", timeout=RUN_MS)
    wait_for_both(page)
    assert min(changed(page)) >= SECOND_LINE[0]
    page.click("#your-runs summary")
    rows = page.locator("#your-runs li")
    assert "threw back 14 tokens at the end" in rows.nth(0).inner_text()
    assert "held 14 tokens of the end" in rows.nth(1).inner_text()
    left = [rows.nth(k).bounding_box()["x"] for k in (0, 1)]
    assert left[1] > left[0] + 10
    page.locator("#player .dp-pane:nth-child(2) .dp-canvas .dp-held").nth(2).click()
    page.wait_for_selector("#player .dp-inspector:visible")
    assert "Held" in page.inner_text("#player .dp-inspector")
    page.close()


def test_words_that_do_not_fit_lose_nothing_and_words_that_fit_stand_there(browser, address):
    page = open_planets(browser, address, viewport={"width": 1280, "height": 900})
    before, word = tokens(page), tokens(page).index(" dark")
    page.locator(TOKENS).nth(word).click(click_count=2)
    page.click("#player .dp-verbs button[value=write]")
    page.keyboard.type("bright and dark")
    press(page, "Enter")
    page.wait_for_selector("#player .dp-refusal:not(:empty)")
    assert "positions, and 1 are chosen" in page.inner_text("#player .dp-refusal")
    assert (shown_run(page), tokens(page), picked(page)) == ("gallery-planets", before, [word])
    assert not page.is_visible("#notice")
    page.fill("#player .dp-hand textarea", "bright")
    page.click("#player .dp-hand form button")
    wait_for_both(page)
    assert changed(page) == [word] and tokens(page, 1)[word] == " bright"
    page.close()


def test_on_a_phone_a_finger_selects_and_throws_back(browser, address):
    page = open_planets(browser, address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.evaluate("document.querySelector('#player').scrollIntoView({ block: 'start' })")
    box = page.locator(TOKENS).nth(21).bounding_box()
    touch = page.context.new_cdp_session(page)
    finger = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
    page.wait_for_selector("#player .dp-hand:visible")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert picked(page) == [20, 21]
    page.locator(TOKENS).nth(28).tap()
    assert picked(page) == list(range(20, 29))
    bar, timeline = (page.locator(part).bounding_box() for part in ("#player .dp-hand", "#player .dp-timeline"))
    assert bar["y"] >= 0 and bar["y"] + bar["height"] <= timeline["y"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    buttons = page.locator("#player .dp-hand button:visible")
    assert buttons.count() == 5
    assert all(buttons.nth(k).bounding_box()["height"] >= 44 for k in range(5))
    page.locator("#player .dp-verbs button[value='throw back']").tap()
    wait_for_both(page)
    assert changed(page) and set(changed(page)) <= set(range(20, 29))
    page.close()
