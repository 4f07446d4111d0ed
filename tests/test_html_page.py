"""The one-file page, opened from disk in a real browser that has no network."""

from __future__ import annotations

import random
import re

import pytest

from tests.support.made_traces import MANY_SCRIPTS, made_trace, stopped_trace
from visualizer.export.html_page import html_page
from visualizer.player.bundle import player_bundle
from visualizer.trace import typed_out

HOSTILE_PROMPT = "</title></script><script>window.broken=1</script><!-- \"' ${window.broken=1} {{x}} &lt; \u2028 ]]>"
HOSTILE_WORDS = ["</script>", "<script>window.broken=1</script>", "<!--", "${window.broken=1}", "{{7*7}}",
                 "<img src=x onerror=window.broken=1>", "\u2028", "\\", '"', "'", "]]>", "&amp;"]  # fmt: skip


@pytest.fixture
def opened(open_html):
    """Opens a trace's page, in a theme."""

    def open_page(trace, theme="dark"):
        page = open_html(html_page(trace, *player_bundle(), theme))
        page.wait_for_selector("#player[data-drawn]", timeout=20_000)
        return page

    return open_page


def test_it_plays_from_disk_and_ends_with_the_committed_text(opened):
    trace = made_trace(["Mercury", " is", " hot", ".\n", "Venus", " is", " hotter", "."])
    page = opened(trace)
    end(page)
    assert answer(page) == trace.answer
    cells = page.locator(".dp-canvas .dp-cell")
    assert all("dp-committed" in cells.nth(i).get_attribute("class") for i in range(cells.count()))
    assert page.locator("#plain").count() == 0
    assert page.text_content("#asked") == trace.info.prompt


def test_of_a_typed_run_nothing_is_counted_in_steps(opened):
    page = opened(typed_out(made_trace(["O", "ne", "\n", "T", "wo"], prompt="Write an acrostic of OT.")))
    end(page)
    said = page.inner_text("#player")
    assert "pass 5" in said
    assert "from pass" in said
    assert not re.search(r"\bsteps? \d", said)


def test_a_token_is_looked_at_with_the_keyboard_and_with_the_pointer(opened):
    page = opened(made_trace(["Mercury", " is", " hot", "."]))
    end(page)
    page.focus(".dp-canvas .dp-cell[tabindex='0']")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".dp-inspector:visible")
    assert "is" in page.text_content(".dp-inspector")
    page.hover(".dp-canvas .dp-cell >> nth=2")
    page.wait_for_function("() => document.querySelector('.dp-inspector').textContent.includes('hot')")


def test_markup_and_code_in_prompt_and_tokens_stay_text(opened):
    trace = made_trace(HOSTILE_WORDS, prompt=HOSTILE_PROMPT, vocabulary=(*HOSTILE_WORDS, "\x00", "</textarea>"))
    page = opened(trace)
    end(page)
    assert page.evaluate("() => window.broken") is None
    assert answer(page) == trace.answer
    assert page.text_content("#asked") == HOSTILE_PROMPT
    assert page.locator("img").count() == 0


def test_every_script_survives(opened):
    words = [word for word in MANY_SCRIPTS if word not in ("\r\n", "\x00")]  # HTML itself rewrites these two
    trace = made_trace(words, prompt="日本語 שלום 👩‍🚀\n\tcode", blocks=2)
    page = opened(trace, theme="safe")
    end(page)
    assert answer(page) == trace.answer
    assert page.text_content("#asked") == trace.info.prompt


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_run_that_was_stopped_opens_too(open_html, count):
    page = open_html(html_page(stopped_trace(made_trace(["a", "b", "c"]), count), *player_bundle(), "dark"))
    page.wait_for_selector("#player[data-state]:not([data-state=running])")


def test_without_scripts_the_text_can_be_read(open_html):
    trace = made_trace(HOSTILE_WORDS, prompt=HOSTILE_PROMPT)
    page = open_html(html_page(trace, *player_bundle(), "light"), java_script_enabled=False)
    assert page.inner_text("#plain pre").split() == trace.answer.split()


def test_48_steps_of_256_tokens_stay_under_400_kilobytes():
    """With made-up words, the hardest to compress, nearly all of the noise another one at every step."""
    rng = random.Random(0)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz ", k=rng.randint(2, 9))) for _ in range(20_000)]
    trace = made_trace(rng.sample(vocabulary, 256), steps=48, vocabulary=vocabulary)
    page = html_page(trace, *player_bundle(), "dark")
    assert len(trace.states) == 50
    assert len(trace.texts) > 15_000
    assert 'font-family: "JetBrains Mono"' in page
    assert len(page.encode()) < 400_000


def end(page):
    """Move the player to its last step."""
    page.focus("#player input[type=range]")
    page.keyboard.press("End")
    page.wait_for_selector(".dp-canvas .dp-cell.dp-committed")


def answer(page):
    return page.text_content("#player [data-ui=answer]")
