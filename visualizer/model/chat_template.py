"""What a checkpoint's chat template knows: to ask for a thought, and a system prompt.

Found by rendering it both ways, as transformers does; a template that does not is one that knows neither.
"""

from __future__ import annotations

_ASKED = {"role": "user", "content": "Hello"}
_SYSTEM = "Answer in one word."


def knows_thinking(template: str) -> bool:
    """Whether it asks for a thought in another way than for none."""
    if "enable_thinking" not in template:
        return False
    thinking, plain = (_rendered(template, [_ASKED], thinks) for thinks in (True, False))
    return thinking is not None and plain is not None and thinking != plain


def knows_system(template: str) -> bool:
    """Whether it has a place for a system prompt.

    It must name the role: one that hands on any role, as the pocket's does, may belong to a model that knows none.
    """
    if "system" not in template:
        return False
    said = _rendered(template, [{"role": "system", "content": _SYSTEM}, _ASKED], thinks=False)
    return said is not None and _SYSTEM in said


def _rendered(template: str, messages: list[dict[str, str]], thinks: bool) -> str | None:
    """None where the template refuses, whatever it raises."""
    # Here, since it takes a second, and the pocket's template is not rendered.
    from transformers.utils.chat_template_utils import render_jinja_template

    try:
        (text,), _ = render_jinja_template(
            [messages], chat_template=template, add_generation_prompt=True, enable_thinking=thinks,
            bos_token="", eos_token="",
        )  # fmt: skip
    except Exception:
        return None
    return str(text)
