"""A recorded run as a file that anybody can read.

The file is JSON lines in UTF-8, compressed with gzip when its name ends in `.gz`. It holds what the model computed and
nothing that can be derived from it: no colours, no cell states (`visualizer.trace.canvas.cell_states` derives them).

The first line is the header, an object of these keys:

- `format` "diffusion-trace" and `version` 2; `states`, how many lines follow. Version 1 is the same without `ending`.
- `checkpoint`, `fingerprint` (a short hash of its files), `vocab_size`; `prompt`; `settings`, every knob of the run,
  the seed among them (`visualizer.settings.Settings`; `think` and `system` only where they are set); `device`;
  `versions` of the libraries, by name; `started_at`, ISO 8601 in UTC.
- `ended`: `stop` (the model ended its answer), `length` (token budget), `stopped` (by the visitor) or `failed`, the
  last with a sentence in `problem`.
- `texts`: the text of every id that occurs, by id; `special`: those ids that mark structure (turn ends, padding).
- of a text that was not denoised, `writing`: `typed` (by a model that writes left to right, one token a pass) or
  `drawn` (a denoised text as if typed: no model ran). What is not accepted there is no noise: nothing stands there.
- of a run that was chosen to be shown, `chosen_among`: the number of seeds that were run.
- where it is so, `begins_in_thought` true: the prompt opened a thought and left it to the canvas.
- of a canvas that somebody wrote on, `draft` (`visualizer.draft.Draft`), by position of the answer, counted over all
  blocks, as text: `pinned`, the ids that stood there at every step; `seeded`, those that stood there before the first
  one; `conditioning`, what a block's first step was told of a step before it, pairs of an id and its probability
  (where it is left out, the first step was told nothing); `origin`, in words.

Every further line is one state of the canvas, in order. Lists have one entry per position, all lines equally many:

- `block` from 0; `step` of the block, 0 for the initial noise; `phase` `noise`, `step` or `commit`; `max_steps`;
  `temperature` of the schedule; `elapsed_ms` since the run began; `answer_length`, the leading positions that belong to
  the answer; `finish`, `stop` or `length` on a run's last state, else null.
- `canvas_ids`: what the model reads next, accepted tokens and noise; `candidate_ids`: its most probable tokens;
  `accepted`: a string of 0 and 1; `entropy_nats` of each position and `probability` of its candidate.
- `top_ids`, `top_probabilities`: one list per rank, the most probable first; no list before the first step. A recorder
  may round what is not the most probable, and put that in the place of what rounds to nothing, with probability 0.
- where it is known, `ending`: the probability that the answer has ended by the position, stop and padding ids together.
- where there are any, `overrides`: by position, the text where it is not that of the shown token (`canvas_ids` where
  accepted, else `candidate_ids`), because a character is split over tokens. On a commit `answer`: the text up to there,
  and `thought` where the model has written in a thought channel.

Numbers are float32 in their shortest decimal form, so that reading them as float32 gives the same bits again. A file
is either read whole or refused with one sentence: nothing in it is executed, and sizes are bounded on every level.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from visualizer.draft import NO_DRAFT, Draft
from visualizer.errors import SettingsError, TraceError
from visualizer.settings import Settings
from visualizer.trace.canvas import CanvasState, Finish, Phase, Reals
from visualizer.trace.fields import Fault, Fields
from visualizer.trace.trace import RunInfo, Trace, Writing
from visualizer.whole_file import whole_file

FORMAT, VERSION = "diffusion-trace", 2
MAX_FILE_BYTES = 16 * 2**20
MAX_BYTES = 48 * 2**20
"""Of the lines, decompressed: about 1,800 states of 256 positions, read in a second or two."""
_MAX_HEADER_BYTES, _MAX_LINE_BYTES = 6 * 2**20, 2**20
_MAX_CONTAINERS = 100_000
"""Opening brackets in a line. An empty list costs 28 times its two characters in memory."""
_MAX_STATES, _MAX_VOCABULARY, _MOST_SEEDS = 20_000, 2**20, 2**32
_MAX_NAME, _MAX_PROMPT, _MAX_ANSWER = 1000, 200_000, 500_000
_NAME_CHARACTERS = 40
_WRITINGS = (Writing.TYPED.value, Writing.DRAWN.value)
_ENDINGS = ("stop", "length", "stopped", "failed")


def save_trace(trace: Trace, path: Path) -> None:
    """Write a trace, whole or not at all; the same trace gives the same bytes.

    Raises TraceError when it is longer than `load_trace` would take, ExportError when the file cannot be written.
    """
    lines = list(_lines(trace))
    if len(lines[0]) > _MAX_HEADER_BYTES or sum(map(len, lines)) > MAX_BYTES or len(trace.states) > _MAX_STATES:
        raise TraceError(f"The run is too long for a recording: {len(trace.states):,} states.")
    with whole_file(path) as part, part.open("wb") as file:
        if path.suffix != ".gz":
            file.writelines(lines)
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
            packed.writelines(lines)


def load_trace(path: Path) -> Trace:
    """Read and check a trace.

    Raises TraceError, in one sentence that names the line and the field at fault, for whatever is not a whole one.
    """
    with _refusals(path.name):
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Fault(f"it is larger than {MAX_FILE_BYTES // 2**20} MB")
        with path.open("rb") as file:
            if not path.name.endswith(".gz"):
                return _read(file)
            with gzip.GzipFile(fileobj=file) as packed:
                return _read(packed)


def file_stem(trace: Trace) -> str:
    """A file name of the prompt's first words and the seed, in plain letters."""
    plain = unicodedata.normalize("NFKD", trace.info.prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > _NAME_CHARACTERS:
        words = words[:_NAME_CHARACTERS].rpartition("-")[0] or words[:_NAME_CHARACTERS]
    return f"{words or 'run'}-seed-{trace.info.settings.seed}"


# ---- Writing ---------------------------------------------------------------------------------------------------------


def _lines(trace: Trace) -> Iterator[bytes]:
    info = trace.info
    header = {
        "format": FORMAT,
        "version": VERSION,
        "checkpoint": info.checkpoint,
        "fingerprint": info.fingerprint,
        "vocab_size": info.vocab_size,
        "prompt": info.prompt,
        "settings": info.settings.to_dict(),
        "device": info.device,
        "versions": info.versions,
        "started_at": info.started_at,
        "ended": trace.ended,
        "problem": trace.problem,
        "states": len(trace.states),
        "special": sorted(trace.special),
        "texts": {str(token_id): trace.texts[token_id] for token_id in sorted(trace.texts)},
    }
    if info.writing is not Writing.DENOISED:
        header["writing"] = info.writing.value
    if info.draft:
        header["draft"] = info.draft.to_dict()
    if info.chosen_among:
        header["chosen_among"] = info.chosen_among
    yield _line(header | ({"begins_in_thought": True} if trace.begins_in_thought else {}))
    answers, thoughts = iter(trace.answers), iter(trace.thoughts)
    for state, overrides in zip(trace.states, trace.overrides, strict=True):
        optional: dict[str, object] = {}
        if overrides:
            optional["overrides"] = {str(position): text for position, text in overrides.items()}
        if state.phase is Phase.COMMIT:
            optional["answer"] = next(answers)
            thought = next(thoughts, None)
            optional |= {} if thought is None else {"thought": thought}
        yield _line(_scalars(state) | _arrays(state) | optional)


def _scalars(state: CanvasState) -> dict[str, object]:
    return {
        "block": state.block,
        "step": state.step,
        "phase": state.phase.value,
        "max_steps": state.max_steps,
        "temperature": state.temperature,
        "elapsed_ms": state.elapsed_ms,
        "answer_length": state.answer_length,
        "finish": state.finish.value if state.finish else None,
    }


def _arrays(state: CanvasState) -> dict[str, object]:
    ending = {} if state.ending is None else {"ending": _decimals(state.ending)}
    return {
        "canvas_ids": state.canvas_ids.tolist(),
        "candidate_ids": state.candidate_ids.tolist(),
        "accepted": "".join("01"[flag] for flag in state.accepted.tolist()),
        "entropy_nats": _decimals(state.entropy_nats),
        "probability": _decimals(state.probability),
        "top_ids": state.top_ids.T.tolist(),
        "top_probabilities": [_decimals(rank) for rank in state.top_probabilities.T],
        **ending,
    }


def _decimals(values: Reals) -> list[float]:
    """float32 values as the floats whose decimal form is the float32's shortest."""
    return [float(str(value)) for value in values]


def _line(content: dict[str, object]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n").encode()


# ---- Reading ---------------------------------------------------------------------------------------------------------


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Say what is wrong as a TraceError."""
    refused = f"The recording {name if name.isprintable() and len(name) <= 80 else ascii(name)[:80]} cannot be read: "
    try:
        yield
    except Fault as exc:
        raise TraceError(f"{refused}{exc}.") from exc
    except EOFError as exc:
        raise TraceError(f"{refused}it is cut off.") from exc
    except (gzip.BadGzipFile, zlib.error) as exc:
        raise TraceError(f"{refused}it is not a whole gzip file.") from exc
    except OSError as exc:
        raise TraceError(f"{refused}{(exc.strerror or 'it cannot be opened').lower()}.") from exc


def _read(file: BufferedIOBase) -> Trace:
    header = Fields(1, _read_object(file, 1, _MAX_HEADER_BYTES))
    if header.take("format") != FORMAT:
        raise Fault("it is not a recording of a diffusion run")
    if header.integer("version", 1, 2**31) > VERSION:
        raise Fault(f"line 1: version is above {VERSION}, the latest that this app knows")
    info = _read_info(header)
    count = header.integer("states", 0, _MAX_STATES)
    texts = {header.index("texts", key, info.vocab_size): text for key, text in header.texts("texts").items()}
    special = header.take("special")
    if not isinstance(special, list) or not set(map(type, special)) <= {int} or not texts.keys() >= set(special):
        raise header.fault("special", "is not a list of ids that have a text")
    ended, problem = header.choice("ended", _ENDINGS), header.text("problem", _MAX_PROMPT)
    begins_in_thought = header.take_if_there("begins_in_thought", header.true, False)
    header.end()
    reader = _StateReader(info, texts)
    room = MAX_BYTES - file.tell()
    for number in range(2, count + 2):
        content = _read_object(file, number, min(_MAX_LINE_BYTES, room))
        room = MAX_BYTES - file.tell()
        reader.read(Fields(number, content))
    if file.read(1):
        raise Fault(f"line {count + 2}: there are more states than line 1 says")
    return Trace(
        info, tuple(reader.states), texts, frozenset(special), tuple(reader.overrides), tuple(reader.answers), ended,
        problem, tuple(reader.thoughts) if any(reader.thoughts) else (), begins_in_thought,
    )  # fmt: skip


def _read_info(header: Fields) -> RunInfo:
    try:
        settings = Settings.from_dict(header.take("settings"))
    except SettingsError as exc:
        raise header.fault("settings", f"is refused: {str(exc).rstrip('.')}") from exc
    vocab_size = header.integer("vocab_size", 1, _MAX_VOCABULARY)
    return RunInfo(
        checkpoint=header.text("checkpoint", _MAX_NAME),
        fingerprint=header.text("fingerprint", _MAX_NAME),
        prompt=header.text("prompt", _MAX_PROMPT),
        settings=settings,
        device=header.text("device", _MAX_NAME),
        versions=header.texts("versions"),
        started_at=header.text("started_at", _MAX_NAME),
        vocab_size=vocab_size,
        writing=header.take_if_there(
            "writing", lambda field: Writing(header.choice(field, _WRITINGS)), Writing.DENOISED
        ),
        draft=header.take_if_there("draft", lambda field: _read_draft(header, field, vocab_size), NO_DRAFT),
        chosen_among=header.take_if_there("chosen_among", lambda field: header.integer(field, 1, _MOST_SEEDS), 0),
    )


def _read_draft(header: Fields, field: str, vocab_size: int) -> Draft:
    try:
        draft = Draft.from_dict(header.take(field))
        draft.check_ids(vocab_size)
    except SettingsError as exc:
        raise header.fault(field, f"is refused: {str(exc).rstrip('.')}") from exc
    return draft


def _read_object(file: BufferedIOBase, number: int, limit: int) -> dict[str, object]:
    line = file.readline(limit + 1)
    if len(line) > limit:
        raise Fault(f"line {number} is too long")
    if not line.endswith(b"\n"):
        raise Fault(f"it is cut off at line {number}" if number > 1 or line else "it is empty")
    if line.count(b"[") + line.count(b"{") > _MAX_CONTAINERS:
        raise Fault(f"line {number} holds too many lists")
    try:
        content = json.loads(line.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise Fault(f"line {number} is not JSON") from exc
    if not isinstance(content, dict):
        raise Fault(f"line {number} is not a JSON object")
    return content


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


class _StateReader:
    """Reads the states of one file in order."""

    def __init__(self, info: RunInfo, texts: dict[int, str]) -> None:
        self._vocab_size = info.vocab_size
        self._pinned = np.array(sorted(info.draft.pinned), dtype=np.int64)
        self._has_text = np.zeros(info.vocab_size, dtype=bool)
        self._has_text[list(texts)] = True
        self.states: list[CanvasState] = []
        self.overrides: list[dict[int, str]] = []
        self.answers: list[str] = []
        self.thoughts: list[str | None] = []

    def read(self, fields: Fields) -> None:
        accepted = fields.flags("accepted")
        length = len(accepted)
        block = fields.integer("block", 0, _MAX_STATES)
        state = CanvasState(
            canvas_ids=fields.ids("canvas_ids", length, self._vocab_size),
            candidate_ids=fields.ids("candidate_ids", length, self._vocab_size),
            accepted=accepted,
            entropy_nats=fields.measures("entropy_nats", length),
            probability=fields.measures("probability", length),
            top_ids=fields.ranked_ids("top_ids", length, self._vocab_size),
            top_probabilities=fields.ranked_measures("top_probabilities", length),
            ending=fields.take_if_there("ending", lambda field: fields.measures(field, length), None),
            block=block,
            step=fields.integer("step", 0, _MAX_STATES),
            max_steps=fields.integer("max_steps", 1, _MAX_STATES),
            phase=Phase(fields.choice("phase", tuple(phase.value for phase in Phase))),
            temperature=fields.number("temperature", 0, 1000),
            elapsed_ms=fields.number("elapsed_ms", 0, 1e12),
            answer_length=fields.integer("answer_length", 0, length),
            finish=self._finish(fields),
            pinned=np.isin(np.arange(block * length, (block + 1) * length), self._pinned),
        )
        if state.top_ids.shape != state.top_probabilities.shape:
            raise fields.fault("top_probabilities", "has not as many ranks as top_ids")
        self._check_texts(fields, state)
        self._check_place(fields, state)
        overrides: dict[str, str] = fields.take_if_there("overrides", fields.texts, {})
        self.overrides.append({fields.index("overrides", key, length): text for key, text in overrides.items()})
        if state.phase is Phase.COMMIT:
            self.answers.append(fields.text("answer", _MAX_ANSWER))
            self.thoughts.append(fields.take_if_there("thought", lambda field: fields.text(field, _MAX_ANSWER), None))
        fields.end()
        self.states.append(state)

    @staticmethod
    def _finish(fields: Fields) -> Finish | None:
        value = fields.take("finish")
        if value not in (None, *(finish.value for finish in Finish)):
            raise fields.fault("finish", "is neither null nor stop nor length")
        return None if value is None else Finish(value)

    def _check_texts(self, fields: Fields, state: CanvasState) -> None:
        for field in ("canvas_ids", "candidate_ids", "top_ids"):
            if not self._has_text[getattr(state, field)].all():
                raise fields.fault(field, "holds an id that line 1 gives no text of")

    def _check_place(self, fields: Fields, state: CanvasState) -> None:
        """Refuse a state that cannot follow those before it."""
        before = self.states[-1] if self.states else None
        place = (state.block, state.step, state.phase)
        if place not in _places_after(before):
            raise fields.fault("block, step, phase", f"are {place[0]}, {place[1]}, {place[2].value}, out of order")
        if before is not None and len(before.accepted) != len(state.accepted):
            raise fields.fault("accepted", f"is not {len(before.accepted)} long, as on the line before")
        if state.finish is not None and state.phase is not Phase.COMMIT:
            raise fields.fault("finish", "is set where no block is committed")


def _places_after(before: CanvasState | None) -> list[tuple[int, int, Phase]]:
    """Block, step and phase of the states that may follow one."""
    if before is None:
        return [(0, 0, Phase.NOISE)]
    if before.finish is not None:
        return []
    if before.phase is Phase.COMMIT:
        return [(before.block + 1, 0, Phase.NOISE)]
    another = (before.block, before.step + 1, Phase.STEP)
    return [another] if before.phase is Phase.NOISE else [another, (before.block, before.step, Phase.COMMIT)]
