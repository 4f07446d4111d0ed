"""Two recordings of one prompt as one picture on one clock: side by side, or stacked where it is upright.

The clock is the recorded time of each, from its own beginning. Where one side was drawn and not run it is the forward
passes, since there is no time to compare.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from visualizer.errors import SettingsError
from visualizer.measure import Score, scores_of, times_apart, verdict
from visualizer.picture.foot import Foot
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.head import set_head
from visualizer.picture.legend import legend_columns
from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.line_breaks import shortened
from visualizer.picture.measures import Measures
from visualizer.picture.options import Pacing, SceneOptions
from visualizer.picture.pixels import Box
from visualizer.picture.scene import ENDINGS, MadeFrames, Scene, SceneFrame, build_scene
from visualizer.picture.stage import SEPARATOR, Billing, Stage, Words
from visualizer.picture.text_fit import MAX_FONT_UNITS, Need, fit_text
from visualizer.picture.timing import SHORTEST_MS, STEP_MS
from visualizer.theme import THEMES
from visualizer.trace import Phase, Trace, Writing

RACE_TITLES = {
    Writing.DENOISED: "Denoised, in any order",
    Writing.TYPED: "Typed, left to right",
    Writing.DRAWN: "The same text as if typed: drawn, not run",
}
_CLOCKS = {
    True: "one clock: the recorded time of each, which ran alone",
    False: "one clock: forward passes; what is drawn and not run has no time",
}

_SMALLEST_PX = 6
"""Of the verdict, which is never cut off."""


@dataclass(frozen=True, eq=False)
class Race:
    """frame: the picture around the two, its frames without cells. lanes: the two; corners: where each stands on it.

    moments: of every picture of the film, the frame of each lane that stands.
    """

    frame: Scene
    lanes: tuple[Scene, Scene]
    corners: tuple[tuple[int, int], tuple[int, int]]
    moments: tuple[tuple[int, int], ...]

    def frames(self, number: int) -> tuple[SceneFrame, SceneFrame, SceneFrame]:
        """What stands at a moment: around the lanes, and in each."""
        left, right = (lane.frames[index] for lane, index in zip(self.lanes, self.moments[number], strict=True))
        return self.frame.frames[number], left, right


@dataclass(frozen=True)
class _Surroundings:
    """The stage around two lanes, and the room of each, in pixels at 1×."""

    stage: Stage
    rooms: tuple[Box, Box]


def build_race(left: Trace, right: Trace, options: SceneOptions, glyphs: Glyphs | None = None) -> Race:
    """The race of two recordings.

    Raises SettingsError where one of them holds no step, or the picture has no height of its own.
    """
    if options.height is None:
        raise SettingsError("A race needs a picture of a given height.")
    traces = (left, right)
    if not all(any(state.phase is Phase.STEP for state in trace.states) for trace in traces):
        raise SettingsError("A race needs two runs, and one of these ended before its first step.")
    glyphs = glyphs or Glyphs()
    measures = Measures(options.width, options.height)
    timed = all(trace.info.writing is not Writing.DRAWN for trace in traces)
    clock = (times_apart(left.info, right.info) if timed else "") or _CLOCKS[timed]
    result = SEPARATOR.join(verdict(left, right))
    around = _surroundings((left.info.prompt, result, clock), measures, Lettering(glyphs), options.legend)
    lanes = [_lane(trace, options, room, measures, glyphs) for trace, room in zip(traces, around.rooms, strict=True)]
    scores = [scores_of(trace) for trace in traces]
    starts = [_starts_ms(own, timed, options.speed) for own in scores]
    moments, durations = _on_one_clock(starts[0], starts[1], options)
    ended = [len(lane.frames) - 1 for lane in lanes]
    frames = tuple(
        SceneFrame(duration, 0, (), result if [*moment] == ended else "", (number + 1) / len(moments))
        for number, (moment, duration) in enumerate(zip(moments, durations, strict=True))
    )
    scale = options.scale
    corners = [(room.left * scale, room.top * scale) for room in around.rooms]
    return Race(
        Scene(options, THEMES[options.theme], around.stage.scaled(scale), frames, durations, glyphs),
        (lanes[0], lanes[1]),
        (corners[0], corners[1]),
        moments,
    )


def _starts_ms(scores: Sequence[Score], timed: bool, speed: float) -> list[float]:
    """When every state begins: at its recorded time, or at its pass."""
    clock = [1000 * (score.seconds or 0.0) if timed else STEP_MS * score.passes for score in scores]
    return [start / speed for start in clock]


def _on_one_clock(
    left: Sequence[float], right: Sequence[float], options: SceneOptions
) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """Which state of either side stands at each moment of the film, and for how long.

    A moment is a multiple of the shortest time that a picture can stand: states that begin between two are passed over,
    so that no side is slowed down by the film.
    """
    begins = sorted({0, *(ceil(start / SHORTEST_MS) * SHORTEST_MS for start in (*left, *right))})
    moments = tuple((max(0, bisect_right(left, at) - 1), max(0, bisect_right(right, at) - 1)) for at in begins)
    durations = [after - at for at, after in pairwise(begins)]
    durations.append(max(SHORTEST_MS, options.end_hold_ms // 10 * 10))
    durations[0] = max(durations[0], options.start_hold_ms // 10 * 10)
    return moments, tuple(durations)


def _surroundings(
    said: tuple[str, str, str], measures: Measures, lettering: Lettering, has_legend: bool
) -> _Surroundings:
    """The prompt above; the verdict, legend and clock below; and the lanes between: beside each other, or stacked.

    said: prompt, verdict, clock.
    """
    prompt, result, clock = said
    assert measures.height is not None
    px = measures.px
    head = set_head(Billing(prompt, "", (), "", 0, ("", ""), progress=True), measures, lettering)
    font_px, note_px = px(17), px(13)
    while font_px > _SMALLEST_PX and lettering.width(result, font_px, bold=True) > measures.room:
        font_px -= 1
    note = shortened(clock, lambda text: lettering.width(text, note_px), measures.room)
    columns = legend_columns() if has_legend else 0
    foot = Foot(Billing("", "", (), "", columns, (note, note), progress=True), measures, lettering)
    bottom = measures.height - foot.height - line_metrics(font_px).line_px - px(5)
    if measures.is_upright:
        middle = (head.bottom + bottom) // 2
        rooms = (
            Box(0, head.bottom, measures.width, middle - head.bottom),
            Box(0, middle + px(1), measures.width, bottom - middle - px(1)),
        )
        between = Box(0, middle, measures.width, px(1))
    else:
        middle = measures.width // 2
        high = bottom - head.bottom
        rooms = (
            Box(0, head.bottom, middle, high),
            Box(middle + px(1), head.bottom, measures.width - middle - px(1), high),
        )
        between = Box(middle, head.bottom, px(1), high)
    stage = Stage(
        size=(measures.width, measures.height),
        metrics=line_metrics(note_px),
        left=measures.margin,
        top=head.bottom,
        columns=1,
        rows=1,
        words=(*head.words, foot.note(measures.height)),
        rules=(*([head.rule] if head.rule else []), between, Box(0, bottom, measures.width, px(1))),
        status=Words(measures.margin, bottom + px(9), "", font_px, True, "accent"),
        legend=foot.legend(measures.height),
        progress=Box(0, measures.height - px(5), measures.width, px(5)),
    )
    return _Surroundings(stage, rooms)


def _lane(trace: Trace, options: SceneOptions, room: Box, measures: Measures, glyphs: Glyphs) -> Scene:
    """One side: its title and who wrote it, its score, its canvas."""
    px = measures.px
    own = replace(measures, width=room.width, height=room.height, unit_of=measures)
    lettering = Lettering(glyphs)
    title_px, score_px, more_px = px(18), px(15), px(13)
    score_top = px(8) + line_metrics(title_px).line_px
    top = score_top + line_metrics(score_px).line_px + px(14)

    def set_lane(need: Need) -> Stage:
        fit = fit_text(need, own, room.height - top - px(8), MAX_FONT_UNITS)
        title = RACE_TITLES[trace.info.writing]
        name_left = own.margin + lettering.width(title, title_px, bold=True) + px(14)
        name = shortened(_facts(trace), lambda text: lettering.width(text, score_px), max(0, own.right - name_left))
        drop = (line_metrics(title_px).line_px - line_metrics(score_px).line_px) // 2
        more = line_metrics(more_px).line_px
        spare = max(0, room.height - top - px(8) - fit.rows * fit.metrics.line_px)
        return Stage(
            size=(room.width, room.height),
            metrics=fit.metrics,
            left=own.margin,
            top=top + spare // 3,
            columns=fit.columns,
            rows=max(1, (room.height - top - spare // 3) // fit.metrics.line_px),
            words=(
                Words(own.margin, px(8), title, title_px, True, "text"),
                Words(name_left, px(8) + drop, name, score_px, False, "quiet"),
            ),
            status=Words(own.margin, score_top, "", score_px, False, "text"),
            above=Words(0, top - more, "", more_px, False, "quiet", own.right),
            below=Words(0, room.height - more, "", more_px, False, "quiet", own.right),
        )

    lane = build_scene(trace, replace(options, pacing=Pacing.REAL, frame_step=1, loop_start=0.0), glyphs, set_lane)
    return replace(lane, frames=_Scored(lane.frames, trace))


def _facts(trace: Trace) -> str:
    """Which model wrote, from which seed, and what it was asked beside the prompt; nobody wrote what was drawn."""
    if trace.info.writing is Writing.DRAWN:
        return ""
    settings = trace.info.settings
    asked = [*(["thinking"] if settings.think else []), *(["system prompt"] if settings.system else [])]
    return SEPARATOR.join((trace.info.checkpoint, trace.info.seed_in_words, *asked))


class _Scored(MadeFrames):
    """Frames of a lane that say how far it is."""

    def __init__(self, frames: Sequence[SceneFrame], trace: Trace) -> None:
        self._frames = frames
        self._words = [_score_words(score, trace.info.writing) for score in scores_of(trace)]
        self._words[-1] += f"{SEPARATOR}{ENDINGS[trace.ended]}"

    def __len__(self) -> int:
        return len(self._frames)

    def made(self, place: int) -> SceneFrame:
        """With its side's score for a status."""
        frame = self._frames[place]
        return replace(frame, status=self._words[frame.state_index])


def _score_words(score: Score, writing: Writing) -> str:
    passes = _counted(score.passes, "forward pass", "forward passes")
    parts = [f"{passes} if typed" if writing is Writing.DRAWN else passes]
    parts += [f"{score.seconds:.2f} s"] if score.seconds is not None else []
    return SEPARATOR.join([*parts, _counted(score.tokens, "token", "tokens")])


def _counted(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
