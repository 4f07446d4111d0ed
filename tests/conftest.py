"""What several test files share: the pocket checkpoint, loaded once, and how hypothesis runs."""

import signal

import hypothesis
import pytest

from tests.support.browser import open_browser
from visualizer.model.blas import prefer_openblas

pytest_plugins = ["tests.support.player_pages", "tests.support.skips"]

# As the model's own process does, and before any test file imports MLX: the two must compute the same to the last bit.
prefer_openblas()

# A shell starts background jobs with SIGINT ignored, and the programs that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a test never asserts a time. Failing examples are printed so that another machine can repeat them.
hypothesis.settings.register_profile("suite", deadline=None, max_examples=60, print_blob=True)
hypothesis.settings.load_profile("suite")


@pytest.fixture(scope="session")
def card():
    """What the pocket checkpoint says of itself."""
    from visualizer.bundled import POCKET_FOLDER
    from visualizer.model import read_card

    return read_card(POCKET_FOLDER)


@pytest.fixture(scope="session")
def checkpoint(card):
    """The loaded pocket checkpoint; no test may change its weights."""
    from visualizer.model import load_checkpoint

    return load_checkpoint(card)


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    """The loaded stand-in for the published checkpoint; no test may change its weights."""
    from tests.support.real_checkpoint import load_real_checkpoint

    return load_real_checkpoint(tmp_path_factory.mktemp("real") / "small-26B")


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium. Of a module, not of the session: Playwright's event loop keeps others out of the thread."""
    with open_browser() as running:
        yield running
