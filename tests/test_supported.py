"""Where the app can be installed, and the one sentence that says why not."""

import ast
import subprocess
import sys

import pytest

from tests.support.browser import ROOT
from visualizer.supported import refusal

ARM_MAC = ("Darwin", "14.5", "arm64", "arm64", (3, 12, 1))
LINUX = ("Linux", "", "x86_64", "x86_64", (3, 11, 0))


@pytest.mark.parametrize(
    ("label", "here", "said"),
    [
        ("Apple silicon", ARM_MAC, ""),
        ("the newest macOS and Python", ("Darwin", "26.1", "arm64", "arm64", (3, 14, 0)), ""),
        ("Linux", LINUX, ""),
        ("macOS 13", ("Darwin", "13.7", "arm64", "arm64", (3, 12, 1)), "macOS 14 or later is needed"),
        ("an Intel Mac", ("Darwin", "14.5", "x86_64", "x86_64", (3, 12, 1)), "needs Apple silicon"),
        ("Rosetta", ("Darwin", "14.5", "arm64", "x86_64", (3, 12, 1)), "built for Intel processors"),
        ("an old Python", ("Linux", "", "x86_64", "x86_64", (3, 9, 6)), "3.11 to 3.14 is needed, and this is 3.9.6"),
        ("a Python to come", ("Linux", "", "x86_64", "x86_64", (3, 15, 0)), "this is 3.15.0"),
        ("an old Python on an old Mac", ("Darwin", "10.16", "x86_64", "x86_64", (3, 8, 2)), "this is 3.8.2"),
        ("Windows", ("Windows", "", "AMD64", "AMD64", (3, 12, 1)), "this is Windows"),
        ("32 bits", ("Linux", "", "x86_64", "i686", (3, 12, 1)), "one for i686"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_said(label, here, said):
    sentence = refusal(*here)
    assert (said in sentence) if said else sentence == "", label
    assert "\n" not in sentence


def test_linux_on_arm_needs_a_compiler():
    here = ("Linux", "", "aarch64", "aarch64", (3, 12, 1))
    assert refusal(*here, compiler=True) == ""
    assert "C compiler is needed" in refusal(*here, compiler=False)


def test_it_runs_before_anything_is_installed():
    done = subprocess.run([sys.executable, "-I", "-S", "visualizer/supported.py"], cwd=ROOT, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_old_python_can_read_it():
    source = (ROOT / "visualizer" / "supported.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__" not in source
