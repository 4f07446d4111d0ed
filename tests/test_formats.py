"""Exports decoded again: right pixels, right times, the committed text at the end, promises of size kept."""

import csv
import errno
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.browser import ROOT
from tests.support.films import made_film
from tests.support.made_traces import MANY_SCRIPTS, made_trace, stopped_trace
from tests.test_gif import decoded
from visualizer.errors import ExportError, SettingsError, VisualizerError
from visualizer.export.film import made_ahead
from visualizer.export.formats import FILMS, FORMATS, PICTURES, export, film_of, finish, format_of
from visualizer.export.video import encode_mp4, mp4_frames
from visualizer.picture.filmstrip import build_filmstrip
from visualizer.picture.options import SceneOptions
from visualizer.picture.painter import Painter
from visualizer.picture.scene import build_scene
from visualizer.theme import DARK
from visualizer.trace.canvas import CellState
from visualizer.trace.file import load_trace, save_trace

SMALL = SceneOptions(width=480, height=320)
WORDS = ["1", ".", " Mercury", ":", " hot", "\n", "2", ".", " Venus", ":", " hotter", "."]


@pytest.fixture(scope="module")
def trace():
    return made_trace(WORDS * 3, steps=9)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def pictures_of(trace, options):
    """The painter's own pixels of every frame (RGB), and the film's durations."""
    film = film_of(build_scene(trace, options))
    return [film.palette[picture.indices] for picture in film.pictures()], film.durations_ms


@pytest.mark.parametrize("pacing", ["equal", "real", "slow-finish"])
@pytest.mark.parametrize("scale", [1, 2])
def test_a_gif_has_the_painters_pixels_and_the_scenes_times(tmp_path, trace, pacing, scale):
    options = replace(SMALL, pacing=pacing, scale=scale)
    exported = finish(export(trace, tmp_path / "run.gif", options))
    frames, durations, loop = decoded(tmp_path / "run.gif")
    pictures, asked = pictures_of(trace, options)
    assert all(np.array_equal(*pair) for pair in zip(frames, pictures, strict=True))
    assert durations == list(asked)
    assert loop == 0
    assert exported.size == (480 * scale, 320 * scale)
    assert exported.size_bytes == (tmp_path / "run.gif").stat().st_size


def test_an_mp4_has_the_scenes_frames_times_and_crisp_text(tmp_path, trace):
    finish(export(trace, tmp_path / "run.mp4"))
    scene = build_scene(trace, SceneOptions())
    film = film_of(scene)
    stage = scene.stage
    luma = 16 + film.palette @ np.array([0.2126, 0.7152, 0.0722]) * 219 / 255
    area = np.s_[stage.top : stage.top + stage.rows * stage.metrics.line_px,
                 stage.left : stage.left + stage.columns * stage.metrics.column_px]  # fmt: skip
    errors = []
    with av.open(str(tmp_path / "run.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == scene.size == (1280, 720)
        assert stream.frames == len(scene.frames)
        assert abs(float(stream.duration * stream.time_base) * 1000 - scene.duration_ms) <= 20
        for frame, picture in zip(container.decode(video=0), film.pictures(), strict=True):
            seen = np.frombuffer(frame.planes[0], np.uint8).reshape(frame.planes[0].height, -1)[:, : frame.width]
            errors.append(((seen[area] - luma[picture.indices][area]) ** 2).mean())
    assert 10 * np.log10(255**2 / max(errors)) >= 41


def committed_only(pixels, scene):
    """That the cells show the committed text: its colour is there, and no colour of another state."""
    theme = scene.theme
    stage, metrics = scene.stage, scene.stage.metrics
    bottom = stage.top + stage.rows * metrics.line_px
    area = pixels[stage.top : bottom, stage.left :].reshape(-1, 3).astype(int)

    def nearest(colour):
        rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
        return abs(area - rgb).sum(axis=1).min()

    return nearest(theme.committed) <= 12 and min(nearest(c) for c in (theme.new, theme.draft, theme.reverted)) > 40


def last_pixels(path):
    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            *_, frame = container.decode(video=0)
            return frame.to_ndarray(format="rgb24")
    with Image.open(path) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        return np.array(image.convert("RGB"))


@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".webp", ".png"])
def test_the_last_frame_shows_the_committed_text(tmp_path, trace, suffix):
    options = replace(SMALL, legend=False)
    finish(export(trace, tmp_path / f"run{suffix}", options, moment=1.0))
    scene = build_scene(trace, options)
    shown = last_pixels(tmp_path / f"run{suffix}")
    assert committed_only(shown, scene)
    last = scene.frames[-1]
    assert {cell.look.state for cell in last.cells} == {CellState.COMMITTED}
    assert [sign for cell in last.cells for _, _, sign in cell.signs if sign.strip()] == [
        sign for sign in trace.answer if sign.strip()
    ]
    if suffix != ".mp4":
        painter = Painter(scene)
        assert np.array_equal(shown, painter.palette[painter.paint(last)])
    middle = film_of(scene)
    assert not committed_only(middle.palette[list(p.indices.copy() for p in middle.pictures())[4]], scene)


