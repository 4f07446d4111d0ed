"""The faster BLAS: found or not, MLX works; where it is found, MLX uses it."""

import subprocess
import sys

import pytest

from visualizer.model import blas

# A fresh process: a library that was loaded once stays.
MULTIPLY = """
from visualizer.model.blas import prefer_openblas
found = prefer_openblas()
import mlx.core as mx
product = mx.ones((64, 64)) @ mx.ones((64, 64))
print(found, product[0, 0].item(), "openblas" in open("/proc/self/maps").read().lower())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="macOS has Accelerate")
def test_mlx_multiplies_right_with_what_was_found():
    finished = subprocess.run([sys.executable, "-c", MULTIPLY], capture_output=True, text=True, check=True)
    found, product, mapped = finished.stdout.split()
    assert product == "64.0"
    assert mapped == "True" or found == "False"


def test_nothing_is_loaded_where_mlx_has_accelerate(monkeypatch):
    monkeypatch.setattr(blas.sys, "platform", "darwin")
    monkeypatch.setattr(blas.ctypes, "CDLL", lambda *args, **kwargs: pytest.fail("a library was loaded"))
    assert blas.prefer_openblas() is False


def test_without_any_openblas_nothing_fails(monkeypatch):
    tried = []

    def refuse(name, mode):
        tried.append(name)
        raise OSError("no such library")

    monkeypatch.setattr(blas.sys, "platform", "linux")
    monkeypatch.setattr(blas.ctypes, "CDLL", refuse)
    assert blas.prefer_openblas() is False
    assert tried[0] == "libopenblas.so.0"
