"""The page's Export panel: what is chosen there, a preview of it, and the finished file to download.

Exports run in the server's worker threads, never on its event loop; cancelling closes them, and their unfinished
files go with them.
"""

from __future__ import annotations

import base64
import html
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr
from gradio.events import Dependency

from visualizer.byte_sizes import read_file_size
from visualizer.errors import UNEXPECTED, SettingsError, VisualizerError
from visualizer.export import (
    FILMS,
    FORMATS,
    PAIR_FORMATS,
    PICTURES,
    POSTABLE,
    Exported,
    alt_text,
    check_moment,
    export,
    export_pair,
    format_of,
    html_snippet,
    markdown_snippet,
    pair_alt_text,
    pair_still,
    picture_of,
    png_bytes,
    write_pair_poster,
    write_poster,
)
from visualizer.measure import is_race
from visualizer.page.folds import fold
from visualizer.page.listeners import AT_ONCE, EXPORTING, PREVIEWING
from visualizer.picture import PRESETS, Arrangement, Noise, Pacing, Pixels, SceneOptions, View
from visualizer.theme import THEMES
from visualizer.trace import Trace, file_stem

log = logging.getLogger(__name__)

_FORMAT_NAMES = {".gif": "GIF", ".mp4": "MP4", ".webp": "WebP", ".png": "PNG", ".strip.png": "PNG, six moments",
                 ".map.png": "PNG, map", ".table.png": "PNG, table", ".curves.png": "PNG, curves",
                 ".html": "HTML with player", ".csv": "CSV", ".json": "JSON", ".txt": "Text", ".jsonl": "Recording",
                 ".jsonl.gz": "Recording, .gz"}  # fmt: skip
_AROUND = ("prompt", "checkpoint", "seed", "step", "legend", "progress", "label", "scoreboard")
_MOMENTS = [("with most to tell", ""), ("0, the noise", "0"), ("0.25", "0.25"), ("0.5", "0.5"), ("0.75", "0.75"),
            ("1, the end", "1")]  # fmt: skip
_NO_LIMIT = "no limit"
_FILE_SIZES = (_NO_LIMIT, "1 MB", "2 MB", "5 MB", "10 MB")
_PREFIXES = {True: "race", False: "both"}
_SECONDS_BETWEEN_UPDATES = 0.2
_DRAW = "() => String(performance.now())"
_DRAW_OPENED = "() => [true, String(performance.now())]"
_DRAW_IF_OPEN = "(isOpen, before) => isOpen ? String(performance.now()) : before"

_Results = tuple[object, ...]
"""A value or an update of each of the panel's result components."""


class ExportPanel:
    """The panel on the page.

    trace_of_run: the run of an id; it raises VisualizerError when there is none. pair_of_run: both sides of an id that
    is a race's or a comparison's, None for any other.
    """

    def __init__(
        self, trace_of_run: Callable[[str], Trace], pair_of_run: Callable[[str], tuple[Trace, Trace] | None]
    ) -> None:
        self._trace_of_run = trace_of_run
        self._pair_of_run = pair_of_run
        self._is_open = gr.Checkbox(False, visible="hidden")
        self._draw = gr.Textbox(visible="hidden")
        """Every change of it draws the preview."""
        with fold("Export", "export") as self._panel:
            self._knobs = _knobs()
            self._preview = gr.HTML("", elem_id="export-preview", apply_default_css=False, js_on_load=None)
            with gr.Row():
                self._start = gr.Button("Export", variant="primary", elem_id="export-start", min_width=120)
                self._cancel = gr.Button("Cancel", elem_id="export-cancel", min_width=80, interactive=False)
                download = gr.DownloadButton("Download", elem_id="export-download", min_width=120, interactive=False)
                poster = gr.DownloadButton("Its poster", elem_id="export-poster", min_width=100, visible=False)
            progress = gr.HTML("", elem_id="export-progress", apply_default_css=False, js_on_load=None)
            markdown = _snippet_box("Markdown for a post", "export-markdown")
            markup = _snippet_box("HTML for a page", "export-html")
        self._results = [progress, self._start, self._cancel, download, poster, markdown, markup]

    def wire(self, shown: gr.Textbox, noted: Dependency) -> None:
        """Connect it. shown: the id of the run on show; noted: the event that sets it, when a run begins and ends."""
        looks = [shown, *self._knobs]
        # Told apart in the browser: behind a closed panel nothing reaches the server, which has a run to stream.
        self._panel.expand(None, None, [self._is_open, self._draw], js=_DRAW_OPENED, **AT_ONCE)
        self._panel.collapse(None, None, self._is_open, js="() => false", **AT_ONCE)
        noted.then(None, [self._is_open, self._draw], self._draw, js=_DRAW_IF_OPEN, **AT_ONCE)
        for knob in self._knobs:
            knob.change(None, None, self._draw, js=_DRAW, **AT_ONCE)
        previewer = _previewer(self._trace_of_run, self._pair_of_run)
        self._draw.change(previewer, looks, self._preview, trigger_mode="always_last", **PREVIEWING)
        exporting = self._start.click(
            _exporter(self._trace_of_run, self._pair_of_run), looks, self._results, trigger_mode="once", **EXPORTING
        )
        stopped = self._cancel.click(None, None, None, cancels=exporting, **AT_ONCE)
        # Only then: what the export still had under way must not come after it.
        stopped.then(lambda: _shown("Cancelled; nothing was kept."), None, self._results, **AT_ONCE)


