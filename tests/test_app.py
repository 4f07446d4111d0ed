"""The command line: checkpoints by name, what a fetch prints, and one-sentence refusals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.support.browser import ROOT, free_port, served_app
from tests.support.hub_server import blob_of, files_of, served_hub
from tests.support.waiting import wait_until
from visualizer.bundled import POCKET_FOLDER

REPO = "somebody/pocket-copy"
WEIGHTS = "model.safetensors"
NOBODY = "http://127.0.0.1:9"


def run_app(*flags, **environment):
    return subprocess.run([sys.executable, "app.py", "--port", str(free_port()), *flags], cwd=ROOT, timeout=240,
                          capture_output=True, text=True, env=os.environ | environment)  # fmt: skip


@pytest.fixture
def other_model(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    return tmp_path


def test_a_port_in_use_is_said_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_app("--port", str(port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} on 127.0.0.1 cannot be used")
    assert done.stderr.count("\n") == 1


def test_a_missing_checkpoint_folder_is_said_in_one_line(tmp_path):
    done = run_app("--model", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert done.stderr == f"There is no checkpoint folder at {tmp_path / 'nowhere'}.\n"


def test_a_checkpoint_of_another_type_is_refused_in_one_line(other_model):
    done = run_app("--model", str(other_model))
    assert done.returncode == 1
    assert "'llama'" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def server():
    with served_hub({REPO: files_of(POCKET_FOLDER)}) as running:
        yield running


def one_line(done, said):
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "open http" not in done.stdout


def test_a_hub_id_that_nobody_knows_is_said_in_one_line(server, tmp_path):
    done = run_app("--model", "somebody/unknown", HF_ENDPOINT=server.address, HF_HUB_CACHE=str(tmp_path))
    one_line(done, "knows no checkpoint somebody/unknown")


def test_offline_with_nothing_cached_is_said_in_one_line(tmp_path):
    one_line(run_app("--model", REPO, HF_ENDPOINT=NOBODY, HF_HUB_CACHE=str(tmp_path)), "are you offline?")


def test_a_model_of_another_type_on_the_hub_is_refused_in_one_line_before_its_weights_are_fetched(server, tmp_path):
    server.repos[REPO] |= {"config.json": json.dumps({"model_type": "llama"}).encode()}
    done = run_app("--model", REPO, HF_ENDPOINT=server.address, HF_HUB_CACHE=str(tmp_path))
    one_line(done, "of type 'llama', and only 'diffusion_gemma', 'gemma3_text' and 'gemma4'")
    assert server.served[WEIGHTS] == 0


@pytest.mark.skipif(sys.platform == "darwin", reason="Apple silicon can run it")
def test_the_large_checkpoint_is_refused_in_one_line_without_apple_silicon(tmp_path):
    name = "mlx-community/diffusiongemma-26B-A4B-it-4bit"
    one_line(run_app("--model", name, HF_ENDPOINT=NOBODY, HF_HUB_CACHE=str(tmp_path)), "needs Apple silicon")


def test_the_pocket_is_served_by_its_name_and_offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)
    with served_app("--model", "pocket", home=tmp_path) as address:
        assert urllib.request.urlopen(address).status == 200


def test_a_hub_id_is_fetched_on_the_terminal_goes_on_after_ctrl_c_and_is_served(server, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    server.held.add(WEIGHTS)
    flags = [sys.executable, "app.py", "--port", str(free_port()), "--model", REPO]
    with subprocess.Popen(flags, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as app:
        needs = app.stdout.readline()
        assert "of 6 MB · 0 %" in app.stdout.readline()
        weights = f"{blob_of(WEIGHTS, server.repos[REPO][WEIGHTS])}.incomplete"
        wait_until(lambda: any(path.stat().st_size for path in (tmp_path / "hub").rglob(weights)))
        app.send_signal(signal.SIGINT)
        assert app.wait(timeout=60) == 130
        assert "Traceback" not in app.stderr.read()
    assert needs.startswith(f"{REPO} needs 6 MB of download to {tmp_path / 'hub'}")
    assert "of 6 MB" not in needs
    server.release.set()
    with served_app("--model", REPO) as address:
        assert REPO in urllib.request.urlopen(address).read().decode()
    assert server.starts[WEIGHTS][0] == 0 < server.starts[WEIGHTS][-1]


def test_an_app_that_ends_before_it_serves_is_said_so():
    with pytest.raises(RuntimeError, match="The app ended with status 2"), served_app("--host", "0.0.0.0"):
        pass
