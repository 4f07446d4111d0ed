"""A headless Chromium, and the app served for it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC_APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
"""What a page is given to evaluate, so that what was asked before is drawn after."""


def chromium_path() -> str:
    """The system's Chromium or Chrome."""
    found = [path for name in _NAMES if (path := shutil.which(name))]
    found += [path for path in _MAC_APPS if os.path.exists(path)]
    if not found:
        raise FileNotFoundError("No Chromium found; sh tests/install-browser.sh installs one.")
    return found[0]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless browser that talks to this machine only."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_FLAGS)
        yield browser
        browser.close()


def open_page(browser: Browser | BrowserContext, **options: Any) -> Page:
    """A page on which a live run that has ended stays where it is, so that it can be looked at."""
    page = browser.new_page(**options)
    page.add_init_script("try { localStorage.setItem('denoise-replay', 'off'); } catch {}")
    return page


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Served:
    """The app in a process of its own."""

    address: str
    process: subprocess.Popen


@contextmanager
def served_app(*flags: str, home: Path | None = None) -> Iterator[str]:
    """The app's address, served by a process of its own until the block ends."""
    with served_process(*flags, home=home) as served:
        yield served.address


@contextmanager
def served_process(
    *flags: str, home: Path | None = None, log: Path | None = None, **environment: str
) -> Iterator[Served]:
    """The same with its process. log: what gets its standard error, which else is this process's."""
    port = free_port()
    environment = os.environ | ({"HOME": str(home)} if home else {}) | environment
    command = [sys.executable, "app.py", "--port", str(port), *flags]
    with log.open("wb") if log else nullcontext() as stderr:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=stderr, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_served(address, process)
        yield Served(address, process)
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself: what the block raises says more
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def wait_until_served(address: str, process: subprocess.Popen | None = None, seconds: float = 120) -> None:
    """Return once the address answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"The app ended with status {process.returncode}.")
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError(f"{address} did not answer within {seconds} seconds.")