def test_the_text_documents_hold_the_run(tmp_path, trace):
    for suffix in (".txt", ".csv", ".json", ".html", ".jsonl", ".jsonl.gz"):
        finish(export(trace, tmp_path / f"run{suffix}"))
    assert (tmp_path / "run.txt").read_text(encoding="utf-8") == trace.answer
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["answer"] == trace.answer
    assert load_trace(tmp_path / "run.jsonl.gz").answer == load_trace(tmp_path / "run.jsonl").answer == trace.answer
    assert gzip.decompress((tmp_path / "run.jsonl.gz").read_bytes()) == (tmp_path / "run.jsonl").read_bytes()
    assert (tmp_path / "run.csv").read_text(encoding="utf-8").count("\n") == 1 + len(WORDS) * 3


def test_a_strip_shows_six_moments_from_noise_to_the_end(tmp_path, trace):
    finish(export(trace, tmp_path / "run.strip.png"))
    with Image.open(tmp_path / "run.strip.png") as image:
        width, height = image.size
        pixels = np.array(image.convert("RGB"))
    panel = (width - 5 * 2) // 6
    panels = [pixels[:, k * (panel + 2) : k * (panel + 2) + panel] for k in range(6)]
    assert height % 2 == 0
    assert all(not np.array_equal(*pair) for pair in pairwise(panels))


def test_a_strip_has_the_prompt_whole_and_one_legend(trace):
    strip = build_filmstrip(trace, SceneOptions(), 6)
    assert " ".join(words.text for words in strip.around.stage.words).startswith(trace.info.prompt)
    assert strip.around.stage.legend is not None
    assert strip.panel.stage.legend is None
    assert strip.panel.stage.words == ()
    foot = strip.around.stage.legend.top
    assert all(top + strip.panel.size[1] <= foot for _, top in strip.corners)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("count", [0, 1, 4], ids=["no state", "noise only", "stopped"])
def test_a_run_that_was_stopped_is_a_picture_or_a_sentence(tmp_path, suffix, count):
    stopped = stopped_trace(made_trace(WORDS), count)
    if suffix == ".txt":
        with pytest.raises(ExportError, match="no text to write"):
            finish(export(stopped, tmp_path / "run.txt"))
        assert names(tmp_path) == []
    else:
        assert finish(export(stopped, tmp_path / f"run{suffix}", SMALL)).size_bytes > 0


def random_tokens(count, seed=0):
    """Texts such as a vocabulary of 262,144 ids draws at random: pieces of words of every script, signs, emoji."""
    rng = random.Random(seed)
    letters = [
        chr(code)
        for code in (*range(0x20, 0xD800), *range(0xE000, 0x20000))
        if unicodedata.category(chr(code)) not in ("Cn", "Co")
    ]
    pieces = [" ", "\n", "\t", "\ufffd", "\u200d", "\ufe0f", "\u0301"]
    return [
        "".join(rng.choice(letters if rng.random() < 0.8 else pieces) for _ in range(rng.randint(1, 6)))
        for _ in range(count)
    ]


