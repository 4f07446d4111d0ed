"""The real checkpoint's kinds of canvases, made up, as the browser gets and draws them."""

import json
from dataclasses import replace
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from tests.support.player_pages import choose, press_play
from tests.support.real_checkpoint import CANVASES, PALINDROME, SKY, THOUGHT, written_trace
from visualizer.picture.looks import STRUCTURE_SIGN, tail_remark
from visualizer.player import MessageWriter, recording_message
from visualizer.trace import Part, trace_parts

# What is seen: the text of every cell that takes room and is not the empty line after a thought.
_SEEN = """() => [...document.querySelectorAll('.dp-canvas .dp-cell')]
  .filter((cell) => getComputedStyle(cell).display !== 'none' && getComputedStyle(cell).visibility === 'visible')
  .map((cell) => cell.textContent)"""
_TOP = "(node) => node.getBoundingClientRect().top"
_LEFT = "(node) => node.getBoundingClientRect().left"


def test_their_parts_are_sent_in_a_few_bytes_and_where_they_changed(real):
    for label, text in CANVASES.items():
        trace, block, sent = written_trace(real, text), None, []
        writer = MessageWriter(trace.info.vocab_size)
        for frame, parts in zip(trace.frames(), trace_parts(trace), strict=True):
            message = json.loads(writer.write(frame))
            if message["b"] != block:
                block, sent = message["b"], []
            assert message.get("r") != sent, label
            sent = message.get("r", sent)
            assert len(json.dumps(sent)) < 64
            read = [Part.ANSWER] * len(parts)
            for start, end, part in sent:
                read[start:end] = [part] * (end - start)
            assert read == parts.tolist(), label


def test_a_message_of_256_positions_is_at_most_a_kilobyte_and_a_half(real):
    """Its guesses stand still, as the real one's nearly do after two steps; made-up ones are drawn anew at each."""
    trace = written_trace(real, CANVASES["an empty thought"])
    guesses = trace.states[-1].candidate_ids
    writer = MessageWriter(trace.info.vocab_size)
    sizes = [
        len(writer.write(replace(frame, state=_guessing(frame.state, guesses))).encode()) for frame in trace.frames()
    ]
    assert median(sizes[1:]) <= 1536


def _guessing(state, guesses):
    return replace(state, candidate_ids=guesses, top_ids=np.column_stack([guesses] * 3))


@pytest.fixture
def opened(opened, real):
    """Opens a run that has written a text, at its end, in a layout."""

    def open_run(label, layout, length=256):
        page = opened(recording_message(written_trace(real, CANVASES[label], length), "r"))
        choose(page, layout)
        press_play(page, "End")
        return page

    return open_run


def remark(count):
    return tail_remark(count).strip()


@pytest.mark.parametrize("layout", ["flow", "settled"])
def test_an_empty_thought_is_one_sign_and_the_tail_one_remark_and_neither_is_counted(opened, layout):
    page = opened("an empty thought", layout)
    seen = page.evaluate(_SEEN)
    assert "".join(seen).replace(" ◼", "◼") == STRUCTURE_SIGN + SKY + remark(220)
    assert page.text_content("[data-ui=accepted]") == "32 of 32 accepted"
    assert page.text_content(".dp-key-accepted") == "accepted 32 of 32"
    assert page.text_content(".dp-key-end") == "the end was found at step 1: 220 positions"
    assert page.text_content("pre[data-ui=answer]") == SKY
    # The sign moves no letter: the first line begins where the second does.
    words = page.locator(".dp-canvas .dp-cell:visible")
    first = page.eval_on_selector(".dp-canvas [data-position='4']", _LEFT)
    assert first == pytest.approx(min(words.nth(k).evaluate(_LEFT) for k in range(1, words.count())), abs=0.5)
    # The keys go from the sign to the first word, and from the last word to the remark.
    page.focus(".dp-canvas [tabindex='0']")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.position") == "4"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.position") == "36"
    assert page.text_content("[data-ui=spoken]") == (
        f"{tail_remark(220).strip().replace(chr(160), ' ')}, positions 37 to 256 of 256. "
        "The end was found at step 1: 220 positions. 220 × “<eos>”. "
        "No part of the answer, and not counted. The grid shows every position."
    )
    page.keyboard.press("Home")
    assert page.text_content("[data-ui=words]") == "An empty thought: “<|channel>thought⏎<channel|>”."
    # At the first noise nothing is known, and nothing folded; the tab stop stays on something that is seen.
    press_play(page, "Home")
    assert page.text_content("[data-ui=accepted]") == "0 of 256 accepted"
    assert page.is_visible(".dp-canvas [tabindex='0']")


