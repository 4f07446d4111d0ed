"""The look inside a run, in a real browser: what its views show, and where a click or a key in them leads."""

import json
import re
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from tests.support.browser import PAINTED
from tests.support.played import live_messages, made_run, recording
from tests.support.player_pages import DRAWN, pause, press, send
from visualizer.picture import RETURN_SIGN
from visualizer.trace.canvas import Phase

LENGTH, STEPS = 64, 12
RUN = made_run(LENGTH, STEPS)
CONTENT = RUN[-1].state.answer_length
AXE = files("axe_playwright_python") / "axe.min.js"
_COLOURS = """(n) => {
  const canvas = document.querySelectorAll('.dp-rows canvas')[n];
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const [length, rows] = [Number(canvas.dataset.positions), Number(canvas.dataset.steps)];
  return Array.from({length: rows}, (_, k) => Array.from({length}, (_, i) => {
    const [x, y] = [Math.floor((i + .5) * canvas.width / length), Math.floor((k + .5) * canvas.height / rows)];
    return [...data.slice(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 4)];
  }));
}"""


@pytest.fixture
def looked(opened):
    """Opens the player's page with messages and looks inside; standing still at the start of what it plays."""

    def look(*messages, **options):
        page = opened(*messages, **options)
        page.evaluate("document.querySelector('.dp-inside').open = true")
        pause(page)
        settle(page)
        return page

    return look


def settle(page):
    """Let the page draw, and draw again when it has learned its sizes."""
    for _ in range(3):
        page.evaluate(PAINTED)


def choose(page, value):
    page.click(f".dp-inside button[value={value}]")
    settle(page)


def drawn(page):
    """The step that is shown, and the position that is looked at."""
    step = page.evaluate(DRAWN)
    chosen = page.locator(".dp-canvas [data-chosen]")
    return step, int(chosen.get_attribute("data-position")) if chosen.count() else None


def map_point(page, step, position, block=0):
    """Where on the page the map has a step (of its block) and a position."""
    canvas = page.locator(".dp-rows canvas").nth(block)
    canvas.scroll_into_view_if_needed()
    box, length, rows = (
        canvas.bounding_box(),
        *(int(canvas.get_attribute(f"data-{k}")) for k in ("positions", "steps")),
    )
    return box["x"] + (position + 0.5) * box["width"] / length, box["y"] + (step + 0.5) * box["height"] / rows


def settled_from(position):
    """From which state on the candidate is that of the end."""
    candidates = [int(frame.state.candidate_ids[position]) for frame in RUN]
    step = len(RUN) - 1
    while step > 1 and candidates[step - 1] == candidates[-1]:
        step -= 1
    return step


# ---- The map


def test_the_map_lights_up_where_a_candidate_becomes_that_of_the_end_for_good(looked):
    page = looked(recording(RUN))
    colours = page.evaluate(_COLOURS, 0)
    assert len(colours) == len(RUN)
    lit = [[row[i][3] == 255 for row in colours].index(True) for i in range(CONTENT)]
    assert lit == [settled_from(i) for i in range(CONTENT)]
    assert len(set(lit)) > 4


def test_the_map_is_brighter_where_the_model_is_less_sure(looked):
    page = looked(recording(RUN))
    choose(page, "entropy")
    alphas = [[colour[3] for colour in row[:CONTENT]] for row in page.evaluate(_COLOURS, 0)]
    entropies = [frame.state.entropy_nats[:CONTENT].tolist() for frame in RUN]
    pairs = sorted(
        (nats, alpha) for row, own in zip(entropies, alphas, strict=True) for nats, alpha in zip(row, own, strict=True)
    )
    assert all(after[1] >= before[1] for before, after in pairwise(pairs))
    assert pairs[-1][1] == 255


def test_the_map_has_the_colours_of_the_canvas(looked):
    page = looked(recording(RUN))
    choose(page, "state")
    dark = page.evaluate(_COLOURS, 0)
    committed = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--c-committed')")
    assert "#{:02x}{:02x}{:02x}".format(*dark[-1][0]) == pytest.approx(committed)
    assert {tuple(colour[:3]) for colour in dark[0]} == {tuple(dark[0][0][:3])}  # all is noise
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    settle(page)
    assert page.evaluate(_COLOURS, 0)[-1][0] != dark[-1][0]


