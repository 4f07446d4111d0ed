"""The colours can be read."""

import itertools
import re
from dataclasses import fields

import numpy as np
import pytest

from visualizer.page.styles import page_css
from visualizer.theme import SAFE, THEMES, Theme

STATES = ("masked", "new", "draft", "committed", "reverted", "changed")


def luminance(colour):
    """Relative luminance of a CSS hex colour (WCAG 2)."""
    shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("name", [*STATES, "text", "quiet"])
def test_a_state_stands_out_from_its_surface(theme, name):
    assert contrast(getattr(theme, name), theme.surface) >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_words_on_a_button_can_be_read(theme):
    assert contrast(theme.on_accent, theme.accent) >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_colours_of_the_states_differ(theme):
    colours = [getattr(theme, name) for name in STATES]
    assert len(set(colours)) == len(colours)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_colour_becomes_a_css_property(theme):
    declared = dict(re.findall(r"--c-([a-z-]+): (#[0-9a-f]{6});", theme.css_variables()))
    assert declared == {field.name.replace("_", "-"): getattr(theme, field.name) for field in fields(Theme)}


CONE_LOSS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Linear RGB as seen without one kind of cone: Machado, Oliveira and Fernandes 2009, severity 1."""


def lab_seen(colour, eyes):
    """CIELAB (D65) of a CSS hex colour as certain eyes see it."""
    shares = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = to_xyz @ np.clip(CONE_LOSS[eyes] @ linear, 0, 1) / (0.9505, 1.0, 1.089)
    x, y, z = (np.cbrt(part) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", CONE_LOSS)
def test_the_safe_states_stay_apart_for_every_pair_of_eyes(eyes):
    seen = {name: lab_seen(getattr(SAFE, name), eyes) for name in STATES}
    nearest = min(itertools.combinations(STATES, 2), key=lambda pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]))
    assert np.linalg.norm(seen[nearest[0]] - seen[nearest[1]]) >= 20, nearest


def test_the_page_knows_every_theme():
    for name, theme in THEMES.items():
        place = ":root {" if name == "dark" else f":root[data-theme={name}] {{"
        rule = next(line for line in page_css().splitlines() if line.startswith(place))
        assert theme.css_variables() in rule