HARD_RUNS = {
    "one token": (["a"], "x"),
    "all scripts": (list(MANY_SCRIPTS) * 3, "日本語 שלום 👩\u200d🚀"),
    "random tokens": (random_tokens(256), "".join(random_tokens(20, seed=1))),
    "1,024 tokens": ([" w"] * 1024, "x"),
    "5,000 characters": (WORDS, "long " * 1000),
}


@pytest.mark.parametrize(("words", "prompt"), HARD_RUNS.values(), ids=HARD_RUNS)
@pytest.mark.parametrize("suffix", PICTURES)
def test_any_run_becomes_a_picture(tmp_path, words, prompt, suffix):
    trace = made_trace(words, steps=3, prompt=prompt)
    exported = finish(export(trace, tmp_path / f"run{suffix}", SMALL))
    assert (last_pixels(exported.path).std(axis=(0, 1)) > 5).all()


@pytest.mark.parametrize(("words", "prompt"), HARD_RUNS.values(), ids=HARD_RUNS)
def test_any_run_becomes_documents_that_hold_it(tmp_path, words, prompt):
    trace = made_trace(words, steps=3, prompt=prompt)
    for suffix in set(FORMATS) - set(PICTURES):
        finish(export(trace, tmp_path / f"run{suffix}"))
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as table:
        assert len(list(csv.reader(table))) == 1 + len(words)
    assert (tmp_path / "run.txt").read_bytes().decode("utf-8") == "".join(words)
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["answer"] == "".join(words)
    assert load_trace(tmp_path / "run.jsonl").answer == load_trace(tmp_path / "run.jsonl.gz").answer == "".join(words)
    assert (tmp_path / "run.html").stat().st_size > 100_000


def test_without_the_font_folder_every_picture_still_has_its_text(tmp_path, trace):
    """By the command line of a copy of the app that has lost its fonts."""
    for folder in ("visualizer", "prompts", "assets/player", "assets/pocket", "assets/syllables"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    save_trace(trace, tmp_path / "run.jsonl.gz")
    targets = [f"run{suffix}" for suffix in (*PICTURES, ".html")]
    asked = [argument for target in targets for argument in ("-o", target)]
    done = subprocess.run(
        [sys.executable, "-m", "visualizer", "--trace", "run.jsonl.gz", "--preset", "readme", "--moment", "1",
             *asked],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for suffix in PICTURES:
        ink = DARK.text if suffix in (".map.png", ".table.png", ".curves.png") else DARK.committed
        white = np.array([int(ink[k : k + 2], 16) for k in (1, 3, 5)])
        pixels = last_pixels(tmp_path / f"run{suffix}").astype(int)
        assert (abs(pixels - white).max(axis=-1) <= 12).sum() > 200, suffix
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "createPlayer" in page
    assert "font/woff2" not in page


@pytest.mark.parametrize("suffix", [*FILMS, ".png"])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.3])
def test_a_promise_of_size_is_kept_by_the_best_choice_that_keeps_it(tmp_path, trace, suffix, share):
    free = finish(export(trace, tmp_path / f"free{suffix}"))
    limit = int(free.size_bytes * share)
    try:
        kept = finish(export(trace, tmp_path / f"kept{suffix}", at_most_bytes=limit))
    except ExportError as refused:
        assert "Nothing was written" in str(refused)
        assert names(tmp_path) == [f"free{suffix}"]
    else:
        assert (tmp_path / f"kept{suffix}").stat().st_size == kept.size_bytes <= limit
        assert "the best of" in kept.words
        assert last_pixels(kept.path).std() > 5
        assert names(tmp_path) == [f"free{suffix}", f"kept{suffix}"]


@pytest.mark.parametrize("suffix", [*PICTURES, ".html", ".csv", ".jsonl.gz"])
def test_a_promise_that_cannot_be_kept_is_refused_and_the_old_file_stays(tmp_path, trace, suffix):
    target = tmp_path / f"run{suffix}"
    target.write_bytes(b"old")
    with pytest.raises(ExportError, match=r"Nothing was written") as refused:
        finish(export(trace, target, SMALL, at_most_bytes=300))
    assert "\n" not in str(refused.value)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == [target.name]


