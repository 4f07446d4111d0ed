"""A study: prompts from a file, runs that are gone on with, intervals over prompts, tables and plots."""

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import imageio.v3
import numpy as np
import pytest

from tests.support import failing_child
from tests.support.made_traces import landing_trace
from visualizer.__main__ import main
from visualizer.bundled import POCKET_FOLDER, PROMPTS_FOLDER
from visualizer.errors import EngineError, SettingsError
from visualizer.export import StudyRow, plot_png, plot_svg, study_csv, study_markdown, study_plot
from visualizer.learned import unlearned
from visualizer.measure import Interval, interval_over_prompts, order_of
from visualizer.model import read_card
from visualizer.run import Engine, plan_study, read_probes, run_study
from visualizer.run import engine as engine_module
from visualizer.trace import load_trace

SHORT = {"canvas_length": 16, "max_steps": 2, "max_tokens": 16}
FLAGS = ["--canvas-length", "16", "--max-steps", "2", "--max-tokens", "16"]


def told(runs):
    return [type(result).__name__ for _, result in runs]


@pytest.fixture(scope="module")
def card():
    return read_card(POCKET_FOLDER)


@pytest.fixture
def study(card, tmp_path):
    """Makes the plan of a study of these prompts."""

    def plan(*prompts, seeds=(1,), **knobs):
        (tmp_path / "prompts.txt").write_text("\n".join(prompts), encoding="utf-8")
        return plan_study(card, read_probes(tmp_path / "prompts.txt"), seeds, SHORT | knobs, tmp_path / "study")

    return plan


# ---- Prompts ---------------------------------------------------------------------------------------------------------


