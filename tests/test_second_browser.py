"""The page and an exported page in WebKit, Safari's engine: whoever has Apple silicon has Safari."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.browser import served_app
from tests.support.skips import HAS_APT_GET, NEEDS_APT_GET
from tests.support.webkit import open_webkit
from training.corpus import FAMILIES
from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.export.html_page import html_page
from visualizer.player import player_bundle
from visualizer.prompts import load_prompts
from visualizer.trace.file import load_trace

pytestmark = pytest.mark.skipif(not HAS_APT_GET, reason=NEEDS_APT_GET)

PAGE_SECONDS, RUN_SECONDS = 60, 240


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with open_webkit(tmp_path_factory.mktemp("webkit")) as browser:
        yield browser


@pytest.fixture
def driver(opened):
    """The browser; what its pages have called an error fails the test."""
    driver, console = opened
    before = console.stat().st_size
    yield driver
    said = console.read_bytes()[before:].decode(errors="replace").splitlines()
    assert [line for line in said if line.startswith("CONSOLE") and " ERROR " in line] == []


def test_the_console_is_heard(opened):
    driver, console = opened
    driver.get("data:text/html,<script>nobody.declared.this()</script>")
    wait_for(driver, lambda: "CONSOLE JS ERROR" in console.read_text(errors="replace"), PAGE_SECONDS)


def test_a_card_denoises_and_ends_with_the_right_answer(driver, tmp_path_factory):
    prompt = next(prompt for prompt in load_prompts() if prompt.id == "planets")
    with served_app(home=tmp_path_factory.mktemp("empty-home")) as address:
        driver.get(address)
        wait_for(driver, lambda: player(driver, "run"), PAGE_SECONDS)
        before = player(driver, "run")
        driver.find_element(By.ID, "card-planets").click()
        wait_for(driver, lambda: player(driver, "run") not in (None, before), RUN_SECONDS)
        wait_for(driver, lambda: player(driver, "state") not in (None, "running"), RUN_SECONDS)
        assert player(driver, "state") == "stop"
        cells = driver.find_elements(By.CSS_SELECTOR, "#player .dp-canvas .dp-cell")
        assert len(cells) > 20
        assert all(cell.size["width"] > 0 for cell in cells[:20])
        assert FAMILIES["planets"].violations(prompt.text, answer(driver)) == []


def test_an_exported_page_opens_from_disk_and_plays_to_its_end(driver, tmp_path):
    trace = load_trace(RECORDINGS_FOLDER / "why.jsonl.gz")
    path = tmp_path / "run.html"
    path.write_text(html_page(trace, *player_bundle(), "dark"), encoding="utf-8")
    driver.get(path.as_uri())
    wait_for(driver, lambda: driver.find_elements(By.CSS_SELECTOR, "#player[data-drawn]"), PAGE_SECONDS)
    step = driver.find_element(By.CSS_SELECTOR, "#player input[type=range]")
    step.send_keys(Keys.HOME)
    wait_for(driver, lambda: driver.find_elements(By.CSS_SELECTOR, ".dp-cell.dp-masked"), PAGE_SECONDS)
    driver.find_element(By.CSS_SELECTOR, "#player .dp-play").click()
    wait_for(driver, lambda: step.get_attribute("value") == step.get_attribute("max"), RUN_SECONDS)
    cells = driver.find_elements(By.CSS_SELECTOR, ".dp-canvas .dp-cell")
    assert all("dp-committed" in cell.get_attribute("class") for cell in cells)
    assert answer(driver) == trace.answer


def wait_for(driver, holds, seconds):
    WebDriverWait(driver, seconds, poll_frequency=0.1).until(lambda _: holds())


def player(driver, name):
    """What the player says of itself: `run` or `state`."""
    script = "return document.querySelector('#player .player-root')?.dataset[arguments[0]] ?? null"
    return driver.execute_script(script, name)


def answer(driver):
    return driver.find_element(By.CSS_SELECTOR, "#player [data-ui=answer]").get_property("textContent")
