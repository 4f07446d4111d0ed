"""The stylesheets are understood by the oldest Safari that the page is for, 17.0 (2023).

Properties are not listed: a browser passes over one that it does not know. A function that it does not know is worse
beside `var()`: the declaration is dropped only once it is computed, when an earlier one can no longer stand in for it.
"""

import re

import pytest

from visualizer.page.styles import page_css

FUNCTIONS = {
    "attr", "brightness", "calc", "clamp", "color-mix", "conic-gradient", "format", "has", "inset", "is",
    "linear-gradient", "max", "min", "minmax", "not", "radial-gradient", "repeat", "scale", "scaleX", "translate",
    "translateX", "url", "var", "where",
}  # fmt: skip
"""Each is in Safari 17.0. Not in it: light-dark() (17.5), colours from others (rgb(from …), 18.0), if()."""
AT_RULES = {"container", "font-face", "keyframes", "media"}


@pytest.fixture(scope="module")
def css():
    without_data = re.sub(r"url\([^)]*\)", "url()", page_css())
    return re.sub(r"/\*.*?\*/", "", without_data, flags=re.DOTALL)


def test_every_function_is_in_safari_17(css):
    assert set(re.findall(r"([A-Za-z-]+)\(", css)) - FUNCTIONS == set()


def test_every_at_rule_is_in_safari_17(css):
    assert set(re.findall(r"@([a-z-]+)", css)) - AT_RULES == set()
