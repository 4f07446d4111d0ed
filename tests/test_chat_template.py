"""What a chat template knows is found by rendering it."""

import json
import shutil

import pytest

from tests.support.real_checkpoint import OLDER_TEMPLATE, TEMPLATE
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import CheckpointError
from visualizer.model import read_card
from visualizer.model.chat_template import knows_system, knows_thinking
from visualizer.settings import Settings

FOLDED_IN = "{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}{{ messages[-1].content }}"
REFUSING = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ messages[-1].content }}"
)
DROPPING = "{% for message in messages if message.role != 'system' %}{{ message.content }}{% endfor %}"
PRE_FILLING = "{{ messages[0].content }}{% if not enable_thinking | default(false) %}<think></think>{% endif %}"
NAMING = "{# enable_thinking, system: #}{{ messages[-1].content }}"


@pytest.mark.parametrize(
    ("label", "template", "thinks", "takes_system"),
    [
        ("the published one", TEMPLATE, True, True),
        ("the older one", OLDER_TEMPLATE, True, True),
        ("the pocket's", (POCKET_FOLDER / "chat_template.jinja").read_text(), False, False),
        ("none", "", False, False),
        ("the system prompt before the prompt", FOLDED_IN, False, True),
        ("one that refuses a system prompt", REFUSING, False, False),
        ("one that drops a system prompt", DROPPING, False, False),
        ("one that fills in an empty thought", PRE_FILLING, True, False),
        ("one that only names them", NAMING, False, False),
        ("one that is garbled", "{% if enable_thinking system", False, False),
    ],
)
def test_it_is_known_whether_a_template_thinks_and_takes_a_system_prompt(label, template, thinks, takes_system):
    assert (knows_thinking(template), knows_system(template)) == (thinks, takes_system), label


@pytest.fixture
def folder(tmp_path):
    copy = shutil.copytree(POCKET_FOLDER, tmp_path / "copy")
    (copy / "chat_template.jinja").unlink()
    return copy


def abilities(folder):
    card = read_card(folder)
    return card.thinks, card.takes_system


def test_a_card_says_it_wherever_the_template_lies(folder):
    assert abilities(folder) == (False, False)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": FOLDED_IN}))
    assert abilities(folder) == (False, True)
    (folder / "chat_template.jinja").write_text(PRE_FILLING)
    assert abilities(folder) == (True, False)


def test_a_template_that_cannot_be_read_is_told(folder):
    (folder / "tokenizer_config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"tokenizer_config\.json of the checkpoint copy cannot be read"):
        read_card(folder)


def asked(real, settings):
    return real.tokenizer.decode(real.prompt_ids("Hello", settings), skip_special_tokens=False)


ASKED = "<|turn>user\nHello<turn|>\n<|turn>model\n"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, ASKED),
        ({"think": True}, f"<|turn>system\n<|think|>\n<turn|>\n{ASKED}"),
        ({"system": "So.\nBe"}, f"<|turn>system\nSo.\nBe<turn|>\n{ASKED}"),
        ({"think": True, "system": "Be"}, f"<|turn>system\n<|think|>\nBe<turn|>\n{ASKED}"),
    ],
)
def test_the_prompt_asks_for_what_is_set(real, settings, text):
    assert asked(real, Settings(**settings)) == f"<bos>{text}"


def test_an_older_template_fills_in_an_empty_thought_only_where_none_is_asked_for(real, monkeypatch):
    monkeypatch.setattr(real.tokenizer, "chat_template", OLDER_TEMPLATE)
    assert asked(real, Settings()).endswith("model\n<|channel>thought\n<channel|>")
    assert asked(real, Settings(think=True)).endswith("model\n")
