"""What a study showed, as files: a table of its runs (CSV), a summary of its groups (Markdown), a plot (SVG, PNG)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from visualizer.export.study_plot import Column, Plot, Row
from visualizer.measure import AR_SPANS, BIN_SIZES, Interval, Order, interval_over_prompts


@dataclass(frozen=True)
class StudyRow:
    """One run: its group, prompt and seed, how it ended, the name of its recording, and its order."""

    group: str
    prompt: str
    seed: int
    ended: str
    recording: str
    order: Order


@dataclass(frozen=True)
class _Measure:
    """A line of the summary. about: what it counts."""

    name: str
    value: Callable[[Order], float | None]
    about: str
    digits: int = 2


def _bin_tau(k: int, order: Order) -> float | None:
    return order.bin_taus[k]


_MEASURES = (
    _Measure("tokens", lambda order: order.tokens, "Tokens of the answer that were committed.", 0),
    _Measure("steps", lambda order: order.steps, "Denoising steps of all blocks.", 1),
    _Measure("tokens a step", lambda order: order.tokens_a_step, "The one over the other.", 1),
    _Measure("tau-b", lambda order: order.tau,
             "Kendall's tau-b, ties counted, of the step at which a token was first accepted and its position: 1 is "
             "left to right, 0 no order."),
    _Measure("if blocks of 16", lambda order: order.control,
             "The tau-b of the same answers if every 16 positions were accepted at once, group after group."),
    _Measure("same step", lambda order: order.same_step_share, "Share of pairs of tokens that came at the same step."),
    _Measure("taken back", lambda order: order.unaccepts, "Accepted positions that became noise again, a run.", 1),
    _Measure("entropy", lambda order: order.entropy_nats, "Mean in nats when first accepted.", 3),
    _Measure("scaffold first", lambda order: order.scaffold_first,
             "Probability that a scaffold token settles before a content token; 0.5 is no order."),
    *(_Measure(f"tau-b of {size}s", partial(_bin_tau, k), f"The tau-b of bins of {size} positions.")
      for k, size in enumerate(BIN_SIZES)),
)  # fmt: skip
_PLOTTED = (
    Column("tau-b", "left to right", -1, 1, 0),
    Column("scaffold first", "scaffold first", 0, 1, 0.5),
    Column("same step", "pairs of one step", 0, 1, None),
)
_CONTROL = "if blocks of 16"


def study_csv(rows: Iterable[StudyRow]) -> str:
    """One line a run, every measure."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    spans = [f"{kind}_{span}_{way}" for kind in ("local", "global") for span in AR_SPANS for way in ("back", "forth")]
    table.writerow(
        ("group", "prompt", "seed", "ended", "recording", "tokens", "steps", "tau",
         *(f"tau_{size}" for size in BIN_SIZES), "control", "same_step_share", "unaccepts", "content_unaccepts",
         "entropy_nats", "scaffold_first", *spans)
    )  # fmt: skip
    for row in rows:
        order = row.order
        readings = [way for pair in (*order.local, *order.global_) for way in (pair or (None, None))]
        values = (order.tokens, order.steps, order.tau, *order.bin_taus, order.control, order.same_step_share,
                  order.unaccepts, order.content_unaccepts, order.entropy_nats, order.scaffold_first,
                  *readings)  # fmt: skip
        table.writerow((row.group, row.prompt, row.seed, row.ended, row.recording, *map(_plain, values)))
    return written.getvalue()


def study_markdown(title: str, rows: Sequence[StudyRow]) -> str:
    """The groups' means with their intervals, and what each measure counts."""
    groups = _groups(rows)
    lines = [f"# {title}", "", f"{len(rows)} runs of {len({row.prompt for row in rows})} prompts.", ""]
    lines += ["| measure | " + " | ".join(groups) + " |", "|---" * (len(groups) + 1) + "|"]
    for measure in _MEASURES:
        cells = [_spoken(_interval(own, measure), measure.digits) for own in groups.values()]
        if any(cell != "–" for cell in cells):
            lines.append(f"| {measure.name} | " + " | ".join(cells) + " |")
    lines += ["", "Means over prompts, each over its seeds, with a 95 % interval by bootstrap over prompts.", ""]
    lines += [f"- *{measure.name}*: {measure.about}" for measure in _MEASURES[: -len(BIN_SIZES)]]
    lines.append("- *tau-b of 4s* and so on: of bins of so many positions, each accepted with its first token.")
    return "\n".join(lines) + "\n"


def study_plot(title: str, rows: Sequence[StudyRow]) -> Plot:
    """Three measures of every group, with intervals, and of the order what blocks of 16 would score."""
    by_name = {measure.name: measure for measure in _MEASURES}
    plotted = [
        Row(
            group,
            tuple(_interval(own, by_name[column.measure]) for column in _PLOTTED),
            (_mean(_interval(own, by_name[_CONTROL])), None, None),
        )
        for group, own in _groups(rows).items()
    ]
    return Plot(title, _PLOTTED, tuple(plotted))


def _groups(rows: Sequence[StudyRow]) -> Mapping[str, list[StudyRow]]:
    groups: dict[str, list[StudyRow]] = {}
    for row in rows:
        groups.setdefault(row.group or "all", []).append(row)
    return groups


def _interval(rows: Sequence[StudyRow], measure: _Measure) -> Interval | None:
    values: dict[str, list[float]] = {}
    for row in rows:
        value = measure.value(row.order)
        if value is not None:
            values.setdefault(row.prompt, []).append(value)
    return interval_over_prompts(values)


def _mean(interval: Interval | None) -> float | None:
    return interval.mean if interval else None


def _spoken(interval: Interval | None, digits: int) -> str:
    if interval is None:
        return "–"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.{digits}f}"
    return f"{interval.mean:.{digits}f} ({interval.low:.{digits}f} to {interval.high:.{digits}f})"


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
