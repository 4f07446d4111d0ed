"""What the player is told, as compact JSON strings (`assets/player/decode.js` reads them).

A run is a `start`, its steps, and an `end`. A `recording` holds all of that at once, with its `direction`
(`visualizer/player/direction.py`) and the `report` of it (`visualizer/player/report.py`), `compare` two recordings, and
`race` two of one prompt, with what is to be known of that as `race` (`visualizer/player/race.py`).
`waiting` says how many runs are before one that was asked for, `loading` how far the checkpoint is that it waits for,
`influence` what one held token would have moved in one step,
`kept` that nothing more follows, `unkept` why a run is in memory only, and `notice` is a sentence for the page.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np

from visualizer.learned import nearest_demo, unlearned
from visualizer.measure import checks_of, clipped
from visualizer.player.direction import direction_fields
from visualizer.player.race import race_fields
from visualizer.player.report import report_of
from visualizer.player.spelling import spell_json
from visualizer.player.step_writer import MessageWriter
from visualizer.trace import Influence, RunInfo, Trace, Writing

RACE_SIGN, COMPARE_SIGN = "~", "+"
"""Between the ids of the two runs in that of their race; a side that was drawn has none."""
_MOVES_NATS, _MUCH_NATS = 0.01, 0.1
"""By how much an entropy moves that is sent, and one that is counted in words."""


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
    return spell_json(
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
    return spell_json({"k": "end", "run": run, "reason": reason} | ({"message": message} if message else {}))


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
        *([spell_json(report_of(trace))] if trace.states else []),
        end_message(play or "", trace.ended, trace.problem),
    ]
    head = spell_json({"k": "recording", "run": run, "label": label, "direction": direction_fields(trace)})
    return f'{head[:-1]},"messages":[{",".join(messages)}]}}'


def compare_message(left: str, right: str, ids: tuple[str, str] = ("", "")) -> str:
    """Two recordings, as `recording_message` writes them, side by side on one clock.

    ids: under which they stand here, which make up its own.
    """
    return f'{spell_json({"k": "compare", "run": COMPARE_SIGN.join(ids)})[:-1]},"left":{left},"right":{right}}}'


def race_message(left: Trace, right: Trace, ids: tuple[str, str], label: str = "", note: str = "") -> str:
    """Two runs of one prompt in a race, under the ids that they have here, which make up its own.

    label: what both are of. note: one more sentence that has to be known.
    """
    fields, both = (
        race_fields(left, right, note),
        (recording_message(left, ids[0], label), recording_message(right, ids[1], label)),
    )
    head = spell_json({"k": "race", "run": f"{ids[0]}{RACE_SIGN}{ids[1]}", "race": fields})
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
    return spell_json(
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
    return spell_json({"k": "waiting", "run": run, "place": place} | told)


def loading_message(run: str, words: str) -> str:
    """How far the checkpoint is on its way into memory, which this run waits for."""
    return spell_json({"k": "loading", "run": run, "text": words})


def kept_message(run: str) -> str:
    """Nothing more follows, and the run can be opened again. It ends the stream, since Gradio sends its last twice."""
    return spell_json({"k": "kept", "run": run})


def unkept_message(run: str, reason: str) -> str:
    """This run is in memory only, and why."""
    sentence = f"This run could not be kept ({reason}): save it before others take its place in memory."
    return spell_json({"k": "unkept", "run": run, "text": sentence})


def notice_message(sentence: str) -> str:
    """A sentence for the page, beside the run on show, which stays. Gradio tells a page of changes only, so no two are
    the same."""
    return spell_json({"k": "notice", "text": sentence, "n": secrets.token_hex(4)})


def _runs_of(places: Sequence[int]) -> list[list[int]]:
    """First and end of every stretch of neighbours among places in order."""
    firsts = [place for place, before in zip(places, [-2, *places], strict=False) if place != before + 1]
    lasts = [place for place, after in zip(places, [*places[1:], -2], strict=False) if after != place + 1]
    return [[first, last + 1] for first, last in zip(firsts, lasts, strict=True)]
