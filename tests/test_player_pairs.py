"""Two runs on one clock in a real browser, and a text that was typed."""

from dataclasses import replace

import pytest

from tests.support.played import made_info, made_run, recording
from tests.support.player_pages import LAYOUTS, choose, pause, press, send
from visualizer.player import race_message, recording_message
from visualizer.trace import Writing, trace_of, typed_out


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_typed_run_is_written_left_to_right_and_knows_no_noise(opened, layout):
    frames = made_run(12, 4, words=(" sea", " of", " light"))
    denoised = trace_of(made_info(), frames, "stop")
    typed = typed_out(denoised)
    page = opened(recording_message(typed, "kept"))
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
    page = opened(race_message(denoised, typed_out(denoised), ("kept", "")))
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
    send(page, recording(made_run(8, 3)))
    assert page.is_hidden(".dp-race")


def test_a_race_of_two_that_ran_plays_on_their_recorded_times(opened):
    denoised = trace_of(made_info(), made_run(12, 4, words=(" sea", " of")), "stop")
    drawn = typed_out(denoised)
    states = tuple(replace(state, elapsed_ms=40.0 * state.step) for state in drawn.states)
    typed = replace(drawn, info=replace(drawn.info, writing=Writing.TYPED), states=states)
    page = opened(race_message(denoised, typed, ("kept", "other")))
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
    send(page, left)
    assert page.locator(".dp-pane").count() == 1


def test_equal_answers_have_no_marks(opened):
    same = recording(made_run(16, 4))
    page = opened({"k": "compare", "left": same, "right": same})
    assert page.locator(".dp-answer mark").count() == 0
    assert page.locator(".dp-apart >> nth=0").text_content() == "the same settings"
