"""Sizes as people write them and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.byte_sizes import read_file_size, spoken_file_size, spoken_size
from visualizer.errors import SettingsError


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 kB"), (640_400, "640 kB"), (11_000_000, "11 MB"), (16_600_000_000, "16.6 GB"), (120_000_000_000, "120 GB")],
)
def test_sizes_in_words(count, said):
    assert spoken_size(count) == said


@pytest.mark.parametrize(
    "text, count",
    [("10MB", 10_000_000), ("10", 10_000_000), (" 2.5 mb ", 2_500_000), ("500kB", 500_000), ("1MiB", 1_048_576),
     ("9b", 9)],
)  # fmt: skip
def test_sizes_are_read(text, count):
    assert read_file_size(text) == count


@pytest.mark.parametrize(
    "text", ["", "MB", "-1MB", "0", "ten", "1e9", "1 TB", "0.0000001", "9" * 30, "１０MB x", "nan"]
)
def test_what_is_no_size_is_refused_in_one_sentence(text):
    with pytest.raises(SettingsError, match="is not a file size"):
        read_file_size(text)


@given(st.integers(1, 10**12))
def test_a_files_spoken_size_is_never_smaller_than_the_size(count):
    words = spoken_file_size(count)
    if words.endswith("bytes"):
        assert words == f"{count} bytes"
    else:
        assert read_file_size(words) >= count
        assert read_file_size(words) <= count * 1.11 + 1
