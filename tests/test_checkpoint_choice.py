"""The checkpoint picker: in a real browser with a small hub, and its decisions without one."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace

import pytest

from tests.support.browser import served_app
from tests.support.hub_server import files_of, served_hub
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import CheckpointError, FetchError
from visualizer.hub.catalog import Hub
from visualizer.hub.fetch import DIFFUSION_GEMMA
from visualizer.hub.machine import Machine, memory_need, read_shape, weights_on_disk
from visualizer.model.checkpoint import read_card, read_json
from visualizer.page.checkpoint_choice import Chooser
from visualizer.page.checkpoint_panel import choice_of
from visualizer.run.engine import Engine
from visualizer.settings import Settings

REPO = "somebody/pocket-copy"
WEIGHTS = "model.safetensors"
FILES = files_of(POCKET_FOLDER)
SMALL = FILES | {"config.json": FILES["config.json"].replace(b'"canvas_length": 128', b'"canvas_length": 64')}
RUN_MS = 240_000
HERE = Machine(metal=False, memory_bytes=8 * 10**9)


@pytest.fixture
def server():
    with served_hub({REPO: SMALL, DIFFUSION_GEMMA: FILES, "somebody/else": FILES}) as running:
        yield running


@pytest.fixture
def hub(server, tmp_path):
    return Hub(endpoint=server.address, cache=tmp_path / "hub")


@pytest.fixture
def engine(card):
    engine = Engine(card)
    yield engine
    engine.close()


@pytest.fixture
def chooser(engine, hub):
    chooser = Chooser(engine, hub, lambda: HERE)
    yield chooser
    chooser.cancel()


def words(finding):
    return dict(finding.needs)


def test_the_small_hub_offers_a_canvas_of_its_own():
    assert SMALL["config.json"] != FILES["config.json"]


def test_the_pocket_needs_nothing(chooser):
    assert words(chooser.look("pocket")) == {"Here": "comes with the app, nothing to fetch"}


def test_what_a_checkpoint_needs_is_said_before_anything_starts(server, hub, chooser):
    finding = chooser.look(REPO)
    assert finding.refusal is None
    assert words(finding).keys() == {"Download", "Disk", "Memory", "Canvas"}
    assert words(finding)["Download"] == "6 MB"
    assert words(finding)["Memory"].endswith("of 8.0 GB that are free")
    assert words(finding)["Canvas"] == "up to 64 positions"
    assert server.served[WEIGHTS] == 0
    assert not hub.cache.exists()


def test_the_large_one_is_refused_on_a_processor_without_asking_the_hub(engine, tmp_path):
    offline = Hub(endpoint="http://127.0.0.1:9", cache=tmp_path)
    finding = Chooser(engine, offline, lambda: HERE).look(DIFFUSION_GEMMA)
    assert finding.refusal.startswith(f"{DIFFUSION_GEMMA} needs Apple silicon")
    assert finding.found is None


def test_on_metal_the_recommended_working_set_is_named(engine, hub):
    finding = Chooser(engine, hub, lambda: Machine(metal=True, memory_bytes=17_179_869_184)).look(DIFFUSION_GEMMA)
    assert words(finding)["Memory"].endswith("of 17.2 GB that Metal recommends")
    assert finding.refusal is None


def test_too_little_memory_is_refused_beside_what_would_be_needed(engine, hub):
    finding = Chooser(engine, hub, lambda: Machine(metal=True, memory_bytes=10**6)).look(REPO)
    assert "of memory even with a canvas of 32, and this machine has 1 MB for Metal" in finding.refusal
    assert "Download" in words(finding)


def test_a_shorter_canvas_is_offered_where_memory_is_short_and_the_card_holds_to_it(engine, hub, card, tmp_path):
    folder = shutil.copytree(POCKET_FOLDER, tmp_path / "my-pocket")
    shape, weights = read_shape(read_json(folder / "config.json")), weights_on_disk(folder)
    tight = Machine(metal=True, memory_bytes=memory_need(shape, weights, 96).total_bytes)
    chooser = Chooser(engine, hub, lambda: tight)
    finding = chooser.look(str(folder))
    assert words(finding)["Canvas"] == "up to 96 positions"
    list(chooser.bring(finding.found))
    assert (engine.card.canvas_length, engine.card.defaults.canvas_length) == (96, 96)


def test_a_fetched_checkpoint_becomes_the_engines_and_runs(chooser, engine):
    finding = chooser.look(REPO)
    list(chooser.bring(finding.found))
    assert (engine.card.name, engine.card.canvas_length) == (REPO, 64)
    settings = engine.card.defaults.changed(max_steps=2, max_tokens=64, seed=1)
    states = [frame.state for frame in engine.run("Why is the sky blue?", settings)]
    assert {len(state.canvas_ids) for state in states} == {64}
    list(chooser.bring(chooser.look("pocket").found))
    assert choice_of(engine.card) == "pocket"


def test_a_checkpoint_that_does_not_load_leaves_the_old_one_usable(server, chooser, engine):
    server.repos[REPO] = SMALL | {WEIGHTS: b"no tensors at all"}
    before = engine.card
    with pytest.raises(CheckpointError, match=f"The checkpoint {REPO} does not load"):
        list(chooser.bring(chooser.look(REPO).found))
    assert engine.card is before
    short = Settings(canvas_length=16, max_tokens=16, max_steps=2, seed=1)
    assert len(list(engine.run("Why is the sky blue?", short))) >= 3


def test_one_fetch_at_a_time_and_a_second_watcher_follows_it(server, chooser, engine):
    server.held.add(WEIGHTS)
    first = chooser.bring(chooser.look(REPO).found)
    next(first)
    second = chooser.bring(chooser.look(REPO).found)
    next(second)
    with pytest.raises(FetchError, match=f"{REPO} is being fetched"):
        next(chooser.bring(chooser.look("somebody/else").found))
    server.release.set()
    for watcher in (first, second):
        list(watcher)
    assert engine.card.name == REPO
    assert server.starts[WEIGHTS] == [0]


def test_a_folder_is_taken_by_its_path(chooser, engine, tmp_path):
    folder = shutil.copytree(POCKET_FOLDER, tmp_path / "my-pocket")
    finding = chooser.look(str(folder))
    assert words(finding)["Here"] == "nothing to fetch"
    list(chooser.bring(finding.found))
    assert engine.card.folder == folder
    assert choice_of(engine.card) == "other"


def test_the_choice_of_a_card(card):
    assert choice_of(card) == "pocket"
    assert choice_of(replace(card, folder=card.folder / "x", name=DIFFUSION_GEMMA)) == DIFFUSION_GEMMA


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


# In the browser.


@pytest.fixture
def address(server, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_HUB_CACHE", str(hub.cache))
    with served_app() as served:
        yield served


def new_page(browser, width=1280):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(RUN_MS)
    return page


def opened(browser, address, width=1280):
    page = new_page(browser, width)
    page.goto(address)
    page.click("#chooser button")
    page.wait_for_selector("#chooser-choice")
    return page


def choose(page, name):
    page.click("#chooser-choice label:nth-of-type(3)")
    page.fill("#chooser-name textarea", name)
    page.press("#chooser-name textarea", "Enter")


def says(page, sentence):
    page.wait_for_selector(f"#chooser-status:has-text({sentence!r})")


def run_why(page):
    page.click("#card-why")
    page.wait_for_selector("#player .player-root[data-state=running]")
    page.wait_for_selector("#player .player-root:not([data-state=running])")
    return page.get_attribute("#player .player-root", "data-state")


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
    assert "the prompts below" not in page.inner_text("#checkpoint-name")
    page.click("#knobs button")
    assert page.input_value("#knobs input[type=number] >> nth=1") == "64"
    page.click("#knobs button")
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
    page.wait_for_selector(f"#checkpoint-name:has-text('{REPO}')")
    assert server.starts[WEIGHTS] == [0]
    assert widths[0] <= widths[1]
    page.close()


def test_a_page_open_to_others_has_no_picker(browser):
    with served_app("--host", "0.0.0.0") as address:
        page = new_page(browser)
        page.goto(address)
        page.wait_for_selector("#card-why")
        assert page.locator("#chooser").count() == 0
        page.close()


def test_where_nothing_is_fetched_there_is_nothing_to_follow(chooser):
    assert list(chooser.follow()) == []
