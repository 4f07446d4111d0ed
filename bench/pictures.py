"""The README's picture of the player: `python -m bench.pictures [FILE]` (or `make pictures`).

The gallery's poem in the real player, at a step of it, as a browser draws it.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image

from tests.support.browser import open_browser
from tests.support.played import player_page
from visualizer.bundled import ASSETS_FOLDER, RECORDINGS_FOLDER
from visualizer.player import recording_message
from visualizer.trace import load_trace

_TARGET = ASSETS_FOLDER / "pictures" / "acrostic.png"
_RECORDING = RECORDINGS_FOLDER / "acrostic.jsonl.gz"
_STEP = 5
"""The scaffold stands, and one line has come in whole."""
_WIDTH, _HEIGHT = 1040, 980
_COLOURS = 256
_SETTLE_MS = 1200


def main() -> None:
    """Draw it at twice its size, in a palette so that it stays small."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", type=Path, default=_TARGET, metavar="FILE", help="where to write it")
    target: Path = parser.parse_args().target
    with open_browser() as browser, tempfile.TemporaryDirectory() as folder:
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, device_scale_factor=2)
        page_file = Path(folder) / "player.html"
        page_file.write_text(player_page("dark"), encoding="utf-8")
        page.goto(page_file.as_uri())
        message = recording_message(load_trace(_RECORDING), "acrostic", "Acrostic")
        page.evaluate("message => player.receive(message)", message)
        page.wait_for_selector("#root[data-drawn]")
        page.click("[data-ui=play]")  # which stops it
        page.keyboard.press("Home")
        for _ in range(_STEP):
            page.click("[data-ui=forth]")
        page.mouse.move(0, 0)
        page.wait_for_timeout(_SETTLE_MS)
        page.screenshot(path=target)
    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    small.save(target, optimize=True)
    print(f"{target} ({target.stat().st_size / 1000:.0f} KB)")


if __name__ == "__main__":
    main()
