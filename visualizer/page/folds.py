"""Parts of the page that are folded at first, and exist all the same: what is typed as one opens is not lost.

An accordion of Gradio's makes what is in it when it opens for the first time, and gives all of that its first values
once more some frames later.
"""

from __future__ import annotations

import json

import gradio as gr

_TEMPLATE = '<button type="button" class="fold-line" aria-expanded="false"></button>@children'
_FOLLOW = """
const line = element.querySelector('.fold-line');
const fold = (isOpen) => {
  if (line.getAttribute('aria-expanded') === String(isOpen)) return;
  line.setAttribute('aria-expanded', String(isOpen));
  trigger(isOpen ? 'expand' : 'collapse');
};
const follow = () => {
  const { label, open } = JSON.parse(props.value);
  line.textContent = label;
  if (open) fold(true);
};
line.addEventListener('click', () => fold(line.getAttribute('aria-expanded') !== 'true'));
follow();
watch('value', follow);
"""
"""What the component runs when it has been mounted. `watch` does not fire for the first value."""


def fold(label: str, elem_id: str) -> gr.HTML:
    """A fold, to be filled as a context. Its events are `expand` and `collapse`, its value is `fold_value`'s."""
    return gr.HTML(
        fold_value(label), html_template=_TEMPLATE, elem_id=elem_id, elem_classes="fold", apply_default_css=False,
        js_on_load=_FOLLOW,
    )  # fmt: skip


def fold_value(label: str, is_open: bool = False) -> str:
    """The label of a fold; is_open: opens it, where it is folded. It is never folded from here."""
    return json.dumps({"label": label, "open": is_open})
