"""A stand-in for the published 26-billion-parameter checkpoint: its shape and its ids, a thousandth of its size.

Layers in the pattern 5 sliding : 1 full, without `v_proj` in the full ones; 8 bits for embedding, attention, dense part
and router, 4 for the experts; a vision tower in the shards; 262,144 ids with the special tokens where Gemma's stand; a
template that leaves the thought to the canvas. Its weights are random: what it writes is told to it (`say`), or made up
without a forward (`written`), and goes through the app's own code from there.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

from bench.random_checkpoint import Quantization, write_random_checkpoint
from visualizer.model import Checkpoint, load_checkpoint, read_card
from visualizer.run.frames import frames, frames_of
from visualizer.settings import Settings
from visualizer.trace import CanvasState, Finish, Frame, Phase, RunInfo, Trace, trace_of

VOCAB = 262_144
PAD, EOS, CHANNEL, CHANNEL_END, TURN_END, LINE_BREAK, THOUGHT_NAME = 0, 1, 100, 101, 106, 107, 45_518
STOP_IDS = [EOS, TURN_END, 50]
SPECIAL = {
    PAD: "<pad>", EOS: "<eos>", 2: "<bos>", 3: "<unk>", 4: "<mask>", 50: "<|tool_response>", 98: "<|think|>",
    CHANNEL: "<|channel>", CHANNEL_END: "<channel|>", 105: "<|turn>", TURN_END: "<turn|>",
    255_999: "<|image>", 258_880: "<|image|>", 258_882: "<image|>",
}  # fmt: skip
FIRST_BYTE = 238
_PLACED = {"\n": LINE_BREAK, "\n\n": 108, "thought": THOUGHT_NAME}

EMPTY_THOUGHT = "<|channel>thought\n<channel|>"
SKY = (
    "The sky is blue because sunlight is scattered in all directions by the gases of the air. Blue light travels in "
    "shorter waves and is scattered more than other colors."
)
THOUGHT = "The user asks for a reason.\nShort waves scatter most."
PALINDROME = (
    'def is_palindrome(text):\n    """Whether a text reads the same backwards."""\n    kept = []\n'
    "    for letter in text:\n        if letter.isalnum():\n            kept.append(letter.lower())\n"
    "    left, right = 0, len(kept) - 1\n    while left < right:\n        if kept[left] != kept[right]:\n"
    "            return False\n        left += 1\n        right -= 1\n    return True\n\n"
    "It looks at letters and digits only, from both ends at once, and stops where two of them differ."
)
CANVASES = {
    "an empty thought": EMPTY_THOUGHT + SKY,
    "a filled thought": f"<|channel>thought\n{THOUGHT}\n<channel|>{SKY}",
    "a thought as plain text": f"<think>\n{THOUGHT}\n</think>\n\n{SKY}",
    "no thought": SKY,
    "a short answer": EMPTY_THOUGHT + "Paris.",
    "two blocks": EMPTY_THOUGHT + PALINDROME,
}
"""What its canvases hold, by what is to be seen in them; the last takes more than one canvas of 128 positions."""

_TEXT = {
    "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0, "vocab_size": VOCAB, "hidden_size": 64,
    "intermediate_size": 128, "num_hidden_layers": 6, "layer_types": ["sliding_attention"] * 5 + ["full_attention"],
    "num_attention_heads": 2, "num_key_value_heads": 1, "num_global_key_value_heads": 1, "head_dim": 32,
    "global_head_dim": 64, "sliding_window": 32, "max_position_embeddings": VOCAB, "num_experts": 4,
    "top_k_experts": 2, "moe_intermediate_size": 64, "use_bidirectional_attention": "vision",
}  # fmt: skip
_VISION = {
    "model_type": "gemma4_vision", "hidden_size": 32, "intermediate_size": 2048, "num_hidden_layers": 1,
    "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 32, "global_head_dim": 32, "patch_size": 4,
    "position_embedding_size": 16, "default_output_length": 280,
}  # fmt: skip
GENERATION = {
    "confidence_threshold": 0.005, "eos_token_id": STOP_IDS, "max_denoising_steps": 48, "max_new_tokens": 256,
    "pad_token_id": PAD, "sampler_config": {"_cls_name": "EntropyBoundSamplerConfig", "entropy_bound": 0.1},
    "stability_threshold": 1, "t_max": 0.8, "t_min": 0.4, "transformers_version": "5.8.0.dev0",
}  # fmt: skip
PROCESSOR = {
    "processor_class": "Gemma4Processor",
    "image_seq_length": 280,
    "image_processor": {
        "image_processor_type": "Gemma4ImageProcessor", "patch_size": 16, "max_soft_tokens": 280,
        "pooling_kernel_size": 3, "do_resize": True, "do_rescale": True, "do_normalize": False,
    },
}  # fmt: skip
TEMPLATE = """\
{{ bos_token }}{% set asked = messages %}{% if enable_thinking or messages[0]['role'] == 'system' %}<|turn>system
{% if enable_thinking %}<|think|>
{% endif %}{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] | trim }}{% set asked = messages[1:] %}\
{% endif %}<turn|>
{% endif %}{% for message in asked %}<|turn>{{ 'model' if message['role'] == 'assistant' else message['role'] }}
{{ message['content'] | trim }}<turn|>
{% endfor %}{% if add_generation_prompt %}<|turn>model
{% endif %}"""
OLDER_TEMPLATE = TEMPLATE.replace(
    "<|turn>model\n", f"<|turn>model\n{{% if not enable_thinking %}}{EMPTY_THOUGHT}{{% endif %}}"
)
"""It put the empty thought into the prompt, where else the canvas has it."""


def write_real_checkpoint(folder: Path) -> Path:
    """Write the stand-in's folder and return it."""
    write_random_checkpoint(
        folder, _TEXT, vision_config=_VISION, quantization=Quantization(), shards=4, canvas_length=256,
        eos_token_id=STOP_IDS, boi_token_id=255_999, eoi_token_id=258_882, image_token_id=258_880,
        generation_config=GENERATION,
    )  # fmt: skip
    (folder / "generation_config.json").write_text(json.dumps(GENERATION, indent=2))
    (folder / "processor_config.json").write_text(json.dumps(PROCESSOR))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    write_tokenizer(folder, stand_in_tokenizer())
    return folder