@pytest.mark.parametrize("suffix", FILMS)
@pytest.mark.parametrize("limit", [None, 20_000])
def test_closing_an_export_cancels_it_and_leaves_nothing(tmp_path, trace, suffix, limit):
    target = tmp_path / f"run{suffix}"
    target.write_bytes(b"old")
    exporting = export(trace, target, SMALL, at_most_bytes=limit)
    for _ in range(4):
        next(exporting)
    assert len(names(tmp_path)) == 3
    exporting.close()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == [target.name]


def test_progress_rises_to_the_end(tmp_path, trace):
    for limit in (None, 30_000):
        shares = [progress.share for progress in export(trace, tmp_path / "run.gif", SMALL, at_most_bytes=limit)]
        assert shares == sorted(shares)
        assert shares[-1] == 1


@pytest.fixture
def full_disk(tmp_path):
    """A file system of 64 kB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("suffix", [*FILMS, ".png", ".html", ".json", ".jsonl"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(full_disk, suffix):
    (full_disk / "fill").write_bytes(bytes(60_000))
    with pytest.raises(VisualizerError) as refused:
        finish(export(made_trace(WORDS * 6, steps=12), full_disk / f"run{suffix}"))
    assert "no space left" in str(refused.value).lower()
    assert "\n" not in str(refused.value)
    assert names(full_disk) == ["fill"]


def test_the_same_export_gives_the_same_bytes(tmp_path, trace):
    for suffix in PICTURES:
        for name in ("a", "b"):
            finish(export(trace, tmp_path / f"{name}{suffix}", SMALL))
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize(
    "name, suffix", [("a.GIF", ".gif"), ("a.b.strip.png", ".strip.png"), ("a.png", ".png"), ("a.jsonl.gz", ".jsonl.gz")]
)
def test_the_format_is_what_the_name_ends_with(name, suffix):
    assert format_of(name) == suffix


@pytest.mark.parametrize("name", ["run", "run.avi", ".gif", "run.gz", "gif", ""])
def test_a_name_without_a_format_is_refused_with_the_formats(name):
    with pytest.raises(ExportError, match=r"\.gif, \.mp4"):
        format_of(name)


@pytest.mark.parametrize("moment", [-0.1, 1.1, float("nan")])
def test_a_moment_outside_the_run_is_refused(tmp_path, trace, moment):
    with pytest.raises(SettingsError):
        finish(export(trace, tmp_path / "run.png", moment=moment))


def test_what_is_made_ahead_is_the_same_in_the_same_order_and_its_errors_arrive():
    assert list(made_ahead(iter(range(50)))) == list(range(50))
    assert list(made_ahead([])) == []

    def failing():
        yield 1
        raise OSError(errno.ENOSPC, "full")

    ahead = made_ahead(failing())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="full"):
        next(ahead)


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path):
    """In processes of their own: 40 and 160 frames, whose pictures would take 0.9 MB each, or more."""
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.support.made_traces import made_trace\n"
        "from visualizer.export.formats import export, finish\n"
        "finish(export(made_trace(['a', ' b'] * 8, steps=int(sys.argv[1])), Path(sys.argv[2])))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == 'darwin' else 1))\n"
    )
    for suffix in FILMS:
        few, many = (
            int(subprocess.check_output([sys.executable, "-c", code, str(steps), tmp_path / f"run{suffix}"], cwd=ROOT))
            for steps in (40, 160)
        )
        assert many - few < 20_000, f"{suffix}: {few} kB with 40 steps, {many} kB with 160"


def test_a_film_of_any_length_is_encoded_from_three_frames(tmp_path):
    film, _ = made_film([40] * 60)
    places = set()

    def noted():
        for frame in made_ahead(mp4_frames(film)):
            places.add(frame.planes[0].buffer_ptr)
            yield frame

    list(encode_mp4(noted(), film.size, film.durations_ms, tmp_path / "run.mp4"))
    assert len(places) == 3


def test_a_read_only_folder_is_one_sentence(tmp_path, trace):
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o500)
    root = os.geteuid() == 0  # who may write to any real folder
    target = Path("/proc/run.gif") if root else folder / "run.gif"
    with pytest.raises(ExportError, match="cannot be written"):
        finish(export(trace, target, SMALL))
