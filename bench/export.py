"""What an export costs: `python -m bench.export` (or `make bench`).

80 frames of 256 tokens at 1280×720 and 2560×1440, side by side: the exporter from trace to file, the same encoder
alone on ready frames, and the naive way (Pillow's `text` for every token of every RGB frame, written with imageio's
defaults). Then the exporter's peak memory with 80, 240 and 480 frames. Every measurement has a process of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.support.made_traces import made_trace
from visualizer.export.formats import export, film_of, finish
from visualizer.export.gif import encode_gif, gif_changes, much_used_first
from visualizer.export.video import encode_mp4, mp4_frames
from visualizer.picture import Scene, SceneOptions, build_scene
from visualizer.trace import Trace

if TYPE_CHECKING:
    from av import VideoFrame

ROOT = Path(__file__).resolve().parent.parent
FRAMES, MORE_FRAMES, TOKENS = 80, (240, 480), 256
SCALES = {1: "1280×720", 2: "2560×1440"}
KINDS = ("gif", "mp4")
MEMORY_KINDS = (*KINDS, "webp")
WAYS = ("exporter", "encoder alone", "naive")
_GOALS = {"gif": (2.0, 3.0), "mp4": (1.1, 2.0)}
_FONT = ROOT / "assets" / "fonts" / "DejaVuSansMono.ttf"
_STATES_BESIDE_STEPS = 2
IMAGEIO_FPS = 24
_NOISE_SIGNS = "░░▒▓"


def long_run(frames: int) -> Trace:
    """A made-up run of so many states of 256 tokens, words of prose in lines."""
    rng = random.Random(0)
    letters = "etaoinshrdlucmfwyp"
    known = [" " + "".join(rng.choices(letters, k=rng.randint(2, 8))) for _ in range(400)]
    words = [rng.choice(known) + ("\n" if number % 12 == 11 else "") for number in range(TOKENS)]
    return made_trace(words, steps=frames - _STATES_BESIDE_STEPS, vocabulary=known)


def measure(way: str, kind: str, scale: int, frames: int, folder: Path) -> dict[str, float]:
    """Seconds, bytes and peak memory (bytes) of one export in this process."""
    trace, options = long_run(frames), SceneOptions(scale=scale)
    path = folder / f"run.{kind}"
    finish(export(made_trace(["warm", " up"]), folder / f"warm.{kind}", SceneOptions(theme="light")))
    work = _work(way, kind, trace, options, path)
    started = time.perf_counter()
    work()
    return {
        "seconds": time.perf_counter() - started,
        "bytes": path.stat().st_size,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def _work(way: str, kind: str, trace: Trace, options: SceneOptions, path: Path) -> Callable[[], object]:
    """What is timed; what it needs beforehand is made here."""
    if way == "exporter":
        return lambda: finish(export(trace, path, options))
    scene = build_scene(trace, options)
    if way == "encoder alone":
        film = film_of(scene)
        if kind == "gif":
            order, changes = much_used_first(film), list(gif_changes(film))
            return lambda: list(encode_gif(changes, film, order, path))
        ready = [_copied(frame) for frame in mp4_frames(film)]
        return lambda: list(encode_mp4(ready, film.size, film.durations_ms, path))
    return partial(_export_naively, scene, list(scene.frames), kind, path)


def _copied(frame: VideoFrame) -> VideoFrame:
    """A frame that stays as it is when the next ones are drawn."""
    import av

    copy = av.VideoFrame(frame.width, frame.height, frame.format.name)
    for plane, values in zip(copy.planes, frame.planes, strict=True):
        plane.update(values)
    return copy


def _export_naively(scene: Scene, frames: list, kind: str, path: Path) -> None:
    """Every token of every frame with Pillow, every frame as RGB, imageio with its defaults.

    A video of imageio has one frame rate, 24 by default: a frame is repeated for as long as it stands.
    """
    import imageio.v3

    pictures = list(_naive_pictures(scene, frames))
    if kind == "gif":
        imageio.v3.imwrite(path, pictures, duration=list(scene.durations_ms), loop=0)
        return
    ends = np.rint(np.cumsum((0, *scene.durations_ms)) / 1000 * IMAGEIO_FPS).astype(int)
    repeated = [picture for picture, count in zip(pictures, np.diff(ends), strict=True) for _ in range(count)]
    imageio.v3.imwrite(path, repeated, plugin="pyav", codec="libx264", fps=IMAGEIO_FPS)


def _naive_pictures(scene: Scene, frames: list) -> Iterator[np.ndarray]:
    """The same run by the shortest way: a text for every token, all of them anew in every frame."""
    from PIL import Image, ImageDraw, ImageFont

    theme, stage = scene.theme, scene.stage
    metrics = stage.metrics
    font = ImageFont.truetype(_FONT, metrics.font_px, layout_engine=ImageFont.Layout.BASIC)
    colours = (theme.masked, theme.new, theme.draft, theme.committed)
    marked = (None, theme.reverted, theme.changed)
    for frame in frames:
        image = Image.new("RGB", scene.size, theme.surface)
        pen = ImageDraw.Draw(image)
        for words in stage.words:
            pen.text((words.left, words.top), words.text, font=font, fill=theme.text)
        pen.text((stage.left, stage.top - 2 * metrics.line_px), frame.status, font=font, fill=theme.quiet)
        for cell in frame.cells:
            text = "".join(sign for _, _, sign in cell.signs) or _NOISE_SIGNS[cell.look.sure] * cell.width
            place = (stage.left + cell.column * metrics.column_px, stage.top + cell.row * metrics.line_px)
            pen.text(place, text, font=font, fill=marked[cell.look.mark] or colours[cell.look.state])
        yield np.asarray(image)


def _in_a_process(way: str, kind: str, scale: int, frames: int = FRAMES) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        asked = json.dumps([way, kind, scale, frames, folder])
        done = subprocess.run([sys.executable, "-m", "bench.export", "--measure", asked], cwd=ROOT, check=True,
                              stdout=subprocess.PIPE, text=True)  # fmt: skip
    return json.loads(done.stdout)


def speed_rows(kind: str, scale: int, repeats: int) -> Iterator[str]:
    """The ways beside one another, each measured in turn, so that a busy moment hits all of them."""
    runs = [{way: _in_a_process(way, kind, scale) for way in WAYS} for _ in range(repeats)]
    seconds = {way: statistics.median(run[way]["seconds"] for run in runs) for way in WAYS}
    ratio = statistics.median(run["exporter"]["seconds"] / run["encoder alone"]["seconds"] for run in runs)
    gain = statistics.median(run["naive"]["seconds"] / run["exporter"]["seconds"] for run in runs)
    most, least = _GOALS[kind]
    for way in WAYS:
        says = {
            "exporter": "",
            "encoder alone": f"exporter takes {ratio:.2f} × (goal: at most {most:g})",
            "naive": f"exporter is {gain:.1f} × faster (goal: at least {least:g})",
        }[way]
        size = runs[0][way]["bytes"] / 1000
        print_row = (f"{kind.upper()} {SCALES[scale]}", way, f"{seconds[way]:.2f}", f"{size:,.0f}", says)
        yield "| " + " | ".join(print_row) + " |"


def memory_rows() -> Iterator[str]:
    """Peak memory of the exporter with few and with ever more frames, and what of it is the recording."""
    counts = (FRAMES, *MORE_FRAMES)
    yield _memory_row("the recording itself", [_recording_bytes(long_run(count)) for count in counts])
    for kind, scale in product(MEMORY_KINDS, SCALES):
        peaks = [_in_a_process("exporter", kind, scale, count)["peak_bytes"] for count in counts]
        yield _memory_row(f"{kind.upper()} {SCALES[scale]}", peaks)


def _memory_row(name: str, sizes_bytes: Sequence[float]) -> str:
    few, *more = (size / 2**20 for size in sizes_bytes)
    return f"| {name} | {few:.1f} | " + " | ".join(f"{many - few:+.1f}" for many in more) + " |"


def _recording_bytes(trace: Trace) -> int:
    """What the arrays of a recording take."""
    arrays = (value for state in trace.states for value in vars(state).values() if isinstance(value, np.ndarray))
    return sum(array.nbytes for array in arrays)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="times that everything is measured (default 5)")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        way, kind, scale, frames, folder = json.loads(arguments.measure)
        print(json.dumps(measure(way, kind, scale, frames, Path(folder))))
        return
    print(f"{FRAMES} frames of {TOKENS} tokens\n\n| film | way | seconds | kB | |\n|---|---|---|---|---|")
    for kind in KINDS:
        for scale in SCALES:
            print("\n".join(speed_rows(kind, scale, arguments.repeats)), flush=True)
    more = " | ".join(f"more at {frames}" for frames in MORE_FRAMES)
    print(f"\n| film | MiB at {FRAMES} frames | {more} |\n|---|---|{'---|' * len(MORE_FRAMES)}")
    for row in memory_rows():
        print(row, flush=True)


if __name__ == "__main__":
    main()
