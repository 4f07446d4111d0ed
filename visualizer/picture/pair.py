"""Two recordings as one picture on one clock: side by side, or stacked where it is tall.

Of a race, a denoised run and the same prompt typed, the clock is the recorded time of each, from its own beginning;
where one side was drawn and not run it is the forward passes, since there is no time to compare. Any two other runs are
compared: step for step, each moment as long as the side that has more to tell asks for, or by their recorded time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from visualizer.errors import SettingsError
from visualizer.measure import Score, apart, direction_of, is_race, scores_of, times_apart, verdict
from visualizer.picture.foot import Foot
from visualizer.picture.glyphs import Glyphs
from visualizer.picture.head import set_head
from visualizer.picture.legend import legend_columns
from visualizer.picture.lettering import Lettering, line_metrics
from visualizer.picture.line_breaks import shortened
from visualizer.picture.measures import Measures
from visualizer.picture.options import Pacing, SceneOptions
from visualizer.picture.pixels import Box
from visualizer.picture.scene import ENDINGS, MadeFrames, OwnStage, Scene, SceneFrame, build_scene, captions_of
from visualizer.picture.stage import SEPARATOR, Billing, Stage, Words
from visualizer.picture.subtitle import Subtitle
from visualizer.picture.text_fit import MAX_FONT_UNITS, Need, fit_text
from visualizer.picture.timing import SHORTEST_MS, STEP_MS
from visualizer.theme import THEMES
from visualizer.trace import Finish, Phase, Trace, Writing

RACE_TITLES = {
    Writing.DENOISED: "Denoised, in any order",
    Writing.TYPED: "Typed, left to right",
    Writing.DRAWN: "The same text as if typed: drawn, not run",
}
_BY_TIME = "one clock: the recorded time of each, which ran alone"
_BY_PASSES = "one clock: forward passes; what is drawn and not run has no time"
_BY_STEPS = "one clock: step for step"
_ALIKE = ("one run", "another, of the same settings")

_SMALLEST_PX = 6
"""Of the verdict, which is never cut off."""


@dataclass(frozen=True, eq=False)
class Pair:
    """frame: the picture around the two, its frames without cells. lanes: the two; corners: where each stands on it.

    moments: of every picture of the film, the frame of each lane that stands. moment: the one with most to tell.
    """

    frame: Scene
    lanes: tuple[Scene, Scene]
    corners: tuple[tuple[int, int], tuple[int, int]]
    moments: tuple[tuple[int, int], ...]
    moment: int

    def frames(self, number: int) -> tuple[SceneFrame, SceneFrame, SceneFrame]:
        """What stands at a moment: around the lanes, and in each."""
        left, right = (lane.frames[index] for lane, index in zip(self.lanes, self.moments[number], strict=True))
        return self.frame.frames[number], left, right


@dataclass(frozen=True)
class _Surroundings:
    """The stage around two lanes, and the room of each, in pixels at 1×."""

    stage: Stage
    rooms: tuple[Box, Box]


def build_pair(left: Trace, right: Trace, options: SceneOptions, glyphs: Glyphs | None = None) -> Pair:
    """Two recordings beside one another.

    Raises SettingsError where one of them holds no step, or the picture has no height of its own.
    """
    if options.height is None:
        raise SettingsError("Two runs beside one another need a picture of a given height.")
    traces = (left, right)
    if not all(any(state.phase is Phase.STEP for state in trace.states) for trace in traces):
        raise SettingsError("Two runs are needed, and one of these ended before its first step.")
    glyphs = glyphs or Glyphs()
    measures = Measures(options.width, options.height)
    raced, timed = is_race(left.info, right.info), all(trace.info.writing is not Writing.DRAWN for trace in traces)
    by_time = timed and (raced or options.pacing is Pacing.REAL)
    clock = (times_apart(left.info, right.info) or _BY_TIME) if by_time else _BY_PASSES if not timed else _BY_STEPS
    result = SEPARATOR.join(verdict(left, right)) if raced else ""
    prompt = left.info.prompt if left.info.prompt == right.info.prompt and options.prompt else ""
    held = any(trace.info.draft.pinned for trace in traces)
    columns = legend_columns(options.view, held) if options.legend else 0
    around = _surroundings((prompt, result, clock), measures, Lettering(glyphs), columns, held)
    own = replace(options, frame_step=1, loop_start=0.0)
    if raced or not timed:
        own = replace(own, pacing=Pacing.REAL)
    said = captions_of(direction_of(left)) | captions_of(direction_of(right))
    lanes = [
        _lane(trace, title, said, own, room, measures, glyphs)
        for trace, title, room in zip(traces, _titles(left, right), around.rooms, strict=True)
    ]
    if by_time or not timed:
        starts = [_starts_ms(scores_of(trace), timed, options.speed) for trace in traces]
        moments, durations = _on_one_clock(starts[0], starts[1], options)
    else:
        moments, durations = _step_for_step(lanes[0].durations_ms, lanes[1].durations_ms)
    ended = [len(lane.frames) - 1 for lane in lanes]
    frames = tuple(
        SceneFrame(duration, 0, (), result if [*moment] == ended else "", (number + 1) / len(moments))
        for number, (moment, duration) in enumerate(zip(moments, durations, strict=True))
    )
    scale = options.scale
    corners = [(room.left * scale, room.top * scale) for room in around.rooms]
    half = len(moments) // 2
    return Pair(
        Scene(options, THEMES[options.theme], around.stage.scaled(scale), frames, durations, glyphs),
        (lanes[0], lanes[1]),
        (corners[0], corners[1]),
        moments,
        half if raced else next((n for n, (index, _) in enumerate(moments) if index >= lanes[0].moment), half),
    )


def _titles(left: Trace, right: Trace) -> tuple[str, str]:
    """What each side is called: how it was written, or what it has that the other has not."""
    if is_race(left.info, right.info):
        return RACE_TITLES[left.info.writing], RACE_TITLES[right.info.writing]
    one, other = (SEPARATOR.join(facts) for facts in apart(left.info, right.info))
    return (one, other) if one else _ALIKE


def _step_for_step(left: Sequence[int], right: Sequence[int]) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """Which state of either side stands at each moment, and for how long: as long as the side that needs longer.

    left, right: how long each state stands alone. A side that has ended waits for the other.
    """
    lasts = (len(left) - 1, len(right) - 1)
    moments, durations = [], []
    for number in range(max(lasts) + 1):
        places = (min(number, lasts[0]), min(number, lasts[1]))
        going = [side[number] for side, last in zip((left, right), lasts, strict=True) if number < last]
        moments.append(places)
        durations.append(max(going) if going else max(left[-1], right[-1]))
    return tuple(moments), tuple(durations)


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
    said: tuple[str, str, str], measures: Measures, lettering: Lettering, columns: int, holds: bool
) -> _Surroundings:
    """The prompt above; the verdict, legend and clock below; and the lanes between: beside each other, or stacked.

    said: prompt, verdict, clock. columns: of the legend, 0 for none; holds: it explains what a draft holds.
    """
    prompt, result, clock = said
    assert measures.height is not None
    px = measures.px
    head = set_head(Billing(prompt, "", (), "", 0, ("", ""), progress=True), measures, lettering)
    font_px, note_px = px(17), px(13)
    while font_px > _SMALLEST_PX and lettering.width(result, font_px, bold=True) > measures.room:
        font_px -= 1
    note = shortened(clock, lambda text: lettering.width(text, note_px), measures.room)
    foot = Foot(Billing("", "", (), "", columns, (note, note), progress=True, holds=holds), measures, lettering)
    bottom = measures.height - foot.height - (line_metrics(font_px).line_px + px(5) if result else 0)
    if measures.is_tall:
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
        status=Words(measures.margin, bottom + px(9), "", font_px, True, "accent") if result else None,
        legend=foot.legend(measures.height),
        progress=Box(0, measures.height - px(5), measures.width, px(5)),
    )
    return _Surroundings(stage, rooms)


def _lane(
    trace: Trace,
    title: str,
    said: frozenset[str],
    options: SceneOptions,
    room: Box,
    measures: Measures,
    glyphs: Glyphs,
) -> Scene:
    """One side: its title and who wrote it, its score, its canvas, its caption. said: captions of both sides."""
    px = measures.px
    own = replace(measures, width=room.width, height=room.height, unit_of=measures)
    lettering = Lettering(glyphs)
    title_px, name_px, score_px, more_px = px(18), px(15), px(15), px(13)
    while title_px > px(12) and lettering.width(title, title_px, bold=True) > own.room:
        title_px -= 1
    score_top = px(8) + line_metrics(title_px).line_px
    top = score_top + line_metrics(score_px).line_px + px(14)

    texts = _statuses(trace, lambda words: lettering.width(words, score_px) <= own.room)
    while score_px > px(10) and max(lettering.width(words, score_px) for words in texts) > own.room:
        score_px -= 1

    def set_lane(need: Need, subtitle: Subtitle) -> Stage:
        bottom = room.height - subtitle.height
        fit = fit_text(need, own, bottom - top - px(8), MAX_FONT_UNITS)
        shown = shortened(title, lambda text: lettering.width(text, title_px, bold=True), own.room)
        name_left = own.margin + lettering.width(shown, title_px, bold=True) + px(14)
        facts = _facts(trace, title)
        while facts and lettering.width(SEPARATOR.join(facts), name_px) > own.right - name_left:
            facts.pop()
        name = SEPARATOR.join(facts)
        drop = (line_metrics(title_px).line_px - line_metrics(name_px).line_px) // 2
        more = line_metrics(more_px).line_px
        spare = max(0, bottom - top - px(8) - fit.rows * fit.metrics.line_px)
        return Stage(
            size=(room.width, room.height),
            metrics=fit.metrics,
            left=own.margin,
            top=top + spare // 3,
            columns=fit.columns,
            rows=max(1, (bottom - top - (spare // 3 if spare else more)) // fit.metrics.line_px),
            words=(
                Words(own.margin, px(8), shown, title_px, True, "text"),
                Words(name_left, px(8) + drop, name, name_px, False, "quiet"),
            ),
            status=Words(own.margin, score_top, "", score_px, False, "text"),
            caption=subtitle.places(room.height),
            above=Words(0, top - more, "", more_px, False, "quiet", own.right),
            below=Words(0, bottom - more, "", more_px, False, "quiet", own.right),
        )

    lane = build_scene(trace, options, glyphs, OwnStage(own, set_lane, said))
    return replace(lane, frames=_Scored(lane.frames, texts))


def _facts(trace: Trace, title: str) -> list[str]:
    """Which model wrote, from which seed, and what it was asked beside the prompt, where the title does not say it;
    nobody wrote what was drawn."""
    if trace.info.writing is Writing.DRAWN:
        return []
    settings = trace.info.settings
    facts = [trace.info.checkpoint, trace.info.seed_in_words, *(["thinking"] if settings.think else [])]
    facts += ["system prompt"] if settings.system else []
    return [fact for fact in facts if fact not in title]


class _Scored(MadeFrames):
    """Frames of a lane that say how far it is. words: of every state."""

    def __init__(self, frames: Sequence[SceneFrame], words: Sequence[str]) -> None:
        self._frames, self._words = frames, words

    def __len__(self) -> int:
        return len(self._frames)

    def made(self, place: int) -> SceneFrame:
        """With its side's score for a status."""
        frame = self._frames[place]
        return replace(frame, status=self._words[frame.state_index])


def _statuses(trace: Trace, fits: Callable[[str], bool]) -> list[str]:
    """How far a side is at every state, in fewer words where the longest would not fit."""
    for full in (True, False):
        texts = [_score_words(score, trace.info.writing, full) for score in scores_of(trace)]
        if full or trace.ended != Finish.STOP_TOKEN.value:
            texts[-1] += f"{SEPARATOR}{ENDINGS[trace.ended]}"
        if all(map(fits, texts)):
            break
    return texts


def _score_words(score: Score, writing: Writing, full: bool) -> str:
    what = "forward pass" if full else "pass"
    passes = _counted(score.passes, what, f"{what}es")
    parts = [f"{passes} if typed" if writing is Writing.DRAWN else passes]
    parts += [f"{score.seconds:.2f} s"] if score.seconds is not None else []
    return SEPARATOR.join([*parts, _counted(score.tokens, "token", "tokens")])


def _counted(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
