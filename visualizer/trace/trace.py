"""One recorded run as a value: what it was made with, its states, and the texts of their tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from visualizer.draft import NO_DRAFT, Draft
from visualizer.settings import Settings
from visualizer.trace.canvas import CanvasState, Finish, Frame, Phase


class Writing(StrEnum):
    """How a run's text came onto its canvas.

    DENOISED: out of noise, in any order. TYPED: one token a forward pass, left to right, by a model that writes so.
    DRAWN: the same of a text that was denoised, to look at: no model ran, so there is neither time nor probability.
    Of a typed or drawn run, what is not accepted is not noise: nothing stands there yet.
    """

    DENOISED = "denoised"
    TYPED = "typed"
    DRAWN = "drawn"

    @property
    def unit(self) -> str:
        """What one forward pass is called."""
        return "step" if self is Writing.DENOISED else "pass"

    @property
    def units(self) -> str:
        """Several of them."""
        return "steps" if self is Writing.DENOISED else "passes"


@dataclass(frozen=True)
class RunInfo:
    """What a run was made with.

    checkpoint, fingerprint: its name, and a short hash of its files. versions: of the libraries that computed it, by
    name. started_at: ISO 8601, UTC, to the second. draft: what stood on its canvases before they were denoised.
    """

    checkpoint: str
    fingerprint: str
    prompt: str
    settings: Settings
    device: str
    versions: dict[str, str]
    started_at: str
    vocab_size: int
    writing: Writing = Writing.DENOISED
    draft: Draft = NO_DRAFT


@dataclass(frozen=True)
class Block:
    """Where one block stands in a trace.

    first, last: the indices of its states. offset: its first position, counted over all blocks. length: how many
    positions it has.
    """

    first: int
    last: int
    offset: int
    length: int


@dataclass(frozen=True, eq=False)
class Trace:
    """One recorded run.

    states: of all blocks in order, noise, steps and commit each; a stopped run ends anywhere. texts: of every id that
    occurs, its own; special: those of them that mark structure. overrides: one per state, texts of positions that
    differ from their shown token's own. answers: one per commit, the committed text up to there. ended: `stop`,
    `length`, `stopped` or `failed`, the last with a sentence in `problem`. thoughts: as `answers`, what stands in
    thought channels, None for nothing; no entry at all where no commit has any. begins_in_thought: whether the prompt
    ends in a thought that it opens and leaves open.
    """

    info: RunInfo
    states: tuple[CanvasState, ...]
    texts: dict[int, str]
    special: frozenset[int]
    overrides: tuple[dict[int, str], ...]
    answers: tuple[str, ...]
    ended: str
    problem: str = ""
    thoughts: tuple[str | None, ...] = ()
    begins_in_thought: bool = False

    @property
    def answer(self) -> str:
        """The committed text."""
        return self.answers[-1] if self.answers else ""

    @property
    def thought(self) -> str | None:
        """What stands in thoughts, which are no part of the answer."""
        return self.thoughts[-1] if self.thoughts else None

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Its blocks in order; of a stopped run the last one is cut off."""
        found: list[Block] = []
        first = offset = 0
        for index, state in enumerate(self.states):
            if index + 1 == len(self.states) or self.states[index + 1].block != state.block:
                found.append(Block(first, index, offset, len(state.canvas_ids)))
                first, offset = index + 1, offset + len(state.canvas_ids)
        return tuple(found)

    def block_at(self, index: int) -> int:
        """Which of the blocks a state belongs to."""
        return next(number for number, block in enumerate(self.blocks) if index <= block.last)

    def states_of(self, block: Block) -> tuple[CanvasState, ...]:
        """A block's states in order."""
        return self.states[block.first : block.last + 1]

    def frames(self) -> Iterator[Frame]:
        """The run again, as it was yielded: every text once, with the first state that needs it."""
        known: set[int] = set()
        answers, thoughts = iter(self.answers), iter(self.thoughts)
        for state, overrides in zip(self.states, self.overrides, strict=True):
            commits = state.phase is Phase.COMMIT
            fresh = state.token_ids() - known
            known |= fresh
            yield Frame(
                state=state,
                texts={token_id: self.texts[token_id] for token_id in sorted(fresh)},
                special=self.special & fresh,
                overrides=overrides,
                answer=next(answers) if commits else None,
                thought=next(thoughts, None) if commits else None,
                begins_in_thought=self.begins_in_thought,
            )

    def shown_texts(self, index: int) -> list[str]:
        """The text shown at every position of a state; joined they are the exact text."""
        overrides = self.overrides[index]
        shown = self.states[index].shown_ids().tolist()
        return [overrides.get(position, self.texts[token_id]) for position, token_id in enumerate(shown)]


def trace_of(info: RunInfo, frames: Iterable[Frame], ended: str | None = None, problem: str = "") -> Trace:
    """The trace of a run's frames. ended: left out, it is the last state's finish, or `stopped`."""
    frames = list(frames)
    finish = frames[-1].state.finish if frames else None
    thoughts = tuple(frame.thought for frame in frames if frame.answer is not None)
    return Trace(
        info=info,
        states=tuple(frame.state for frame in frames),
        texts={token_id: text for frame in frames for token_id, text in frame.texts.items()},
        special=frozenset().union(*(frame.special for frame in frames)),
        overrides=tuple(frame.overrides for frame in frames),
        answers=tuple(frame.answer for frame in frames if frame.answer is not None),
        ended=ended or (finish.value if isinstance(finish, Finish) else "stopped"),
        problem=problem,
        thoughts=thoughts if any(thoughts) else (),
        begins_in_thought=any(frame.begins_in_thought for frame in frames),
    )
