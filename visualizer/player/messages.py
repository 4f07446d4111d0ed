"""Frames as compact JSON strings for the player (`assets/player/player.js` reads them).

Numbers of a position are single characters of a 64-letter alphabet, so a step of 256 positions is about a kilobyte:

- `w` cell: its `CellCode`.
- `h` entropy: (level / 63)² × `hmax` nats; `p` probability of the candidate: level / 63.
- `d` candidates: a bit mask of the positions that changed (6 bits a character, lowest bit first), then three characters
  an id, lowest 6 bits first. `x`: [position, id] of accepted tokens that are not the candidate.
- `a` alternatives, of positions whose cell changed and of noise whose alternatives changed: position (2 characters),
  then second and third candidate (id 3, probability 1 each).
- `q` (in recordings only) every further candidate that its level tells from nothing, of the positions that
  have any: position (2 characters), how many (1), then their ids (3) and probabilities (1).
- `e` (in recordings only, where it is known) the probability that the answer has ended: level / 63.
- `z` (in recordings only) the noise itself: three characters an id, as in `d`, of every position that is not accepted.
- `t` texts of ids not sent before, `sp` the signs of those that are special tokens, `o` texts of positions where a
  character is split over tokens.
- `c` and `oc` how many cells the first line of a text takes in exports: of an id that was not shown before, and of a
  position in `o`. Left out where it is one cell a UTF-16 unit.
- `r` parts: [start, end, `Part`] of every stretch that is not of the answer; left out where it is as at the step before
  (a block begins with none).
- `v` the constraints of the prompt, by their number in the `start`, that are met or lost with this step.
- `b` block, `s` of at most `n` steps, `ph` phase, `T` temperature, `ms` elapsed, `mean` entropy,
  `f` finish, `answer` the committed text up to here, `thought` the text of the thought channel up to here.

A run is a `start`, its steps, and an `end`. A `recording` holds all of that at once, with its `direction`
(`visualizer/player/direction.py`) and the `report` of it (`visualizer/player/report.py`), `compare` two recordings, and
`race` two of one prompt, with what is to be known of that as `race` (`visualizer/player/race.py`).
`waiting` says how many runs are before one that was asked for, `loading` how far the checkpoint is that it waits for,
`influence` what one held token would have moved in one step,
`kept` that nothing more follows, `unkept` why a run is in memory only, and `notice` is a sentence for the page.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import pairwise

import numpy as np

from visualizer.learned import nearest_demo, unlearned
from visualizer.measure import Scoring, checks_of, clipped
from visualizer.picture import Glyphs, special_sign, text_columns
from visualizer.player.direction import direction_fields
from visualizer.player.race import race_fields
from visualizer.player.report import report_of
from visualizer.trace import (
    CanvasState,
    CellState,
    Frame,
    Influence,
    Part,
    PartReader,
    RunInfo,
    Trace,
    Writing,
    cell_states,
    changed,
    reverted,
)

RACE_SIGN, COMPARE_SIGN = "~", "+"
"""Between the ids of the two runs in that of their race; a side that was drawn has none."""
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_ALTERNATIVES = 2
_MOVES_NATS, _MUCH_NATS = 0.01, 0.1
"""By how much an entropy moves that is sent, and one that is counted in words."""


class CellCode(IntEnum):
    """What a position is, and what happened to it at this step, in one: a CellState, or one of those with a mark."""

    MASKED = CellState.MASKED
    NEW = CellState.NEW
    DRAFT = CellState.DRAFT
    COMMITTED = CellState.COMMITTED
    REVERTED = 4
    CHANGED_NEW = 5
    CHANGED_COMMITTED = 6


class MessageWriter:
    """Writes the frames of one run; what was sent before is left out.

    prompt: whose constraints are asked at every step. whole: send the noise that the model reads (`z`), all candidates
    (`q`) and the probability of an end (`e`) too. A live run leaves them out: of 256 positions they would be most of
    the message.
    """

    def __init__(self, vocab_size: int, whole: bool = False, prompt: str = "") -> None:
        self._hmax = float(np.log(vocab_size))
        self._whole = whole
        self._before: CanvasState | None = None
        self._cells_before: np.ndarray | None = None
        self._parts: PartReader | None = None
        self._scoring = Scoring(prompt)
        self._stretches: list[list[int]] = []
        self._texts: dict[int, str] = {}
        self._special: set[int] = set()
        self._sent: set[int] = set()
        self._shown: set[int] = set()
        self._glyphs = Glyphs()

    def write(self, frame: Frame) -> str:
        """The message of the next frame of the run."""
        state = frame.state
        before = self._before if self._before is not None and self._before.block == state.block else None
        cells = cell_codes(before, state)
        candidates_changed = _differs(before.candidate_ids if before else None, state.candidate_ids)
        other = np.flatnonzero(state.accepted & (state.canvas_ids != state.candidate_ids))
        texts = self._fresh_texts(frame)
        message: dict[str, object] = {
            "k": "step",
            "b": state.block,
            "s": state.step,
            "n": state.max_steps,
            "ph": state.phase.value,
            "T": round(state.temperature, 3),
            "ms": round(state.elapsed_ms),
            "hmax": round(self._hmax, 4),
            "mean": float(f"{state.mean_entropy_nats:.4g}"),
            "w": "".join(map(str, cells.tolist())),
            "h": _levels(np.sqrt(np.clip(state.entropy_nats / self._hmax, 0, 1))),
            "p": _levels(np.clip(state.probability, 0, 1)),
            "d": _bit_mask(candidates_changed) + _fixed_width(state.candidate_ids[candidates_changed], 3),
        }
        optional: dict[str, object] = {
            "x": [[int(i), int(state.canvas_ids[i])] for i in other],
            "a": self._alternatives(state, cells, before),
            "t": {str(token_id): text for token_id, text in texts.items()},
            "sp": {str(token_id): special_sign(text) for token_id, text in texts.items() if token_id in self._special},
            "c": self._odd_cells(self._first_shown(state)),
            "o": {str(position): text for position, text in frame.overrides.items()},
            "oc": self._odd_cells(frame.overrides),
        }
        if self._whole:
            optional["q"] = _ranked(state)
            optional["e"] = "" if state.ending is None else _levels(np.clip(state.ending, 0, 1))
            optional["z"] = _fixed_width(state.canvas_ids[~state.accepted], 3)
        message |= {key: value for key, value in optional.items() if value}
        self._parts = self._parts or PartReader(frame.begins_in_thought)
        shown = self._shown_texts(frame)
        parts = self._parts.read(state, shown, frozenset(self._special))
        stretches = _stretches(parts)
        if stretches != (self._stretches if before is not None else []):
            message["r"] = stretches
        self._stretches = stretches
        if turned := self._scoring.turned(state, shown, parts):
            message["v"] = turned
        if state.finish is not None:
            message["f"] = state.finish.value
        if frame.answer is not None:
            message["answer"] = frame.answer
        if frame.thought is not None:
            message["thought"] = frame.thought
        self._before, self._cells_before = state, cells
        return _dumps(message)

    def _shown_texts(self, frame: Frame) -> list[str]:
        """The text shown at every position, which `_fresh_texts` has come to know."""
        shown = frame.state.shown_ids().tolist()
        return [frame.overrides.get(place, self._texts.get(token_id, "")) for place, token_id in enumerate(shown)]

    def _fresh_texts(self, frame: Frame) -> dict[int, str]:
        """The texts that this message needs and no message has sent, by ascending id."""
        state = frame.state
        self._texts |= frame.texts
        self._special |= frame.special
        needed = {*state.shown_ids().tolist(), *state.top_ids[:, : 1 + _ALTERNATIVES].ravel().tolist()}
        if self._whole:
            needed |= {*state.canvas_ids.tolist(), *state.top_ids.ravel().tolist()}
        fresh = (needed & self._texts.keys()) - self._sent
        self._sent |= fresh
        return {token_id: self._texts[token_id] for token_id in sorted(fresh)}

    def _first_shown(self, state: CanvasState) -> dict[int, str]:
        """The texts of the ids that stand on the canvas for the first time, by ascending id."""
        fresh = (set(state.shown_ids().tolist()) & self._texts.keys()) - self._shown
        self._shown |= fresh
        return {token_id: self._texts[token_id] for token_id in sorted(fresh)}

    def _odd_cells(self, texts: Mapping[int, str]) -> dict[str, int]:
        """Cells of the first lines of texts, where a text has another number of UTF-16 units."""
        odd = {}
        for key, text in texts.items():
            line = text.split("\n")[0]
            if line.isascii() and line.isprintable():
                continue  # one cell each in every font, so that most runs open none
            cells = text_columns(line, self._glyphs.columns)
            if cells != len(line) + sum(character > "\uffff" for character in line):
                odd[str(key)] = cells
        return odd

    def _alternatives(self, state: CanvasState, cells: np.ndarray, before: CanvasState | None) -> str:
        if state.top_ids.shape[1] <= _ALTERNATIVES:
            return ""
        stale = _differs(self._cells_before if before else None, cells)
        if before is not None and before.top_ids.shape == state.top_ids.shape:
            ranks = slice(1, 1 + _ALTERNATIVES)
            stale |= ~state.accepted & (before.top_ids[:, ranks] != state.top_ids[:, ranks]).any(axis=1)
        else:
            stale |= ~state.accepted
        positions = np.flatnonzero(stale)
        parts = []
        for position in positions:
            parts.append(_fixed_width(np.array([position]), 2))
            for rank in range(1, 1 + _ALTERNATIVES):
                parts.append(_fixed_width(state.top_ids[position, rank : rank + 1], 3))
                parts.append(_levels(state.top_probabilities[position, rank : rank + 1]))
        return "".join(parts)


def start_message(run: str, info: RunInfo, recorded: bool = False) -> str:
    """The message that opens a run and clears the canvas. recorded: it is replayed, not happening now.

    `checks` has what the prompt asks for and can be checked, each with its `label`, and its `group` where several
    belong together. Of a prompt that the checkpoint has not learned, `unlearned` says so, with the nearest demo prompt
    that it knows; of a text that was not denoised, `writing`; of a canvas that was written on, the `held` stretches of
    places, counted over all blocks, each with its end excluded, and the `origin` of that in words.
    """
    warning = unlearned(info.checkpoint, info.prompt)
    nearest = nearest_demo(info.prompt)
    checks = [
        {"label": check.label} | ({"group": check.group} if check.group else {}) for check in checks_of(info.prompt)
    ]
    writing = {} if info.writing is Writing.DENOISED else {"writing": info.writing.value}
    draft = {"held": _runs_of(sorted(info.draft.pinned)), "origin": info.draft.origin} if info.draft else {}
    return _dumps(
        {
            "k": "start",
            "run": run,
            "prompt": info.prompt,
            "checkpoint": info.checkpoint,
            "fingerprint": info.fingerprint,
            "device": info.device,
            "settings": info.settings.to_dict(),
            "started_at": info.started_at,
            "recorded": recorded,
        }
        | ({"checks": checks} if checks else {})
        | ({"chosen_among": info.chosen_among} if info.chosen_among else {})
        | ({"unlearned": warning, "nearest": [nearest.id, nearest.title]} if warning else {})
        | writing
        | draft
    )


def end_message(run: str, reason: str, message: str = "") -> str:
    """The message that closes a run: `stop`, `length`, `stopped` or `failed`, the last with a sentence to read."""
    return _dumps({"k": "end", "run": run, "reason": reason} | ({"message": message} if message else {}))


def recording_message(trace: Trace, run: str, label: str = "", play: str | None = None) -> str:
    """A whole run in one message, with its noise. run: its id here, by which it can be saved or compared.

    play: the id that the player tells runs apart by. The run on show, under the id that it has there, is completed
    where it stands; under any other id, as when this is left out, the recording plays from its start.
    """
    info = trace.info
    writer = MessageWriter(info.vocab_size, whole=info.writing is Writing.DENOISED, prompt=info.prompt)
    messages = [
        start_message(play or secrets.token_hex(4), info, recorded=play is None),
        *(writer.write(frame) for frame in trace.frames()),
        *([_dumps(report_of(trace))] if trace.states else []),
        end_message(play or "", trace.ended, trace.problem),
    ]
    head = _dumps({"k": "recording", "run": run, "label": label, "direction": direction_fields(trace)})
    return f'{head[:-1]},"messages":[{",".join(messages)}]}}'


def compare_message(left: str, right: str, ids: tuple[str, str] = ("", "")) -> str:
    """Two recordings, as `recording_message` writes them, side by side on one clock.

    ids: under which they stand here, which make up its own.
    """
    return f'{_dumps({"k": "compare", "run": COMPARE_SIGN.join(ids)})[:-1]},"left":{left},"right":{right}}}'


def race_message(left: Trace, right: Trace, ids: tuple[str, str], label: str = "", note: str = "") -> str:
    """Two runs of one prompt in a race, under the ids that they have here, which make up its own.

    label: what both are of. note: one more sentence that has to be known.
    """
    fields, both = (
        race_fields(left, right, note),
        (recording_message(left, ids[0], label), recording_message(right, ids[1], label)),
    )
    head = _dumps({"k": "race", "run": f"{ids[0]}{RACE_SIGN}{ids[1]}", "race": fields})
    return f'{head[:-1]},"left":{both[0]},"right":{both[1]}}}'


def influence_message(run: str, trace: Trace, found: Influence) -> str:
    """What moved at the state `at` of a run when the token of block `b`, position `i`, was held: of every position
    that moved its entropy in nats and its best guess, `changes`: [position, entropy, entropy with it, guess, guess
    with it]; in a sentence, `says`; and how many tokens of each position the step was `told` of the one before.
    """
    state, change = trace.states[found.index], np.abs(found.entropy_change_nats)
    much, guesses = int((change > _MUCH_NATS).sum()), int(found.moved.sum())
    token = clipped(found.texts[found.token_id], 24) or "\u23ce"
    moves = [f"{guesses} best {'guess differs' if guesses == 1 else 'guesses differ'}"] if guesses else []
    moves += [f"the entropy of {much} {'position' if much == 1 else 'positions'} by more than {_MUCH_NATS:g} nats"]
    return _dumps(
        {
            "k": "influence",
            "n": secrets.token_hex(4),  # as of a notice
            "run": run,
            "at": found.index,
            "b": state.block,
            "i": found.place,
            "says": f"Step {state.step} without and with \u201c{token}\u201d held before it: "
            f"{', and '.join(moves) if guesses or much else 'nothing moves'}.",
            "told": state.top_ids.shape[1],
            "changes": [
                [
                    int(place),
                    round(float(found.entropy_nats[place]), 3),
                    round(float(found.held_entropy_nats[place]), 3),
                    found.texts[int(found.candidate_ids[place])],
                    found.texts[int(found.held_candidate_ids[place])],
                ]
                for place in np.flatnonzero(found.moved | (change > _MOVES_NATS))
            ],
        }
    )


def waiting_message(run: str, place: int, block_seconds: float | None = None) -> str:
    """How many runs are before this one, which is not in the player yet. block_seconds: of one block, if known."""
    told = {} if block_seconds is None else {"block_seconds": round(block_seconds, 1)}
    return _dumps({"k": "waiting", "run": run, "place": place} | told)


def loading_message(run: str, words: str) -> str:
    """How far the checkpoint is on its way into memory, which this run waits for."""
    return _dumps({"k": "loading", "run": run, "text": words})


def kept_message(run: str) -> str:
    """Nothing more follows, and the run can be opened again. It ends the stream, since Gradio sends its last twice."""
    return _dumps({"k": "kept", "run": run})


def unkept_message(run: str, reason: str) -> str:
    """This run is in memory only, and why."""
    sentence = f"This run could not be kept ({reason}): save it before others take its place in memory."
    return _dumps({"k": "unkept", "run": run, "text": sentence})


def notice_message(sentence: str) -> str:
    """A sentence for the page, beside the run on show, which stays. Gradio tells a page of changes only, so no two are
    the same."""
    return _dumps({"k": "notice", "text": sentence, "n": secrets.token_hex(4)})


def cell_codes(before: CanvasState | None, state: CanvasState) -> np.ndarray:
    """The CellCode of every position (uint8 L)."""
    codes = cell_states(before, state)
    moved = changed(before, state)
    codes[reverted(before, state)] = CellCode.REVERTED
    codes[moved & (codes == CellCode.NEW)] = CellCode.CHANGED_NEW
    codes[moved & (codes == CellCode.COMMITTED)] = CellCode.CHANGED_COMMITTED
    return codes


def _differs(before: np.ndarray | None, now: np.ndarray) -> np.ndarray:
    return np.ones(len(now), dtype=bool) if before is None else before != now


def _levels(shares: np.ndarray) -> str:
    return _spelled(np.round(shares * 63).astype(np.int64))


def _ranked(state: CanvasState) -> str:
    """All further candidates of every position, down to a level of 1."""
    levels = np.round(np.clip(state.top_probabilities[:, 1:], 0, 1) * 63).astype(np.int64)
    parts = []
    for position in np.flatnonzero((levels > 0).any(axis=1)):
        ranks = np.flatnonzero(levels[position])
        parts.append(_fixed_width(np.array([position]), 2) + _fixed_width(np.array([len(ranks)]), 1))
        for rank in ranks:
            parts.append(
                _fixed_width(state.top_ids[position, rank + 1, None], 3) + _spelled(levels[position, rank, None])
            )
    return "".join(parts)


def _stretches(parts: np.ndarray) -> list[list[int]]:
    """Start, end and Part of every stretch that is not of the answer."""
    edges = [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist(), len(parts)]
    return [[start, end, int(parts[start])] for start, end in pairwise(edges) if parts[start] != Part.ANSWER]


def _runs_of(places: Sequence[int]) -> list[list[int]]:
    """First and end of every stretch of neighbours among places in order."""
    firsts = [place for place, before in zip(places, [-2, *places], strict=False) if place != before + 1]
    lasts = [place for place, after in zip(places, [*places[1:], -2], strict=False) if after != place + 1]
    return [[first, last + 1] for first, last in zip(firsts, lasts, strict=True)]


def _bit_mask(flags: np.ndarray) -> str:
    padded = np.zeros(-(-len(flags) // 6) * 6, dtype=np.int64)
    padded[: len(flags)] = flags
    return _spelled(padded.reshape(-1, 6) @ (1 << np.arange(6)))


def _fixed_width(numbers: np.ndarray, characters: int) -> str:
    digits = (numbers[:, None].astype(np.int64) >> (6 * np.arange(characters))) & 63
    return _spelled(digits.ravel())


def _spelled(digits: np.ndarray) -> str:
    """Numbers from 0 to 63 as letters of the alphabet."""
    letters: bytes = _LETTERS[digits].tobytes()
    return letters.decode()


def _dumps(message: Mapping[str, object]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
