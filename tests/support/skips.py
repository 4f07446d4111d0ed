"""A skipped test has tested nothing: where CI runs (CI=true), only skips with a reason named here pass."""

from __future__ import annotations

import os
import shutil

import pytest

HAS_APT_GET = shutil.which("apt-get") is not None
NEEDS_APT_GET = "needs WebKitGTK and its driver, which apt-get installs"
EXPECTED = {
    "needs Linux's namespaces (unshare)": "a small disk and an ordinary owner are made with them; macOS has none",
    "Apple silicon can run it": "the refusal is for all other machines",
    "mounting a small file system needs root": "not every CI runs as root",
}
"""Reasons by which a test may be skipped, and why that is in order."""
if not HAS_APT_GET:
    EXPECTED[NEEDS_APT_GET] = "macOS has Safari instead, but the Mac's owner must first allow it to be driven"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skip that nobody expects into a failure."""
    return judged((yield), getattr(item, "nodeid", ""))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """The same for a whole file."""
    return judged((yield), collector.nodeid)


def judged(report, name):
    """The report, failed where it is an unexpected skip."""
    if os.environ.get("CI") == "true" and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason not in EXPECTED:
            report.outcome = "failed"
            report.longrepr = f"{name} was skipped, which tests nothing: {reason} (tests/support/skips.py)"
    return report
