"""What the player reads: a decoder written from the docstring recovers the frames."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.canvas_samples import state_sequences, tiny_state
from tests.support.made_traces import landing_trace, made_trace
from visualizer.player import MessageWriter, compare_message, end_message, recording_message, start_message
from visualizer.player.spelling import ALPHABET
from visualizer.player.step_writer import cell_codes
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace.canvas import CellState, Finish, Frame, Phase, cell_states, changed, reverted
from visualizer.trace.parts import Part
from visualizer.trace.trace import RunInfo, Trace

VOCAB = 262_144
LEVEL_ERROR = 0.5 / 63 + 1e-4


class Decoder:
    """A reader of a run's messages, as `visualizer.player.step_writer` tells it; the player is another."""

    def __init__(self):
        self.texts, self.special, self.block = {}, set(), None

    def read(self, line):
        assert "\n" not in line
        message = json.loads(line)
        assert message["k"] == "step"
        length = len(message["w"])
        if message["b"] != self.block:
            self.parts = [Part.ANSWER] * length
            self.block, self.candidates, self.alternatives = message["b"], [None] * length, [None] * length
        self.cells = [int(code) for code in message["w"]]
        self.entropies = [(ALPHABET.index(level) / 63) ** 2 * message["hmax"] for level in message["h"]]
        self.probabilities = [ALPHABET.index(level) / 63 for level in message["p"]]
        self.sent_candidates = self._candidates(message["d"], length)
        self.tokens = list(self.candidates)
        for position, token_id in message.get("x", []):
            self.tokens[position] = token_id
        self.sent_alternatives = self._alternatives(message.get("a", ""))
        self.sent_texts = {int(token_id): text for token_id, text in message.get("t", {}).items()}
        self.texts |= self.sent_texts
        self.special |= set(map(int, message.get("sp", {})))
        if "r" in message:
            self.parts = [Part.ANSWER] * length
            for start, end, part in message["r"]:
                assert start < end and part != Part.ANSWER
                self.parts[start:end] = [part] * (end - start)
        overrides = message.get("o", {})
        self.cell_texts = [
            overrides.get(str(position), self.texts.get(token_id)) for position, token_id in enumerate(self.tokens)
        ]
        return message

    def _candidates(self, packed, length):
        mask_length = -(-length // 6)
        flags = [ALPHABET.index(packed[i // 6]) >> i % 6 & 1 for i in range(length)]
        positions = [i for i in range(length) if flags[i]]
        assert len(packed) == mask_length + 3 * len(positions)
        for order, position in enumerate(positions):
            start = mask_length + 3 * order
            self.candidates[position] = number(packed[start : start + 3])
        return positions

    def _alternatives(self, packed):
        assert len(packed) % 10 == 0
        positions = []
        for start in range(0, len(packed), 10):
            entry = packed[start : start + 10]
            positions.append(number(entry[:2]))
            self.alternatives[positions[-1]] = [
                (number(entry[2:5]), ALPHABET.index(entry[5]) / 63),
                (number(entry[6:9]), ALPHABET.index(entry[9]) / 63),
            ]
        return positions


def number(characters):
    """Six bits a character, the lowest first."""
    return sum(ALPHABET.index(character) << 6 * place for place, character in enumerate(characters))


def shown_ids(state):
    return np.where(state.accepted, state.canvas_ids, state.candidate_ids).tolist()


def check(decoder, message, before, state):
    """The decoded step equals the state, the numbers to half a level."""
    cells = cell_states(before, state)
    assert [{4: 0, 5: 1, 6: 3}.get(code, code) for code in decoder.cells] == cells.tolist()
    assert [code == 4 for code in decoder.cells] == reverted(before, state).tolist()
    assert [code in (5, 6) for code in decoder.cells] == changed(before, state).tolist()
    assert decoder.candidates == state.candidate_ids.tolist()
    assert decoder.tokens == shown_ids(state)
    hmax = message["hmax"]
    np.testing.assert_allclose(
        np.sqrt(np.array(decoder.entropies) / hmax), np.sqrt(np.minimum(state.entropy_nats / hmax, 1)), atol=LEVEL_ERROR
    )
    np.testing.assert_allclose(decoder.probabilities, state.probability, atol=LEVEL_ERROR)
    for position in decoder.sent_alternatives:
        ids, shares = zip(*decoder.alternatives[position], strict=True)
        assert list(ids) == state.top_ids[position, 1:3].tolist()
        np.testing.assert_allclose(shares, state.top_probabilities[position, 1:3], atol=LEVEL_ERROR)
    scalars = (message["b"], message["s"], message["n"], message["ph"])
    assert scalars == (state.block, state.step, state.max_steps, state.phase.value)
    assert decoder.parts.index(Part.TAIL) == state.answer_length if Part.TAIL in decoder.parts else True
    assert decoder.parts.count(Part.TAIL) == len(decoder.parts) - state.answer_length
    assert message["T"] == pytest.approx(state.temperature, abs=6e-4)
    assert message["ms"] == pytest.approx(state.elapsed_ms, abs=0.6)
    assert message["mean"] == pytest.approx(state.mean_entropy_nats, rel=1e-3)
    assert message.get("f") == (state.finish.value if state.finish else None)


def has_new_noise(before, state, position):
    """Whether a position is noise whose second and third candidate are others than before."""
    then, now = before.top_ids[position, 1:].tolist(), state.top_ids[position, 1:].tolist()
    return not state.accepted[position] and then != now


@given(state_sequences(VOCAB))
def test_a_decoder_recovers_random_states(states):
    writer, decoder, before, codes_before = MessageWriter(VOCAB), Decoder(), None, None
    for state in states:
        if before is not None and before.block != state.block:
            before, codes_before = None, None
        message = decoder.read(writer.write(Frame(state, {})))
        check(decoder, message, before, state)
        was = [None] * len(state.canvas_ids) if before is None else before.candidate_ids.tolist()
        now = state.candidate_ids.tolist()
        assert decoder.sent_candidates == [i for i in range(len(now)) if was[i] != now[i]]
        news = [i for i, code in enumerate(decoder.cells) if codes_before is None or codes_before[i] != code]
        news += [i for i in range(len(now)) if i not in news and has_new_noise(before, state, i)]
        assert decoder.sent_alternatives == (sorted(news) if state.top_ids.size else [])
        before, codes_before = state, decoder.cells


TOKEN_TEXTS = st.dictionaries(st.integers(0, 5), st.text(max_size=4), max_size=5)
SHOWN = [1, 2, 3]


@given(st.lists(st.tuples(TOKEN_TEXTS, st.dictionaries(st.integers(0, 2), st.text(max_size=3)), st.none() | st.text())))
def test_a_decoder_recovers_texts_special_tokens_and_the_answer(steps):
    writer, decoder = MessageWriter(VOCAB), Decoder()
    state = tiny_state(SHOWN, [True] * 3)
    sent = set()
    for texts, overrides, answer in steps:
        texts = {token_id: text for token_id, text in texts.items() if token_id not in sent}
        special = frozenset(sorted(texts)[:2])
        message = decoder.read(writer.write(Frame(state, texts, special, overrides, answer)))
        assert decoder.sent_texts == {token_id: text for token_id, text in texts.items() if token_id in SHOWN}
        sent |= decoder.sent_texts.keys()
        assert special & decoder.sent_texts.keys() <= decoder.special <= sent
        assert message.get("answer") == answer
        assert decoder.cell_texts == [overrides.get(i, decoder.texts.get(token)) for i, token in enumerate(SHOWN)]


def noise_of(message):
    packed = message.get("z", "")
    return [number(packed[start : start + 3]) for start in range(0, len(packed), 3)]


@given(state_sequences(VOCAB))
def test_with_noise_a_decoder_recovers_what_the_model_reads(states):
    writer, told, sent = MessageWriter(VOCAB, whole=True), set(), set()
    for state in states:
        fresh = state.token_ids() - told
        told |= fresh
        message = json.loads(writer.write(Frame(state, {token_id: str(token_id) for token_id in fresh})))
        assert noise_of(message) == state.canvas_ids[~state.accepted].tolist()
        texts = {int(token_id) for token_id in message.get("t", {})}
        assert not texts & sent
        sent |= texts
        assert {*state.canvas_ids.tolist(), *shown_ids(state), *state.top_ids.ravel().tolist()} <= sent


@given(state_sequences(VOCAB))
def test_a_whole_message_has_every_further_candidate_that_a_level_tells_from_nothing(states):
    writer = MessageWriter(VOCAB, whole=True)
    for state in states:
        packed, found = json.loads(writer.write(Frame(state, {}))).get("q", ""), {}
        while packed:
            position, count = number(packed[:2]), number(packed[2])
            ranks = [packed[3 + 4 * k : 7 + 4 * k] for k in range(count)]
            found[position] = [(number(rank[:3]), number(rank[3])) for rank in ranks]
            packed = packed[3 + 4 * count :]
        levels = np.round(state.top_probabilities * 63).astype(int)
        assert found == {
            position: ranked
            for position in range(len(state.canvas_ids))
            if (ranked := [
                (int(token_id), int(level))
                for token_id, level in zip(state.top_ids[position, 1:], levels[position, 1:], strict=True)
                if level > 0
            ])
        }  # fmt: skip


def test_a_whole_message_says_how_probable_an_end_is_where_that_is_known():
    state = tiny_state([65, 3], [True, False])
    assert "e" not in json.loads(MessageWriter(1000, whole=True).write(Frame(state, {})))
    known = Frame(replace(state, ending=np.float32([0, 1])), {})
    assert json.loads(MessageWriter(1000, whole=True).write(known))["e"] == "A_"
    assert "e" not in json.loads(MessageWriter(1000).write(known))


def test_noise_and_its_texts_stay_out_of_a_live_message_until_they_are_shown():
    writer = MessageWriter(VOCAB)
    noise = tiny_state([5, 6], [True, False], candidates=[5, 9])
    message = json.loads(writer.write(Frame(noise, {5: "a", 6: "noise", 9: "b"}, frozenset({6}))))
    assert "z" not in message
    assert (message["t"], message.get("sp")) == ({"5": "a", "9": "b"}, None)
    accepted = json.loads(writer.write(Frame(tiny_state([5, 6], [True, True], step=2), {})))
    assert (accepted["t"], accepted["sp"]) == ({"6": "noise"}, {"6": "◇"})


@pytest.mark.parametrize("sampler", ["entropy-bound", "confidence-threshold"])
def test_a_decoder_recovers_a_real_run(checkpoint, sampler):
    settings = Settings(
        canvas_length=32, max_tokens=64, max_steps=5, stop_entropy=0, seed=3, sampler=sampler, temperature=1.0
    )
    writer, decoder, before, run = MessageWriter(checkpoint.card.vocab_size), Decoder(), None, []
    for frame in frames(checkpoint, "Name the planets 🪐.", settings):
        state = frame.state
        message = decoder.read(writer.write(frame))
        check(decoder, message, before if before is not None and before.block == state.block else None, state)
        text = checkpoint.tokenizer.decode(shown_ids(state), skip_special_tokens=False)
        assert "".join(decoder.cell_texts) == text
        if state.phase is not Phase.NOISE:
            assert {token for pair in filter(None, decoder.alternatives) for token, _ in pair} <= decoder.texts.keys()
        before = state
        run.append(message)
    assert run[-1]["f"] in {finish.value for finish in Finish}
    assert "answer" in run[-1]
    assert decoder.special <= checkpoint.special_ids()


def test_a_step_of_two_positions_reads_as_the_docstring_says():
    writer = MessageWriter(vocab_size=1000)
    state = tiny_state(
        [65, 7],
        [True, False],
        candidates=[65, 999],
        step=2,
        entropy_nats=np.float32([0, np.log(1000)]),
        probability=np.float32([1, 0]),
        top_ids=np.int32([[65, 1, 64], [999, 0, 2]]),
        top_probabilities=np.float32([[1, 0, 0], [0.5, 1 / 63, 0]]),
        temperature=0.61234,
        elapsed_ms=12.4,
    )
    assert json.loads(writer.write(Frame(state, {65: "é", 999: " a"}, frozenset({999})))) == {
        "k": "step",
        "b": 0,
        "s": 2,
        "n": 48,
        "ph": "step",
        "T": 0.612,
        "ms": 12,
        "hmax": 6.9078,
        "mean": 3.454,
        "w": "10",
        "h": "A_",
        "p": "_A",
        # Both candidates are sent: the mask 3; then 65 = 1 + 1 · 64 and 999 = 39 + 15 · 64.
        "d": "D" + "BBA" + "nPA",
        "a": "AA" + "BAA" + "A" + "ABA" + "A" + "BA" + "AAA" + "B" + "CAA" + "A",
        "t": {"65": "é", "999": " a"},
        "sp": {"999": "◇"},
    }


def test_what_was_sent_before_is_left_out():
    writer = MessageWriter(VOCAB)
    state = tiny_state([65, 7], [True, True])
    writer.write(Frame(state, {65: "a"}))
    again = json.loads(writer.write(Frame(tiny_state([65, 7], [True, True], step=2), {})))
    assert again["d"] == "A"
    # New has become a draft; nothing else is told anew.
    assert again["w"] == "22"
    assert not {"a", "t", "sp", "c", "o", "oc", "r", "x", "f", "answer"} & again.keys()


def test_parts_are_sent_where_they_changed_and_a_block_begins_without_any():
    writer, marks = MessageWriter(VOCAB), {1: "<|channel>", 2: "thought", 3: "\n", 4: "<channel|>", 5: "<eos>"}
    steps = [([9, 9, 9, 9, 9], 5, 0), ([1, 2, 3, 9, 5], 4, 0), ([1, 2, 3, 9, 5], 4, 0), ([1, 2, 3, 4, 9], 5, 0),
             ([9, 9, 9, 9, 5], 4, 1), ([9, 9, 9, 9, 9], 5, 1)]  # fmt: skip
    sent = [
        json.loads(
            writer.write(
                Frame(
                    tiny_state(ids, [True] * 5, block=block, answer_length=length),
                    marks | {9: " so"},
                    frozenset({1, 4, 5}),
                )
            )
        ).get("r")
        for ids, length, block in steps
    ]
    structure, thought, tail = Part.STRUCTURE, Part.THOUGHT, Part.TAIL
    assert sent == [
        None, [[0, 3, structure], [3, 4, thought], [4, 5, tail]], None, [[0, 4, structure]], [[4, 5, tail]], [],
    ]  # fmt: skip


def test_an_accepted_token_that_is_not_the_candidate_is_named():
    message = json.loads(MessageWriter(VOCAB).write(Frame(tiny_state([5, 6], [True, False], candidates=[8, 9]), {})))
    assert message["x"] == [[0, 5]]


def test_the_width_of_a_text_comes_when_it_is_first_shown_unless_it_has_a_cell_for_each_utf_16_unit():
    writer = MessageWriter(VOCAB)
    texts = {1: " plain", 2: "漢字", 3: "😀", 4: "e\u0301", 5: "— “漢”\nthe second line", 6: "字"}
    state = tiny_state(
        [1, 2, 3, 4, 5], [True] * 5, top_ids=np.int32([[0, 6, 6]] * 5), top_probabilities=np.ones((5, 3))
    )
    message = json.loads(writer.write(Frame(state, texts)))
    assert message["c"] == {"2": 4, "4": 1, "5": 6}
    again = json.loads(writer.write(Frame(tiny_state([2, 6, 3, 4, 5], [True] * 5, step=2), {})))
    assert again["c"] == {"6": 2}


def test_the_width_of_a_character_that_is_split_over_tokens_comes_with_it():
    message = json.loads(
        MessageWriter(VOCAB).write(Frame(tiny_state([1, 2], [True] * 2), {}, overrides={0: "漢", 1: "b"}))
    )
    assert message["oc"] == {"0": 2}


def test_the_largest_id_of_the_real_vocabulary_and_the_longest_canvas_fit():
    ids = np.full(1024, VOCAB - 1)
    state = tiny_state(ids, [True] * 1024, top_ids=np.stack([ids] * 3, axis=1), top_probabilities=np.ones((1024, 3)))
    decoder = Decoder()
    decoder.read(MessageWriter(VOCAB).write(Frame(state, {})))
    assert set(decoder.candidates) == {VOCAB - 1}
    assert decoder.sent_alternatives == list(range(1024))
    assert decoder.alternatives[1023] == [(VOCAB - 1, 1.0)] * 2


def test_an_entropy_beyond_the_vocabularys_and_a_probability_beyond_one_stay_on_the_scale():
    state = tiny_state([1], [True], entropy_nats=np.float32([99]), probability=np.float32([1.01]))
    message = json.loads(MessageWriter(VOCAB).write(Frame(state, {})))
    assert (message["h"], message["p"]) == ("_", "_")


def test_cell_codes_carry_the_cell_and_its_mark():
    before = tiny_state([1, 2, 3, 4, 5], [True, True, True, False, False])
    now = tiny_state([1, 9, 3, 4, 5], [True, True, False, True, False])
    assert cell_codes(before, now).tolist() == [CellState.DRAFT, 5, 4, CellState.NEW, CellState.MASKED]
    commit = tiny_state([1, 8, 3, 4, 5], [True] * 5, Phase.COMMIT)
    assert cell_codes(now, commit).tolist() == [CellState.COMMITTED, 6] + [CellState.COMMITTED] * 3


INFO = RunInfo(
    checkpoint="pocket", fingerprint="0123abcd", prompt="Sag 'é' zu </script>", settings=Settings(seed=7),
    device="CPU, Linux x86_64", versions={}, started_at="2026-01-31T12:00:00Z", vocab_size=VOCAB,
)  # fmt: skip


def test_a_run_opens_and_closes_with_messages_of_its_own():
    assert json.loads(start_message("r1", INFO)) == {
        "k": "start",
        "run": "r1",
        "prompt": "Sag 'é' zu </script>",
        "checkpoint": "pocket",
        "fingerprint": "0123abcd",
        "device": "CPU, Linux x86_64",
        "settings": INFO.settings.to_dict(),
        "started_at": "2026-01-31T12:00:00Z",
        "recorded": False,
    }
    assert json.loads(end_message("r1", "stop")) == {"k": "end", "run": "r1", "reason": "stop"}
    failed = json.loads(end_message("r1", "failed", "The model process ended."))
    assert failed == {"k": "end", "run": "r1", "reason": "failed", "message": "The model process ended."}


@given(state_sequences(VOCAB))
def test_a_recording_holds_the_messages_of_its_run_with_the_noise(states):
    texts = {token_id: str(token_id) for state in states for token_id in state.token_ids()}
    answers = tuple("yes" for state in states if state.phase is Phase.COMMIT)
    trace = Trace(INFO, tuple(states), texts, frozenset(), ({},) * len(states), answers, "failed", "Memory ran out.")
    recording = json.loads(recording_message(trace, "r1", "A haiku"))
    assert (recording["k"], recording["run"], recording["label"]) == ("recording", "r1", "A haiku")
    start, *steps, report, end = recording["messages"]
    assert (start["k"], start["recorded"]) == ("start", True)
    assert report["k"] == "report"
    assert (end["k"], end["reason"], end["message"]) == ("end", "failed", "Memory ran out.")
    writer = MessageWriter(VOCAB, whole=True)
    assert steps == [json.loads(writer.write(frame)) for frame in trace.frames()]


def test_a_recording_plays_anew_each_time_unless_it_is_the_run_on_show():
    trace = Trace(INFO, (), {}, frozenset(), (), (), "stopped")
    opened = [json.loads(recording_message(trace, "r1"))["messages"][0] for _ in range(2)]
    assert opened[0]["run"] != opened[1]["run"]
    on_show = json.loads(recording_message(trace, "r1", play="r1"))["messages"][0]
    assert (on_show["run"], on_show["recorded"]) == ("r1", False)


def test_the_checks_of_a_prompt_are_told_at_the_start_and_turn_with_the_steps_that_meet_and_lose_them():
    prompt = "Write an acrostic with the letters C, A."
    landed = landing_trace(["C", "alm", "\n", "A", "ir", "<eos>"], [1, 3, 1, 2, 4, 1], prompt, special=["<eos>"])
    states = list(landed.states)
    states[2] = replace(states[2], accepted=states[2].accepted & (np.arange(6) > 0))  # the C is taken back
    trace = replace(landed, states=tuple(states))
    assert json.loads(start_message("r", trace.info))["checks"] == [
        {"label": "C", "group": "lines begin with"},
        {"label": "A", "group": "lines begin with"},
        {"label": "two lines"},
    ]
    live = MessageWriter(trace.info.vocab_size, prompt=prompt)
    turned = [json.loads(live.write(frame)).get("v", []) for frame in trace.frames()]
    assert turned == [[], [0], [0, 1], [0, 2], [], []]
    recorded = json.loads(recording_message(trace, "r"))["messages"]
    assert [message.get("v", []) for message in recorded if message["k"] == "step"] == turned


def test_a_prompt_that_asks_for_nothing_that_can_be_checked_has_no_checks():
    assert "checks" not in json.loads(start_message("r", made_trace(["a"]).info))


def test_a_comparison_holds_two_recordings():
    recording = recording_message(Trace(INFO, (), {}, frozenset(), (), (), "stopped"), "r1")
    message = json.loads(compare_message(recording, recording, ("one", "other")))
    both = {"left": json.loads(recording), "right": json.loads(recording)}
    assert message == {"k": "compare", "run": "one+other"} | both
