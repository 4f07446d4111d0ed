"""The pocket tokenizer: one token per piece of the corpus, bytes for everything else.

A byte-level BPE with no merges and `ignore_merges`: a piece found in the vocabulary is one token, any other piece is
spelled in bytes, so that every text round-trips. Whole pieces, because parallel acceptance stutters inside split words;
capital letters alone, because then an acrostic's letters can land before their words.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from training.corpus import FAMILIES
from training.corpus.example import PIECE_PATTERN, pieces

PAD, EOS, BOS, UNK, TURN_START, TURN_END = "<pad>", "<eos>", "<bos>", "<unk>", "<|turn>", "<turn|>"
SPECIAL_TOKENS = (PAD, EOS, BOS, UNK, TURN_START, TURN_END)

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|turn>"
    "{{ 'model' if message['role'] == 'assistant' else message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] | trim }}{% else %}"
    "{% for part in message['content'] %}{{ part['text'] | trim }}{% endfor %}{% endif %}<turn|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn>model\n{% endif %}"
)

_SAMPLES_PER_FAMILY = 30_000
_ALWAYS = ["user", "model", *(" " + c for c in string.ascii_uppercase), *(" " + c for c in string.digits)]


def corpus_pieces() -> list[str]:
    """Every piece that occurs in a large fixed sample of the corpus, most frequent families first, sorted."""
    rng = random.Random(0)
    found: set[str] = set(_ALWAYS)
    for family in FAMILIES.values():
        for _ in range(_SAMPLES_PER_FAMILY):
            example = family.sample(rng)
            found.update(pieces(example.prompt))
            found.update(pieces(example.answer))
    return sorted(found)


def build_tokenizer(whole_pieces: Iterable[str]) -> Tokenizer:
    """A tokenizer whose ids are: special tokens, the 256 byte symbols, then `whole_pieces` in their order."""
    vocabulary: dict[str, int] = {}
    for symbol in (*SPECIAL_TOKENS, *sorted(pre_tokenizers.ByteLevel.alphabet())):
        vocabulary.setdefault(symbol, len(vocabulary))
    for piece in whole_pieces:
        vocabulary.setdefault(_byte_level(piece), len(vocabulary))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True, unk_token=UNK))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECE_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL_TOKENS])
    return tokenizer


def chat_text(prompt: str) -> str:
    """The prompt as the chat template renders it for generation."""
    return f"{BOS}{TURN_START}user\n{prompt.strip()}{TURN_END}\n{TURN_START}model\n"


def _byte_level(piece: str) -> str:
    [(symbols, _)] = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(piece)
    return symbols
