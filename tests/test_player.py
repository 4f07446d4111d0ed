"""The player in a real browser, on a page that holds nothing else and has no server."""

import json
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise

import pytest

from tests.support.played import live_messages, made_info, made_run, player_page, recording
from visualizer.picture import CHANGED_SIGN, RETURN_SIGN, REVERTED_SIGN, special_sign
from visualizer.player import race_message, recording_message
from visualizer.trace import Writing, trace_of, typed_out
from visualizer.trace.canvas import changed, reverted
from visualizer.trace.settled import settled_steps

STEPS = 48
VIEWS = ("states", "noise", "confidence", "order", "revisions")
LAYOUTS = ("flow", "settled", "grid")
AXE = files("axe_playwright_python") / "axe.min.js"
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{alert(3)}}"
_DRAWN = "() => Number(document.querySelector('#root').dataset.drawn)"
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
_NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the player's page; every request, error and dialog of it is noted, and any fails the test."""
    noted, contexts = [], []

    def open_page(*messages, width=1280, height=900, theme="dark", **options):
        path = tmp_path / "player.html"
        path.write_text(player_page(theme), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: noted.append(str(error)))
        page.on("console", lambda said: noted.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: (noted.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        page.on("request", lambda request: noted.append(request.url) if request.url.startswith("http") else None)
        for message in messages:
            page.evaluate("message => send(message)", message)
        page.evaluate(_NEXT_FRAME)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert noted == []


@pytest.fixture(scope="module")
def long_run():
    return made_run(256, STEPS)


@pytest.fixture(scope="module")
def long_recording(long_run):
    return recording(long_run)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
        page.evaluate(_NEXT_FRAME)
    return page.evaluate(_DRAWN)


def scrub(page, share):
    """Drag the track to a share of the run."""
    page.evaluate(
        "share => { const range = document.querySelector('.dp-track input'); range.value = share * 1000;"
        " range.dispatchEvent(new Event('input')); }",
        share,
    )
    page.evaluate(_NEXT_FRAME)
    return page.evaluate(_DRAWN)


def choose(page, value):
    page.click(f".dp-tools button[value={value}]")
    page.evaluate(_NEXT_FRAME)


def canvas_text(page):
    return page.text_content(".dp-canvas")


def test_an_answer_without_text_is_said_to_have_none(opened):
    page = opened(recording([replace(frame, answer=frame.answer and "") for frame in made_run(8, 3)]))
    page.wait_for_selector(".dp-answer:not([hidden])")
    said = "pre => getComputedStyle(pre, '::before').content"
    assert "no text" in page.eval_on_selector(".dp-answer pre[data-ui=answer]", said)
    page = opened(recording(made_run(8, 3)))
    page.wait_for_selector(".dp-answer:not([hidden])")
    assert page.eval_on_selector(".dp-answer pre[data-ui=answer]", said) == "none"


def pause(page):
    """Stand still at the start."""
    page.focus(".dp-play")
    return press(page, "Home")


# ---- Replay


def test_a_recording_plays_by_itself_and_ends_with_its_answer(opened):
    frames = made_run(32, 5)
    page = opened(recording(frames))
    page.wait_for_function(f"() => document.querySelector('#root').dataset.drawn === '{len(frames) - 1}'")
    assert page.text_content(".dp-answer pre[data-ui=answer]") == frames[-1].answer
    assert canvas_text(page).startswith(frames[-1].answer.rstrip("\n"))
    assert "recording" in page.text_content(".dp-status")
    assert "made-up" in page.text_content(".dp-status")
    assert "4 Mar 2026" in page.text_content(".dp-status")


def test_every_step_of_a_long_run_can_be_scrubbed_to_and_back(opened, long_recording):
    page = opened(long_recording)
    assert pause(page) == 0
    last = STEPS + 1
    assert [press(page, ".") for _ in range(last)] == list(range(1, last + 1))
    end = canvas_text(page)
    assert [press(page, ",") for _ in range(3)] == [last - 1, last - 2, last - 3]
    assert [scrub(page, share) for share in (0, 0.5, 1)] == [0, last // 2, last]
    assert canvas_text(page) == end


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
    at = page.evaluate(_DRAWN)
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
    page.evaluate(_NEXT_FRAME)
    assert page.evaluate(_DRAWN) == at
    assert page.text_content("[data-ui=pacing]") == "Real time"
    assert press(page, "End") == STEPS + 1


# ---- Live


def test_a_live_run_can_be_scrubbed_while_it_goes_on(opened, long_run):
    messages = live_messages(long_run)
    page = opened(*messages[:20])
    assert page.evaluate(_DRAWN) == 18
    page.focus(".dp-play")
    assert press(page, "Home") == 0
    for message in messages[20:30]:
        page.evaluate("message => send(message)", message)
    page.evaluate(_NEXT_FRAME)
    assert page.evaluate(_DRAWN) == 0
    assert page.get_attribute("#root", "data-state") == "running"
    page.click(".dp-live")
    page.evaluate(_NEXT_FRAME)
    assert page.evaluate(_DRAWN) == 28


def test_a_run_that_just_ended_is_replayed_from_what_the_browser_has(opened, long_run):
    page = opened(*live_messages(long_run))
    assert page.get_attribute("#root", "data-state") == "stop"
    page.focus(".dp-play")
    assert press(page, "Home") == 0
    assert press(page, "End") == STEPS + 1
    assert "live" in page.text_content(".dp-origin")


def test_the_recording_of_the_run_on_show_takes_its_place_unseen(opened, long_run):
    page = opened(*live_messages(long_run))
    page.focus(".dp-play")
    press(page, "3")
    choose(page, "noise")
    assert "its recording" in page.text_content(".dp-about") or "without" in page.text_content(".dp-about")
    choose(page, "states")
    describe = "() => document.querySelector('.dp-canvas').innerHTML"
    before, at = page.evaluate(describe), page.evaluate(_DRAWN)
    page.evaluate("message => send(message)", recording(long_run, play="r1"))
    page.evaluate(_NEXT_FRAME)
    assert (page.evaluate(describe), page.evaluate(_DRAWN)) == (before, at)
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
        page.focus(".dp-play")
        assert press(page, "End") == drawn
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
    page.focus(".dp-play")
    press(page, "End")
    assert page.text_content("[data-ui=thoughtBox] pre") == "First <b>count</b> the planets."
    assert page.text_content("[data-ui=thoughtBox] summary") == "Thought"
    assert not page.is_visible("[data-ui=thoughtBox] pre")
    assert "count" not in page.text_content("pre[data-ui=answer]")


def test_what_was_asked_beside_the_prompt_is_told(opened):
    message = recording(made_run(16, 3))
    message["messages"][0]["settings"] |= {"think": True, "system": "Be <b>brief</b>."}
    page = opened(message)
    assert " · thinking · " in page.text_content(".dp-origin")
    page.focus(".dp-play")
    press(page, "End")
    assert page.text_content("[data-ui=systemBox] pre") == "Be <b>brief</b>."
    assert not page.is_visible("[data-ui=systemBox] pre")
    page.click("[data-ui=systemBox] summary")
    assert page.is_visible("[data-ui=systemBox] pre")


# ---- Layouts


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
    page.focus(".dp-play")
    press(page, "End")
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
    page.evaluate(_NEXT_FRAME)
    assert page.get_attribute("#root", "data-layout") == "flow"
    for message in messages[9:]:
        page.evaluate("message => send(message)", message)
    page.evaluate(_NEXT_FRAME)
    assert page.get_attribute("#root", "data-layout") == "settled"


def test_the_page_draws_the_signs_that_films_draw(opened):
    page = opened(recording(made_run(24, 4, words=(" sea", "\n"))))
    choose(page, "grid")
    page.focus(".dp-play")
    press(page, "End")
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
        page.evaluate(_NEXT_FRAME)
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


# ---- Views


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
    page.focus(".dp-play")
    press(page, "End")
    numbers = page.eval_on_selector_all(".dp-canvas .dp-cell", "cells => cells.map((cell) => +cell.dataset.number)")
    assert numbers == settled_steps([frame.state for frame in long_run]).tolist()


def test_the_revisions_view_counts_what_was_taken_back_or_replaced(opened, long_run, long_recording):
    page = opened(long_recording)
    choose(page, "revisions")
    choose(page, "grid")
    page.focus(".dp-play")
    press(page, "End")
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


# ---- Inspector, numbers, comparison


def test_hovering_a_token_shows_its_candidates_and_its_course(opened, long_run, long_recording):
    page = opened(long_recording)
    pause(page)
    at = press(page, "9")
    state = long_run[at].state
    position = int(state.accepted.nonzero()[0][0])
    page.hover(f".dp-canvas [data-position='{position}']")
    page.evaluate(_NEXT_FRAME)
    said = page.text_content(".dp-inspector")
    assert f"position {position + 1} of 256" in said
    assert "Accepted at step" in page.text_content(".dp-course figcaption")
    assert page.locator(".dp-strip rect").count() == STEPS
    assert page.locator(".dp-top li:visible").count() >= 2
    page.mouse.move(5, 5)
    assert page.is_hidden(".dp-inspector")


def test_the_figures_name_what_they_count(opened, long_run, long_recording):
    page = opened(long_recording)
    page.focus(".dp-play")
    press(page, "End")
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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_typed_run_is_written_left_to_right_and_knows_no_noise(opened, layout):
    frames = made_run(12, 4, words=(" sea", " of", " light"))
    denoised = trace_of(made_info(), frames, "stop")
    typed = typed_out(denoised)
    page = opened(json.loads(recording_message(typed, "kept")))
    choose(page, layout)
    pause(page)
    shown = """() => [...document.querySelectorAll('.dp-canvas .dp-cell')]
      .filter((cell) => cell.checkVisibility({visibilityProperty: true})).map((cell) => cell.textContent).join('')"""
    assert page.evaluate(shown).strip() == ""
    texts = [typed.texts[token_id] for token_id in typed.states[-1].canvas_ids.tolist()]
    for count in (1, 2, 3):
        press(page, ".")
        expected = "".join(text.strip() if layout == "grid" else text for text in texts[:count])
        assert page.evaluate(shown) == expected
    assert page.locator(".dp-canvas .dp-masked").count() == 0
    assert page.text_content(".dp-origin").startswith("recording · typed: drawn, not run")
    assert page.text_content("[data-ui=step]") == "pass 3"
    assert page.is_hidden(".dp-meters")
    assert page.is_hidden(".dp-chart")
    assert page.locator(".dp-tools [data-ui=views] button:visible").all_text_contents() == ["States", "Order"]
    assert page.locator(".dp-legend .dp-masked").count() == 0
    page.click("[data-ui=pacing]")
    page.click("[data-ui=pacing]")
    assert page.text_content("[data-ui=pacing]") in ("Directed", "Equal steps")
    press(page, "End")
    assert page.text_content(".dp-answer pre[data-ui=answer]") == denoised.answer


def test_a_race_says_who_is_where_on_its_clock_and_in_the_end_who_won(opened):
    denoised = trace_of(made_info(), made_run(12, 4, words=(" sea", " of", " light")), "stop")
    page = opened(json.loads(race_message(denoised, typed_out(denoised), ("kept", ""))))
    pause(page)
    rows = "rows => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent))"

    def board():
        return page.eval_on_selector_all(".dp-race tbody tr", rows)

    assert page.locator(".dp-canvas").count() == 2
    press(page, ".", ".", ".", ".")
    assert page.text_content(".dp-at") == "pass 4"
    passes, seconds, tokens, *_ = board()
    assert passes == ["4", "4 if typed"]
    assert seconds[1] == "–"
    assert tokens[1] == "4 of 10"
    assert page.text_content(".dp-won") == ""
    press(page, "End")
    assert page.text_content(".dp-won") == "Fewer forward passes: denoised, 4 to 11 if typed."
    whole, typed_whole = board()[-1]
    assert whole.startswith("pass 4 · ")
    assert typed_whole == "pass 10"
    page.hover(".dp-term")
    assert page.text_content(".dp-race .dp-about").startswith("Each runs the model once")
    assert "time is not compared" in page.text_content(".dp-notes")
    page.evaluate("message => send(message)", recording(made_run(8, 3)))
    page.evaluate(_NEXT_FRAME)
    assert page.is_hidden(".dp-race")


def test_a_race_of_two_that_ran_plays_on_their_recorded_times(opened):
    denoised = trace_of(made_info(), made_run(12, 4, words=(" sea", " of")), "stop")
    drawn = typed_out(denoised)
    states = tuple(replace(state, elapsed_ms=40.0 * state.step) for state in drawn.states)
    typed = replace(drawn, info=replace(drawn.info, writing=Writing.TYPED), states=states)
    page = opened(json.loads(race_message(denoised, typed, ("kept", "other"))))
    pause(page)
    at = []
    for _ in range(4):
        press(page, ".")
        at.append(page.text_content(".dp-at"))
    assert at == ["0.04 s", "0.08 s", "0.12 s", "0.16 s"]
    assert page.text_content("[data-ui=speed]") == ".25×"
    press(page, "End")
    assert "Less time: " in page.text_content(".dp-won")
    assert "one after the other, never at once" in page.text_content(".dp-notes")


def test_while_a_run_goes_on_its_most_steps_are_said_and_afterwards_those_that_it_took(opened):
    frames = made_run(16, 9, cut=5)
    page = opened(*live_messages(frames)[:-1])
    assert page.text_content(".dp-fact-step") == "step 4 of at most 9"
    page.evaluate("message => send(message)", {"k": "end", "run": "r1", "reason": "stopped"})
    page.evaluate(_NEXT_FRAME)
    assert page.text_content(".dp-fact-step") == "step 4 of 4"


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


def test_the_full_screen_has_the_prompt_and_larger_letters(opened, long_recording):
    page = opened(long_recording, width=1600, height=900)
    size = "() => parseFloat(getComputedStyle(document.querySelector('.dp-canvas')).fontSize)"
    before = page.evaluate(size)
    pause(page)
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement !== null")
    page.evaluate(_NEXT_FRAME)
    assert page.evaluate(size) > 1.4 * before
    prompt = page.locator(".dp-prompt").bounding_box()
    assert prompt["height"] > 20 and prompt["y"] >= 0


def test_two_runs_share_one_clock_and_what_differs_is_marked(opened):
    left = recording(made_run(32, 12, seed=1), "Left", sampler="entropy-bound")
    right = recording(made_run(32, 6, seed=1, words=(" sea", " sky")), "Right", sampler="confidence-threshold")
    page = opened({"k": "compare", "left": left, "right": right})
    pause(page)
    press(page, "5")
    steps = page.eval_on_selector_all(".dp-fact-step", "facts => facts.map((fact) => fact.textContent)")
    assert steps == ["step 6 of 12", "step 6 of 6"]
    press(page, "End")
    states = page.eval_on_selector_all(".dp-pill", "pills => pills.map((pill) => pill.textContent.trim())")
    assert ["finished" in state for state in states] == [True, True]
    assert page.locator(".dp-answer mark").count() >= 2
    apart = page.eval_on_selector_all(".dp-apart", "lines => lines.map((line) => line.textContent)")
    assert apart == ["sampler entropy-bound", "sampler confidence-threshold"]
    page.evaluate("message => send(message)", left)
    page.evaluate(_NEXT_FRAME)
    assert page.locator(".dp-pane").count() == 1


def test_equal_answers_have_no_marks(opened):
    same = recording(made_run(16, 4))
    page = opened({"k": "compare", "left": same, "right": same})
    assert page.locator(".dp-answer mark").count() == 0
    assert page.locator(".dp-apart >> nth=0").text_content() == "the same settings"


# ---- For everyone


def test_less_motion_gets_the_end_standing_still(opened, long_recording):
    page = opened(long_recording, reduced_motion="reduce")
    assert page.evaluate(_DRAWN) == STEPS + 1
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
    page.evaluate(_NEXT_FRAME)
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
