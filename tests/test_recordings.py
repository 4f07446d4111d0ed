"""How the gallery's recordings are chosen: what is fit, what counts, and that the best of the seeds is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.made_traces import landing_trace
from training.recordings import best_of, count_changes_of_mind, is_fit, main, score
from visualizer.bundled import POCKET_FOLDER, RECORDINGS_FOLDER
from visualizer.model import load_checkpoint, read_card
from visualizer.prompts import load_prompts
from visualizer.trace import Trace, load_trace

POEM = "Write a two-line poem where the lines start with the letters O, C in that order."
CELLS = ["O", "cean", " sings", "\n", "C", "alm", " now", "<end>"]


def poem(landed_at, cells=CELLS) -> Trace:
    """A two-line acrostic whose cells land at these steps."""
    return landing_trace(cells, landed_at, prompt=POEM, special=("<end>",))


def taken_back(trace: Trace, index: int, position: int) -> Trace:
    """The same, but at one state one position is noise again."""
    states = list(trace.states)
    accepted = states[index].accepted.copy()
    accepted[position] = False
    states[index] = replace(states[index], accepted=accepted)
    return replace(trace, states=tuple(states))


def test_a_run_is_fit_when_it_has_ended_met_its_constraints_and_does_not_stutter():
    run = poem([1, 4, 5, 1, 1, 6, 7, 1])
    assert is_fit(run)
    assert not is_fit(replace(run, ended="length"))
    assert not is_fit(poem([1] * 8, ["O", "cean", " ocean", "\n", "X", "alm", " now", "<end>"]))
    stutter = ["O", "cean", " sings", " sings", "\n", "C", "alm", "<end>"]
    assert not is_fit(replace(poem([1] * 8, stutter), answers=("Ocean sings sings\nCalm",)))


def test_scaffold_that_settles_early_scores_and_so_does_a_run_of_a_length_to_watch():
    early, late = poem([1, 14, 15, 1, 1, 15, 15, 1]), poem([15, 1, 1, 15, 15, 1, 1, 1])
    assert score(early) > score(late) + 0.5
    short = poem([1, 2, 3, 1, 1, 3, 3, 1])
    assert score(early) - score(short) == pytest.approx(9 / 12)  # 3 steps are 9 short of the 12 that are whole
    long = poem([1, 35, 36, 1, 1, 36, 36, 1])
    assert score(early) - score(long) == pytest.approx(6 / 12)


def test_changes_of_mind_score_up_to_four():
    run = poem([1, 14, 15, 1, 1, 15, 15, 1])
    assert count_changes_of_mind(run) == 0
    once = taken_back(run, 5, 4)
    assert count_changes_of_mind(once) == 1
    assert score(once) - score(run) > 0.1
    often = taken_back(taken_back(taken_back(taken_back(taken_back(run, 3, 3), 5, 3), 7, 3), 9, 3), 11, 3)
    assert count_changes_of_mind(often) == 5
    assert score(often) <= score(run) + 1 + 1e-9


@pytest.mark.parametrize("seeds", [3])
def test_the_best_of_the_seeds_is_kept_and_says_among_how_many(seeds):
    prompt = next(prompt for prompt in load_prompts() if prompt.id == "why")
    checkpoint = load_checkpoint(read_card(POCKET_FOLDER))
    best = best_of(checkpoint, prompt, seeds)
    assert best is not None and is_fit(best)
    assert best.info.chosen_among == seeds
    assert best.info.settings.seed in range(1, seeds + 1)
    others = [run for n in range(1, seeds + 1) if (run := best_of(checkpoint, prompt, n)) is not None]
    assert max(map(score, others)) == score(best)


def test_recordings_are_made_by_a_command(tmp_path, capsys):
    assert main(["--folder", str(tmp_path), "--prompt", "why", "--seeds", "2"]) == 0
    trace = load_trace(tmp_path / "why.jsonl.gz")
    assert trace.info.chosen_among == 2
    assert trace.answer in capsys.readouterr().out.replace("\n  ", "\n")


@pytest.mark.parametrize("prompt", load_prompts(), ids=lambda prompt: prompt.id)
def test_the_gallery_is_of_the_shipped_checkpoint_and_says_among_how_many_it_was_chosen(prompt):
    trace = load_trace(RECORDINGS_FOLDER / f"{prompt.id}.jsonl.gz")
    card = read_card(POCKET_FOLDER)
    assert trace.info.fingerprint == card.fingerprint
    assert trace.info.prompt == prompt.text
    settings = card.defaults.changed(max_tokens=prompt.budget, seed=trace.info.settings.seed)
    assert trace.info.settings == settings
    assert trace.info.chosen_among == 200
    assert is_fit(trace)
    assert count_changes_of_mind(trace) >= 4
    assert all(state.ending is not None for state in trace.states if state.step)
