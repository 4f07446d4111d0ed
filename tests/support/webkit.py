"""WebKit, Safari's engine, as Debian packages it, on a screen of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service


@contextmanager
def open_webkit() -> Iterator[webdriver.WebKitGTK]:
    """A driven browser.

    Raises: FileNotFoundError when it is not installed.
    """
    browsers = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    driver_path, screen_path = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    if not (browsers and driver_path and screen_path):
        raise FileNotFoundError("No WebKitGTK, driver or Xvfb found; sh tests/install-browser.sh installs them.")
    options = Options()
    options.binary_location = str(browsers[-1])
    options.add_argument("--automation")
    with _screen(screen_path) as display:
        # A machine in CI has no graphics, and root may run WebKit's sandbox nowhere.
        environment = os.environ | {"DISPLAY": display, "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
        if os.getuid() == 0:
            environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        service = Service(driver_path, env=environment)
        driver = webdriver.WebKitGTK(options, service)
        try:
            driver.set_window_size(1280, 900)
            yield driver
        finally:
            driver.quit()


@contextmanager
def _screen(program: str) -> Iterator[str]:
    """A virtual screen; its display's name, which it chooses itself."""
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "1280x1000x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            number = said.readline().strip()
        if not number:
            raise RuntimeError(f"Xvfb ended with status {process.wait(timeout=20)}.")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(timeout=20)
