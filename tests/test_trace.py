"""Recordings: a run saved and loaded is the same run; whatever else is in a file is refused with one sentence."""

from __future__ import annotations

import gzip
import json
import pickle
import random
import re
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.canvas_samples import tiny_state
from tests.support.made_traces import made_trace, stopped_trace
from tests.support.mutations import mutate
from tests.support.old_recordings import WHY
from visualizer.draft import Draft
from visualizer.errors import TraceError
from visualizer.run.frames import frames
from visualizer.settings import Sampler, Settings
from visualizer.trace import file as trace_file
from visualizer.trace.canvas import CanvasState, Finish, Frame, Phase
from visualizer.trace.file import file_stem, load_trace, save_trace
from visualizer.trace.trace import Block, RunInfo, Trace, trace_of

VOCAB = 262_144
INFO = RunInfo(
    checkpoint="pocket", fingerprint="0123abcd", prompt="Warum ist der Himmel „blau“? 🎈\n", settings=Settings(seed=7),
    device="CPU, Linux x86_64", versions={"mlx": "0.32.4"}, started_at="2026-01-31T12:00:00Z", vocab_size=VOCAB,
)  # fmt: skip
TEXTS = st.text(max_size=5)
SHARES = st.floats(0, 1, width=32)
ENTROPIES = st.floats(-1, 1000, width=32)


def thoughts_of(commits):
    """One thought or none for each commit; nothing at all where no commit has any."""
    drawn = st.lists(st.none() | st.text(min_size=1), min_size=commits, max_size=commits)
    return drawn.map(lambda thoughts: tuple(thoughts) if any(thoughts) else ())


@st.composite
def runs(draw):
    """A run of one to three blocks, whose last one may end anywhere, as a Trace."""
    length, ranks = draw(st.integers(1, 6)), draw(st.integers(0, 4))
    ids = st.lists(st.one_of(st.integers(0, 3), st.integers(0, VOCAB - 1)), min_size=length, max_size=length)

    def array(values, dtype):
        return np.array(draw(st.lists(values, min_size=length, max_size=length)), dtype=dtype)

    def state(block, step, phase, finish=None):
        k = 0 if phase is Phase.NOISE else ranks
        return CanvasState(
            canvas_ids=np.array(draw(ids), dtype=np.int32),
            candidate_ids=np.array(draw(ids), dtype=np.int32),
            accepted=array(st.booleans(), bool),
            entropy_nats=array(ENTROPIES, np.float32),
            probability=array(SHARES, np.float32),
            top_ids=np.array([draw(ids) for _ in range(k)], dtype=np.int32).reshape(k, length).T,
            top_probabilities=np.array([array(SHARES, np.float32) for _ in range(k)], np.float32).reshape(k, length).T,
            block=block,
            step=step,
            max_steps=draw(st.integers(1, 512)),
            phase=phase,
            temperature=draw(st.floats(0.01, 10)),
            elapsed_ms=draw(st.floats(0, 1e9)),
            answer_length=draw(st.integers(0, length)),
            finish=finish,
            ending=array(SHARES, np.float32) if draw(st.booleans()) else None,
        )

    states = []
    blocks = draw(st.integers(0, 3))
    for block in range(blocks):
        steps = draw(st.integers(1, 3))
        finish = draw(st.sampled_from([None, *Finish])) if block == blocks - 1 else None
        states += [state(block, 0, Phase.NOISE)]
        states += [state(block, step, Phase.STEP) for step in range(1, steps + 1)]
        states += [state(block, steps, Phase.COMMIT, finish)]
    states = states[: draw(st.integers(0, len(states)))] if draw(st.booleans()) else states
    occurring = sorted(set().union(*(state.token_ids() for state in states)))
    positions = st.dictionaries(st.integers(0, length - 1), TEXTS, max_size=2)
    return Trace(
        info=replace(INFO, prompt=draw(st.text()), checkpoint=draw(st.text(max_size=20)),
                     versions=draw(st.dictionaries(TEXTS, TEXTS, max_size=3)),
                     settings=Settings(seed=draw(st.integers(0, 2**32 - 1)), sampler=draw(st.sampled_from(Sampler)),
                                       entropy_bound=draw(st.floats(0, 100)), think=draw(st.booleans()),
                                       system=draw(st.text(max_size=20)))),
        states=tuple(states),
        texts={token_id: draw(TEXTS) for token_id in occurring},
        special=frozenset(draw(st.lists(st.sampled_from(occurring), max_size=3)) if occurring else ()),
        overrides=tuple(draw(positions) for _ in states),
        answers=tuple(draw(st.text()) for state in states if state.phase is Phase.COMMIT),
        ended=draw(st.sampled_from(["stop", "length", "stopped", "failed"])),
        problem=draw(st.text()),
        thoughts=draw(thoughts_of(sum(state.phase is Phase.COMMIT for state in states))),
        begins_in_thought=draw(st.booleans()),
    )  # fmt: skip


