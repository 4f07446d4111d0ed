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


# The driver has no command for the console, so a page is listened to from its end of loading on.
LISTEN = """
window.saidErrors = [];
addEventListener('error', (event) => saidErrors.push(event.message));
addEventListener('unhandledrejection', (event) => saidErrors.push(String(event.reason)));
console.error = (...said) => saidErrors.push(said.join(' '));
"""


@pytest.fixture(scope="module")
def driver():
    with open_webkit() as opened:
        yield opened


def test_an_error_on_a_page_is_heard(driver):
    open_page(driver, "data:text/html,<p>")
    driver.execute_script("console.error('one', 2); setTimeout(() => { throw new Error('three'); })")
    wait_for(driver, lambda: len(errors(driver)) == 2, PAGE_SECONDS)
    assert errors(driver)[0] == "one 2"  # of the other it says "Script error.": the driver's script has no address


def test_a_card_denoises_and_ends_with_the_right_answer(driver, tmp_path_factory):
    prompt = next(prompt for prompt in load_prompts() if prompt.id == "planets")
    with served_app(home=tmp_path_factory.mktemp("empty-home")) as address:
        open_page(driver, address)
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
        assert errors(driver) == []


def test_an_exported_page_opens_from_disk_and_plays_to_its_end(driver, tmp_path):
    trace = load_trace(RECORDINGS_FOLDER / "why.jsonl.gz")
    path = tmp_path / "run.html"
    path.write_text(html_page(trace, *player_bundle(), "dark"), encoding="utf-8")
    open_page(driver, path.as_uri())
    wait_for(driver, lambda: driver.find_elements(By.CSS_SELECTOR, "#player[data-drawn]"), PAGE_SECONDS)
    step = driver.find_element(By.CSS_SELECTOR, "#player input[type=range]")
    step.send_keys(Keys.HOME)
    wait_for(driver, lambda: driver.find_elements(By.CSS_SELECTOR, ".dp-cell.dp-masked"), PAGE_SECONDS)
    driver.find_element(By.CSS_SELECTOR, "#player .dp-play").click()
    wait_for(driver, lambda: step.get_attribute("value") == step.get_attribute("max"), RUN_SECONDS)
    cells = driver.find_elements(By.CSS_SELECTOR, ".dp-canvas .dp-cell:not(.dp-quiet):not(.dp-none)")
    assert all("dp-committed" in cell.get_attribute("class") for cell in cells)
    assert answer(driver) == trace.answer
    assert errors(driver) == []


def open_page(driver, address):
    driver.get(address)
    driver.execute_script(LISTEN)


def errors(driver):
    return driver.execute_script("return saidErrors")


def wait_for(driver, holds, seconds):
    WebDriverWait(driver, seconds, poll_frequency=0.1).until(lambda _: holds())


def player(driver, name):
    """What the player says of itself: `run` or `state`."""
    script = "return document.querySelector('#player .player-root')?.dataset[arguments[0]] ?? null"
    return driver.execute_script(script, name)


def answer(driver):
    return driver.find_element(By.CSS_SELECTOR, "#player [data-ui=answer]").get_property("textContent")
