"""The three layouts of the canvas in a real browser."""

import pytest

from tests.support.browser import PAINTED
from tests.support.played import live_messages, made_run, recording
from tests.support.player_pages import LAYOUTS, STEPS, choose, pause, press, press_play, send
from visualizer.picture import CHANGED_SIGN, RETURN_SIGN, REVERTED_SIGN, special_sign

# Of every cell, its left and right edge on each of its lines; a cell without a background is told in pieces.
_PLACES = """() => [...document.querySelectorAll('.dp-canvas .dp-cell')].map((cell) => {
  const [canvas, lines] = [cell.closest('.dp-canvas').getBoundingClientRect(), new Map()];
  for (const {left, right, top, width} of cell.getClientRects()) {
    if (!width) continue;
    const y = Math.round((top - canvas.top) * 2) / 2;
    const line = lines.get(y) ?? {left, right};
    lines.set(y, {left: Math.min(left, line.left), right: Math.max(right, line.right)});
  }
  return [...lines].map(([y, {left, right}]) => [Math.round(left - canvas.left), y, Math.round(right - left)]);
})"""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_settled_layout_keeps_every_token_at_one_place_and_ends_as_the_flow(opened, long_recording, width):
    page = opened(long_recording, width=width)
    choose(page, "settled")
    pause(page)
    first = page.evaluate(_PLACES)
    assert len(first) == 256
    for _ in range(STEPS + 1):
        press(page, ".")
        assert page.evaluate(_PLACES) == first
    choose(page, "flow")
    assert page.evaluate(_PLACES) == first


@pytest.mark.parametrize("cut", [5, 9])
def test_a_stopped_run_settles_as_it_was_left(opened, cut):
    page = opened(recording(made_run(64, 12, cut=cut)))
    press_play(page, "End")
    settled = page.evaluate(_PLACES)
    choose(page, "flow")
    assert page.evaluate(_PLACES) == settled


def test_the_settled_layout_keeps_the_place_of_blocks_to_come(opened):
    page = opened(recording(made_run(24, 4, blocks=2)))
    pause(page)
    first = page.evaluate(_PLACES)
    press(page, "End")
    assert page.evaluate(_PLACES)[:24] == first[:24]
    assert page.locator(".dp-block").count() == 2
    assert page.locator(".dp-block.dp-ahead").count() == 0
    press(page, "Home")
    assert page.locator(".dp-block.dp-ahead").count() == 1


def test_a_live_run_has_no_settled_layout_yet_and_gets_it_when_it_ends(opened, long_run):
    messages = live_messages(long_run)
    page = opened(*messages[:9])
    page.evaluate("() => document.querySelector('button[value=settled]').click()")
    page.evaluate(PAINTED)
    assert page.get_attribute("#root", "data-layout") == "flow"
    send(page, *messages[9:])
    assert page.get_attribute("#root", "data-layout") == "settled"


def test_the_page_draws_the_signs_that_films_draw(opened):
    page = opened(recording(made_run(24, 4, words=(" sea", "\n"))))
    choose(page, "grid")
    press_play(page, "End")
    signs = page.eval_on_selector_all(
        ".dp-canvas .dp-special", "cells => cells.map((cell) => [cell.title, cell.textContent])"
    )
    assert dict(signs) == {text: special_sign(text) for text in ("<turn|>", "<pad>")}
    choose(page, "flow")
    drawn = "(node, pseudo) => getComputedStyle(node, pseudo).content"
    assert page.eval_on_selector(".dp-return", drawn, "::before") == f'"{RETURN_SIGN}"'
    assert page.eval_on_selector(".dp-legend .dp-reverted", drawn, "::before") == f'"{REVERTED_SIGN}"'
    assert page.eval_on_selector(".dp-legend .dp-changed", drawn, "::after") == f'"{CHANGED_SIGN}"'


def test_the_grid_gives_every_position_a_box_of_one_size(opened, long_recording):
    page = opened(long_recording)
    choose(page, "grid")
    pause(page)
    press(page, "4")
    places = page.evaluate(_PLACES)
    assert len({tuple(box[0][:2]) for box in places}) == 256
    assert max(box[0][2] for box in places) - min(box[0][2] for box in places) <= 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_long_canvas_has_out_of_sight_follows_by_itself(opened, layout):
    page = opened(recording(made_run(1024, 12)))
    choose(page, layout)
    pause(page)
    press(page, "End")
    press(page, "5")
    texts = (
        "() => [...document.querySelectorAll('.dp-canvas .dp-cell')].map((cell) => cell.className + cell.textContent)"
    )
    for _ in range(8):
        page.evaluate(PAINTED)
    followed = page.evaluate(texts)
    choose(page, "grid" if layout == "flow" else "flow")
    choose(page, layout)  # makes every cell anew
    assert len(followed) == 1024
    assert page.evaluate(texts) == followed


def test_the_focus_stays_on_a_token_whose_paragraph_changes(opened):
    page = opened(recording(made_run(64, 12, words=(" sea", "\n"))))
    choose(page, "flow")
    pause(page)
    page.focus(".dp-canvas [data-position='40']")
    spoken = page.text_content("[data-ui=spoken]")
    for _ in range(12):
        press(page, ".")
        assert page.evaluate("document.activeElement.dataset.position") == "40"
    assert page.locator(".dp-paragraph").count() > 10
    assert page.text_content("[data-ui=spoken]") == spoken
