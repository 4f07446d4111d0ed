"""The command line: several outputs of one run, recordings without a model, one-line refusals, exit statuses."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from PIL import Image

from tests.support.browser import ROOT
from tests.support.hub_server import files_of, served_hub
from tests.support.made_traces import made_trace, stopped_trace
from tests.support.waiting import wait_until
from visualizer.bundled import POCKET_FOLDER
from visualizer.command.race import race_command
from visualizer.command.terminal import FAILURE, INTERRUPTED, SUCCESS, USAGE, interrupts
from visualizer.trace.file import load_trace, save_trace

REPO = "somebody/pocket-copy"
SMALL = ["--preset", "readme", "--speed", "20"]


def visualize(*arguments, **options):
    command = [sys.executable, "-m", "visualizer", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "run.jsonl.gz"
    save_trace(made_trace(["Mercury", " is", " hot", ".\n"] * 4, steps=8), path)
    return path


def test_a_prompt_becomes_several_files_of_one_run(tmp_path):
    gif, trace = tmp_path / "run.gif", tmp_path / "run.jsonl.gz"
    done = visualize("Why is the sky blue? Answer in exactly three sentences.", "-o", gif, "-o", trace, "--seed", "5",
                     "--max-tokens", "64", "--max-steps", "6", *SMALL)  # fmt: skip
    assert (done.returncode, done.stderr) == (SUCCESS, "")
    run = load_trace(trace)
    assert (run.info.settings.seed, run.info.settings.max_tokens, run.info.settings.max_steps) == (5, 64, 6)
    assert run.info.prompt.startswith("Why is the sky blue?")
    with Image.open(gif) as image:
        assert image.n_frames == len(run.states)
    assert done.stdout.count("\n") == 2
    assert done.stdout.startswith(f"{gif}: 880×")


def test_a_run_fills_in_the_blanks_of_a_file(tmp_path):
    draft, trace = tmp_path / "blanks.json", tmp_path / "run.jsonl"
    draft.write_text('{"template": "Slowly ____{4} in morning light."}')
    done = visualize("Hello", "--draft", draft, "-o", trace, "--max-steps", "2", "--canvas-length", "16")
    assert (done.returncode, done.stderr) == (SUCCESS, "")
    run = load_trace(trace)
    assert run.answer.startswith("Slowly") and run.answer.endswith(" in morning light.")
    assert run.info.draft.origin == "a template"


def test_without_an_output_the_text_is_printed(recording):
    done = visualize("--trace", recording)
    assert (done.returncode, done.stdout) == (SUCCESS, load_trace(recording).answer + "\n")


def test_a_recording_is_exported_without_the_model(recording, tmp_path):
    code = (
        "import runpy, sys; sys.argv = ['visualizer', *sys.argv[1:]]\n"
        "try: runpy.run_module('visualizer', run_name='__main__')\n"
        "except SystemExit as exc: status = exc.code\n"
        "print(status, sorted({'mlx', 'mlx_vlm', 'transformers', 'gradio', 'torch'} & sys.modules.keys()))\n"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "--trace",
        recording,
        "-o",
        tmp_path / "run.gif",
        "-o",
        tmp_path / "run.html",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


def test_snippets_are_printed_and_an_mp4_gets_its_poster(recording, tmp_path):
    done = visualize("--trace", recording, "-o", tmp_path / "my run.mp4", "--embed", *SMALL)
    assert done.returncode == SUCCESS
    assert names(tmp_path) == ["my run.mp4", "my run.poster.png"]
    assert "[![A diffusion language model" in done.stdout
    assert '<video autoplay loop muted playsinline controls poster="my%20run.poster.png"' in done.stdout
    assert 'width="880" height="' in done.stdout


def test_two_recordings_are_one_film_beside_one_another(recording, tmp_path):
    done = visualize("--trace", recording, "--beside", recording, "-o", tmp_path / "both.mp4", "--embed")
    assert done.returncode == SUCCESS, done.stderr
    assert names(tmp_path) == ["both.mp4", "both.poster.png"]
    assert "[![Two runs" in done.stdout


def test_a_promise_is_kept_or_the_file_is_refused_and_the_others_are_written(recording, tmp_path):
    done = visualize("--trace", recording, "-o", tmp_path / "a.gif", "-o", tmp_path / "b.csv", "--at-most", "3kB")
    assert done.returncode == FAILURE
    assert names(tmp_path) == ["b.csv"]
    assert done.stderr.count("\n") == 1
    assert "a.gif cannot be kept under 3 kB" in done.stderr


BAD = [
    ("nothing", [], USAGE, "Give either a prompt"),
    ("both", ["x", "--trace", "{recording}"], USAGE, "Give either a prompt"),
    ("format", ["x", "-o", "run.avi"], USAGE, "names no format"),
    ("twice", ["x", "-o", "{folder}/a.gif", "-o", "{folder}/../{name}/a.gif"], USAGE, "more than once"),
    ("size", ["x", "-o", "{folder}/a.gif", "--at-most", "ten"], USAGE, "is not a file size"),
    ("preset", ["x", "--preset", "huge"], USAGE, "invalid choice: 'huge'"),
    ("speed", ["x", "--speed", "0"], USAGE, "speed must be"),
    ("beside as text", ["x", "--beside", "{recording}", "-o", "{folder}/a.txt"], USAGE, "a film, a picture or a page"),
    (
        "beside and a size",
        ["x", "--beside", "{recording}", "-o", "{folder}/a.gif", "--at-most", "1MB"],
        USAGE,
        "--at-m",
    ),
    ("beside, unseen", ["x", "--beside", "{recording}"], USAGE, "--beside needs an output"),
    ("moment", ["x", "--moment", "2"], USAGE, "share from 0 to 1"),
    ("knob", ["x", "--max-steps", "0"], USAGE, "must be a whole number"),
    ("thinking", ["x", "--think"], USAGE, "cannot be asked to think"),
    ("system prompt", ["x", "--system", "Be brief."], USAGE, "takes no system prompt"),
    ("system prompt of a recording", ["--trace", "{recording}", "--system", "x"], USAGE, "--system is about a new run"),
    ("knob of a recording", ["--trace", "{recording}", "--seed", "1"], USAGE, "--seed is about a new run"),
    ("empty prompt", ["  "], USAGE, "prompt is empty"),
    ("snippet of text", ["x", "-o", "{folder}/a.txt", "--embed"], USAGE, "--embed needs"),
    ("unknown flag", ["x", "--sede", "1"], USAGE, "--sede"),
    ("no folder", ["x", "-o", "{folder}/nowhere/a.gif"], FAILURE, "there is no folder"),
    ("no recording", ["--trace", "{folder}/none.jsonl"], FAILURE, "none.jsonl"),
    ("no model", ["x", "--model", "{folder}/nowhere"], FAILURE, "nowhere"),
    ("folder", ["x", "-o", "{folder}/d.gif"], FAILURE, "is not a file"),
]


@pytest.mark.parametrize("arguments, status, words", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_asked_wrongly_is_said_in_one_line(tmp_path, recording, arguments, status, words):
    (tmp_path / "d.gif").mkdir()
    places = {"folder": tmp_path, "name": tmp_path.name, "recording": recording}
    done = visualize(*(argument.format(**places) for argument in arguments))
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert names(tmp_path) == ["d.gif"]


def test_a_prompt_that_is_no_utf_8_is_refused():
    done = visualize(b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert (done.returncode, done.stderr) == (USAGE, "The prompt is not valid UTF-8.\n")


def test_a_run_without_text_says_so(tmp_path):
    save_trace(stopped_trace(made_trace(["a"]), 2), tmp_path / "stopped.jsonl")
    done = visualize("--trace", tmp_path / "stopped.jsonl", "-o", tmp_path / "run.txt")
    assert (done.returncode, done.stderr.count("\n")) == (FAILURE, 1)
    assert "no text to write" in done.stderr


def test_help_names_every_format_and_status():
    done = visualize("--help")
    assert done.returncode == SUCCESS
    for word in (".gif", ".strip.png", ".jsonl.gz", "--at-most", "exit status: 0", "python -m visualizer"):
        assert word in done.stdout
    for command in ("serve [options]", "study prompts.txt --seeds 5 -o study/"):
        assert f"python -m visualizer {command}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_a_recording_is_checked_and_described(tmp_path, recording):
    (tmp_path / "cut.jsonl.gz").write_bytes(recording.read_bytes()[:400])
    done = visualize("trace", recording, tmp_path / "cut.jsonl.gz")
    assert done.returncode == FAILURE
    [whole] = done.stdout.splitlines()
    assert whole.startswith(f"{recording}: a whole recording. ")
    assert whole.endswith(" a state")
    assert done.stderr == "The recording cut.jsonl.gz cannot be read: it is cut off.\n"
    assert visualize("trace", recording).returncode == SUCCESS


def test_the_first_word_chooses_the_command():
    done = visualize("serve", "--help")
    assert done.returncode == SUCCESS
    assert done.stdout.startswith("usage: python -m visualizer serve")
    assert "--port" in done.stdout


def test_a_prompt_may_be_the_name_of_a_command_after_two_dashes():
    done = visualize("--model", "/nowhere/at/all", "--", "serve")
    assert (done.returncode, done.stderr) == (FAILURE, "There is no checkpoint folder at /nowhere/at/all.\n")


def test_alone_it_names_both_uses():
    done = visualize()
    assert done.returncode == USAGE
    assert "a prompt" in done.stderr and "serve opens the page" in done.stderr


def test_a_fetch_is_told_on_standard_error(tmp_path):
    with served_hub({REPO: files_of(POCKET_FOLDER)}) as server:
        places = {"HF_ENDPOINT": server.address, "HF_HUB_CACHE": str(tmp_path / "hub")}
        done = visualize("haiku", "--model", REPO, "--max-tokens", "16", "--canvas-length", "16", "--max-steps", "1",
                         env=os.environ | places)  # fmt: skip
    assert done.returncode == SUCCESS
    assert done.stderr.startswith(f"{REPO} needs 6 MB of download to {tmp_path / 'hub'}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_the_old_file_and_no_half_one(tmp_path, number):
    trace = tmp_path / "long.jsonl.gz"
    save_trace(made_trace(["word "] * 200, steps=90), trace)
    target = tmp_path / "run.mp4"
    target.write_bytes(b"old")
    command = [sys.executable, "-m", "visualizer", "--trace", trace, "-o", target, "--preset", "1080p", "--scale", "2"]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(names(tmp_path)) == 3)
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (INTERRUPTED, "Interrupted; unfinished files were not written.\n")
    assert names(tmp_path) == ["long.jsonl.gz", "run.mp4"]
    assert target.read_bytes() == b"old"


def test_an_interrupt_that_a_library_drops_is_heard_at_the_next_check():
    with interrupts() as check:
        check()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()


def test_progress_is_shown_on_a_terminal_only(recording, tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "visualizer", "--trace", recording, "-o", tmp_path / "run.gif", *SMALL]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs)
    running.wait(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert running.returncode == SUCCESS
    assert "run.gif: 100%" in shown
    assert shown.endswith("\r\x1b[K")


def test_a_recording_races_its_text_as_if_typed(recording, tmp_path):
    done = visualize("race", "--trace", recording, "-o", tmp_path / "race.mp4", "--speed", "20")
    assert (done.returncode, done.stderr) == (SUCCESS, "")
    film, verdict = done.stdout.splitlines()
    assert film.startswith(f"{tmp_path / 'race.mp4'}: 1280×720, ")
    assert verdict == "fewer forward passes: denoised, 8 to 16 if typed"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "Give either a prompt"),
        (("A prompt.",), "Name the film"),
        (("A prompt.", "-o", "race.csv"), "Two runs beside one another are a film"),
        (("--trace", "run.jsonl.gz", "--seed", "5", "-o", "race.mp4"), "--seed is about a new run"),
    ],
    ids=str,
)
def test_a_race_that_cannot_be_is_refused_in_one_line(capsys, arguments, named):
    with suppress(SystemExit):
        assert race_command([*arguments], "race") == USAGE
    told = capsys.readouterr().err
    assert named in told
    assert told.count("\n") == 1