@pytest.mark.parametrize("label", ["a filled thought", "a thought as plain text"])
@pytest.mark.parametrize("layout", ["flow", "settled"])
def test_a_thought_stands_quiet_above_the_answer(opened, label, layout):
    page = opened(label, layout)
    seen = [text for text in page.evaluate(_SEEN) if text.strip()]
    assert seen[0] == STRUCTURE_SIGN
    quiet = page.locator(".dp-canvas .dp-quiet:not(.dp-special)").all_text_contents()
    assert "".join(quiet[:-1]).strip() == THOUGHT
    assert quiet[-1].strip().startswith("◼")
    plain = page.locator(".dp-canvas .dp-committed:not(.dp-quiet)")
    assert "".join(plain.all_text_contents()).strip() == SKY
    last_of_thought = page.locator(".dp-canvas .dp-quiet.dp-committed:visible").last.evaluate(_TOP)
    line_px = page.eval_on_selector(".dp-canvas", "(node) => parseFloat(getComputedStyle(node).lineHeight)")
    assert plain.first.evaluate(_TOP) - last_of_thought == pytest.approx(2 * line_px, abs=2)
    assert page.text_content("[data-ui=thoughtBox] pre").strip() == THOUGHT


def test_the_grid_shows_every_position_with_thought_and_tail_dimmed(opened):
    page = opened("a filled thought", "grid")
    cells = page.eval_on_selector_all(
        ".dp-canvas .dp-cell",
        "cells => cells.map((cell) => [cell.offsetWidth > 0, cell.classList.contains('dp-quiet')])",
    )
    tail = int(page.text_content(".dp-key-end").split(": ")[1].split()[0])
    assert len(cells) == 256 and all(wide for wide, _ in cells)
    assert [quiet for _, quiet in cells[-tail:]] == [True] * tail
    assert cells[-tail - 1] == [True, False]
    assert cells[3] == [True, True]


@pytest.mark.parametrize("layout", ["flow", "settled"])
def test_two_blocks_read_as_one_text(opened, layout):
    page = opened("two blocks", layout, length=128)
    text = "".join(page.evaluate(_SEEN))
    assert text.startswith(STRUCTURE_SIGN + PALINDROME) and text.endswith(remark(67))
    places = [f".dp-block[data-block='{block}'] [data-position='{i}']" for block, i in ((0, 127), (1, 0), (1, 1))]
    tops = [page.eval_on_selector(place, "(node) => node.getClientRects()[0].top") for place in places]
    line_px = page.eval_on_selector(".dp-canvas", "(node) => parseFloat(getComputedStyle(node).lineHeight)")
    assert all(0 <= after - before < 1.5 * line_px for before, after in pairwise(tops))
    press_play(page, "Home")
    assert page.locator(".dp-seam:visible").count() == 0


def test_letters_are_larger_where_the_answer_is_short_and_keep_their_size(opened):
    page = opened("an empty thought", "flow")
    size = "(node) => getComputedStyle(node).fontSize"
    sizes = {page.eval_on_selector(".dp-canvas", size)}
    press_play(page, "Home")
    for _ in range(4):
        sizes.add(page.eval_on_selector(".dp-canvas", size))
        press_play(page, ".")
    assert len(sizes) == 1
    page = opened("two blocks", "flow", length=128)
    assert float(sizes.pop()[:-2]) > 1.2 * float(page.eval_on_selector(".dp-canvas", size)[:-2])