def test_prompts_are_lines_and_groups_their_headings(tmp_path):
    (tmp_path / "a.txt").write_text("Hello.\n\n# poems\n  A haiku. \nA limerick.\nA haiku.\n", encoding="utf-8")
    probes = [(probe.group, probe.prompt) for probe in read_probes(tmp_path / "a.txt")]
    assert probes == [("", "Hello."), ("poems", "A haiku."), ("poems", "A limerick.")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\n# poems\n", "holds no prompt"), (b"\xff", "not valid UTF-8"), (None, "cannot be read: no such file")],
)
def test_a_file_without_prompts_is_refused(tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(SettingsError, match=sentence):
        read_probes(tmp_path / "a.txt")


def test_the_probes_that_ship_have_several_prompts_a_group_and_the_pocket_knows_its_own():
    for name in ("probes.txt", "pocket.txt"):
        probes = read_probes(PROMPTS_FOLDER / name)
        groups = [probe.group for probe in probes]
        assert len(set(groups)) == 6
        assert min(groups.count(group) for group in groups) >= 3
    assert [probe.prompt for probe in probes if unlearned("pocket-diffusiongemma", probe.prompt)] == []


# ---- Runs ------------------------------------------------------------------------------------------------------------


def test_every_prompt_is_run_from_one_seed_before_the_next(study):
    names = [run.path.name for run in study("One: two?", "Ünd", seeds=(3, 4))]
    assert names == ["001-one-two-seed-3.jsonl.gz", "002-nd-seed-3.jsonl.gz", "001-one-two-seed-4.jsonl.gz",
                     "002-nd-seed-4.jsonl.gz"]  # fmt: skip


def test_a_study_goes_on_where_it_stopped_and_one_crash_loses_one_run(card, study, monkeypatch):
    monkeypatch.setattr(engine_module, "serve", failing_child.serve)
    engine, runs = Engine(card), study("One.", "kill", "Two.")
    try:
        assert told(run_study(engine, runs, lambda words: None)) == ["Trace", "EngineError", "Trace"]
        assert [run.path.is_file() for run in runs] == [True, False, True]
        before = [runs[0].path.stat().st_ino, runs[2].path.stat().st_ino]
        runs[2].path.write_bytes(b"damaged")
        assert told(run_study(engine, runs, lambda words: None)) == ["Trace", "EngineError", "Trace"]
        assert runs[0].path.stat().st_ino == before[0]
        assert load_trace(runs[2].path).info.prompt == "Two."
        with pytest.raises(SettingsError, match="made by another checkpoint, or with another prompt or other knobs"):
            list(run_study(engine, study("One.", max_steps=3), lambda words: None))
        with pytest.raises(EngineError):
            list(run_study(engine, study("kill", "abort", "raise: all"), lambda words: None))
    finally:
        engine.close()


def test_the_command_writes_recordings_table_summary_and_plots(tmp_path, capsys):
    (tmp_path / "prompts.txt").write_text("# greetings\nHello.\nGood day.\n", encoding="utf-8")
    arguments = ["study", str(tmp_path / "prompts.txt"), "--seeds", "1", "-o", str(tmp_path / "study"), *FLAGS]
    assert main(arguments) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("001-hello-seed-1 (1 of 2): 2 steps")
    assert said[-1].endswith("runs.csv, summary.md, plot.svg, plot.png of 2 runs")
    names = sorted(path.name for path in (tmp_path / "study").rglob("*") if path.is_file())
    assert names == ["001-hello-seed-1.jsonl.gz", "002-good-day-seed-1.jsonl.gz", "plot.png", "plot.svg", "runs.csv",
                     "summary.md"]  # fmt: skip
    assert "| measure | greetings |" in (tmp_path / "study" / "summary.md").read_text(encoding="utf-8")


def test_no_seed_is_asked_wrongly(tmp_path, capsys):
    assert main(["study", "prompts.txt", "--seeds", "0", "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "A study needs a seed or more, not 0.\n"


# ---- Statistics ------------------------------------------------------------------------------------------------------


def test_an_interval_is_over_prompts_whatever_the_number_of_seeds():
    once = interval_over_prompts({"a": [0.0], "b": [1.0], "c": [0.5]})
    assert once == interval_over_prompts({"a": [0.0] * 9, "b": [1.0] * 9, "c": [0.5] * 9})
    assert once.mean == 0.5
    assert 0 <= once.low < 0.5 < once.high <= 1
    assert interval_over_prompts({"a": [1.0, 3.0]}) == Interval(2.0, None, None)
    assert interval_over_prompts({"a": []}) is None


def test_an_interval_holds_the_mean_nineteen_times_of_twenty():
    rng = np.random.default_rng(1)
    holds = 0
    for _ in range(200):
        interval = interval_over_prompts({str(k): [value] for k, value in enumerate(rng.normal(0, 1, 30))})
        holds += interval.low <= 0 <= interval.high
    assert 180 <= holds <= 198


# ---- Tables and plots ------------------------------------------------------------------------------------------------


def rows():
    forth = order_of(landing_trace([" a", " b", " c"], [1, 2, 3]))
    back = order_of(landing_trace([" a", " b", " c"], [3, 2, 1]))
    return [
        StudyRow("poems", "One.", 1, "stop", "1.jsonl.gz", forth),
        StudyRow("poems", "Two.", 1, "stop", "2.jsonl.gz", back),
        StudyRow("<JSON>", "Three.", 1, "length", "3.jsonl.gz", replace(forth, tau=None, scaffold_first=None)),
    ]


def test_the_table_has_every_run_and_measure():
    header, first, *_, last = csv.reader(io.StringIO(study_csv(rows())))
    assert len(header) == len(set(header)) == len(first) == 31
    named = dict(zip(header, first, strict=True))
    assert [named[key] for key in ("group", "seed", "tau", "tau_4", "local_1_back", "recording")] == [
        "poems", "1", "1", "", "1", "1.jsonl.gz",
    ]  # fmt: skip
    assert last[header.index("tau")] == ""


def test_the_summary_has_a_column_a_group_and_says_what_is_counted():
    text = study_markdown("pocket, 1 seed", rows())
    assert "3 runs of 3 prompts." in text
    assert "| measure | poems | <JSON> |" in text
    assert "| tau-b | 0.00 (-1.00 to 1.00) | – |" in text
    assert "tau-b of 64s" not in text
    assert "- *same step*: Share of pairs" in text


def test_the_plot_is_the_same_as_svg_and_as_png():
    plot = study_plot("pocket & 1 seed", rows())
    width, height = plot.size
    picture = ElementTree.fromstring(plot_svg(plot))
    assert picture.get("viewBox") == f"0 0 {width} {height}"
    texts = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"pocket & 1 seed", "poems", "<JSON>", "−1"} <= set(texts)
    dot = next(node for node in picture.iter("{http://www.w3.org/2000/svg}circle") if node.get("r") == "5")
    pixels = imageio.v3.imread(plot_png(plot))
    assert pixels.shape == (2 * height, 2 * width, 3)
    x, y = (round(2 * float(dot.get(name))) for name in ("cx", "cy"))
    assert dot.get("fill") == "#" + "".join(f"{value:02x}" for value in pixels[y, x].tolist())
