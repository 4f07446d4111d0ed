"""Measures a checkpoint on the demo prompts and on unseen words and sentences, through the viewer's own pipeline.

`python -m training.evaluate [CHECKPOINT_FOLDER] [--seeds 20] [--json FILE] [--family NAME ...]` prints Markdown tables.
One pass: plan the jobs, run each, score what they gave. The scores are pure functions of texts, ids and states.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from training.corpus import FAMILIES, acrostic, story
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import VisualizerError
from visualizer.measure import parses, scaffold_first
from visualizer.model import Checkpoint, load_checkpoint, read_card
from visualizer.run import run_info
from visualizer.run.frames import frames
from visualizer.settings import Sampler
from visualizer.trace import CanvasState, Part, Phase, Trace, reverted, trace_of, trace_parts

UNSEEN_TOPIC = "the ocean"
CONFIDENCE_SEEDS = 3
"""Runs of each demo prompt with the confidence-threshold sampler, which only the commit is checked on."""

_LANGUAGE_SAMPLES = 4000
_RESAMPLES = 4000
_LIST_MARKER = re.compile(r"^\d+\. [A-Z][a-z]+: ")
_SENTENCE_BREAK = re.compile(r"(?<=[.!?])\s+")
_STUTTER = re.compile(r"\b([^\W\d_]+)[\s,]+\1\b", re.IGNORECASE)
_SUMMARY = re.compile(r'"""(.*?)(?="""|>>>|\Z)', re.DOTALL)


@dataclass(frozen=True)
class Language:
    """What the sentences of a family are made of.

    words: as they stand within a sentence, first words without their capital. tails: sentences less their first word.
    """

    words: frozenset[str]
    tails: frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Job:
    """One run to be made. unseen: the word or sentence that the corpus never asks for, of a run that asks for it."""

    family: str
    prompt: str
    sampler: Sampler
    seed: int
    unseen: str | None = None


@dataclass(frozen=True)
class DemoFigures:
    """Shares of a demo prompt's runs, and their mean numbers of steps and of answer tokens that were taken back."""

    family: str
    runs: int
    meets_constraint: float
    free_of_stutters: float
    free_of_broken_sentences: float
    free_of_spliced_sentences: float
    stopped_early: float
    mean_steps: float
    mean_reversions: float


@dataclass(frozen=True)
class UnseenFigures:
    """Prompts that the corpus never asks, one run each. missed: the words or sentences that went wrong."""

    family: str
    runs: int
    right: float
    missed: tuple[str, ...]


@dataclass(frozen=True)
class ScaffoldFigures:
    """When scaffold and content settle: the mean over runs of their probability with its interval, and medians over all
    tokens."""

    family: str
    runs: int
    probability_first: float
    interval: tuple[float, float]
    scaffold_median_step: float
    content_median_step: float


@dataclass(frozen=True)
class CommitFigures:
    """Share of a sampler's runs whose committed answer is the text of the last state drawn."""

    sampler: str
    runs: int
    same_text: float


@dataclass(frozen=True)
class Figures:
    """Everything measured on one checkpoint."""

    checkpoint: str
    seeds: int
    demos: tuple[DemoFigures, ...]
    unseen: tuple[UnseenFigures, ...]
    scaffold: tuple[ScaffoldFigures, ...]
    commits: tuple[CommitFigures, ...]


def prose(family: str, answer: str) -> str:
    """The part of an answer that is prose: all of it, of a function the summary line of its docstring."""
    if family != "function":
        return answer
    summary = _SUMMARY.search(answer)
    return summary[1].strip() if summary else ""


def sentences(text: str) -> list[str]:
    """The sentences and verse lines of a text, without list markers."""
    lines = (_LIST_MARKER.sub("", line.strip()) for line in text.split("\n") if line.strip())
    return [sentence for line in lines for sentence in _SENTENCE_BREAK.split(line)]


def language_of(texts: Iterable[str]) -> Language:
    """The words and sentences of right answers."""
    words: set[str] = set()
    tails: set[tuple[str, ...]] = set()
    for sentence in {sentence for text in texts for sentence in sentences(text)}:
        first, *tail = _words(sentence)
        words.update((_without_capital(first), *tail))
        tails.add(tuple(tail))
    return Language(frozenset(words), frozenset(tails))


def stutters(text: str) -> list[str]:
    """The words that stand twice in a row."""
    return [match[1] for match in _STUTTER.finditer(text)]


def broken_sentences(text: str, language: Language) -> list[str]:
    """The sentences that lack a capital, a known word, a space or a proper end; an empty text is one of them.

    A verse line may end with a comma when another follows.
    """
    found = sentences(text) or [""]
    last = len(found) - 1
    return [found[index] for index in range(len(found)) if not _is_sound(found[index], language, index < last)]


def spliced_sentences(text: str, prompt: str, language: Language) -> list[str]:
    """The sentences that neither the corpus (their first word aside) nor the prompt has.

    The corpus draws its sentences whole, so such a sentence is most often one half of one and one half of another.
    """
    return [
        sentence
        for sentence in sentences(text)
        if tuple(_words(sentence)[1:]) not in language.tails and sentence not in prompt
    ]


def stopped_early(states: Sequence[CanvasState]) -> bool:
    """Whether the stop rule ended every block before its last step."""
    return all(state.step < state.max_steps for state in states if state.phase is Phase.COMMIT)


def count_steps(states: Sequence[CanvasState]) -> int:
    """Denoising steps over all blocks."""
    return sum(state.phase is Phase.STEP for state in states)


def count_reversions(trace: Trace) -> int:
    """How often an answer's token was accepted and then noise again."""
    parts = trace_parts(trace)
    pairs = enumerate(pairwise(trace.states), start=1)
    return sum(int((reverted(before, state) & (parts[index] == Part.ANSWER)).sum()) for index, (before, state) in pairs)


def interval_of_mean(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean, by bootstrap over the values."""
    rng = np.random.default_rng(0)
    means = rng.choice(np.array(values), (_RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def plan(families: Sequence[str], seeds: int) -> list[Job]:
    """Every run of an evaluation: the demo prompts with both samplers, then the unseen words and sentences."""
    jobs = []
    for family in families:
        prompt = FAMILIES[family].DEMO_PROMPT
        jobs += [Job(family, prompt, Sampler.ENTROPY_BOUND, seed) for seed in range(seeds)]
        confidence_seeds = range(min(seeds, CONFIDENCE_SEEDS))
        jobs += [Job(family, prompt, Sampler.CONFIDENCE_THRESHOLD, seed) for seed in confidence_seeds]
    if "acrostic" in families:
        jobs += [
            Job("acrostic", acrostic.prompt_for(word, UNSEEN_TOPIC), Sampler.ENTROPY_BOUND, seed, word)
            for seed, word in enumerate(acrostic.UNSEEN_WORDS)
        ]
    if "story" in families:
        jobs += [
            Job("story", story.prompt_for(sentence), Sampler.ENTROPY_BOUND, seed, sentence)
            for seed, sentence in enumerate(story.UNSEEN_SENTENCES)
        ]
    return jobs


def drawn_answer(trace: Trace) -> str:
    """What the commits draw of the answer, special tokens aside."""
    cells: list[str] = []
    for index, state in enumerate(trace.states):
        if state.phase is Phase.COMMIT:
            drawn = zip(state.canvas_ids.tolist(), trace.shown_texts(index), strict=True)
            cells += ["" if token_id in trace.special else cell for token_id, cell in drawn][: state.answer_length]
    return "".join(cells)


def run_jobs(checkpoint: Checkpoint, jobs: Sequence[Job]) -> Iterator[tuple[Job, Trace]]:
    """Make the runs with the checkpoint's own defaults, telling stderr about each."""
    started = time.perf_counter()
    for number, job in enumerate(jobs, start=1):
        settings = checkpoint.card.defaults.changed(sampler=job.sampler, seed=job.seed)
        info = run_info(checkpoint.card, job.prompt, settings)
        run = trace_of(info, frames(checkpoint, job.prompt, settings))
        label = f"{job.family} {job.unseen or ''}".strip()
        print(
            f"[{number}/{len(jobs)}, {time.perf_counter() - started:.0f} s] {label}, {job.sampler}, seed {job.seed}: "
            f"{count_steps(run.states)} steps",
            file=sys.stderr,
            flush=True,
        )
        yield job, run


def measure(checkpoint_name: str, seeds: int, results: Sequence[tuple[Job, Trace]]) -> Figures:
    """Score all runs."""
    demos: dict[str, list[Trace]] = {}
    unseen: dict[str, list[tuple[Job, Trace]]] = {}
    samplers: dict[Sampler, list[Trace]] = {}
    for job, run in results:
        samplers.setdefault(job.sampler, []).append(run)
        if job.unseen is not None:
            unseen.setdefault(job.family, []).append((job, run))
        elif job.sampler is Sampler.ENTROPY_BOUND:
            demos.setdefault(job.family, []).append(run)
    scaffold = (_measure_scaffold(family, runs) for family, runs in demos.items())
    return Figures(
        checkpoint=checkpoint_name,
        seeds=seeds,
        demos=tuple(measure_demo(family, runs) for family, runs in demos.items()),
        unseen=tuple(_measure_unseen(family, pairs) for family, pairs in unseen.items()),
        scaffold=tuple(figures for figures in scaffold if figures is not None),
        commits=tuple(
            CommitFigures(str(sampler), len(runs), _mean(drawn_answer(run) == run.answer for run in runs))
            for sampler, runs in samplers.items()
        ),
    )


def markdown(figures: Figures) -> str:
    """The figures as Markdown tables."""
    parts = [
        f"# {figures.checkpoint}, {figures.seeds} seeds a demo prompt",
        "## Demo prompts (entropy-bound sampler, the checkpoint's defaults)",
        markdown_table(
            ("prompt", "runs", "constraint met", "no stutter", "no broken sentence", "no spliced sentence",
             "ended by the stop rule", "mean steps", "reversions a run"),
            [
                (row.family, row.runs, percent(row.meets_constraint), percent(row.free_of_stutters),
                 percent(row.free_of_broken_sentences), percent(row.free_of_spliced_sentences),
                 percent(row.stopped_early), f"{row.mean_steps:.1f}", f"{row.mean_reversions:.1f}")
                for row in figures.demos
            ],
        ),
        "Of a function: it parses, and the summary of its docstring is the prose.",
    ]  # fmt: skip
    if figures.unseen:
        rows = [(row.family, row.runs, percent(row.right), "; ".join(row.missed) or "–") for row in figures.unseen]
        parts += ["## Never asked in training", markdown_table(("family", "runs", "right", "missed"), rows)]
    if figures.scaffold:
        header = (
            "family",
            "runs",
            "P(scaffold first)",
            "95 % interval",
            "median step, scaffold",
            "median step, content",
        )
        rows = [
            (row.family, row.runs, f"{row.probability_first:.2f}", "{:.2f}–{:.2f}".format(*row.interval),
             f"{row.scaffold_median_step:g}",
             f"{row.content_median_step:g}")
            for row in figures.scaffold
        ]  # fmt: skip
        parts += ["## Scaffold first (ties count half)", markdown_table(header, rows)]
    rows = [(row.sampler, row.runs, percent(row.same_text)) for row in figures.commits]
    parts += ["## Committed text is the last state drawn", markdown_table(("sampler", "runs", "same text"), rows)]
    return "\n\n".join(parts)


def measure_demo(family: str, runs: Sequence[Trace]) -> DemoFigures:
    """The figures of runs of one demo prompt."""
    prompt = FAMILIES[family].DEMO_PROMPT
    language = sampled_language(family)
    texts = [prose(family, run.answer) for run in runs]
    return DemoFigures(
        family=family,
        runs=len(runs),
        meets_constraint=_mean(not FAMILIES[family].violations(prompt, run.answer) for run in runs),
        free_of_stutters=_mean(not stutters(text) for text in texts),
        free_of_broken_sentences=_mean(
            not broken_sentences(text, language) and (family != "function" or parses(run.answer))
            for run, text in zip(runs, texts, strict=True)
        ),
        free_of_spliced_sentences=_mean(not spliced_sentences(text, prompt, language) for text in texts),
        stopped_early=_mean(stopped_early(run.states) for run in runs),
        mean_steps=_mean(count_steps(run.states) for run in runs),
        mean_reversions=_mean(map(count_reversions, runs)),
    )


def _measure_unseen(family: str, pairs: Sequence[tuple[Job, Trace]]) -> UnseenFigures:
    missed = tuple(str(job.unseen) for job, run in pairs if FAMILIES[family].violations(job.prompt, run.answer))
    return UnseenFigures(family, len(pairs), 1 - len(missed) / len(pairs), missed)


def _measure_scaffold(family: str, runs: Sequence[Trace]) -> ScaffoldFigures | None:
    """Over the runs that have scaffold and content; None when there are none."""
    leads = [lead for lead in map(scaffold_first, runs) if lead.probability is not None]
    if not leads:
        return None
    probabilities = [lead.probability for lead in leads]
    return ScaffoldFigures(
        family=family,
        runs=len(leads),
        probability_first=_mean(probabilities),
        interval=interval_of_mean(probabilities),
        scaffold_median_step=float(np.median(np.concatenate([lead.scaffold_steps for lead in leads]))),
        content_median_step=float(np.median(np.concatenate([lead.content_steps for lead in leads]))),
    )


def sampled_language(family: str) -> Language:
    """That of a family, from many of its answers."""
    rng = random.Random(0)
    return language_of(prose(family, FAMILIES[family].sample(rng).answer) for _ in range(_LANGUAGE_SAMPLES))


def _is_sound(sentence: str, language: Language, may_pause: bool) -> bool:
    first, *tail = _words(sentence) or [""]
    ends_well = sentence.endswith((".", "!", "?", ",") if may_pause else (".", "!", "?"))
    starts_well = first[:1].isupper() and not language.words.isdisjoint((first, _without_capital(first)))
    return ends_well and starts_well and bool(tail) and language.words.issuperset(tail)


def _words(sentence: str) -> list[str]:
    """Split at spaces, one punctuation mark taken off each word: doubled or loose marks leave a word nobody knows."""
    return [re.sub(r"[.,:;!?]$", "", chunk) for chunk in sentence.split()]


def _without_capital(word: str) -> str:
    return word[:1].lower() + word[1:]


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def percent(share: float) -> str:
    """A share in whole per cent."""
    return f"{100 * share:.0f} %"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=POCKET_FOLDER, help="the checkpoint (default: pocket)")
    parser.add_argument("--seeds", type=int, default=20, help="runs of each demo prompt (default 20)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--family", nargs="+", choices=FAMILIES, default=list(FAMILIES), help="only these families")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error("--seeds must be at least 1")
    try:
        checkpoint = load_checkpoint(read_card(arguments.folder))
        results = list(run_jobs(checkpoint, plan(list(dict.fromkeys(arguments.family)), arguments.seeds)))
    except VisualizerError as exc:
        print(exc, file=sys.stderr)
        return 1
    figures = measure(checkpoint.card.name, arguments.seeds, results)
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(figures), indent=2) + "\n", encoding="utf-8")
    print(markdown(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