def differences(one, other):
    """Names of what differs between two traces, to the last bit and the type of every array."""
    names = [f.name for f in fields(Trace) if f.name != "states" and getattr(one, f.name) != getattr(other, f.name)]
    names += ["states"] * (len(one.states) != len(other.states))
    for before, after in zip(one.states, other.states, strict=False):
        for field in fields(CanvasState):
            was, now = getattr(before, field.name), getattr(after, field.name)
            same = was == now if not isinstance(was, np.ndarray) else same_array(was, now)
            names += [] if same and type(was) is type(now) else [field.name]
    return names


def same_array(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


@given(run=runs(), packed=st.booleans())
def test_a_saved_run_is_loaded_as_it_was(tmp_path_factory, run, packed):
    path = tmp_path_factory.mktemp("trace") / ("run.jsonl" + ".gz" * packed)
    save_trace(run, path)
    assert differences(load_trace(path), run) == []


@given(st.lists(st.floats(-1, 1000, width=32), min_size=1, max_size=50))
def test_a_decimal_is_read_as_the_same_float32(values):
    array = np.array(values, dtype=np.float32)
    decimals = json.loads(json.dumps(trace_file._decimals(array)))
    assert same_array(np.array(decimals, dtype=np.float32), array)


@pytest.fixture(scope="module")
def real(checkpoint):
    settings = Settings(canvas_length=32, max_tokens=64, max_steps=4, stop_entropy=0, seed=3, temperature=1.0)
    return list(frames(checkpoint, "Name the planets 🪐.", settings))


def test_a_real_run_plays_again_as_it_was_yielded(real, checkpoint, tmp_path):
    save_trace(trace_of(INFO, real), tmp_path / "run.jsonl.gz")
    again = load_trace(tmp_path / "run.jsonl.gz")
    assert differences(again, trace_of(INFO, real)) == []
    for was, now in zip(real, again.frames(), strict=True):
        assert (was.texts, was.special, was.overrides, was.answer) == (
            now.texts, now.special, now.overrides, now.answer)  # fmt: skip
    for index, frame in enumerate(real):
        shown = frame.state.shown_ids().tolist()
        assert "".join(again.shown_texts(index)) == checkpoint.tokenizer.decode(shown, skip_special_tokens=False)
    assert again.answer == real[-1].answer
    assert again.ended == real[-1].state.finish.value


def test_a_run_on_a_written_canvas_keeps_who_wrote_what(checkpoint, tmp_path):
    settings = Settings(canvas_length=16, max_tokens=32, max_steps=2, stop_entropy=0, seed=3)
    draft = Draft({3: 204, 20: 71}, {5: 74}, {6: ((72, 0.1), (73, 0.9))}, "by hand")
    trace = trace_of(replace(INFO, draft=draft), frames(checkpoint, "Name the planets.", settings, draft))
    assert [np.flatnonzero(state.pinned).tolist() for state in trace.states] == [[3]] * 4 + [[4]] * 4
    save_trace(trace, tmp_path / "run.jsonl.gz")
    assert differences(load_trace(tmp_path / "run.jsonl.gz"), trace) == []
    header, *states = map(json.loads, gzip.decompress((tmp_path / "run.jsonl.gz").read_bytes()).decode().splitlines())
    assert header["draft"] == {
        "pinned": {"3": 204, "20": 71}, "seeded": {"5": 74}, "conditioning": {"6": [[72, 0.1], [73, 0.9]]},
        "origin": "by hand",
    }  # fmt: skip
    assert states[0]["canvas_ids"][3:6:2] == [204, 74]


def test_a_recording_of_a_canvas_that_nobody_wrote_on_has_no_word_of_it(real, tmp_path):
    save_trace(trace_of(INFO, real), tmp_path / "run.jsonl")
    assert "draft" not in json.loads((tmp_path / "run.jsonl").read_text().splitlines()[0])


def test_a_recording_says_among_how_many_seeds_it_was_chosen(tmp_path):
    trace = made_trace(["a", "b"])
    chosen = replace(trace, info=replace(trace.info, chosen_among=200))
    for name, run in (("chosen", chosen), ("first", trace)):
        save_trace(run, tmp_path / f"{name}.jsonl")
        assert load_trace(tmp_path / f"{name}.jsonl").info == run.info
    assert chosen.info.seed_in_words == "seed 0, chosen among 200 seeds"
    assert trace.info.seed_in_words == "seed 0"
    assert "chosen_among" not in json.loads((tmp_path / "first.jsonl").read_text().splitlines()[0])


def test_the_same_run_gives_the_same_bytes(real, tmp_path):
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        save_trace(trace_of(INFO, real), tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_the_file_is_read_by_a_reader_written_from_the_documentation(real, tmp_path):
    save_trace(trace_of(INFO, real), tmp_path / "run.jsonl.gz")
    header, *states = map(json.loads, gzip.decompress((tmp_path / "run.jsonl.gz").read_bytes()).decode().splitlines())
    assert (header["format"], header["version"], header["states"]) == ("diffusion-trace", 2, len(states))
    assert header["settings"] == INFO.settings.to_dict()
    assert header["settings"]["seed"] == 7
    for line, frame in zip(states, real, strict=True):
        shown = [
            canvas if flag == "1" else candidate
            for canvas, candidate, flag in zip(line["canvas_ids"], line["candidate_ids"], line["accepted"], strict=True)
        ]
        assert shown == frame.state.shown_ids().tolist()
        assert all(str(token_id) in header["texts"] for token_id in shown + line["canvas_ids"])
        assert [np.float32(value) for value in line["entropy_nats"]] == frame.state.entropy_nats.tolist()
        ranks = np.float32(line["top_probabilities"])
        assert len(ranks) == (max(8, (ranks > 0.03).sum(axis=0).max()) if line["step"] else 0)
        assert ("ending" in line) == (line["step"] > 0)


def test_version_1_opens_for_ever(tmp_path):
    assert json.loads(gzip.decompress(WHY.read_bytes()).splitlines()[0])["version"] == 1
    assert load_trace(WHY).states[1].ending is None
    assert load_trace(WHY).answer.startswith("White sunlight enters the air")
    lines = small()
    lines[0]["version"] = 1
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert load_trace(tmp_path / "run.jsonl").answer == "a"


def test_a_stopped_run_and_a_run_without_a_step_are_recordings_too(real, tmp_path):
    for count in (0, 1, 3):
        trace = trace_of(INFO, real[:count])
        save_trace(trace, tmp_path / "run.jsonl")
        assert load_trace(tmp_path / "run.jsonl").ended == "stopped"
        assert len(load_trace(tmp_path / "run.jsonl").states) == count


def small():
    """The lines of a recording of three states and two positions, as objects."""
    ranked = {"top_ids": np.int32([[5], [6]]), "top_probabilities": np.float32([[1], [0]])}
    states = [
        tiny_state([5, 6], [False, False], Phase.NOISE, step=0),
        tiny_state([5, 6], [True, False], step=1, **ranked),
        tiny_state([5, 6], [True, True], Phase.COMMIT, step=1, finish=Finish.STOP_TOKEN),
    ]
    trace = Trace(INFO, tuple(states), {5: "a", 6: "é"}, frozenset({6}), ({}, {1: "x"}, {}), ("a",), "stop")
    return [json.loads(line) for line in trace_file._lines(trace)]


def refusal(tmp_path, content, name="run.jsonl"):
    """The sentence that a file of these bytes, or of these objects, is refused with."""
    if not isinstance(content, bytes):
        content = b"".join(json.dumps(line).encode() + b"\n" for line in content)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TraceError) as caught:
        load_trace(tmp_path / name)
    sentence = str(caught.value)
    assert sentence.startswith("The recording ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


def test_the_small_recording_loads(tmp_path):
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(line) + "\n" for line in small()))
    assert load_trace(tmp_path / "run.jsonl").shown_texts(1) == ["a", "x"]