def stand_in_tokenizer() -> dict[str, object]:
    """Gemma's kind of tokenizer with its special ids: the words of CANVASES, letters, bytes, and noise of many scripts.

    Words are spelled from the left, a merge a letter; what begins with a space comes before what does not, so that no
    word's inside is taken for a word.
    """
    words = {word for text in CANVASES.values() for word in re.findall(r"▁?\w+|[^\w▁\s]+", text.replace(" ", "▁"))}
    spelled = sorted(words | {"thought"}, key=lambda word: (not word.startswith("▁"), word))
    merges = dict.fromkeys((word[:end], word[end]) for word in spelled for end in range(1, len(word)))
    vocab = {text: token_id for token_id, text in SPECIAL.items()} | _PLACED
    vocab |= {f"<0x{byte:02X}>": FIRST_BYTE + byte for byte in range(256)}
    taken = set(vocab.values())
    free = (i for i in itertools.chain(range(FIRST_BYTE + 256, VOCAB), range(FIRST_BYTE)) if i not in taken)
    pieces = ["▁", *map(chr, range(0x21, 0x7F)), *("".join(pair) for pair in merges), *_scripts()]
    vocab |= dict(zip((piece for piece in dict.fromkeys(pieces) if piece not in vocab), free, strict=False))
    vocab |= {f"▁w{token_id}" if token_id % 50 else f"<unused{token_id}>": token_id for token_id in free}
    tokenizer = Tokenizer(
        models.BPE(vocab, [*merges, ("\n", "\n")], unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL.values()])
    assert tokenizer.get_vocab_size() == VOCAB
    return json.loads(tokenizer.to_str())


def write_tokenizer(folder: Path, content: object) -> None:
    """Write a tokenizer.json and what the published folder says beside it."""
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<bos>", "eos_token": "<eos>",
        "pad_token": "<pad>", "unk_token": "<unk>", "soc_token": "<|channel>", "eoc_token": "<channel|>",
        "sot_token": "<|turn>", "eot_token": "<turn|>", "clean_up_tokenization_spaces": False,
        "model_max_length": VOCAB, "processor_class": "Gemma4Processor",
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def load_real_checkpoint(folder: Path) -> Checkpoint:
    """The stand-in, written to `folder` and loaded."""
    return load_checkpoint(read_card(write_real_checkpoint(folder)))


def canvases(checkpoint: Checkpoint, text: str, length: int = 256) -> list[list[int]]:
    """The ids of a text as the model writes them: canvases of `length`, the last filled up with `<eos>`."""
    ids = checkpoint.tokenizer.encode(text, add_special_tokens=False)
    ids += [EOS] * (length - len(ids) % length)
    return [ids[start : start + length] for start in range(0, len(ids), length)]


