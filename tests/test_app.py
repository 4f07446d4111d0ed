"""The command line's one-sentence refusals."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest
from browser import ROOT


def run_app(*flags):
    return subprocess.run([sys.executable, "app.py", *flags], cwd=ROOT, capture_output=True, text=True, timeout=60)


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