def test_a_click_on_the_map_goes_to_that_step_and_that_position(looked):
    page = looked(recording(RUN))
    page.mouse.click(*map_point(page, 5, 20))
    settle(page)
    assert drawn(page) == (5, 20)
    assert "position 21 of 64 · step 5" in page.text_content("[data-ui=readout]")
    page.mouse.down()
    page.mouse.move(*map_point(page, 9, 31))
    settle(page)
    assert drawn(page) == (9, 31)
    page.mouse.up()
    page.mouse.move(*map_point(page, 2, 3))
    settle(page)
    assert drawn(page) == (9, 31)
    assert "position 4 of 64 · step 2" in page.text_content("[data-ui=readout]")


def test_arrow_keys_walk_the_map_and_others_stay_the_players(looked):
    page = looked(recording(RUN))
    page.focus(".dp-stage")
    press(page, "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp")
    assert drawn(page) == (1, 2)
    assert "position 3 of 64" in page.text_content("[data-ui=spoken]")
    press(page, "End")
    assert drawn(page) == (STEPS + 1, 2)
    press(page, "ArrowDown")
    assert drawn(page) == (STEPS + 1, 2)


def test_what_is_looked_at_is_the_token_that_had_the_focus(looked):
    page = looked(recording(RUN))
    press(page, "9")
    page.focus(".dp-canvas [data-position='17']")
    page.focus(".dp-stage")
    settle(page)
    assert drawn(page)[1] == 17
    assert "position 18 of 64" in page.text_content("[data-ui=readout]")
    page.click(".dp-readout [aria-label='Next position']")
    settle(page)
    assert drawn(page)[1] == 18
    page.click(".dp-inside summary")
    settle(page)
    assert drawn(page)[1] is None


def test_every_block_has_a_picture_of_its_own(looked):
    page = looked(recording(made_run(24, 6, blocks=3)))
    assert page.locator(".dp-rows canvas").count() == 3
    page.mouse.click(*map_point(page, 3, 10, block=1))
    settle(page)
    assert page.evaluate("Number(document.querySelector('#root').dataset.drawn)") == 8 + 3
    assert "position 11 of 24, block 2 · step 3" in page.text_content("[data-ui=readout]")
    press(page, "End")
    assert "position 11 of 24, block 2 · committed" in page.text_content("[data-ui=readout]")


def test_the_line_of_the_map_stands_at_the_step_that_plays(looked):
    page = looked(recording(RUN))
    press(page, ".", ".", ".")
    (_, y), row = map_point(page, 3, 0), page.locator(".dp-now-row").bounding_box()
    assert row["y"] <= y <= row["y"] + row["height"]


def test_the_map_of_a_live_run_grows_and_a_folded_one_is_not_drawn(looked):
    messages = live_messages(RUN)
    page = looked(*messages[:4])
    assert page.get_attribute(".dp-rows canvas", "data-steps") == "3"
    send(page, messages[4])
    settle(page)
    assert page.get_attribute(".dp-rows canvas", "data-steps") == "4"
    page.click(".dp-inside summary")
    send(page, messages[5])
    settle(page)
    assert page.get_attribute(".dp-rows canvas", "data-steps") == "4"