def _snippet_box(label: str, elem_id: str) -> gr.Textbox:
    return gr.Textbox(label=label, buttons=["copy"], interactive=False, lines=3, visible=False, elem_id=elem_id)


@dataclass(frozen=True)
class _Wish:
    """What the panel's knobs say, checked."""

    suffix: str
    options: SceneOptions
    at_most_bytes: int | None
    moment: float | None


_Knob = gr.Dropdown | gr.Slider | gr.Checkbox | gr.Number | gr.CheckboxGroup


def _knobs() -> list[_Knob]:
    """The panel's knobs, in the order of `_wish`; those that few change are folded."""
    with gr.Row():
        formats = [(_FORMAT_NAMES[suffix], suffix) for suffix in FORMATS]
        sizes = [(_preset_words(name), name) for name in PRESETS]
        often: list[_Knob] = [
            gr.Dropdown(formats, value=".gif", label="Format", elem_id="export-format", min_width=220),
            gr.Dropdown(sizes, value="720p", label="Size", elem_id="export-size", min_width=140),
            _choice("Colours", THEMES, "dark", "export-theme"),
            gr.Dropdown(_FILE_SIZES, value=_NO_LIMIT, label="File size at most", allow_custom_value=True,
                        elem_id="export-at-most", min_width=120),
            gr.Checkbox(True, label="Captions", info="Of directed films.", elem_id="export-captions", min_width=100),
        ]  # fmt: skip
    with fold("More", "export-more"):
        with gr.Row():
            seldom: list[_Knob] = [
                _choice("Layout", Arrangement, Arrangement.SETTLED, "export-layout"),
                _choice("Pacing", Pacing, Pacing.DIRECTED, "export-pacing"),
                _choice("View", View, View.STATES, "export-view"),
                _choice("Noise", Noise, Noise.TOKENS, "export-noise"),
                gr.Dropdown([("1×", 1), ("2×", 2)], value=1, label="Pixels", min_width=80),
            ]
        with gr.Row():
            seldom += [
                gr.Slider(0.25, 4, 1, step=0.25, label="Speed", min_width=140),
                _number("Start hold, ms", 700, "export-start-hold"),
                _number("End hold, ms", 2500, "export-end-hold"),
                _number("Loop start, 0 to 1", 0, "export-loop-start"),
                gr.Dropdown(
                    _MOMENTS,
                    value="",
                    label="Moment of a PNG",
                    allow_custom_value=True,
                    elem_id="export-moment",
                    min_width=140,
                ),
            ]
        seldom.append(gr.CheckboxGroup(list(_AROUND), label="Without", elem_id="export-without"))
    return [*often, *seldom]


