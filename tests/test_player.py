"""The player in a real browser: replay, keys, a run that goes on, what is told of it."""

import json
from dataclasses import replace
from importlib.resources import files

import pytest

from tests.support.browser import PAINTED
from tests.support.played import live_messages, made_run, recording
from tests.support.player_pages import DRAWN, LAYOUTS, STEPS, VIEWS, choose, pause, press, press_play, send

AXE = files("axe_playwright_python") / "axe.min.js"


def scrub(page, share):
    """Drag the track to a share of the run."""
    page.evaluate(
        "share => { const range = document.querySelector('.dp-track input'); range.value = share * 1000;"
        " range.dispatchEvent(new Event('input')); }",
        share,
    )
    page.evaluate(PAINTED)
    return page.evaluate(DRAWN)


def test_an_answer_without_text_is_said_to_have_none(opened):
    page = opened(recording([replace(frame, answer=frame.answer and "") for frame in made_run(8, 3)]))
    page.wait_for_selector(".dp-answer:not([hidden])")
    said = "pre => getComputedStyle(pre, '::before').content"
    assert "no text" in page.eval_on_selector(".dp-answer pre[data-ui=answer]", said)
    page = opened(recording(made_run(8, 3)))
    page.wait_for_selector(".dp-answer:not([hidden])")
    assert page.eval_on_selector(".dp-answer pre[data-ui=answer]", said) == "none"


def test_a_recording_plays_by_itself_and_ends_with_its_answer(opened):
    frames = made_run(32, 5)
    page = opened(recording(frames))
    page.wait_for_function(f"() => document.querySelector('#root').dataset.drawn === '{len(frames) - 1}'")
    assert page.text_content(".dp-answer pre[data-ui=answer]") == frames[-1].answer
    assert page.text_content(".dp-canvas").startswith(frames[-1].answer.rstrip("\n"))
    assert "recording" in page.text_content(".dp-status")
    assert "made-up" in page.text_content(".dp-status")
    assert "4 Mar 2026" in page.text_content(".dp-status")