def test_what_follows_a_long_end_is_drawn_narrower_once_the_run_has_ended(looked):
    message = recording(RUN)
    steps = [step for step in message["messages"] if step["k"] == "step"]
    for step in steps:
        step["r"] = [[16, LENGTH, 3]]  # the tail
    page = looked(message)
    assert "21 – 64, drawn narrower" in page.text_content(".dp-ticks-across")
    _, y = map_point(page, 1, 0)
    box = page.locator(".dp-rows canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 1, y)
    settle(page)
    assert "position 64 of 64" in page.text_content("[data-ui=readout]")


# ---- The table


def cells(page, step):
    """What the table says at a step: by position, its tokens and their probabilities."""
    row = page.locator(".dp-stage tbody tr").nth(step - 1)
    return row.evaluate(
        "row => Object.fromEntries([...row.querySelectorAll('td')].map((td) => [td.dataset.i,"
        " [...td.querySelectorAll('.dp-rank')].map((one) => [...one.children].map((part) => part.textContent))]))"
    )


def many_candidates(frames, count=6):
    """The same run with so many candidates a position, each half as probable as the one before."""
    ids = np.array(sorted({int(token_id) for frame in frames for token_id in frame.state.candidate_ids}))

    def widened(state):
        if state.phase is Phase.NOISE:
            return state
        others = np.stack([np.roll(ids, k)[: len(state.candidate_ids)] for k in range(1, count)], axis=1)
        top = np.column_stack([state.candidate_ids, np.resize(others, (len(state.candidate_ids), count - 1))])
        probabilities = np.tile(0.5 ** np.arange(1, count + 1), (len(top), 1)).astype(np.float32)
        return replace(
            state, top_ids=top.astype(np.int32), top_probabilities=probabilities, probability=probabilities[:, 0]
        )

    texts = {token_id: text for frame in frames for token_id, text in frame.texts.items()}
    first, *rest = [replace(frame, state=widened(frame.state)) for frame in frames]
    return [replace(first, texts=texts), *rest]


def test_the_table_has_the_candidates_of_every_step_around_the_token_that_is_looked_at(looked):
    frames = many_candidates(RUN)
    page = looked(recording(frames))
    choose(page, "table")
    page.focus(".dp-canvas [data-position='20']")
    settle(page)
    assert page.locator(".dp-stage tbody tr").count() == STEPS
    texts = {token_id: text for frame in frames for token_id, text in frame.texts.items()}
    for step in (1, 7, STEPS):
        found, state = cells(page, step), frames[step].state
        assert "20" in found and len(found) == 7
        for position, ranked in found.items():
            first, *others = state.top_ids[int(position)].tolist()
            expected = [texts[token_id] for token_id in (first, *(other for other in others if other != first))]
            seen = [text.replace(" ", "␣").replace("\n", RETURN_SIGN) for text in expected]
            assert [token for token, _ in ranked] == seen[: 6 if position == "20" else 3]
            assert ranked[0][1] == "51 %"


def test_a_click_in_the_table_goes_to_that_step_and_that_position(looked):
    page = looked(recording(RUN))
    choose(page, "table")
    page.click(".dp-stage tbody tr:nth-child(5) td[data-i='3']")
    settle(page)
    assert drawn(page) == (5, 3)
    assert page.text_content(".dp-stage tr.dp-now th") == "5"
    assert page.text_content(".dp-stage thead .dp-here small") == "4"
    page.focus(".dp-stage")
    press(page, "ArrowDown", "ArrowRight")
    assert drawn(page) == (6, 4)
    assert page.text_content(".dp-stage tr.dp-now th") == "6"
    row, box = page.locator("tr.dp-now").bounding_box(), page.locator(".dp-stage").bounding_box()
    assert box["y"] <= row["y"] and row["y"] + row["height"] <= box["y"] + box["height"]


def test_the_table_has_the_step_on_show_in_its_middle_once_all_rows_around_it_have_come(looked):
    page = looked(recording(made_run(LENGTH, 40)))
    page.add_style_tag(content=".dp-stage { overflow-anchor: none; }")  # which Safari knows nothing of
    choose(page, "table")
    for keys in (("Home", "5"), ("End", "4"), ("Home", "6")):
        press(page, *keys)
        page.wait_for_function(
            "() => [...document.querySelectorAll('.dp-stage tbody tr')].filter((row) => !row.hidden).length === 17"
        )
        row, box = page.locator("tr.dp-now").bounding_box(), page.locator(".dp-stage").bounding_box()
        assert row["y"] + row["height"] / 2 == pytest.approx(box["y"] + box["height"] / 2, abs=2)


def test_the_table_of_a_live_run_grows_and_says_what_it_lacks(looked):
    messages = live_messages(RUN)
    page = looked(*messages[:6])
    choose(page, "table")
    assert page.locator(".dp-stage tbody tr").count() == 4
    send(page, messages[6])
    settle(page)
    assert page.locator(".dp-stage tbody tr").count() == 5
    assert "live run" in page.text_content(".dp-inside .dp-about")
    send(page, *messages[7:], recording(RUN, play="r1"))
    settle(page)
    assert page.locator(".dp-stage tbody tr").count() == STEPS
    assert "live run" not in page.text_content(".dp-inside .dp-about")


# ---- The curves


def heights(page, name):
    """How high a curve is at every position, from 0 to 1."""
    return page.evaluate(
        """([name, length]) => {
          const path = document.querySelector(`path.dp-curve-${name}`), whole = path.getTotalLength(), at = [];
          for (let k = 0; k <= 4000; k++) {
            const {x, y} = path.getPointAtLength(whole * k / 4000), i = Math.floor(x / 1000 * length);
            if (Math.abs(x / 1000 * length - i - .5) < .3) at[i] = Math.max(0, (99 - y) / 96);
          }
          return at;
        }""",
        [name, LENGTH],
    )


def test_the_curve_of_the_end_rises_where_the_text_ends(looked):
    page = looked(recording(RUN))
    choose(page, "curves")
    press(page, "End")
    end = heights(page, "end")
    assert end[:CONTENT] == pytest.approx([0] * CONTENT, abs=0.02)
    assert end[CONTENT:] == pytest.approx(RUN[-1].state.probability[CONTENT:].tolist(), abs=0.02)
    length = float((1 - RUN[-1].state.probability[CONTENT:]).sum()) + CONTENT
    said = re.search(r"expected length ≈ (\d+)", page.text_content(".dp-key-curve-end"))
    assert int(said[1]) == pytest.approx(length, abs=0.6)


def test_the_curve_of_the_end_is_what_the_model_gave_it_where_the_recording_knows(looked):
    ending = np.linspace(0, 1, LENGTH, dtype=np.float32)
    page = looked(recording([replace(frame, state=replace(frame.state, ending=ending)) for frame in RUN]))
    choose(page, "curves")
    press(page, "End")
    assert heights(page, "end") == pytest.approx(ending.tolist(), abs=0.02)


def test_the_token_that_is_looked_at_has_a_curve_which_can_be_kept(looked):
    page = looked(recording(RUN))
    choose(page, "curves")
    press(page, "9")
    page.focus(".dp-canvas [data-position='20']")
    settle(page)
    step, _ = drawn(page)
    state = RUN[step].state
    own = int(state.canvas_ids[20] if state.accepted[20] else state.candidate_ids[20])
    expected = [
        sum(p for token, p in zip(ids, ps, strict=True) if token == own)
        for ids, ps in zip(state.top_ids.tolist(), state.top_probabilities.tolist(), strict=True)
    ]
    assert heights(page, "here") == pytest.approx(expected, abs=0.03)
    page.click(".dp-key-curve-here button")
    page.focus(".dp-canvas [data-position='40']")
    settle(page)
    assert heights(page, "kept-0") == pytest.approx(expected, abs=0.03)
    assert page.is_visible(".dp-key-curve-kept-0")
    page.click(".dp-key-curve-kept-0 button")
    settle(page)
    assert page.is_hidden(".dp-key-curve-kept-0")


def test_a_click_on_the_curves_looks_at_that_position(looked):
    page = looked(recording(RUN))
    choose(page, "curves")
    press(page, "5")
    page.locator(".dp-curve-plot").scroll_into_view_if_needed()
    box = page.locator(".dp-curve-plot").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 30.5 / LENGTH, box["y"] + 20)
    settle(page)
    assert drawn(page)[1] == 30


# ---- For everyone


@pytest.mark.parametrize("compared", [False, True], ids=["one run", "two runs"])
def test_on_a_phone_nothing_overflows_and_what_is_tapped_is_large(looked, compared):
    message = recording(RUN)
    page = looked(
        {"k": "compare", "left": message, "right": message} if compared else message,
        width=390,
        has_touch=True,
        is_mobile=True,
    )
    for view in ("map", "table", "curves"):
        page.tap(f".dp-inside[open] button[value={view}]")
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        sizes = page.eval_on_selector_all(
            ".dp-inside[open] button, .dp-inside summary",
            "all => all.filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().height)",
        )
        assert min(sizes) >= 44


@pytest.mark.parametrize("theme", ["dark", "light", "safe"])
@pytest.mark.parametrize("view", ["map", "table", "curves"])
def test_axe_finds_no_serious_violation_inside(looked, theme, view):
    page = looked(recording(RUN), theme=theme)
    choose(page, view)
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document.querySelector('.dp-inside'))).violations")
    serious = [
        (violation["id"], violation["nodes"][0]["html"][:160])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == [], json.dumps(serious, indent=1)
