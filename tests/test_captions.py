"""Every claim of every caption is worked out again from the recording, by other code."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from tests.support.made_traces import landing_trace, made_trace
from tests.support.told_runs import told_runs
from tests.support.trace_samples import growing_run, held_trace
from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.measure.captions import Captions
from visualizer.measure.direction import direction_of
from visualizer.measure.quoting import clipped
from visualizer.measure.standing import standing_of
from visualizer.trace import typed_out
from visualizer.trace.canvas import Phase
from visualizer.trace.file import load_trace
from visualizer.trace.parts import Part, trace_parts

NUMBERS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def number(word):
    word = "two" if word == "both" else word.removeprefix("all ")
    return NUMBERS.index(word) if word in NUMBERS else int(word.replace(",", ""))


class Facts:
    """A block's answer, character by character."""

    def __init__(self, trace, block):
        self.trace, self.block = trace, block
        parts = trace_parts(trace)
        self.places = [p for p in range(block.length) if parts[block.last][p] == Part.ANSWER]
        final = trace.shown_texts(block.last)
        self.tokens = [final[p] for p in self.places]
        self.text = "".join(self.tokens)
        self.token_of = [k for k, token in enumerate(self.tokens) for _ in token]
        self.parts = parts

    def there(self, index):
        """Which tokens stand at a state with their final text."""
        state, end = self.trace.states[index], self.trace.states[self.block.last]
        now, final = self.trace.shown_texts(index), self.trace.shown_texts(self.block.last)
        committed = state.phase is Phase.COMMIT
        return [
            bool(committed or state.accepted[p]) and state.canvas_ids[p] == end.canvas_ids[p] and now[p] == final[p]
            for p in self.places
        ]

    def stands(self, index, start, end):
        """Whether all characters from one to another stand."""
        there = self.there(index)
        return all(there[self.token_of[k]] for k in range(start, end) if not self.text[k].isspace())

    def stood_by(self, start, end):
        """The first state from which on they always stand."""
        index = self.block.last + 1
        while index > self.block.first and self.stands(index - 1, start, end):
            index -= 1
        return index

    def lines(self):
        """Where lines that are not blank begin and end."""
        found, start = [], 0
        for line in self.text.split("\n"):
            if line.strip():
                begin = start + len(line) - len(line.lstrip())
                found.append((begin, begin + len(line.strip())))
            start += len(line) + 1
        return found

    def sentences(self):
        """Where sentences begin and end. Raises AssertionError where the text is anything else."""
        found, start = [], 0
        for k, sign in enumerate(self.text):
            if k + 1 < len(self.text) and not self.text[k + 1].isspace():
                continue
            piece = self.text[start : k + 1].rstrip('"”’)]')
            if piece.endswith((".", "!", "?")) and not sign.isspace() and not re.search(r"\b(Dr|e\.g)\.$", piece):
                begin = start + len(self.text[start:]) - len(self.text[start:].lstrip())
                found.append((begin, k + 1))
                start = k + 1
        assert not self.text[start:].strip()
        for begin, end in found:
            words = self.text[begin:end].split()
            assert len(words) > 1 and not words[0].strip("“")[:1].islower()
            assert not re.search(r"\b(\w|\d+)\.[\"”’)\]]*$", self.text[begin:end])
        return found

    def words(self):
        return [m.span() for m in re.finditer(r"\S+", self.text) if any(map(str.isalnum, m.group()))]


def test_of_a_canvas_that_was_written_on_only_the_rest_is_noise():
    assert direction_of(held_trace()).shots[0].caption == "Noise: 1 random token around 1 that stands already."


def test_what_somebody_wrote_there_stood_before_the_first_step():
    assert said(held_trace())[-1] == "Half of the answer tokens stood before the first step; the last word by step 1."


def states_at(trace, block, step):
    places = range(block.first, block.last + 1)
    return [k for k in places if trace.states[k].step == step and trace.states[k].phase is not Phase.COMMIT]


