"""A skip that nobody expects fails where CI runs."""

import os
import subprocess
import sys

import pytest

from tests.support.browser import ROOT
from tests.support.skips import EXPECTED

SKIPPED = "import pytest\ndef test_a():\n    pytest.skip({reason!r})\n"
WHOLE_FILE = "import pytest\npytest.skip({reason!r}, allow_module_level=True)\n"


@pytest.mark.parametrize(
    ("label", "source", "reason", "ci", "status"),
    [
        ("unexpected, in CI", SKIPPED, "no network", "true", 1),
        ("a whole file, in CI", WHOLE_FILE, "no network", "true", 2),
        ("unexpected, on somebody's machine", SKIPPED, "no network", "", 0),
        ("expected, in CI", SKIPPED, next(iter(EXPECTED)), "true", 0),
    ],
)
def test_an_unexpected_skip_fails_where_ci_runs(tmp_path, label, source, reason, ci, status):
    path = tmp_path / "test_made.py"
    path.write_text(source.format(reason=reason))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.support.skips",
        "--rootdir",
        tmp_path,
        "-c",
        os.devnull,
        path,
    ]
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, f"{label}: {done.stdout}"
    if status:
        assert "which tests nothing: no network" in done.stdout
