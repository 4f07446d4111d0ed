"""How large GIFs are beside what gifsicle makes of them: `python -m bench.gifs` (`apt install gifsicle`).

Every recording of the gallery in two sizes, as the exporter writes it, and `gifsicle -O3` of that file.
"""

from __future__ import annotations

import subprocess
import tempfile
from itertools import product
from pathlib import Path

from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.export.formats import export, finish
from visualizer.picture import SceneOptions
from visualizer.trace import load_trace

PRESETS = ("720p", "readme")


def main() -> None:
    """Measure and print."""
    print("| recording | size | bytes | gifsicle -O3 of it | ours over that |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        own, other = Path(folder, "own.gif"), Path(folder, "other.gif")
        for recording, preset in product(sorted(RECORDINGS_FOLDER.glob("*.jsonl.gz")), PRESETS):
            size = finish(export(load_trace(recording), own, SceneOptions.preset(preset))).size_bytes
            subprocess.run(["gifsicle", "-O3", own, "-o", other], check=True)
            least = other.stat().st_size
            name = recording.name.partition(".")[0]
            print(f"| {name} | {preset} | {size:,} | {least:,} | {size / least:.4f} |", flush=True)


if __name__ == "__main__":
    main()
