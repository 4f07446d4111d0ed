"""What page, programs and command line say of a canvas, as a draft: one JSON object in one of a few forms.

- `{"template": "Dear ____{6}, thank you."}`: see `visualizer.model.fill_in`.
- `{"revise": "A text.", "strength": 0.4}`: see `visualizer.model.revise`.
- `{"from": "…", "do": "throw back", "state": 17, "places": [[3, 9]]}`: of the state of a recording (from 0, the last
  where it is left out), with stretches of places, the end of each excluded. `do` is `hold`, `throw back`, `write` (with
  `text`) or `go on` (with `self_conditioning`, `top-k` or `none`): see `visualizer.trace.drafting`.
- the tokens themselves: see `visualizer.draft.Draft.from_dict`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from visualizer.draft import Draft
from visualizer.errors import SettingsError
from visualizer.model import CheckpointCard, TextTokens, fill_in, revise
from visualizer.request import Request
from visualizer.trace import SelfConditioning, Trace, go_on, hold, throw_back, write

_FORMS = {
    "template": {"template"},
    "revise": {"revise", "strength"},
    "from": {"from", "do", "state", "places", "text", "self_conditioning"},
}
_STRENGTH = 0.5
_LONGEST = 200_000


def drafted(request: Request, asked: object, card: CheckpointCard, open_trace: Callable[[str], Trace]) -> Request:
    """The request with what was asked for on its canvas. open_trace: finds a recording by what `from` says.

    Raises SettingsError for what is no draft or does not fit the run, and whatever open_trace does.
    """
    draft = _read(asked, request, card, open_trace)
    draft.check(request.settings, card.vocab_size, card.stop_ids)
    return replace(request, draft=draft)


def read_json(text: str) -> object:
    """What a draft is read from.

    Raises SettingsError for what is no JSON, and what is no text at all, which programs send too.
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as exc:
        raise SettingsError("A draft is JSON, and this is none.") from exc


def _read(asked: object, request: Request, card: CheckpointCard, open_trace: Callable[[str], Trace]) -> Draft:
    form = next((form for form in _FORMS if isinstance(asked, dict) and form in asked), None)
    if form is None or not isinstance(asked, dict):
        return Draft.from_dict(asked)
    unknown = asked.keys() - _FORMS[form]
    if unknown:
        raise SettingsError(f"A draft with {form} has no {min(map(str, unknown))!a:.40}.")
    if form == "from":
        return _of_recording(asked, open_trace(_text(asked, "from")), card)
    if request.settings.think:
        raise SettingsError("A written canvas and thinking do not go together: nobody knows where the thought ends.")
    tokens = TextTokens(card.folder, card.stop_ids)
    if form == "template":
        return fill_in(_text(asked, "template"), tokens)
    return revise(_text(asked, "revise"), _number(asked, "strength"), request.settings.seed, tokens)


def _of_recording(asked: Mapping[str, object], trace: Trace, card: CheckpointCard) -> Draft:
    if trace.info.fingerprint != card.fingerprint:
        raise SettingsError(
            f"The recording was made by {trace.info.checkpoint} and not by {card.name}: tokens of another vocabulary "
            "mean nothing to it."
        )
    index = asked.get("state", len(trace.states) - 1)
    if type(index) is not int or not 0 <= index < len(trace.states):
        raise SettingsError(f"The recording has the states 0 to {len(trace.states) - 1}, and not {index!a:.40}.")
    places = _places(asked.get("places", []))
    match asked.get("do"):
        case "hold":
            return hold(trace, index, places)
        case "throw back":
            return throw_back(trace, index, places)
        case "write":
            tokens = TextTokens(card.folder, card.stop_ids)
            return write(trace, index, places, tokens.ids(_text(asked, "text")))
        case "go on":
            named = asked.get("self_conditioning", SelfConditioning.TOP_K)
            if named not in list(SelfConditioning):
                raise SettingsError(f'Self-conditioning is "top-k" or "none", not {named!a:.40}.')
            return go_on(trace, index, places, SelfConditioning(str(named)))
    raise SettingsError('What is done to a recording is "hold", "throw back", "write" or "go on".')


def _places(stretches: object) -> list[int]:
    found: dict[int, None] = {}  # in the order said
    for stretch in stretches if isinstance(stretches, list) else [stretches]:
        if not (isinstance(stretch, list) and len(stretch) == 2 and all(type(end) is int for end in stretch)
                and 0 <= stretch[0] < stretch[1] <= _LONGEST):  # fmt: skip
            raise SettingsError(f"Places are a list of stretches, each [first, end], not {stretch!a:.40}.")
        places = range(*stretch)
        if not found.keys().isdisjoint(places):  # told at once: many long stretches would fill the memory
            raise SettingsError("The stretches of places overlap.")
        found |= dict.fromkeys(places)
    return list(found)


def _text(asked: Mapping[str, object], key: str) -> str:
    value = asked.get(key, "")
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise SettingsError(f"The {key} of a draft is a text of at most {_LONGEST:,} characters.")
    return value


def _number(asked: Mapping[str, object], key: str) -> float:
    value = asked.get(key, _STRENGTH)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise SettingsError(f"The {key} of a draft is a number, not {value!a:.40}.")
    return float(value)
