"""MP4 and WebP, decoded again by PyAV and Pillow."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.films import made_film
from visualizer.export.film import Picture
from visualizer.export.video import mp4_frames, write_mp4, write_webp
from visualizer.picture.pixels import Box

BT709 = 1


@pytest.fixture(scope="module")
def mp4(tmp_path_factory):
    path = tmp_path_factory.mktemp("mp4") / "a.mp4"
    film, shown = made_film([700, *[40] * 30, 2500], size=(320, 240))
    list(write_mp4(film, path))
    return path, film, shown


def test_size_frames_format_and_colour_tags(mp4):
    path, _, shown = mp4
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.width, context.height) == ("h264", "yuv420p", 320, 240)
        assert stream.frames == len(shown) == sum(1 for _ in container.decode(video=0))
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (BT709,) * 4
        assert len(container.streams) == 1


def test_every_frame_stands_its_time_and_the_last_one_too(mp4):
    path, film, _ = mp4
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert abs(stream.duration * stream.time_base - Fraction(sum(film.durations_ms), 1000)) <= Fraction(1, 50)
        starts = [float(frame.pts * frame.time_base) * 1000 for frame in container.decode(video=0)]
    assert np.allclose(starts, np.cumsum((0, *film.durations_ms[:-1])), atol=1)


def test_it_plays_before_it_is_loaded(mp4):
    data = mp4[0].read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_colours_come_back_as_they_were(tmp_path):
    """Flat fields of the theme's kind of colours: no shift by a wrong matrix or range."""
    film, _ = made_film([500], size=(96, 64))
    flat = np.array([[17, 20, 28], [74, 222, 128], [185, 154, 255], [246, 248, 255]], dtype=np.uint8)
    film.palette[:4] = flat
    indices = np.repeat(np.arange(4, dtype=np.uint8), 24)[None].repeat(64, axis=0)
    film = type(film)(film.size, film.palette, film.durations_ms, lambda: iter([(_picture(indices))]))
    list(write_mp4(film, tmp_path / "a.mp4"))
    with av.open(str(tmp_path / "a.mp4")) as container:
        frame = next(container.decode(video=0))
        shown = frame.to_ndarray(format="rgb24")
    middles = shown[32, 12::24].astype(int)
    assert abs(middles - flat.astype(int)).max() <= 6


def _picture(indices):
    return Picture(indices, (Box(0, 0, indices.shape[1], indices.shape[0]),))


def test_only_the_changed_box_is_converted_and_the_picture_is_still_whole(mp4):
    path, film, shown = mp4
    luma = film.palette @ np.array([0.2126, 0.7152, 0.0722]) * 219 / 255 + 16
    with av.open(str(path)) as container:
        for frame, indices in zip(container.decode(video=0), shown, strict=True):
            decoded = frame.to_ndarray()[:240].astype(float)
            assert 10 * np.log10(255**2 / ((decoded - luma[indices]) ** 2).mean()) > 36


def test_chroma_is_the_mean_of_four_pixels():
    film, shown = made_film([100] * 4, changes=40)
    red, green, blue = (film.palette / 255).T
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    of_colours = [128 + 224 * (blue - luma) / (2 * (1 - 0.0722)), 128 + 224 * (red - luma) / (2 * (1 - 0.2126))]
    for frame, indices in zip(mp4_frames(film), shown, strict=True):
        for plane, values in zip(frame.planes[1:], of_colours, strict=True):
            drawn = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]
            mean = values[indices].reshape(plane.height, 2, plane.width, 2).mean(axis=(1, 3))
            assert np.abs(drawn - mean).max() <= 1


@pytest.mark.parametrize("durations_ms", [[700, 30, 120, 20, 2500], [400], [100] * 12, [33, 20, 70, 900]])
def test_a_webp_has_the_exact_pixels_and_times(tmp_path, durations_ms):
    film, shown = made_film(durations_ms)
    list(write_webp(film, tmp_path / "a.webp"))
    with Image.open(tmp_path / "a.webp") as image:
        assert image.n_frames == len(shown)
        seen = []
        for number, indices in enumerate(shown):
            image.seek(number)
            image.load()
            seen.append(image.info.get("duration"))
            assert np.array_equal(np.array(image.convert("RGB")), film.palette[indices])
        if len(shown) > 1:
            assert seen == durations_ms
            assert image.info["loop"] == 0
