"""Snippets for a post."""

import html
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.support.canvas_samples import tiny_state
from tests.support.made_traces import MANY_SCRIPTS, made_trace, stopped_trace
from visualizer.export.formats import export, finish
from visualizer.export.post import alt_text, html_snippet, markdown_snippet
from visualizer.export.stills import write_poster
from visualizer.picture import SceneOptions
from visualizer.settings import Settings
from visualizer.trace import typed_out
from visualizer.trace.canvas import Phase

HOSTILE = 'Say "> <script>alert(1)</script> ](http://x) **now**\n\n# head “quoted” \u202eabc @someone | $x$ `y` \\'


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen, self.data = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.data.append(data)


def test_one_sentence_says_prompt_first_tokens_and_text():
    trace = made_trace(["1", ".", " Mercury"], steps=4, seed=1)
    said = alt_text(trace)
    assert said.startswith("A diffusion language model answers “Name the planets.”: at step 1 of 4, ")
    assert said.endswith(" landed first, and the final text begins “1. Mercury”.")
    assert said.count("\n") == 0


def test_a_system_prompt_is_part_of_what_was_asked():
    trace = made_trace(["Mercury", " is", " hot"])
    told = replace(trace, info=replace(trace.info, settings=Settings(system="Be\nbrief.")))
    assert alt_text(told).startswith(
        "A diffusion language model answers “Name the planets.” under the system prompt “Be brief.”: at step"
    )


def test_neighbours_that_landed_together_are_quoted_together():
    states = [
        tiny_state([9] * 6, [0] * 6, Phase.NOISE, step=0),
        tiny_state([0, 1, 2, 9, 1, 5], [1, 1, 1, 0, 1, 1], step=1),
        tiny_state([0, 1, 2, 3, 1, 5], [1] * 6, Phase.COMMIT, step=2),
    ]
    texts = dict(enumerate(["1", ".", " Mercury", " is", " far", " hot"])) | {9: "?"}
    trace = replace(made_trace(["a"]), states=tuple(states), texts=texts, overrides=({},) * 3, answers=("1. Mercury",))
    assert "at step 1 of 2, “1. Mercury”, “. hot” landed first" in alt_text(trace)


@pytest.mark.parametrize(
    "count, words",
    [(0, "ended before its first step."), (1, "ended before its first step."), (4, "before its text was committed.")],
)
def test_a_run_that_was_stopped_says_so(count, words):
    assert alt_text(stopped_trace(made_trace(["a", "b"] * 6), count)).endswith(words)


def test_long_prompts_and_texts_are_clipped():
    trace = made_trace(["word "] * 300, prompt="long " * 1000)
    assert len(alt_text(trace)) < 450


@pytest.mark.parametrize("words", [MANY_SCRIPTS, ["\n", " "], ["\u200d"] * 3, ["🇩🇪", "\u202e", "x"]])
def test_alt_texts_are_one_line_without_control_signs(words):
    said = alt_text(made_trace(list(words), prompt=HOSTILE))
    assert not [sign for sign in said if unicodedata.category(sign) == "Cc"]
    assert "\u202e" not in said
    assert said.count("“") == said.count("”")


def test_markup_in_prompt_and_text_stays_text_in_html():
    trace = made_trace(["<img src=x onerror=alert(1)>", '"', "'", "&amp;"], prompt=HOSTILE)
    page = Elements(html_snippet(alt_text(trace), "my run&1.mp4", (1280, 720), "my run.poster.png"))
    assert [tag for tag, _ in page.seen] == ["video", "source", "img"]
    video, source, image = (attributes for _, attributes in page.seen)
    assert {"autoplay", "loop", "muted", "playsinline", "poster"} <= set(video)
    assert (video["width"], video["height"]) == ("1280", "720")
    assert video["poster"] == image["src"] == "my%20run.poster.png"
    assert source == {"src": "my%20run%261.mp4", "type": "video/mp4"}
    assert image["alt"] == video["aria-label"] == alt_text(trace)
    assert "".join(page.data).strip() == ""


def test_a_picture_in_html_is_an_image():
    trace = made_trace(["a"])
    [(tag, attributes)] = Elements(html_snippet(alt_text(trace), "run.gif", (880, 400))).seen
    assert tag == "img"
    style = attributes.pop("style")
    assert attributes == {"src": "run.gif", "width": "880", "height": "400", "alt": alt_text(trace)}
    assert style == "max-width:100%;height:auto"


def test_markdown_escapes_what_markdown_would_read():
    trace = made_trace(["<b>", "](x)", "*", "_", "`"], prompt=HOSTILE)
    snippet = markdown_snippet(alt_text(trace), "my run.gif")
    assert snippet.startswith("![A diffusion")
    assert snippet.endswith("](my%20run.gif)")
    inside = snippet[2 : -len("](my%20run.gif)")]
    for sign in "[]<>*_`$@|#~&":
        assert all(inside[place - 1] == "\\" for place in range(len(inside)) if inside[place] == sign)
    assert "\n" not in snippet


def test_a_film_that_markdown_cannot_show_is_its_linked_poster():
    snippet = markdown_snippet("A run.", "run.mp4", "run.poster.png")
    assert snippet.startswith("[![")
    assert snippet.endswith("](run.poster.png)](run.mp4)")
    assert html.unescape(snippet) == snippet


def test_a_page_is_framed_in_html_and_linked_in_markdown():
    said = alt_text(made_trace(["a"], prompt=HOSTILE))
    [(tag, attributes)] = Elements(html_snippet(said, "my run.html", None)).seen
    assert (tag, attributes["src"], attributes["title"]) == ("iframe", "my%20run.html", said)
    assert markdown_snippet("A run.", "my run.html") == "[A run.](my%20run.html)"


def test_a_typed_run_is_told_as_what_it_is():
    said = alt_text(typed_out(made_trace(["Mercury", " is", " hot"])))
    assert said == (
        "A diffusion language model’s answer to “Name the planets.”, drawn as if it had been typed: one token a "
        "forward pass, from left to right, and the final text begins “Mercury is hot”."
    )


@pytest.mark.parametrize("column", [720, 320])
def test_in_a_narrow_column_nothing_is_wider_than_it_and_the_ratio_stays(browser, tmp_path, column):
    trace, name = made_trace(["Mercury", " is", " hot", "."], steps=2), "run"
    options = SceneOptions.preset("720p")
    size = finish(export(trace, tmp_path / f"{name}.mp4", options)).size
    poster = write_poster(trace, tmp_path / f"{name}.mp4", options).name
    finish(export(trace, tmp_path / f"{name}.html", options))
    body = "".join(
        [
            html_snippet("A run.", f"{name}.mp4", size, poster),
            html_snippet("A run.", poster, size),
            html_snippet("A run.", f"{name}.html", None),
        ]
    )
    (tmp_path / "post.html").write_text(f'<div id="column" style="width:{column}px">{body}</div>')
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((tmp_path / "post.html").as_uri())
    boxes = page.locator("#column > *").evaluate_all("(all) => all.map((one) => [one.offsetWidth, one.offsetHeight])")
    page.frame_locator("iframe").locator("#player[data-drawn]").wait_for()
    inside = page.frames[1].evaluate("document.documentElement.scrollWidth")
    page.close()
    assert boxes[:2] == [[column, round(column * 9 / 16)]] * 2
    assert boxes[2][0] == column >= inside
