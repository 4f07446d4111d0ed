"""Writing on the canvas in the form: a text with blanks, a text to be revised, and what is refused of either."""

import re

import pytest

from tests.support.live_page import RUN_MS, held_page, shown_run, start, wait_for_end
from tests.support.recorded import TINY_RUN, RecordedEngine
from visualizer.draft import NO_DRAFT
from visualizer.model import TextTokens, fill_in
from visualizer.prompts import load_prompts
from visualizer.run import Engine

PROMPT = "Why is the sky blue? Answer in exactly three sentences."


class NotingEngine(RecordedEngine):
    """Hands over the tiny run and notes what was asked for."""

    def __init__(self):
        super().__init__(TINY_RUN)
        self.asked = []

    def run(self, prompt, settings, draft):
        self.asked.append((prompt, draft))
        return super().run(prompt, settings, draft)


def choose(page, way):
    """By keyboard: the radio buttons follow the arrow keys."""
    page.focus("#ways input:checked")
    while page.input_value("#ways input:checked") != way:
        page.keyboard.press("ArrowRight")


def test_a_template_is_filled_in_by_keyboard_and_only_its_blanks_differ(browser, card):
    engine = Engine(card)
    story, answers = (
        "The last train left at midnight. ____{20} Nobody saw it. ____{12} again ____{up to 3} at midnight.",
        set(),
    )
    try:
        with held_page(browser, engine) as page:
            page.fill("#prompt textarea", next(one.text for one in load_prompts() if one.id == "story"))
            choose(page, "template")
            page.keyboard.press("Tab")  # the prompt
            page.keyboard.press("Tab")
            page.keyboard.type(story)
            page.click("#knobs summary")
            for seed in ("1", "4"):
                page.fill("#knobs [name=seed]", seed)
                start(page, "#template textarea", key="Control+Enter")
                assert wait_for_end(page) == "stop"
                answers.add(page.text_content("#player [data-ui=answer]"))
            assert page.input_value("#template textarea") == story
    finally:
        engine.close()
    text = r"The last train left at midnight\..+ Nobody saw it\..+ again.+ at midnight\."
    assert all(re.fullmatch(text, answer, re.DOTALL) for answer in answers), answers
    assert len(answers) == 2


def test_what_is_on_the_screen_at_the_click_is_the_canvas_that_the_run_begins_with(browser, card):
    engine = NotingEngine()
    tokens = TextTokens(card.folder, card.stop_ids)
    sea = tokens.ids("The sea is salty.")
    with held_page(browser, engine) as page:
        page.fill("#prompt textarea", PROMPT)
        choose(page, "revise")
        page.fill("#revise textarea", "The sea is salty.")
        page.focus("#revise [name=strength]")
        page.keyboard.press("Home")
        assert page.text_content("#revise output") == "0 %"
        start(page, "#denoise")
        choose(page, "template")
        page.fill("#template textarea", "The sea ____{2}.")
        start(page, "#denoise")
        choose(page, "")
        start(page, "#denoise")
        choose(page, "template")
        page.click("#template p button >> nth=1")
        example = page.input_value("#template textarea")
        assert page.input_value("#prompt textarea").startswith("Tell a 100-word story")
        start(page, "#denoise")
        start(page, "#card-why")  # a card's prompt is answered from noise
        assert page.input_value("#ways input:checked") == ""
        choose(page, "template")
        assert page.input_value("#template textarea") == example
    drafts = [draft for _, draft in engine.asked]
    assert drafts[0].seeded == dict(enumerate(sea)) and not drafts[0].pinned
    assert drafts[1:4] == [fill_in("The sea ____{2}.", tokens), NO_DRAFT, fill_in(example, tokens)]
    assert engine.asked[4] == (next(one.text for one in load_prompts() if one.id == "why"), NO_DRAFT)


@pytest.mark.parametrize(
    ("way", "text", "sentence"),
    [
        ("template", "No hole", "The template has no blank: write ____ where the model is to write."),
        ("template", "A ____{0} sky", "A blank has at least one token, and ____{0} has none."),
        ("template", "____{*} sky", "A blank of any length, ____{*}, can only be the last of a template."),
        ("template", "A <eos> ____", "The text spells <eos>, which marks structure and is no text."),
        ("template", "A ____{200} sky", "The draft pins 202 tokens from the first to the last, and the token budget is "
         "128: raise it, or pin less."),
        ("revise", " ", "There is no text to revise."),
        ("revise", "sky " * 200, "The draft is longer than the canvas: "),
    ],
)  # fmt: skip
def test_what_cannot_stand_on_a_canvas_gets_one_sentence_and_nothing_typed_is_lost(page, way, text, sentence):
    run = shown_run(page)
    page.fill("#prompt textarea", PROMPT)
    choose(page, way)
    page.fill(f"#{way} textarea", text)
    page.click("#denoise")
    page.wait_for_function(
        "(start) => document.querySelector('#notice').textContent.startsWith(start)", arg=sentence, timeout=RUN_MS
    )
    assert page.input_value(f"#{way} textarea") == text
    assert page.input_value("#prompt textarea") == PROMPT
    assert shown_run(page) == run


@pytest.fixture(scope="module")
def page(browser):
    with held_page(browser, RecordedEngine(TINY_RUN)) as opened:
        yield opened


def test_a_phone_has_room_for_it_and_all_of_it_can_be_hit(browser):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with held_page(browser, RecordedEngine(TINY_RUN), **phone) as page:
        for way in ("revise", "template"):
            page.locator(f"#ways label:has([value={way}])").tap()
            assert page.is_visible(f"#{way} textarea")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            low = "(one) => one.offsetParent && one.getBoundingClientRect().height < 44"
            within = "#ways label, .written button, .strength, #actions button"
            small = f"[...document.querySelectorAll('{within}')].filter({low}).map((one) => one.outerHTML)"
            assert page.evaluate(small) == []
        page.fill("#prompt textarea", PROMPT)
        page.fill("#template textarea", "A ____{0} sky")
        page.tap("#denoise")
        page.wait_for_selector("#place:has-text('has none')")
        page.evaluate("document.querySelector('#player .dp-timeline').scrollIntoView()")
        assert 0 <= page.locator("#place").bounding_box()["y"] < 844
