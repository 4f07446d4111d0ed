"""The README's pictures: `python -m bench.pictures` (or `make pictures`).

Each is a real recording of the gallery in the real player, at a step of it, as a browser draws it.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.support.browser import open_browser
from tests.support.played import player_page
from visualizer.bundled import ASSETS_FOLDER
from visualizer.player import recording_message
from visualizer.trace import load_trace

RECORDINGS_FOLDER = ASSETS_FOLDER / "recordings"
PICTURES_FOLDER = ASSETS_FOLDER / "pictures"
DESKTOP = (1040, 980)
PHONE = (390, 900)
_COLOURS = 256
_SETTLE_MS = 1200
_SEEK = """share => {
  const range = document.querySelector('.dp-track input');
  range.value = share * 1000;
  range.dispatchEvent(new Event('input'));
}"""


@dataclass(frozen=True)
class Shot:
    """One picture. recording: of the gallery. share: how far into the run. size: of the window, pixels.
    hover: position of a token to inspect.
    """

    name: str
    recording: str
    share: float
    view: str = "states"
    layout: str = "settled"
    theme: str = "dark"
    size: tuple[int, int] = DESKTOP
    hover: int | None = None


SHOTS = (
    Shot("denoising", "planets", 0.28),
    Shot("acrostic", "acrostic", 0.12),
    Shot("token", "planets", 0.45, hover=26),
    Shot("confidence", "story", 0.5, view="confidence"),
    Shot("order", "planets", 1.0, view="order", theme="light"),
    Shot("noise", "planets", 0.28, view="noise", layout="grid", theme="safe"),
    Shot("phone", "planets", 0.4, size=PHONE),
)


def take(browser: Browser, shot: Shot, page_file: Path, target: Path) -> None:
    """Draw one picture at twice its size, in a palette so that it stays small."""
    width, height = shot.size
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=2)
    page = context.new_page()
    page_file.write_text(player_page(shot.theme), encoding="utf-8")
    page.goto(page_file.as_uri())
    trace = load_trace(RECORDINGS_FOLDER / f"{shot.recording}.jsonl.gz")
    message = recording_message(trace, shot.recording, shot.recording.capitalize())
    page.evaluate("message => player.receive(message)", message)
    page.click(f".dp-tools button[value={shot.layout}]")
    page.click(f".dp-tools button[value={shot.view}]")
    page.wait_for_selector("#root[data-drawn]")
    page.evaluate(_SEEK, shot.share)
    if shot.hover is not None:
        page.hover(f".dp-canvas [data-position='{shot.hover}']")
    else:
        page.mouse.move(0, 0)
    page.wait_for_timeout(_SETTLE_MS)
    box = page.locator("#root").bounding_box() or {}
    bottom = min(height, box["y"] + box["height"] + box["y"])
    page.screenshot(path=target, clip={"x": 0, "y": 0, "width": width, "height": bottom})
    context.close()
    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


def main() -> None:
    """Draw all, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help="only these pictures")
    parser.add_argument("--folder", type=Path, default=PICTURES_FOLDER, help="where to write them")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {shot.name for shot in SHOTS}
    if unknown:
        parser.error(f"there is no picture called {', '.join(sorted(unknown))}")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with open_browser() as browser, tempfile.TemporaryDirectory() as folder:
        for shot in SHOTS:
            if not arguments.names or shot.name in arguments.names:
                target = arguments.folder / f"{shot.name}.png"
                take(browser, shot, Path(folder) / "player.html", target)
                print(f"{target} ({target.stat().st_size / 1000:.0f} KB)")


if __name__ == "__main__":
    main()