def test_every_step_of_a_long_run_can_be_scrubbed_to_and_back(opened, long_recording):
    page = opened(long_recording)
    assert pause(page) == 0
    last = STEPS + 1
    assert [press(page, ".") for _ in range(last)] == list(range(1, last + 1))
    end = page.text_content(".dp-canvas")
    assert [press(page, ",") for _ in range(3)] == [last - 1, last - 2, last - 3]
    assert [scrub(page, share) for share in (0, 0.5, 1)] == [0, last // 2, last]
    assert page.text_content(".dp-canvas") == end


def test_every_key_does_what_the_help_says(opened, long_recording):
    page = opened(long_recording)
    pause(page)
    last = STEPS + 1
    assert press(page, "End") == last
    assert press(page, "Home") == 0
    assert press(page, "ArrowRight") == 2
    assert press(page, "ArrowLeft") == 0
    assert [press(page, str(digit)) for digit in range(10)] == [int(last * digit / 10 + 1e-9) for digit in range(10)]
    assert page.text_content("[data-ui=speed]") == "1×"
    press(page, "]", "]", "]")
    assert page.text_content("[data-ui=speed]") == "4×"
    press(page, "[", "[", "[", "[", "[")
    assert page.text_content("[data-ui=speed]") == ".25×"
    page.evaluate("document.querySelector('#root').focus()")
    press(page, "Home", " ")
    assert page.get_attribute(".dp-play", "aria-label") == "Pause"
    press(page, " ")
    assert page.get_attribute(".dp-play", "aria-label") == "Play"
    press(page, "?")
    assert page.is_visible(".dp-help")
    press(page, "Escape")
    assert not page.is_visible(".dp-help")
    page.evaluate("Element.prototype.requestFullscreen = async function () { window.full = this; }; null")
    page.evaluate("document.querySelector('#root').focus()")
    press(page, "f")
    assert page.evaluate("window.full === document.querySelector('#root')")


def test_keys_are_left_alone_outside_the_player_and_with_a_modifier(opened, long_recording):
    page = opened(long_recording)
    assert pause(page) == 0
    assert press(page, "Control+End") == 0
    page.evaluate("document.activeElement.blur()")
    assert press(page, "End") == 0


def test_arrow_keys_on_a_token_walk_the_tokens_and_not_the_clock(opened, long_recording):
    page = opened(long_recording)
    pause(page)
    press(page, "9")
    at = page.evaluate(DRAWN)
    page.focus(".dp-canvas [tabindex='0']")
    assert press(page, "ArrowRight", "ArrowRight") == at
    assert page.evaluate("document.activeElement.dataset.position") == "2"
    assert press(page, ".") == at + 1
    assert page.evaluate("document.activeElement.dataset.position") == "2"
    press(page, "End")
    assert page.evaluate("document.activeElement.dataset.position") == "224"  # the remark of what follows the end
    assert page.locator(".dp-canvas [tabindex='0']").count() == 1


def test_real_time_paces_by_the_clock_of_the_run_and_keeps_the_step(opened, long_recording):
    page = opened(long_recording)
    pause(page)
    at = press(page, "5")
    page.click("[data-ui=pacing]")
    page.evaluate(PAINTED)
    assert page.evaluate(DRAWN) == at
    assert page.text_content("[data-ui=pacing]") == "Real time"
    assert press(page, "End") == STEPS + 1


def test_a_live_run_can_be_scrubbed_while_it_goes_on(opened, long_run):
    messages = live_messages(long_run)
    page = opened(*messages[:20])
    assert page.evaluate(DRAWN) == 18
    assert press_play(page, "Home") == 0
    send(page, *messages[20:30])
    assert page.evaluate(DRAWN) == 0
    assert page.get_attribute("#root", "data-state") == "running"
    page.click(".dp-live")
    page.evaluate(PAINTED)
    assert page.evaluate(DRAWN) == 28


def test_a_run_that_begins_is_not_said_to_have_ended_as_the_one_before(opened, long_run, long_recording):
    page = opened(long_recording)
    assert page.get_attribute("#root", "data-state") == "stop"
    told = "(message) => { player.receive(message); return [root.dataset.state, root.dataset.drawn ?? 'nothing']; }"
    first, *_ = live_messages(long_run)
    assert page.evaluate(told, json.dumps(first)) == ["running", "nothing"]  # before anything of it is drawn


def test_a_run_that_just_ended_is_replayed_from_what_the_browser_has(opened, long_run):
    page = opened(*live_messages(long_run))
    assert page.get_attribute("#root", "data-state") == "stop"
    assert press_play(page, "Home") == 0
    assert press(page, "End") == STEPS + 1
    assert "live" in page.text_content(".dp-origin")


def test_the_recording_of_the_run_on_show_takes_its_place_unseen(opened, long_run):
    page = opened(*live_messages(long_run))
    press_play(page, "3")
    choose(page, "noise")
    assert "its recording" in page.text_content(".dp-about") or "without" in page.text_content(".dp-about")
    choose(page, "states")
    describe = "() => document.querySelector('.dp-canvas').innerHTML"
    before, at = page.evaluate(describe), page.evaluate(DRAWN)
    send(page, recording(long_run, play="r1"))
    assert (page.evaluate(describe), page.evaluate(DRAWN)) == (before, at)
    choose(page, "noise")
    assert page.locator(".dp-canvas .dp-raw").count() > 0


@pytest.mark.parametrize(
    ("frames", "drawn", "state"),
    [
        (made_run(1, 1), 2, "stop"),
        (made_run(12, 4, blocks=3), 17, "stop"),
        (made_run(24, 6, cut=4), 3, "stopped"),
        (made_run(24, 6, blocks=2, cut=9), 8, "stopped"),
    ],
    ids=["one token", "three blocks", "stopped", "stopped in the second block"],
)
def test_odd_runs_can_be_replayed_in_every_layout(opened, frames, drawn, state):
    page = opened(recording(frames))
    for layout in LAYOUTS:
        choose(page, layout)
        assert press_play(page, "End") == drawn
        assert page.get_attribute("#root", "data-state") == state
        assert press(page, "Home") == 0
        assert [press(page, ".") for _ in range(drawn)] == list(range(1, drawn + 1))


def test_a_run_that_ended_before_its_first_step_says_so(opened):
    empty = recording(made_run(8, 2))
    empty["messages"] = [m for m in empty["messages"] if m["k"] != "step"]
    empty["messages"][-1] |= {"reason": "failed", "message": "The prompt is empty."}
    page = opened(empty)
    assert "The prompt is empty." in page.text_content(".dp-problem")
    assert page.is_hidden(".dp-timeline")


def test_a_thought_stands_apart_from_the_answer_and_folded(opened):
    message = recording(made_run(16, 3))
    commit = next(step for step in message["messages"] if step.get("ph") == "commit")
    commit["thought"] = "First <b>count</b> the planets."
    page = opened(message)
    press_play(page, "End")
    assert page.text_content("[data-ui=thoughtBox] pre") == "First <b>count</b> the planets."
    assert page.text_content("[data-ui=thoughtBox] summary") == "Thought"
    assert not page.is_visible("[data-ui=thoughtBox] pre")
    assert "count" not in page.text_content("pre[data-ui=answer]")


def test_what_was_asked_beside_the_prompt_is_told(opened):
    message = recording(made_run(16, 3))
    message["messages"][0]["settings"] |= {"think": True, "system": "Be <b>brief</b>."}
    page = opened(message)
    assert " · thinking · " in page.text_content(".dp-origin")
    press_play(page, "End")
    assert page.text_content("[data-ui=systemBox] pre") == "Be <b>brief</b>."
    assert not page.is_visible("[data-ui=systemBox] pre")
    page.click("[data-ui=systemBox] summary")
    assert page.is_visible("[data-ui=systemBox] pre")


def test_the_figures_name_what_they_count(opened, long_run, long_recording):
    page = opened(long_recording)
    press_play(page, "End")
    page.click(".dp-figures summary")
    rows = page.eval_on_selector_all(
        ".dp-figures dl:first-of-type > div",
        "rows => rows.map((row) => [...row.children].map((part) => part.textContent))",
    )
    figures = {name: value for name, value, about in rows if about}
    tokens = long_run[-1].state.answer_length
    assert figures["steps"] == str(STEPS)
    assert figures["answer tokens per forward pass"] == f"{tokens / STEPS:.1f}"
    assert figures["canvas positions per step"] == "256"
    assert figures["forward passes of an autoregressive model"] == str(tokens)
    assert figures["positions after the end"] == str(256 - tokens)
    assert len(figures) == len(rows) == 8


def test_positions_a_step_are_told_from_answer_tokens(opened, long_run, long_recording):
    page = opened(long_recording)
    page.click(".dp-figures > summary")
    page.click(".dp-sums summary")
    tokens = long_run[-1].state.answer_length
    assert page.text_content(".dp-sums summary") == (
        f"{256 / STEPS:.1f} positions a step, or {tokens / STEPS:.1f} answer tokens?"
    )
    assert f"1 × 256 / {STEPS} = {256 / STEPS:.1f}." in page.inner_text(".dp-sums p")
    assert f"only {tokens} of its 256 positions" in page.inner_text(".dp-sums p")


def test_while_a_run_goes_on_its_most_steps_are_said_and_afterwards_those_that_it_took(opened):
    frames = made_run(16, 9, cut=5)
    page = opened(*live_messages(frames)[:-1])
    assert page.text_content(".dp-fact-step") == "step 4 of at most 9"
    send(page, {"k": "end", "run": "r1", "reason": "stopped"})
    assert page.text_content(".dp-fact-step") == "step 4 of 4"


def test_the_full_screen_has_the_prompt_and_larger_letters(opened, long_recording):
    page = opened(long_recording, width=1600, height=900)
    size = "() => parseFloat(getComputedStyle(document.querySelector('.dp-canvas')).fontSize)"
    before = page.evaluate(size)
    pause(page)
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement !== null")
    page.evaluate(PAINTED)
    assert page.evaluate(size) > 1.4 * before
    prompt = page.locator(".dp-prompt").bounding_box()
    assert prompt["height"] > 20 and prompt["y"] >= 0


def test_less_motion_gets_the_end_standing_still(opened, long_recording):
    page = opened(long_recording, reduced_motion="reduce")
    assert page.evaluate(DRAWN) == STEPS + 1
    assert page.get_attribute(".dp-play", "aria-label") == "Play again"
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("compared", [False, True], ids=["one run", "two runs"])
def test_nothing_overflows_on_a_phone(opened, long_recording, compared):
    message = {"k": "compare", "left": long_recording, "right": long_recording} if compared else long_recording
    page = opened(message, width=390, height=844)
    for layout in LAYOUTS:
        for view in VIEWS:
            choose(page, layout)
            choose(page, view)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_destroying_the_player_leaves_the_div_as_it_was(opened, long_recording):
    page = opened(long_recording)
    page.evaluate("player.destroy()")
    page.evaluate(PAINTED)
    assert page.evaluate("document.querySelector('#root').outerHTML") == '<div id="root" class=""></div>'


@pytest.mark.parametrize("theme", ["dark", "light", "safe"])
@pytest.mark.parametrize("shown", ["invitation", *VIEWS, "grid", "compare"])
def test_axe_finds_no_serious_violation(opened, long_recording, theme, shown):
    messages = [] if shown == "invitation" else [long_recording]
    if shown == "compare":
        messages = [{"k": "compare", "left": long_recording, "right": long_recording}]
    page = opened(*messages, theme=theme)
    if messages:
        pause(page)
        press(page, "4")
        page.click(".dp-figures summary >> nth=0")
    if shown in (*VIEWS, "grid"):
        choose(page, shown)
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document.querySelector('#root'))).violations")
    serious = [
        (violation["id"], violation["nodes"][0]["html"][:160], violation["nodes"][0]["failureSummary"])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == [], json.dumps(serious, indent=1)
