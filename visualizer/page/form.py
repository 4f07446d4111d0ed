"""The form beside the player: the prompt, Denoise and Stop, the demo cards and the knobs.

Plain HTML in one component of Gradio, so that every field exists from the first moment and keeps what is typed (fields
of a closed fold of Gradio's are made anew when it opens, and an empty number becomes 0). `assets/form.js` reads all of
it in one instant when a run is asked for.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator

import gradio as gr

from visualizer.learned import is_limited
from visualizer.model import CheckpointCard
from visualizer.page.styles import form_script
from visualizer.prompts import Prompt
from visualizer.run import Gallery
from visualizer.settings import KNOBS, SET_BY_VISITORS, Choice, Knob, Number, Switch
from visualizer.templates import templates_for
from visualizer.wordings import wordings_for

_GLUE = """
const form = createForm(element.querySelector('.form-root'), {markup}, {prompts});
form.follow(JSON.parse(props.value));
window.denoiseForm = form;
watch('value', () => form.follow(JSON.parse(props.value)));
"""
"""What the component runs when it has been mounted. `watch` does not fire for the first value."""


def build_form(card: CheckpointCard, prompts: tuple[Prompt, ...], gallery: Gallery) -> gr.HTML:
    """The form; its value is what the checkpoint takes, see `limits_of`."""
    texts = {prompt.id: {"text": prompt.text, "max_tokens": prompt.budget} for prompt in prompts}
    glue = _GLUE.replace("{markup}", _literal("".join(_markup(prompts, gallery))))
    return gr.HTML(
        limits_of(card), html_template='<div class="form-root"></div>', elem_id="form", apply_default_css=False,
        js_on_load=form_script() + glue.replace("{prompts}", _literal(texts)),
    )  # fmt: skip


def limits_of(card: CheckpointCard) -> str:
    """What the form takes over from a checkpoint, as JSON: `defaults` by knob, the `ranges` of numbers in words, the
    `unknown` knobs, which it does not show, the `wordings` to fill in, whether there is nothing `beyond` them and the
    demo prompts, and the `templates` that are examples of a text with blanks."""
    highest = {"canvas_length": card.canvas_length}
    ranges = {
        knob.name: f"{knob.lowest:g} to {highest.get(knob.name, knob.highest):.10g}"
        for knob in KNOBS
        if knob.about and isinstance(knob, Number)
    }
    defaults = {name: getattr(card.defaults, name) for name in SET_BY_VISITORS if name not in ("seed", "system")}
    knows = {"think": card.thinks, "system": card.takes_system}
    unknown = [name for name, known in knows.items() if not known]
    wordings = [vars(wording) for wording in wordings_for(card.name)]
    return json.dumps(
        {
            "defaults": defaults,
            "ranges": ranges,
            "unknown": unknown,
            "wordings": wordings,
            "beyond": not is_limited(card.name),
            "templates": [vars(template) for template in templates_for(card.name)],
        }
    )


_BEGINNINGS = {"": "Prompt", "template": "Fill in the blanks", "revise": "Revise a draft"}
"""What a canvas can begin with; that of a prompt alone is noise."""
_WRITING = """
<div class="written" id="template" hidden>
<label><span>Text with blanks</span><textarea name="template" rows="4"></textarea></label>
<small>The text stays, at every step. A blank is <code>____</code>, of eight tokens; <code>____{3}</code>, of three;
<code>____{up to 12}</code>, as long as suits the text after it best; at the end <code>____{*}</code>, as long as the
model likes.</small><p></p></div>
<div class="written" id="revise" hidden>
<label><span>Your text</span><textarea name="revise" rows="4"></textarea></label>
<label class="strength"><span>Thrown back to noise</span>
<input type="range" name="strength" min="0" max="1" step="0.05" value="0.5"><output>50 %</output></label>
<small>The rest is what the model begins with, and may take back, too.</small></div>
"""


def _markup(prompts: tuple[Prompt, ...], gallery: Gallery) -> Iterator[str]:
    yield '<fieldset id="ways"><legend>What the canvas begins with</legend>'
    for way, title in _BEGINNINGS.items():
        checked = "" if way else " checked"
        yield f'<label><input type="radio" name="way" value="{way}"{checked}><span>{title}</span></label>'
    yield '</fieldset><label id="prompt"><span>Prompt</span><textarea name="prompt" rows="3"></textarea></label>'
    yield _WRITING
    yield '<div id="actions"><button type="submit" id="denoise">Denoise</button>'
    yield '<button type="button" id="stop">Stop</button></div><p id="place" role="status"></p><div id="cards">'
    for prompt in prompts:
        yield _demo(prompt, gallery.id_of(prompt))
    yield '</div><details id="own-words" class="fold"><summary>In your own words</summary><div></div></details>'
    yield '<details id="knobs" class="fold"><summary>Knobs</summary><div>'
    for knob in KNOBS:
        if knob.about:
            yield _field(knob)
    yield "</div></details>"


def _demo(prompt: Prompt, recording: str | None) -> str:
    """A demo prompt's button, and the quiet one in its corner that plays its recording instead, where there is one."""
    replay = ""
    if recording is not None:
        replay = (
            f'<button type="button" class="replay" id="recording-{prompt.id}" data-recording="{recording}" '
            f'aria-label="Play the recording of {html.escape(prompt.title)}">▸ recording</button>'
        )
    return (
        f'<div class="card-row"><button type="button" class="card" id="card-{prompt.id}" data-demo="{prompt.id}">'
        f"<b>{html.escape(prompt.title)}</b> <span>{html.escape(prompt.watch)}</span></button>{replay}</div>"
    )


def _field(knob: Knob) -> str:
    unit = f" <i>{knob.unit}</i>" if isinstance(knob, Number) and knob.unit else ""
    return (
        f'<label id="{knob.name.replace("_", "-")}"><span>{knob.spoken.capitalize()}{unit}</span>'
        f"{_control(knob)}<small>{html.escape(knob.about)}</small></label>"
    )


def _control(knob: Knob) -> str:
    match knob:
        case Number():  # Without `min`: steps would be counted from there.
            return f'<input type="number" name="{knob.name}" step="{knob.step:g}">'
        case Choice():
            options = "".join(f"<option>{html.escape(choice)}</option>" for choice in knob.choices)
            return f'<select name="{knob.name}">{options}</select>'
        case Switch():
            return f'<input type="checkbox" name="{knob.name}">'
        case _:
            return f'<textarea name="{knob.name}" rows="2"></textarea>'


def _literal(value: object) -> str:
    """A value as a JavaScript literal that no markup can end."""
    return json.dumps(value).replace("<", "\\u003c")