class Steered(nn.Module):
    """Stands at the decoder's last norm: whatever came in, what goes out makes the given ids the most probable."""

    def __init__(self, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.ids: list[int] = []

    def __call__(self, hidden: mx.array) -> mx.array:
        if hidden.shape[1] != len(self.ids):
            return hidden  # The encoder's output, of which only the cache is used.
        rows = self.embedding(mx.array(self.ids))
        return (rows / mx.linalg.norm(rows, axis=-1, keepdims=True) * 7.0)[None].astype(hidden.dtype)


@dataclass(frozen=True)
class Speaker:
    """A checkpoint whose model says what it is told."""

    checkpoint: Checkpoint
    steered: Steered

    def say(self, *blocks: Sequence[int], **changes: object) -> list[Frame]:
        """The frames of a real run in which each block's canvas becomes the given ids."""
        settings = self.checkpoint.card.defaults.changed(
            # With 64 hidden values a certain token is not as certain as among 2,816.
            **{"canvas_length": len(blocks[0]), "max_tokens": len(blocks[0]) * len(blocks), "max_steps": 6, "seed": 3}
            | {"stop_entropy": 0.5}
            | changes
        )
        return list(self._told(blocks, settings))

    def _told(self, blocks: Iterable[Sequence[int]], settings: Settings) -> Iterator[Frame]:
        pending = iter(blocks)
        self.steered.ids = list(next(pending))
        for frame in frames(self.checkpoint, "Hello", settings):
            yield frame
            if frame.state.phase is Phase.COMMIT:
                assert frame.state.canvas_ids.tolist() == self.steered.ids
                self.steered.ids = list(next(pending, self.steered.ids))


@contextmanager
def speaking(checkpoint: Checkpoint) -> Iterator[Speaker]:
    """Lend the model's last norm to a speaker."""
    decoder = checkpoint.model.model.decoder
    norm, steered = decoder["norm"], Steered(decoder.embed_tokens)
    decoder["norm"] = steered
    try:
        yield Speaker(checkpoint, steered)
    finally:
        decoder["norm"] = norm


def written(checkpoint: Checkpoint, text: str, length: int = 256, steps: int = 7, seed: int = 0) -> list[Frame]:
    """The frames of a run that writes `text`, without a forward: head and tail land first, the rest bit by bit.

    The texts, the answer and the thought are made by the app's own code.
    """
    blocks = canvases(checkpoint, text, length)
    rng = np.random.default_rng(seed)
    states = [
        state
        for number, ids in enumerate(blocks)
        for state in _block_states(rng, np.array(ids, np.int32), number, steps, last=number == len(blocks) - 1)
    ]
    return list(frames_of(checkpoint, checkpoint.card.defaults, states))


def written_trace(checkpoint: Checkpoint, text: str, length: int = 256, steps: int = 7, seed: int = 0) -> Trace:
    """The recording of `written`."""
    info = RunInfo(
        checkpoint="mlx-community/diffusiongemma-26B-A4B-it-4bit", fingerprint="0" * 16,
        prompt="Why is the sky blue?", settings=checkpoint.card.defaults.changed(canvas_length=length),
        device="Metal, Darwin arm64", versions={"mlx": "0"}, started_at="2026-01-01T00:00:00Z", vocab_size=VOCAB,
    )  # fmt: skip
    return trace_of(info, written(checkpoint, text, length, steps, seed))


def _block_states(
    rng: np.random.Generator, target: np.ndarray, block: int, steps: int, last: bool
) -> Iterator[CanvasState]:
    length = len(target)
    lands = rng.integers(2, steps + 1, length)
    lands[(target == EOS) | np.isin(np.arange(length), np.arange(4) if block == 0 else [])] = 1
    for step in range(steps + 1):
        accepted = (lands <= step) & (rng.random(length) > 0.02) if 0 < step < steps else np.full(length, step == steps)
        yield _state(rng, target, accepted, block, step, steps, Phase.STEP if step else Phase.NOISE)
    finish = Finish.STOP_TOKEN if last else None
    yield _state(rng, target, np.ones(length, bool), block, steps, steps, Phase.COMMIT, finish)


def _state(rng: np.random.Generator, target: np.ndarray, accepted: np.ndarray, block: int, step: int, steps: int,
           phase: Phase, finish: Finish | None = None) -> CanvasState:  # fmt: skip
    length, first = len(target), phase is Phase.NOISE
    noise = rng.integers(0, VOCAB, length).astype(np.int32)
    stops = np.flatnonzero(accepted & np.isin(target, STOP_IDS))
    others = rng.integers(0, VOCAB, (length, 2)).astype(np.int32)
    guessed = accepted | (rng.random(length) < step / steps)
    candidates = noise if first else np.where(guessed, target, others[:, 0])
    return CanvasState(
        canvas_ids=np.where(accepted, target, noise), candidate_ids=candidates, accepted=accepted,
        entropy_nats=np.where(accepted, 0.001, rng.random(length) * 6).astype(np.float32),
        probability=np.where(accepted, 0.999, rng.random(length) * 0.8).astype(np.float32),
        top_ids=np.zeros((length, 0), np.int32) if first else np.column_stack([candidates, others]).astype(np.int32),
        top_probabilities=np.tile(np.float32([] if first else [0.9, 0.05, 0.01]), (length, 1)),
        block=block, step=step, max_steps=48, phase=phase, temperature=0.8 - 0.4 * max(step - 1, 0) / 48,
        elapsed_ms=640.0 * (block * (steps + 1) + step + 1), answer_length=int(stops[0]) if len(stops) else length,
        finish=finish,
    )  # fmt: skip


def _scripts() -> Iterator[str]:
    """Letters of many scripts, for noise that looks like the real one's."""
    for first, last in ((0xC0, 0x24F), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939),
                        (0xE01, 0xE2E), (0x3042, 0x3093), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x12000, 0x12399),
                        (0x1F300, 0x1F3F0)):  # fmt: skip
        yield from map(chr, range(first, last))