def is_true(trace, caption):
    """Whether a caption says what the recording holds."""
    found = re.fullmatch(r"(?:Block (\d+), )?(.*)", caption)
    block = trace.blocks[int(found[1] or 1) - 1]
    assert bool(found[1]) == (len(trace.blocks) > 1)
    facts, words = Facts(trace, block), found[2][0].lower() + found[2][1:]
    if m := re.fullmatch(r"noise: ([\d,]+) random (tokens?), none accepted\.", words):
        first = trace.states[block.first]
        one = number(m[1]) == 1
        return number(m[1]) == len(first.canvas_ids) and not first.accepted.any() and one == (m[2] == "token")
    if m := re.fullmatch(r"step (\d+): (.*)", words, re.DOTALL):
        return any(holds(facts, k, m[2]) for k in states_at(trace, block, int(m[1])))
    if m := re.fullmatch(r"steps (\d+) to (\d+): from ([\d,]+) to ([\d,]+) of the ([\d,]+) answer tokens\.", words):
        counts = [[sum(facts.there(k)) for k in states_at(trace, block, int(step))] for step in m.groups()[:2]]
        return (
            int(m[1]) < int(m[2]) and number(m[3]) in counts[0] and number(m[4]) in counts[1]
            and number(m[3]) < number(m[4]) and number(m[5]) == len(facts.places)
        )  # fmt: skip
    m = re.fullmatch(r"(.*) stood by step (\d+); the last word (?:by step (\d+)|(when it was committed))\.", words)
    last = max(facts.stood_by(*facts_span(facts, k)) for k, token in enumerate(facts.tokens) if has_letters(token))
    spoken = last == block.last if m[4] else trace.states[last].step == int(m[3])
    first = subject_stood(facts, m[1])
    return spoken and first < last and trace.states[first].step == int(m[2])


def facts_span(facts, token):
    start = sum(map(len, facts.tokens[:token]))
    return start, start + len(facts.tokens[token])


def has_letters(text):
    return any(map(str.isalnum, text))


