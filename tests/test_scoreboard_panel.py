"""Scoreboard, scaffold line and outlines in the player, in a real browser and in an exported page."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.support.browser import PAINTED
from tests.support.made_traces import landing_trace
from tests.support.old_recordings import WHY
from tests.support.player_pages import choose, press, send
from visualizer.export.html_page import html_page
from visualizer.player import MessageWriter, end_message, player_bundle, recording_message, start_message
from visualizer.trace import load_trace

ACROSTIC = "Write an acrostic with the letters C, A."
CELLS = ["C", "alm", "\n", "A", "ir", "<eos>"]
CHIPS = "chips => chips.map(chip => [chip.textContent, chip.dataset.is, chip.title])"
OUTLINED = """cells => cells.filter((cell) => getComputedStyle(cell).outlineStyle === "dashed")
  .map((cell) => cell.dataset.position)"""


@pytest.fixture
def opened(opened):
    """Opens the player's page with messages; a recording stands still at its end."""
    return partial(opened, reduced_motion="reduce")


@pytest.fixture
def trace():
    """The letter C is taken back at step 2; everything stands at step 4."""
    landed = landing_trace(CELLS, [1, 3, 1, 2, 4, 1], ACROSTIC, special=["<eos>"])
    states = list(landed.states)
    states[2] = replace(states[2], accepted=states[2].accepted & (np.arange(len(CELLS)) > 0))
    return replace(landed, states=tuple(states))


def recorded(trace):
    return recording_message(trace, "r", "A poem")


def at(page, step):
    """What the scoreboard says so many steps after the noise."""
    page.focus("#root")
    press(page, "Home", *["."] * step)
    return page.eval_on_selector_all(".dp-score", CHIPS), page.locator(".dp-scores small").all_inner_texts()


def test_every_check_follows_the_playhead(opened, trace):
    page = opened(recorded(trace))
    assert at(page, 0) == (
        [["–C", "open", "C: not yet"], ["–A", "open", "A: not yet"], ["–two lines", "open", "two lines: not yet"]],
        ["0 of 2", "not yet"],
    )
    chips, words = at(page, 1)
    assert chips[:2] == [["✓C", "met", "C: held from step 1"], ["–A", "open", "A: not yet"]]
    assert words == ["1 of 2", "not yet"]
    chips, words = at(page, 2)
    assert chips[:2] == [["✕C", "lost", "C: lost again"], ["✓A", "met", "A: held from step 2"]]
    assert words[0] == "1 of 2, some lost again"
    chips, words = at(page, 5)
    assert [state for _, state, _ in chips] == ["met", "met", "met"]
    assert chips[0][2] == "C: held from step 3"
    assert words == ["all held", "from step 3"]


def test_the_checks_follow_a_run_while_it_goes_on_and_are_said(opened, trace):
    page = opened()
    writer = MessageWriter(trace.info.vocab_size, prompt=ACROSTIC)
    messages = [start_message("live", trace.info), *map(writer.write, trace.frames())]
    seen = []
    for message in messages[:5]:
        send(page, message)
        chips = page.eval_on_selector_all(".dp-score", CHIPS)
        seen.append(("".join(sign[0] for sign, _, _ in chips), page.text_content("[data-ui=announced]")))
    assert seen[1:] == [
        ("–––", "Run started on pocket."),
        ("✓––", "Step 1, there: C."),
        ("✕✓–", "Step 2, there: A; lost again: C."),
        ("✓✓✓", "Step 3, there: C, two lines."),
    ]
    send(page, *messages[5:], end_message("live", "stop"))
    assert page.text_content("[data-ui=announced]").endswith("The answer: Calm\nAir")


def test_the_scaffold_line_has_the_sentence_and_on_demand_the_strip(opened, trace):
    page = opened(recorded(trace))
    assert page.inner_text(".dp-scaffold summary").startswith("Scaffold first? No lead: a scaffold token settles")
    assert not page.is_visible(".dp-strip")
    page.click(".dp-scaffold summary")
    assert page.is_visible(".dp-strip")
    assert page.inner_text(".dp-scaffold .dp-about") == (
        "When they settled: above, 2 scaffold tokens; below, 2 content tokens."
    )
    assert page.get_attribute(".dp-scaffold-bars", "d").count("M") == 2


def test_the_switch_outlines_scaffold_in_every_layout(opened, trace):
    page = opened(recorded(trace))
    page.click(".dp-scaffold summary")
    page.click(".dp-outline")
    for layout in ("flow", "grid", "settled"):
        choose(page, layout)
        assert page.eval_on_selector_all(".dp-canvas .dp-cell", OUTLINED) == ["0", "3"], layout
    page.click(".dp-outline")
    assert page.eval_on_selector_all(".dp-canvas .dp-cell", OUTLINED) == []


def test_a_click_on_a_finding_goes_to_its_step_and_positions(opened):
    page = opened(recorded(load_trace(WHY)))
    assert page.inner_text(".dp-findings summary").endswith(
        "early length · retroactive correction × 2 · intermediate token × 3"
    )
    page.click(".dp-findings summary")
    page.click(".dp-finding:has-text('“on”, accepted at step 8')")
    page.evaluate(PAINTED)
    assert page.inner_text(".dp-at") == "step 8 of 14"
    assert page.eval_on_selector_all(".dp-canvas .dp-lit", "cells => cells.map(cell => cell.dataset.position)") == [
        "30"
    ]
    assert page.evaluate("document.activeElement.dataset.position") == "30"
    assert page.locator(".dp-finding[data-now]").all_inner_texts()[0].startswith("“on”")
    page.keyboard.press("End")
    page.evaluate("() => document.querySelector('#root').focus()")
    page.keyboard.press("End")
    page.evaluate(PAINTED)
    assert page.locator(".dp-canvas .dp-lit, .dp-finding[data-now]").count() == 0


def test_a_run_in_which_nothing_was_found_has_no_list_of_it(opened, trace):
    page = opened(recorded(trace))
    assert not page.is_visible(".dp-findings")


def test_a_prompt_that_asks_for_nothing_of_the_kind_has_no_scoreboard(opened):
    page = opened(recorded(landing_trace(["Hi", "."], [1, 2])))
    assert not page.is_visible(".dp-scores")
    assert page.is_visible(".dp-scaffold")


def test_the_order_stands_among_the_figures_with_what_each_counts(opened, trace):
    page = opened(recorded(trace))
    page.click(".dp-figures summary")
    row = page.locator(".dp-order + dl > div").first
    assert row.inner_text().startswith("left to right (Kendall’s τ-b)\n")
    assert row.locator(".dp-value").inner_text() == "0.53"
    assert "1 is left to right, 0 no order" in row.locator(".dp-about").inner_text()


def test_a_live_run_gets_them_with_its_recording(opened, trace):
    page = opened()
    messages = "run => { for (const message of run.messages) if (message.k !== 'report') send(message); }"
    recording = recording_message(trace, "r", play="live")
    page.evaluate(f"text => ({messages})(JSON.parse(text))", recording)
    page.evaluate(PAINTED)
    assert not page.is_visible(".dp-scaffold")
    page.click(".dp-figures summary")
    assert not page.is_visible(".dp-order")
    send(page, recording)
    assert page.eval_on_selector_all(".dp-score", CHIPS)[0][:2] == ["✓C", "met"]
    assert page.is_visible(".dp-order + dl")


def test_an_exported_page_has_them_too(open_html, trace):
    page = open_html(html_page(trace, *player_bundle(), "dark"))
    page.wait_for_selector(".dp-score[data-is=met]")
    assert page.locator(".dp-score").count() == 3
