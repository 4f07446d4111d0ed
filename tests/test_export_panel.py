"""The Export panel in a real browser: preview, progress, download, cancel, and text that stays text."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from threading import Event

import gradio as gr
import pytest
from PIL import Image

from tests.support.browser import free_port, open_page, wait_until_served
from tests.support.made_traces import made_trace
from visualizer.errors import TraceError
from visualizer.page.export_panel import ExportPanel
from visualizer.page.ui import page_head, page_theme
from visualizer.picture import SceneOptions, build_scene
from visualizer.trace import load_trace, typed_out

HOSTILE = '<img src=x onerror="window.broken=1"> ${window.broken=1} {{7*7}} `${window.broken=1}` </script>'
RUNS = {
    "short": made_trace(["Mercury", " is", " hot", ".\n"] * 3, steps=6),
    "long": made_trace([f" word{number}" for number in range(200)], steps=300),
    "race": made_trace(["Mercury", " is", " hot", ".\n"] * 3, steps=6),
    "compared": made_trace(["Mercury", " is", " hot", ".\n"] * 3, steps=6),
    "hostile": made_trace([HOSTILE, " b", " c"], prompt=HOSTILE, steps=4),
}


asked = []
may_be_drawn = Event()
may_be_drawn.set()


def trace_of_run(run_id):
    asked.append(run_id)
    may_be_drawn.wait()
    if run_id not in RUNS:
        raise TraceError("This run is not kept any more.")
    return RUNS[run_id]


def pair_of_run(run_id):
    short = RUNS["short"]
    other = replace(short, info=replace(short.info, settings=short.info.settings.changed(seed=4)))
    return {"race": (short, typed_out(short)), "compared": (short, other)}.get(run_id)


def left_behind():
    return list(Path(tempfile.gettempdir()).glob("visualizer-export-*"))


@pytest.fixture(scope="module")
def address():
    with gr.Blocks(analytics_enabled=False) as blocks:
        shown = gr.Textbox(elem_id="run")
        ExportPanel(trace_of_run, pair_of_run).wire(shown, shown.change(lambda: None))
    port = free_port()
    blocks.launch(server_port=port, head=page_head(), theme=page_theme(), prevent_thread_lock=True, quiet=True,
                  ssr_mode=False)  # fmt: skip
    wait_until_served(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    blocks.close()


@pytest.fixture
def page(browser, address):
    opened = open_page(browser, viewport={"width": 1100, "height": 1200})
    opened.set_default_timeout(60_000)
    opened.goto(address)
    yield opened
    opened.close()


def show(page, run_id):
    page.fill("#run textarea", run_id)
    page.click("#export .fold-line >> nth=0")
    page.wait_for_selector("#export-preview :is(img, p)")


def choose(page, elem_id, words):
    page.click(f"#{elem_id} input")
    page.get_by_role("option", name=words, exact=False).first.click()


def export_now(page):
    page.click("#export-start")
    page.wait_for_selector("#export-download a[href], a#export-download[href], #export-download:not([disabled])")


def test_a_run_is_previewed_exported_and_downloaded(page, tmp_path):
    show(page, "short")
    page.wait_for_selector("#export-preview img")
    assert "Mercury is hot" in page.get_attribute("#export-preview img", "alt")
    choose(page, "export-format", "WebP")
    export_now(page)
    with page.expect_download() as waiting:
        page.click("#export-download")
    waiting.value.save_as(tmp_path / "run.webp")
    with Image.open(tmp_path / "run.webp") as image:
        assert image.n_frames == len(RUNS["short"].states)
    assert waiting.value.suggested_filename == "name-the-planets-seed-0.webp"
    assert "frames" in page.text_content("#export-progress")
    assert page.input_value("#export-markdown textarea").startswith("![A diffusion language model")
    assert left_behind() == []


def test_a_run_is_drawn_only_while_the_panel_is_open(page):
    asked.clear()
    page.fill("#run textarea", "long")
    page.fill("#run textarea", "short")
    page.click("#export .fold-line >> nth=0")
    page.wait_for_selector("#export-preview img[alt*='Mercury is hot']")
    page.fill("#run textarea", "hostile")
    page.wait_for_selector("#export-preview img[alt*='window.broken']")
    page.click("#export .fold-line >> nth=0")
    page.fill("#run textarea", "long")
    page.fill("#run textarea", "short")
    page.click("#export .fold-line >> nth=0")
    page.wait_for_selector("#export-preview img[alt*='Mercury is hot']")
    assert set(asked) == {"short", "hostile"}


def test_a_recording_is_downloaded_whole(page, tmp_path):
    show(page, "short")
    choose(page, "export-format", "Recording, .gz")
    export_now(page)
    with page.expect_download() as waiting:
        page.click("#export-download")
    waiting.value.save_as(tmp_path / "run.jsonl.gz")
    assert load_trace(tmp_path / "run.jsonl.gz").answer == RUNS["short"].answer


def test_a_race_is_exported_with_both_its_sides(page, tmp_path):
    show(page, "race")
    page.wait_for_selector("#export-preview img")
    assert "Beside it the same prompt, typed" in page.get_attribute("#export-preview img", "alt")
    choose(page, "export-format", "HTML with player")
    export_now(page)
    with page.expect_download() as waiting:
        page.click("#export-download")
    assert waiting.value.suggested_filename == "race-name-the-planets-seed-0.html"


def test_a_comparison_is_exported_as_one_film_with_a_poster_and_words(page, tmp_path):
    show(page, "compared")
    page.wait_for_selector("#export-preview img[alt^='Two runs on one clock, seed 0 and seed 4.']")
    choose(page, "export-format", "MP4")
    export_now(page)
    with page.expect_download() as waiting:
        page.click("#export-download")
    assert waiting.value.suggested_filename == "both-name-the-planets-seed-0.mp4"
    assert "both-name-the-planets-seed-0.poster.png" in page.input_value("#export-html textarea")


def test_what_is_typed_in_the_instant_that_a_fold_opens_stays(page):
    show(page, "short")
    page.evaluate(
        """() => {
          document.querySelector('#export-more .fold-line').click();
          const field = document.querySelector('#export-end-hold input');
          field.value = '600001';
          field.dispatchEvent(new Event('input', { bubbles: true }));
        }"""
    )
    page.wait_for_selector("#export-preview :text('end hold in milliseconds must be')")
    assert page.input_value("#export-end-hold input") == "600001"


def test_what_few_change_is_folded_and_named_and_checked_as_on_the_command_line(page):
    show(page, "short")
    assert not page.is_visible("#export-end-hold")
    page.click("#export-more .fold-line")
    page.fill("#export-end-hold input", "600001")
    page.press("#export-end-hold input", "Enter")
    page.wait_for_selector("#export-preview :text('end hold in milliseconds must be')")
    page.fill("#export-end-hold input", "6000")
    page.press("#export-end-hold input", "Enter")
    page.get_by_label("seed", exact=True).check()
    choose(page, "export-format", "PNG")
    page.fill("#export-moment input", "half")
    page.press("#export-moment input", "Enter")
    page.wait_for_selector("#export-preview :text('share from 0 to 1')")
    choose(page, "export-moment", "1, the end")
    choose(page, "export-noise", "grain")
    page.wait_for_selector("#export-preview img")
    choose(page, "export-format", "GIF")
    export_now(page)
    shown = page.text_content("#export-progress")
    alone = build_scene(RUNS["short"], SceneOptions.preset("720p", end_hold_ms=6000))
    assert f"{alone.duration_ms / 1000:.1f} s" in shown


def test_the_preview_is_of_the_last_change_however_slow_the_one_before(page):
    show(page, "short")
    choose(page, "export-format", "CSV")
    page.wait_for_selector("#export-preview :text('CSV')")  # whatever opening the panel asked for has come
    page.evaluate("""() => {
        window.drawn = []
        const preview = document.querySelector('#export-preview')
        const note = () => window.drawn.push(preview.querySelector('img') ? 'picture' : preview.textContent.trim())
        new MutationObserver(note).observe(preview, {childList: true, subtree: true, characterData: true})
    }""")
    page.click("#export-more .fold-line")
    may_be_drawn.clear()
    try:
        choose(page, "export-format", "PNG")
        page.fill("#export-moment input", "half")
        page.press("#export-moment input", "Enter")
        page.wait_for_timeout(1000)  # in which the second answer would overtake the first
    finally:
        may_be_drawn.set()
    page.wait_for_function("() => window.drawn.includes('picture') && window.drawn.join().includes('share')")
    assert "share from 0 to 1" in page.evaluate("() => window.drawn.at(-1)")


def test_an_export_can_be_cancelled_and_leaves_nothing(page):
    show(page, "long")
    choose(page, "export-format", "MP4")
    page.click("#export-start")
    page.wait_for_selector("#export-progress progress")
    page.click("#export-cancel")
    page.wait_for_function("() => document.querySelector('#export-progress').textContent.includes('Cancelled')")
    for _ in range(100):
        if not left_behind():
            break
        page.wait_for_timeout(100)
    assert left_behind() == []
    assert page.is_enabled("#export-start")
    choose(page, "export-format", "CSV")
    export_now(page)
    assert page.locator("#export-progress progress").count() == 0


def test_prompts_and_tokens_stay_text(page):
    show(page, "hostile")
    page.wait_for_selector("#export-preview img")
    assert "window.broken=1" in page.get_attribute("#export-preview img", "alt")
    export_now(page)
    page.wait_for_selector("#export-html textarea")
    assert page.locator("#export img").count() == 1
    assert page.evaluate("() => window.broken") is None


@pytest.mark.parametrize("run_id", ["", "gone"])
def test_without_a_run_one_sentence_is_shown(page, run_id):
    show(page, run_id)
    # Gradio's own words on its progress are hidden, but text all the same.
    assert page.locator("#export-preview p").all_inner_texts() == ["This run is not kept any more."]
    page.click("#export-start")
    page.wait_for_function("() => document.querySelector('#export-progress').textContent.includes('not kept')")


def test_a_promise_that_cannot_be_kept_is_one_sentence(page):
    show(page, "short")
    page.fill("#export-at-most input", "2 kB")
    page.press("#export-at-most input", "Enter")
    page.click("#export-start")
    page.wait_for_function("() => document.querySelector('#export-progress').textContent.includes('cannot be kept')")
    assert page.is_enabled("#export-start")