def subject_stood(facts, subject):
    """The state by which what a last caption speaks of stood."""
    if subject == "half of the answer tokens":
        stood = sorted(
            next(k for k in range(facts.block.first, facts.block.last + 2)
                 if all(facts.there(after)[token] for after in range(k, facts.block.last + 1)))
            for token in range(len(facts.tokens))
        )  # fmt: skip
        return stood[-(-len(stood) // 2) - 1]
    assert len(facts.trace.blocks) == 1
    if subject == "the first and the last sentence":
        sentences = facts.sentences()
        assert len(sentences) > 2
        return max(facts.stood_by(*sentences[0]), facts.stood_by(*sentences[-1]))
    lines = facts.lines()
    if m := re.fullmatch(r"all (\S+) first letters|the beginnings of all (\S+) lines", subject):
        assert number(m[1] or m[2]) == len(lines)
        return max(facts.stood_by(begin, begin + 1) for begin, _ in lines)
    m = re.fullmatch(r"the ends of (both|all \S+) sentences", subject)
    assert number(m[1]) == len(facts.sentences())
    return max(facts.stood_by(end - 1, end) for _, end in facts.sentences())


def holds(facts, index, words):
    """Whether what is said of one state is so."""
    there = facts.there(index)
    if m := re.fullmatch(r"(?:(\S+) of the|all) (\S+) answer tokens? (?:is|are) there\.", words):
        return (number(m[1]) if m[1] else len(there)) == sum(there) and number(m[2]) == len(there)
    if m := re.fullmatch(r"it takes “([^”]*)” back(?: and writes “([^”]*)”)?\.", words):
        return any(took_back(facts, index, p, m[1], m[2]) for p in facts.places)
    assert len(facts.trace.blocks) == 1
    if words.startswith("the first and the last sentence are there"):
        sentences = facts.sentences()
        between = sum(facts.stands(index, *span) for span in sentences[1:-1])
        if not (facts.stands(index, *sentences[0]) and facts.stands(index, *sentences[-1])):
            return False
        if words.endswith(". The middle is not."):
            inner = {facts.token_of[k] for begin, end in sentences[1:-1] for k in range(begin, end)}
            return between == 0 and sum(there[token] for token in inner) < len(inner) / 2
        m = re.fullmatch(r"[^,]*, and (\S+) of the (\S+) between\.", words)
        return (number(m[1]), number(m[2])) == (between, len(sentences) - 2)
    lines = facts.lines()
    begun = [(begin, end) for begin, end in lines if there[facts.token_of[begin]]]
    if m := re.fullmatch(r"the first letters of all (\S+) lines are there: (.*)\.", words):
        letters = [facts.text[begin] for begin, _ in lines]
        return number(m[1]) == len(begun) == len(lines) and m[2] == ", ".join(letters)
    if m := re.fullmatch(r"(?:all (\S+)|(\S+) of (\S+)) lines have begun: “([^”]*)” … “([^”]*)”\.", words):
        counts = (number(m[1] or m[2]), number(m[1] or m[3]))
        quoted = [begins(facts, there, *span) for span in (*begun[:1], *begun[-1:])]
        return counts == (len(begun), len(lines)) and quoted == [m[4], m[5]]
    m = re.fullmatch(
        r"(the line breaks and )?the ends of (both|all \S+) sentences are there, and (\S+) of the (\S+) words\.", words
    )
    breaks = all(there[k] for k, token in enumerate(facts.tokens) if "\n" in token)
    whole = [facts.stands(index, *span) for span in facts.words()]
    ends = [facts.stands(index, end - 1, end) for _, end in facts.sentences()]
    counts = (number(m[2]), number(m[3]), number(m[4]))
    return all(ends) and (breaks or not m[1]) and counts == (len(ends), sum(whole), len(whole))


def begins(facts, there, begin, end):
    k = begin
    while k < end and there[facts.token_of[k]]:
        k += 1
    return clipped(facts.text[begin:k], 18)


def took_back(facts, index, place, before, after):
    """Whether an answer's token was accepted before, and is now another one, or noise."""
    if index == facts.block.first or any(facts.parts[k][place] != Part.ANSWER for k in (index - 1, index)):
        return False
    was, now = facts.trace.states[index - 1], facts.trace.states[index]
    texts = [facts.trace.shown_texts(k)[place] for k in (index - 1, index)]
    if not was.accepted[place] or clipped(texts[0], 24) != before:
        return False
    if after is None:
        return not now.accepted[place]
    return (
        bool(now.accepted[place]) and now.canvas_ids[place] != was.canvas_ids[place] and clipped(texts[1], 24) == after
    )


def said(trace):
    return list(dict.fromkeys(shot.caption for shot in direction_of(trace).shots if shot.caption))


def sayable(trace):
    """All that could be said about a run, whatever its direction chooses."""
    parts = trace_parts(trace)
    for number_, block in enumerate(trace.blocks):
        committed = trace.states[block.last].phase is Phase.COMMIT
        captions = Captions(standing_of(trace, block, parts), number_, len(trace.blocks), committed)
        yield captions.end()
        for place in range(1, block.last - block.first + (not committed)):
            yield from (captions.landing(place), captions.count(place), captions.middle(1, place))


@settings(max_examples=150)
@given(told_runs())
def test_no_caption_is_ever_false(trace):
    for caption in {*said(trace), *sayable(trace)} - {""}:
        assert is_true(trace, caption), caption


@pytest.mark.parametrize("path", sorted(RECORDINGS_FOLDER.glob("*.jsonl.gz")), ids=lambda path: path.name.split(".")[0])
def test_every_claim_about_a_recording_of_the_gallery_is_true(path: Path):
    trace = load_trace(path)
    captions = said(trace)
    assert all(is_true(trace, caption) for caption in captions)
    assert len(captions) >= 4
    assert all("\n" not in caption and len(caption) <= 100 for caption in captions)


def test_the_captions_of_a_story_tell_what_came_first():
    captions = said(load_trace(RECORDINGS_FOLDER / "story.jsonl.gz"))
    assert captions[1] == "Step 1: the first and the last sentence are there. The middle is not."
    assert captions[-1].startswith("The first and the last sentence stood by step 1; the last word by step ")


def test_the_captions_of_an_acrostic_name_its_letters():
    captions = said(load_trace(RECORDINGS_FOLDER / "acrostic.jsonl.gz"))
    assert captions[1] == "Step 1: the first letters of all six lines are there: O, C, E, A, N, S."


def test_a_run_in_several_blocks_names_the_block_in_every_caption():
    captions = said(growing_run(["One", " two", ".", " Three", " four", "."], steps=3, blocks=2))
    assert captions and all(caption.startswith("Block ") for caption in captions)


@pytest.mark.parametrize(
    ("last", "is_spoken_of"), [("!", True), (" Dr.", False), (" Dr.”", False), (" e.g.", False), (" came", False)]
)
def test_an_answer_is_spoken_of_in_sentences_where_each_has_an_end(last, is_spoken_of):
    cells = ["He", " sat", ".", " He", " stood", last]
    trace = landing_trace(cells, [2, 2, 1, 2, 2, 1])
    assert any("sentences" in caption for caption in sayable(trace)) == is_spoken_of


def test_a_caption_that_lies_is_found_out():
    trace = load_trace(RECORDINGS_FOLDER / "story.jsonl.gz")
    lies = [
        "Step 26: the first and the last sentence are there. The middle is not.",
        "Step 16: it takes “waited” back and writes “on”.",
        "Step 15: it takes “waited” back and writes “in”.",
        "Steps 2 to 15: from 27 to 122 of the 122 answer tokens.",
        "The first and the last sentence stood by step 2; the last word by step 25.",
        "Step 1: the ends of all ten sentences are there, and none of the 102 words.",
    ]
    assert [is_true(trace, lie) for lie in lies] == [False] * len(lies)
    assert np.all([is_true(trace, caption) for caption in said(trace)])


def test_what_was_typed_is_told_in_passes():
    lines = said(typed_out(made_trace([word for n in range(40) for word in (f" word{n}", " and")])))
    assert lines[0].startswith("Pass 1: ")
    assert any(line.startswith("Passes ") for line in lines)
    assert re.fullmatch(r"Half of the answer tokens stood by pass \d+; the last word by pass \d+\.", lines[-1])
    assert not [line for line in lines if re.search(r"\bsteps?\b", line, re.IGNORECASE)]
