"""The player's views and what explains a token, a word and a unit, in a real browser."""

from itertools import pairwise

import pytest

from tests.support.browser import PAINTED
from tests.support.played import made_run, recording
from tests.support.player_pages import LAYOUTS, STEPS, VIEWS, choose, pause, press, press_play
from visualizer.trace.canvas import changed, reverted
from visualizer.trace.settled import settled_steps

HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{alert(3)}}"


def test_every_view_has_a_legend_of_its_own_in_every_layout(opened, long_recording):
    page = opened(long_recording)
    pause(page)
    press(page, "4")
    legends = set()
    for view in VIEWS:
        choose(page, view)
        legends.add(page.text_content(".dp-legend"))
        for layout in LAYOUTS:
            choose(page, layout)
            assert page.locator(".dp-canvas .dp-cell").count() == 256
            assert page.get_attribute(f"button[value={view}]", "aria-pressed") == "true"
    assert len(legends) == len(VIEWS)


def test_the_noise_view_shows_the_tokens_that_the_model_reads(opened, long_run, long_recording):
    page = opened(long_recording)
    choose(page, "noise")
    choose(page, "flow")
    pause(page)
    at = press(page, "2")
    state, texts = long_run[at].state, {k: text for frame in long_run for k, text in frame.texts.items()}
    position = int((~state.accepted).nonzero()[0][0])
    expected = texts[int(state.canvas_ids[position])].replace("\n", "⏎")
    assert page.text_content(f".dp-canvas [data-position='{position}']") == expected


def test_the_order_view_counts_as_the_scaffold_report_does(opened, long_run, long_recording):
    page = opened(long_recording)
    choose(page, "order")
    choose(page, "grid")
    press_play(page, "End")
    numbers = page.eval_on_selector_all(".dp-canvas .dp-cell", "cells => cells.map((cell) => +cell.dataset.number)")
    assert numbers == settled_steps([frame.state for frame in long_run]).tolist()


def test_the_revisions_view_counts_what_was_taken_back_or_replaced(opened, long_run, long_recording):
    page = opened(long_recording)
    choose(page, "revisions")
    choose(page, "grid")
    press_play(page, "End")
    counts = "cells => cells.map((cell) => +(cell.dataset.number ?? 0))"
    numbers = page.eval_on_selector_all(".dp-canvas .dp-cell", counts)
    pairs = list(pairwise(frame.state for frame in long_run))
    assert numbers == sum(reverted(a, b).astype(int) + changed(a, b).astype(int) for a, b in pairs).tolist()
    assert sum(numbers) > 0


def test_numbers_come_on_demand(opened, long_recording):
    page = opened(long_recording)
    choose(page, "confidence")
    shown = "() => getComputedStyle(document.querySelector('.dp-canvas [data-number]'), '::before').content"
    assert page.evaluate(shown) == "none"
    page.click(".dp-numbers-switch")
    assert page.evaluate(shown) != "none"


@pytest.mark.parametrize("view", VIEWS)
def test_a_token_that_looks_like_markup_stays_text_in_every_view_and_layout(opened, view):
    page = opened(recording(made_run(24, 6, words=(HOSTILE, " a", "\n")), label=HOSTILE))
    choose(page, view)
    for layout in LAYOUTS:
        choose(page, layout)
        page.focus(".dp-play")
        for key in ("Home", "5", "End"):
            press(page, key)
        page.hover(".dp-canvas [data-position='0']", force=True)
        assert page.locator("#root img").count() == 0
    assert HOSTILE in page.text_content("pre[data-ui=answer]")
    assert HOSTILE in page.text_content(".dp-checkpoint")


def test_hovering_a_token_shows_its_candidates_and_its_course(opened, long_run, long_recording):
    page = opened(long_recording)
    pause(page)
    at = press(page, "9")
    state = long_run[at].state
    position = int(state.accepted.nonzero()[0][0])
    page.hover(f".dp-canvas [data-position='{position}']")
    page.evaluate(PAINTED)
    said = page.text_content(".dp-inspector")
    assert f"position {position + 1} of 256" in said
    assert "Accepted at step" in page.text_content(".dp-course figcaption")
    assert page.locator(".dp-strip rect").count() == STEPS
    assert page.locator(".dp-top li:visible").count() >= 2
    page.mouse.move(5, 5)
    assert page.is_hidden(".dp-inspector")


def test_every_word_of_a_legend_and_every_unit_is_explained_to_mouse_keyboard_and_finger(opened, long_recording):
    page = opened(long_recording, has_touch=True)
    pause(page)
    for view in VIEWS:
        choose(page, view)
        words = page.locator(".dp-legend > li:not(.dp-about)")
        assert words.count() >= 4
        for word in words.all():
            assert len(word.get_attribute("data-means") or "") > 15, (view, word.inner_text())
    choose(page, "states")
    bubble = page.locator(".dp-bubble")
    assert not bubble.is_visible()
    page.hover(".dp-legend > li >> nth=2")
    assert bubble.inner_text().startswith("Accepted at an earlier step")
    page.keyboard.press("Escape")
    assert not bubble.is_visible()
    page.focus("[data-ui=entropy]")
    assert bubble.inner_text().startswith("How undecided the model is")
    described = page.get_attribute("[data-ui=entropy]", "aria-describedby")
    assert described == bubble.get_attribute("id")
    page.tap("[data-ui=seed]")
    assert "the same seed and knobs" in bubble.inner_text()
    for unit in ("step", "time", "rate", "accepted", "stable"):
        assert page.get_attribute(f"[data-ui={unit}]", "data-means"), unit