def _choice(label: str, choices: Iterable[str], value: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown([str(name) for name in choices], value=str(value), label=label, elem_id=elem_id, min_width=120)


def _number(label: str, value: float, elem_id: str) -> gr.Number:
    return gr.Number(value, label=label, elem_id=elem_id, min_width=110)


def _wish(
    suffix: str,
    preset: str,
    theme: str,
    at_most: str,
    captions: bool,
    layout: str,
    pacing: str,
    view: str,
    noise: str,
    scale: int,
    speed: float,
    start_hold_ms: float,
    end_hold_ms: float,
    loop_start: float,
    moment: str,
    without: list[str],
) -> _Wish:
    """Raises SettingsError when a knob says what cannot be."""
    if suffix not in FORMATS:
        raise SettingsError(f"There is no format {suffix!r:.40}.")
    share = _share(moment)
    options = SceneOptions.preset(
        preset, scale=scale, theme=theme, layout=layout, pacing=pacing, view=view, noise=noise, captions=captions,
        speed=speed, start_hold_ms=start_hold_ms, end_hold_ms=end_hold_ms, loop_start=loop_start,
        **{name: name not in without for name in _AROUND},
    )  # fmt: skip
    at_most_bytes = None if at_most in (_NO_LIMIT, "", None) else read_file_size(str(at_most))
    return _Wish(suffix, options, at_most_bytes, share)


def _share(moment: str) -> float | None:
    """Raises SettingsError when it is none."""
    if not moment:
        return None
    try:
        share = float(moment)
    except ValueError as exc:
        raise SettingsError(f"The moment of a picture is a share from 0 to 1, not {moment!r:.40}.") from exc
    check_moment(share)
    return share


def _preset_words(name: str) -> str:
    width, height = PRESETS[name]
    return f"{width}×{height}" if height else f"{width} wide"


def _previewer(
    trace_of_run: Callable[[str], Trace], pair_of_run: Callable[[str], tuple[Trace, Trace] | None]
) -> Callable[..., str]:
    """The function that draws a moment as it would be exported, of a film the one with most to tell."""

    def preview(run_id: str, *knobs: Any) -> str:  # noqa: ANN401 (what Gradio hands over)
        try:
            wish, trace, pair = _wish(*knobs), trace_of_run(run_id), pair_of_run(run_id)
            moment = wish.moment if wish.suffix not in FILMS else None
            if pair is not None and wish.suffix in PAIR_FORMATS:
                return _picture(pair_still(*pair, wish.options, moment), pair_alt_text(*pair))
            if wish.suffix not in PICTURES:
                return _note(f"{_FORMAT_NAMES[wish.suffix]}: {FORMATS[wish.suffix]}.")
            return _picture(picture_of(trace, wish.suffix, wish.options, moment), alt_text(trace))
        except VisualizerError as exc:
            return _note(str(exc))

    return preview


def _picture(pixels: Pixels, words: str) -> str:
    data = base64.b64encode(png_bytes(pixels)).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{_inert(words)}">'


def _exporter(
    trace_of_run: Callable[[str], Trace], pair_of_run: Callable[[str], tuple[Trace, Trace] | None]
) -> Callable[..., Iterator[_Results]]:
    """The function that exports, yielding what the panel's result components show."""

    def run_export(run_id: str, *knobs: Any) -> Iterator[_Results]:  # noqa: ANN401 (what Gradio hands over)
        try:
            wish, trace, pair = _wish(*knobs), trace_of_run(run_id), pair_of_run(run_id)
            with TemporaryDirectory(prefix="visualizer-export-") as folder:
                # Gradio copies the finished file into its cache when it is yielded; here nothing stays.
                stem = (
                    file_stem(trace)
                    if pair is None
                    else f"{_PREFIXES[is_race(pair[0].info, pair[1].info)]}-{file_stem(pair[0])}"
                )
                yield from _progress(trace, pair, Path(folder) / f"{stem}{wish.suffix}", wish)
        except VisualizerError as exc:
            yield _shown(str(exc))
        except Exception:
            log.exception("An export failed")
            yield _shown(UNEXPECTED)

    return run_export


def _progress(trace: Trace, pair: tuple[Trace, Trace] | None, target: Path, wish: _Wish) -> Iterator[_Results]:
    shown_at = float("-inf")
    if pair is None:
        running = export(trace, target, wish.options, wish.at_most_bytes, wish.moment)
    elif wish.at_most_bytes:
        raise SettingsError("Two runs are written in one size; choose no limit for them, or a smaller preset.")
    else:
        running = export_pair(*pair, target, wish.options, wish.moment)
    with closing(running) as exporting:
        for progress in exporting:
            now = time.monotonic()
            if progress.exported is not None:
                yield _finished(trace, pair, progress.exported, wish.options)
            elif now - shown_at >= _SECONDS_BETWEEN_UPDATES:
                shown_at = now
                yield _shown(progress.words, share=progress.share)


def _shown(words: str, share: float | None = None) -> _Results:
    """The result components while an export runs (with its share), or after one that made no file."""
    running = share is not None
    bar = f'<progress max="1" value="{share:.3f}"></progress>' if running else ""
    return (
        bar + _note(words),
        gr.update(interactive=not running),
        gr.update(interactive=running),
        gr.update(value=None, interactive=False),
        *(gr.update(visible=False) for _ in range(3)),
    )


def _finished(trace: Trace, pair: tuple[Trace, Trace] | None, exported: Exported, options: SceneOptions) -> _Results:
    """The result components after an export, with a film's poster and what shows the file in a post."""
    name, poster, snippets = exported.path.name, None, ("", "")
    if exported.path.suffix == ".mp4":
        write = partial(write_pair_poster, *pair) if pair else partial(write_poster, trace)
        poster = write(exported.path, options)
    if format_of(name) in POSTABLE:
        words, poster_name = pair_alt_text(*pair) if pair else alt_text(trace), poster.name if poster else None
        snippets = (
            markdown_snippet(words, name, poster_name),
            html_snippet(words, name, exported.css_size(options.scale), poster_name),
        )
    return (
        _note(f"{name}: {exported.words}."),
        gr.update(interactive=True),
        gr.update(interactive=False),
        gr.update(value=str(exported.path), interactive=True),
        gr.update(value=str(poster) if poster else None, visible=poster is not None),
        *(gr.update(value=snippet, visible=bool(snippet)) for snippet in snippets),
    )


def _note(words: str) -> str:
    return f'<p role="status">{_inert(words)}</p>'


def _inert(text: str) -> str:
    """Text as HTML that is no markup, and no part of a template either: Gradio reads `${…}` and `{{…}}` as code."""
    return re.sub(r"[${}`\\]", lambda sign: f"&#{ord(sign[0])};", html.escape(text))
