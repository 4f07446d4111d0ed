"""Tests that need letters shaped: where Pillow finds no library for it, they are skipped."""

import pytest
from PIL import features

SHAPED = pytest.mark.skipif(
    not (features.check("raqm") and features.check("fribidi")), reason="this Pillow finds no library to shape text"
)
