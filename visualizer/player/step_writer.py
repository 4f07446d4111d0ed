"""Frames as the player's messages of steps, written one after the other: what was sent before is left out.

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
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from itertools import pairwise

import numpy as np

from visualizer.measure import Scoring
from visualizer.picture import Glyphs, special_sign, text_columns
from visualizer.player.spelling import spell, spell_flags, spell_json, spell_numbers, spell_shares
from visualizer.trace import CanvasState, CellState, Frame, Part, PartReader, cell_states, changed, reverted

_ALTERNATIVES = 2


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
            "h": spell_shares(np.sqrt(np.clip(state.entropy_nats / self._hmax, 0, 1))),
            "p": spell_shares(np.clip(state.probability, 0, 1)),
            "d": spell_flags(candidates_changed) + spell_numbers(state.candidate_ids[candidates_changed], 3),
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
            optional["e"] = "" if state.ending is None else spell_shares(np.clip(state.ending, 0, 1))
            optional["z"] = spell_numbers(state.canvas_ids[~state.accepted], 3)
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
        return spell_json(message)

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
            parts.append(spell_numbers(np.array([position]), 2))
            for rank in range(1, 1 + _ALTERNATIVES):
                parts.append(spell_numbers(state.top_ids[position, rank : rank + 1], 3))
                parts.append(spell_shares(state.top_probabilities[position, rank : rank + 1]))
        return "".join(parts)


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


def _ranked(state: CanvasState) -> str:
    """All further candidates of every position, down to a level of 1."""
    levels = np.round(np.clip(state.top_probabilities[:, 1:], 0, 1) * 63).astype(np.int64)
    parts = []
    for position in np.flatnonzero((levels > 0).any(axis=1)):
        ranks = np.flatnonzero(levels[position])
        parts.append(spell_numbers(np.array([position]), 2) + spell_numbers(np.array([len(ranks)]), 1))
        for rank in ranks:
            parts.append(
                spell_numbers(state.top_ids[position, rank + 1, None], 3) + spell(levels[position, rank, None])
            )
    return "".join(parts)


def _stretches(parts: np.ndarray) -> list[list[int]]:
    """Start, end and Part of every stretch that is not of the answer."""
    edges = [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist(), len(parts)]
    return [[start, end, int(parts[start])] for start, end in pairwise(edges) if parts[start] != Part.ANSWER]
