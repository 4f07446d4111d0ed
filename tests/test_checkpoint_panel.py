"""The checkpoint picker in a real browser with a small hub, and the engine's switch."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace

import gradio as gr
import pytest

from tests.support.browser import open_page, served_app
from tests.support.hub_server import files_of, served_hub
from tests.support.live_page import RUN_MS, start, wait_for_end
from tests.support.pocket_hub import BIG, POCKET_FILES, REPO, SMALL_FILES, WEIGHTS
from tests.support.tiny_typewriter import make_gemma_4
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import CheckpointError
from visualizer.hub import GEMMA_4, Checkpoints, partner_of
from visualizer.hub.catalog import Hub
from visualizer.hub.find import DIFFUSION_GEMMA
from visualizer.model import read_card
from visualizer.page.checkpoint_panel import CheckpointPanel, choice_of
from visualizer.run.engine import Engine
from visualizer.settings import Settings
from visualizer.trace import Writing


@pytest.fixture
def server():
    with served_hub({REPO: SMALL_FILES}) as running:
        yield running


@pytest.fixture
def hub(server, tmp_path):
    return Hub(endpoint=server.address, cache=tmp_path / "hub")


@pytest.fixture
def engine(card):
    engine = Engine(card)
    yield engine
    engine.close()


def test_the_choice_of_a_card(card):
    assert choice_of(card) == "pocket"
    assert choice_of(replace(card, folder=card.folder / "x", name=DIFFUSION_GEMMA)) == DIFFUSION_GEMMA
    assert choice_of(replace(card, folder=card.folder / "x")) == "other"


@pytest.mark.parametrize("asked", [(None, None), ("other", None), (None, "x"), ("other", " ")])
def test_nothing_chosen_looks_up_nothing_and_brings_nothing(engine, hub, asked):
    with gr.Blocks():
        panel = CheckpointPanel(engine, Checkpoints(hub))
    (looking,) = panel._look(*asked)
    assert "Enter looks it up" in looking[panel._status]
    (refused,) = panel._bring(*asked)
    assert "Name a checkpoint" in refused[panel._status]


def test_the_large_ones_partner_is_fetched_for_races_and_not_used_alone(engine, tmp_path):
    files = files_of(make_gemma_4(tmp_path / "four"))
    with served_hub({GEMMA_4: files}) as server, gr.Blocks():
        hub = Hub(endpoint=server.address, cache=tmp_path / "hub")
        panel = CheckpointPanel(engine, Checkpoints(hub, lambda: BIG))
        *_, found = panel._look("other", GEMMA_4)
        assert found[panel._use]["value"].startswith("Fetch ")
        assert found[panel._use]["value"].endswith(" for races")
        before = engine.card
        *_, last = panel._bring("other", GEMMA_4)
        assert "It types, so it is not used alone" in last[panel._status]
        assert engine.card is before
        large = replace(before, name=DIFFUSION_GEMMA, folder=tmp_path / "four")
        partner = partner_of(large, lambda: hub, lambda: BIG)
        assert (partner.card.name, partner.card.writing, partner.beside) == (GEMMA_4, Writing.TYPED, True)


# The engine's switch.


SHORT = Settings(canvas_length=16, max_tokens=16, max_steps=2, seed=1)


def test_a_switch_ends_the_old_process_and_waits_for_a_run_under_way(engine, tmp_path):
    copy = read_card(shutil.copytree(POCKET_FOLDER, tmp_path / "copy"))
    run = engine.run("Why is the sky blue?", SHORT)
    frames = list(itertools.islice(run, 1))
    old = engine._child._process
    frames += list(run)
    engine.use(copy)
    assert engine.card is copy
    assert not old.is_alive()
    assert len(list(engine.run("Why is the sky blue?", SHORT))) == len(frames)


def test_switching_to_the_same_checkpoint_does_nothing(engine, card):
    engine.start()
    process = engine._child._process
    engine.use(card)
    assert engine._child._process is process


def test_the_engine_takes_the_canvas_of_what_it_switches_to(engine, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    for name, content in SMALL_FILES.items():
        (folder / name).write_bytes(content)
    engine.use(read_card(folder))
    settings = engine.card.defaults.changed(max_steps=2, max_tokens=64, seed=1)
    assert {len(frame.state.canvas_ids) for frame in engine.run("Why is the sky blue?", settings)} == {64}


def test_a_checkpoint_that_does_not_load_leaves_the_old_one_usable(engine, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    for name, content in (POCKET_FILES | {WEIGHTS: b"no tensors at all"}).items():
        (folder / name).write_bytes(content)
    before = engine.card
    with pytest.raises(CheckpointError, match=r"does not load: model\.safetensors"):
        engine.use(read_card(folder))
    assert engine.card is before
    assert len(list(engine.run("Why is the sky blue?", SHORT))) >= 3


# In the browser.


@pytest.fixture
def address(server, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_HUB_CACHE", str(hub.cache))
    with served_app() as served:
        yield served


def new_page(browser, width=1280):
    page = open_page(browser, viewport={"width": width, "height": 900})
    page.set_default_timeout(RUN_MS)
    return page


def opened(browser, address, width=1280):
    page = new_page(browser, width)
    page.goto(address)
    page.click("#chooser .fold-line")
    page.wait_for_selector("#chooser-choice")
    return page


def choose(page, name):
    page.click("#chooser-choice label:nth-of-type(3)")
    page.fill("#chooser-name textarea", name)
    page.press("#chooser-name textarea", "Enter")


def says(page, sentence):
    page.wait_for_selector(f"#chooser-status:has-text({sentence!r})")


def run_why(page):
    start(page, "#card-why")
    return wait_for_end(page)


def test_choosing_fetching_cancelling_going_on_and_running(browser, server, address):
    page = opened(browser, address)
    choose(page, REPO)
    says(page, "up to 64 positions")
    assert "the prompts below" in page.inner_text("#checkpoint-name")
    assert page.inner_text("#chooser-use") == "Fetch 6 MB and use it"
    assert server.served[WEIGHTS] == 0
    server.held.add(WEIGHTS)
    page.click("#chooser-use")
    page.wait_for_selector("#chooser-status [role=progressbar]:not([aria-valuenow='0'])")
    page.click("#chooser-cancel")
    says(page, "what came is kept. pocket-diffusiongemma stays in use.")
    server.release.set()
    page.click("#chooser-use")
    page.wait_for_selector(f"#checkpoint-name:has-text('{REPO}')")
    assert server.starts[WEIGHTS][0] == 0 < server.starts[WEIGHTS][-1]
    says(page, f"In use: {REPO}, canvas of 64")
    assert page.inner_text("#chooser .fold-line") == f"Checkpoint: {REPO.split('/')[1]}"
    assert "the prompts below" not in page.inner_text("#checkpoint-name")
    assert page.input_value("#canvas-length input") == "64"
    assert page.get_attribute("#canvas-length input", "title") == "From 8 to 64"
    assert run_why(page) in ("stop", "length")
    assert page.locator("#player .dp-canvas .dp-cell").count() >= 64
    page.reload()
    page.wait_for_selector(f"#checkpoint-name:has-text('{REPO}')")
    page.close()


def test_a_refusal_is_one_sentence_and_the_pocket_stays_usable(browser, server, address):
    page = opened(browser, address)
    choose(page, "somebody/unknown")
    says(page, "knows no checkpoint somebody/unknown")
    assert not page.is_visible("#chooser-use")
    assert run_why(page) == "stop"
    page.close()


def test_offline_with_nothing_cached_is_said_and_the_pocket_stays_usable(browser, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with served_app() as address:
        page = opened(browser, address)
        choose(page, REPO)
        says(page, "cannot be reached; are you offline?")
        assert run_why(page) == "stop"
        page.close()


def test_a_fetch_outlives_its_tab_and_the_next_one_follows_it(browser, server, address):
    page = opened(browser, address, width=390)
    choose(page, REPO)
    says(page, "up to 64 positions")
    server.held.add(WEIGHTS)
    page.click("#chooser-use")
    page.wait_for_selector("#chooser-status [role=progressbar]")
    page.close()
    page = new_page(browser, width=390)
    page.goto(address)
    page.wait_for_selector("#chooser-status [role=progressbar]")
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    server.release.set()
    page.wait_for_selector(f"#checkpoint-name:has-text('{REPO}')", state="attached")  # a phone has no room for it
    assert server.starts[WEIGHTS] == [0]
    assert widths[0] <= widths[1]
    page.close()


def test_a_page_open_to_others_has_no_picker(browser):
    with served_app("--host", "0.0.0.0", "--open") as address:
        page = new_page(browser)
        page.goto(address)
        page.wait_for_selector("#card-why")
        assert page.locator("#chooser").count() == 0
        page.close()