GONE = object()


@pytest.mark.parametrize(
    ("number", "field", "value", "named"),
    [
        (1, "format", "asciicast", "not a recording of a diffusion run"),
        (1, "version", 3, "line 1: version is above 2"),
        (1, "version", "2", "line 1: version"),
        (1, "states", -1, "line 1: states"),
        (1, "states", 10**9, "line 1: states"),
        (1, "states", 4, "cut off at line 5"),
        (1, "states", 2, "line 4: there are more states"),
        (1, "vocab_size", 0, "line 1: vocab_size"),
        (1, "vocab_size", 2**40, "line 1: vocab_size"),
        (1, "prompt", None, "line 1: prompt"),
        (1, "prompt", "x" * 200_001, "line 1: prompt"),
        (1, "prompt", "\ud800", "line 1: prompt"),
        (1, "checkpoint", 7, "line 1: checkpoint"),
        (1, "settings", {"seed": 1}, "line 1: settings"),
        (1, "settings", {**Settings().to_dict(), "seed": -1}, "line 1: settings is refused: The seed must be"),
        (1, "settings", {**Settings().to_dict(), "sampler": []}, "line 1: settings"),
        (1, "settings", {**Settings().to_dict(), "think": "yes"}, "line 1: settings is refused: The thinking must be"),
        (1, "settings", {**Settings().to_dict(), "heat": 1}, "line 1: settings is refused: They must be the knobs"),
        (1, "versions", {"mlx": 1}, "line 1: versions"),
        (1, "texts", {"5": "a", "6": 7}, "line 1: texts"),
        (1, "texts", {"5": "a", "6": "y" * 1001}, "line 1: texts"),
        (1, "texts", {"5": "a", "06": "b"}, "line 1: texts has a key"),
        (1, "texts", {"5": "a", "-6": "b"}, "line 1: texts has a key"),
        (1, "texts", {"5": "a", "²": "b"}, "line 1: texts has a key"),
        (1, "texts", {"5": "a", "300000": "b"}, "line 1: texts has a key"),
        (1, "texts", {"5": "a"}, "line 1: special"),
        (1, "special", [6, [6]], "line 1: special"),
        (1, "ended", "eaten", "line 1: ended"),
        (1, "begins_in_thought", 1, "line 1: begins_in_thought is not true"),
        (1, "begins_in_thought", False, "line 1: begins_in_thought is not true"),
        (1, "chosen_among", 0, "line 1: chosen_among is not a whole number from 1 to"),
        (1, "draft", [], "line 1: draft is refused: A draft is an object"),
        (1, "draft", {"pinned": {"0": VOCAB}}, "line 1: draft is refused: The draft holds the token id 262,144"),
        (1, "draft", {"pinned": {"x": 5}}, "line 1: draft is refused: A position of a draft"),
        (1, "__class__", "os.system", "line 1: '__class__' is an unknown field"),
        (1, "device", GONE, "line 1: device is missing"),
        (3, "accepted", "12", "line 3: accepted"),
        (3, "accepted", "1", "line 3: canvas_ids"),
        (3, "accepted", "", "line 3: accepted"),
        (3, "canvas_ids", [5, 7], "line 3: canvas_ids holds an id that line 1 gives no text of"),
        (3, "canvas_ids", [5, -1], "line 3: canvas_ids"),
        (3, "canvas_ids", [5, 6.0], "line 3: canvas_ids"),
        (3, "canvas_ids", [5, True], "line 3: canvas_ids"),
        (3, "canvas_ids", [5, 10**30], "line 3: canvas_ids"),
        (3, "candidate_ids", {"5": 6}, "line 3: candidate_ids"),
        (3, "entropy_nats", [0.1, "0.2"], "line 3: entropy_nats"),
        (3, "entropy_nats", [0.1, float("nan")], "line 3 is not JSON"),
        (3, "entropy_nats", [0.1, 1e30], "line 3: entropy_nats"),
        (3, "probability", [0.1, -(10**400)], "line 3: probability"),
        (3, "probability", [0.1], "line 3: probability"),
        (3, "top_ids", [[5, 6], [5, 6]], "line 3: top_probabilities"),
        (3, "top_ids", [[5]], "line 3: top_ids"),
        (3, "top_ids", [[5, 6]] * 41, "line 3: top_ids"),
        (3, "top_probabilities", [1, 0], "line 3: top_probabilities"),
        (3, "ending", [0.1], "line 3: ending"),
        (3, "block", 1, "line 3: block, step, phase"),
        (3, "step", 2, "line 3: block, step, phase"),
        (3, "phase", "commit", "line 3: block, step, phase"),
        (3, "phase", "dream", "line 3: phase"),
        (3, "max_steps", True, "line 3: max_steps"),
        (3, "temperature", float("inf"), "line 3 is not JSON"),
        (3, "elapsed_ms", -1, "line 3: elapsed_ms"),
        (3, "answer_length", 3, "line 3: answer_length"),
        (3, "finish", "stop", "line 3: finish"),
        (4, "finish", "never", "line 4: finish"),
        (3, "overrides", {"2": "x"}, "line 3: overrides"),
        (3, "overrides", ["x"], "line 3: overrides"),
        (3, "answer", "early", "line 3: 'answer' is an unknown field"),
        (4, "answer", GONE, "line 4: answer is missing"),
        (4, "accepted", "111", "line 4: canvas_ids"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path, number, field, value, named):
    lines = small()
    lines[number - 1].pop(field, None)
    if value is not GONE:
        lines[number - 1][field] = value
    assert named in refusal(tmp_path, lines)


@pytest.mark.parametrize(
    ("label", "content", "name", "reason"),
    [
        ("nothing", b"", "run.jsonl", "it is empty"),
        ("a text", b"hello\n", "run.jsonl", "line 1 is not JSON"),
        ("a list", b"[1]\n", "run.jsonl", "line 1 is not a JSON object"),
        ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "run.jsonl", "line 1 is not JSON"),
        ("another JSON", b'{"format": "other"}\n', "run.jsonl", "not a recording of a diffusion run"),
        ("deep nesting", b'{"format":' + b"[" * 90_000 + b"\n", "run.jsonl", "line 1 is not JSON"),
        ("many lists", b'{"format":[' + b"[]," * 200_000 + b"[]]}\n", "run.jsonl", "line 1 holds too many lists"),
        ("an endless line", b" " * (7 * 2**20), "run.jsonl", "line 1 is too long"),
        ("no gzip", b"hello", "run.jsonl.gz", "it is not a whole gzip file"),
        ("a bomb", gzip.compress(b" " * 2**26), "run.jsonl.gz", "line 1 is too long"),
        ("a large file", b"x" * (16 * 2**20 + 1), "run.jsonl.gz", "it is larger than 16 MB"),
        ("a pickle", pickle.dumps(print) + b"\n", "run.jsonl", "line 1 is not JSON"),
    ],
)
def test_what_is_no_recording_is_said_in_one_sentence(tmp_path, label, content, name, reason):
    assert reason in refusal(tmp_path, content, name), label


def test_a_file_that_is_not_there_is_said_too(tmp_path):
    with pytest.raises(TraceError, match="no such file"):
        load_trace(tmp_path / "nowhere.jsonl")


def test_a_recording_that_is_cut_off_anywhere_is_refused(tmp_path):
    whole = b"".join(json.dumps(line).encode() + b"\n" for line in small())
    packed = gzip.compress(whole)
    for end in range(0, len(whole), 7):
        refusal(tmp_path, whole[:end])
    for end in range(0, len(packed), 7):
        assert re.search("cut off|not a whole gzip|it is empty", refusal(tmp_path, packed[:end], "run.jsonl.gz"))


def test_a_hostile_file_name_does_not_break_the_sentence(tmp_path):
    assert "\\n" in refusal(tmp_path, b"x", "bad\nname.jsonl")


def test_the_lines_after_a_bomb_of_states_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(trace_file, "MAX_BYTES", 3000)
    lines = [json.dumps(line).encode() + b"\n" for line in small()]
    padded = lines[0] + b"".join(line[:-2] + b" " * 1000 + b"}\n" for line in lines[1:])
    assert "line 3 is too long" in refusal(tmp_path, padded) or "line 4 is too long" in refusal(tmp_path, padded)


def test_a_run_that_could_not_be_loaded_again_is_not_saved(real, tmp_path, monkeypatch):
    monkeypatch.setattr(trace_file, "MAX_BYTES", 1000)
    with pytest.raises(TraceError, match="too long for a recording"):
        save_trace(trace_of(INFO, real), tmp_path / "run.jsonl.gz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("packed", [False, True])
def test_mutated_files_load_or_are_refused_with_one_sentence(real, tmp_path, packed):
    path = tmp_path / f"run.jsonl{'.gz' * packed}"
    save_trace(trace_of(INFO, real[:4]), path)
    whole, draw, refused = path.read_bytes(), random.Random(20), 0
    for _ in range(300):
        path.write_bytes(mutate(whole, draw))
        try:
            load_trace(path)
        except TraceError as exc:
            refused += 1
            assert "\n" not in str(exc)
    assert refused > 50


def test_a_frame_of_hand_made_states_becomes_a_trace():
    state = tiny_state([1], [True], Phase.COMMIT, finish=Finish.BUDGET)
    trace = trace_of(INFO, [Frame(state, {1: "a"}, frozenset({1}), {}, "a")])
    assert (trace.ended, trace.answer, trace.special, trace.thoughts) == ("length", "a", {1}, ())
    thinking = trace_of(INFO, [Frame(state, {1: "a"}, answer="a", thought="hm")])
    assert [frame.thought for frame in thinking.frames()] == ["hm"]
    assert trace_of(INFO, [], "failed", "Memory ran out.").problem == "Memory ran out."
    assert asdict(INFO)["versions"] == {"mlx": "0.32.4"}


@pytest.mark.parametrize(
    "prompt, stem",
    [("Name the planets.", "name-the-planets-seed-0"), ("日本語", "run-seed-0"),
     ("../../etc/passwd", "etc-passwd-seed-0"), ("x" * 500, "x" * 40 + "-seed-0"),
     ("four words " * 9, "four-words-four-words-four-words-four-seed-0"), ("Éa\n<b>", "ea-b-seed-0")],
)  # fmt: skip
def test_file_names_are_plain(prompt, stem):
    assert file_stem(made_trace(["a"], prompt=prompt)) == stem


def test_a_trace_knows_where_its_blocks_stand():
    trace = stopped_trace(made_trace(["a", "b", "c"], steps=2, blocks=2), 6)
    assert [state.block for state in trace.states] == [0, 0, 0, 0, 1, 1]
    assert trace.blocks == (Block(first=0, last=3, offset=0, length=3), Block(first=4, last=5, offset=3, length=3))
    assert [trace.block_at(index) for index in range(6)] == [0, 0, 0, 0, 1, 1]
    assert trace.states_of(trace.blocks[1]) == trace.states[4:]


def test_a_run_without_a_step_has_no_block():
    assert stopped_trace(made_trace(["a"]), 0).blocks == ()
