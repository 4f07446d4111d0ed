"""The player in a real browser, on a page that holds nothing else and has no server; and what a test does to it."""

from __future__ import annotations

import json

import pytest

from tests.support.browser import PAINTED
from tests.support.played import made_run, player_page, recording

STEPS = 48
VIEWS = ("states", "noise", "confidence", "order", "revisions")
LAYOUTS = ("flow", "settled", "grid")
DRAWN = "() => Number(document.querySelector('#root')?.dataset.drawn)"


@pytest.fixture
def open_html(browser, tmp_path):
    """Opens HTML from disk. An error on its page, a dialog, or a request to the network fails the test.

    prepare: called with the page before it is there.
    """
    wrong, contexts = [], []

    def open_it(html, width=1280, height=900, prepare=lambda page: None, **options):
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, offline=True, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or wrong.append(asked.url))
        prepare(page)
        page.goto(path.as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def opened(open_html):
    """Opens the player's page with messages, in a theme. asks: what the page does for the player, as JavaScript."""

    def open_player(*messages, theme="dark", asks="undefined", **options):
        page = open_html(player_page(theme, asks), **options)
        send(page, *messages)
        return page

    return open_player


@pytest.fixture(scope="module")
def long_run():
    """The frames of a run of 256 positions."""
    return made_run(256, STEPS)


@pytest.fixture(scope="module")
def long_recording(long_run):
    """Its recording."""
    return recording(long_run)


def send(page, *messages):
    """Give the player messages, as strings or as objects, and let it draw."""
    for message in messages:
        page.evaluate("text => player.receive(text)", message if isinstance(message, str) else json.dumps(message))
    page.evaluate(PAINTED)


def press(page, *keys):
    """Press keys one after the other; the step that is drawn then."""
    for key in keys:
        page.keyboard.press(key)
        page.evaluate(PAINTED)
    return page.evaluate(DRAWN)


def press_play(page, *keys):
    """The same with the focus on the play button, where the keys are the player's."""
    page.focus(".dp-play")
    return press(page, *keys)


def pause(page):
    """Stand still at the start."""
    return press_play(page, "Home")


def choose(page, value):
    """Choose a view or a layout."""
    page.click(f".dp-tools button[value={value}]")
    page.evaluate(PAINTED)
