"""What the page asks for: the last of it is heard, whenever it was asked and whatever comes late; nothing is lost."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from tests.support.browser import PAINTED, open_page
from tests.support.live_page import SHOWN, held_page, shown_run, start, upload
from tests.support.made_traces import made_trace
from tests.support.recorded import GatedEngine
from visualizer.request import new_run_id
from visualizer.trace import save_trace

AT_THE_FIRST_INSTANT = """(() => {
  const wanted = %s;
  const watch = new MutationObserver(() => {
    if (!wanted.every((selector) => document.querySelector(selector))) return;
    watch.disconnect();
    for (const selector of wanted) document.querySelector(selector).click();
  });
  watch.observe(document, { childList: true, subtree: true });
})()"""
"""Clicks as soon as what is to be clicked exists: the rest of the page does not, yet."""


def drawn(page, run, step):
    """Wait until a step of a run is on show."""
    page.wait_for_selector(f"#player .player-root[data-run='{run}'][data-drawn='{step}']")


def open_gone(page):
    """Ask for a run that is not there, and wait for the sentence."""
    page.evaluate(f"() => denoiseLibrary.open('{new_run_id()}')")
    page.wait_for_selector("#notice:has-text('This run is not kept any more.')")


@pytest.mark.parametrize(
    ("clicks", "state"), [(["#card-story"], "stop"), (["#card-story", "#card-haiku"], "stop"),
                          (["#card-story", "#stop"], "stopped")],
)  # fmt: skip
def test_what_is_clicked_before_the_page_is_whole_is_done(browser, clicks, state):
    engine = GatedEngine()
    if "#stop" not in clicks:
        engine.let(9)
    with held_page(browser, engine) as page:
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(AT_THE_FIRST_INSTANT % json.dumps(clicks))
        page.reload()
        page.wait_for_function(f"() => {SHOWN} && {SHOWN} === denoiseLibrary.running()")
        page.wait_for_selector(f"#player .player-root[data-state={state}]")
        prompt = page.input_value("#prompt textarea")
        assert prompt.startswith("Compose a haiku" if "#card-haiku" in clicks else "Tell a 100-word story")
        if state == "stop":
            assert page.inner_text("#player .dp-prompt") == prompt
        page.click("#card-why")  # what is clicked next is what is asked for next
        engine.let(9)
        page.wait_for_function(f"() => {SHOWN} === denoiseLibrary.running()")
        page.evaluate(PAINTED)
        assert page.inner_text("#player .dp-prompt") == page.input_value("#prompt textarea")
        assert errors == []


@contextmanager
def run_under_way(browser):
    """A page on which a run has made its noise, and waits; its engine, and its id."""
    engine = GatedEngine()
    with held_page(browser, engine) as page:
        start(page, "#card-story")
        run = shown_run(page)
        engine.let(1)
        drawn(page, run, 0)
        yield page, engine, run


@pytest.mark.parametrize("refused", [1, 2])
def test_what_is_refused_ends_nothing_that_is_under_way(browser, refused):
    with run_under_way(browser) as (page, engine, run):
        for _ in range(refused):
            open_gone(page)
        engine.let(1)
        drawn(page, run, 1)


def test_a_prompt_that_is_refused_twice_at_once_ends_nothing_that_is_under_way(browser):
    with run_under_way(browser) as (page, engine, run):
        page.fill("#prompt textarea", " ")
        page.dblclick("#denoise")
        page.wait_for_selector("#notice:visible")
        engine.let(1)
        drawn(page, run, 1)
        assert page.evaluate("() => denoiseLibrary.running()") == run


def test_what_is_refused_beside_a_recording_leaves_it_on_show_and_stop_still_stops_the_run_behind_it(browser):
    with run_under_way(browser) as (page, _, run):
        start(page, "#recording-haiku")
        page.fill("#prompt textarea", " ")
        page.dblclick("#denoise")
        page.wait_for_selector("#notice:visible")
        assert page.evaluate("() => denoiseLibrary.running()") == run
        assert shown_run(page) == "gallery-haiku"
        page.click("#stop")
        page.evaluate(f"() => denoiseLibrary.open('{run}')")
        page.wait_for_selector(f"#player .player-root[data-run='{run}'][data-state=stopped]")


def test_a_file_that_is_opened_during_a_run_gets_no_step_of_it(browser, tmp_path):
    path = tmp_path / "other.jsonl.gz"
    save_trace(made_trace(["Mercury", "Venus"]), path)
    with browser.new_context() as visitor, run_under_way(visitor) as (page, engine, run):
        upload(page, path)
        page.wait_for_function("(run) => document.querySelector('#player .player-root').dataset.run !== run", arg=run)
        page.wait_for_selector("#player .dp-status:has-text('of 6')")
        other = open_page(visitor)
        other.goto(page.url)  # with this browser's last run
        engine.let(1)
        drawn(other, run, 1)
        page.evaluate(PAINTED)
        assert "of 6" in page.inner_text("#player .dp-status")


def test_what_comes_late_of_what_was_asked_for_before_is_not_heard(browser):
    with run_under_way(browser) as (page, engine, run):
        for message in ({"k": "end", "run": "other", "reason": "stopped"}, {"k": "notice", "text": "no"}):
            page.evaluate("(message) => denoiseLibrary.receive(`1 ${JSON.stringify(message)}`)", message)
        assert shown_run(page) == run
        assert page.is_hidden("#notice")
        engine.let(1)
        drawn(page, run, 1)
