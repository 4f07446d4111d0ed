"""A Gemma 3 of a few thousand numbers, drawn at random, with the pocket's tokenizer: what it types means nothing."""

import json
import shutil

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models import gemma4
from mlx_lm.models.gemma3_text import Model, ModelArgs

from visualizer.bundled import POCKET_FOLDER

VOCABULARY, NEVER_TYPED = 2776, 262
"""The first ids are special tokens and single bytes."""
STOP_IDS = list(range(300, VOCABULARY, 20))
"""So many that some runs end with one of them."""
SIZES = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 16,
    "num_attention_heads": 2, "num_key_value_heads": 1, "query_pre_attn_scalar": 16, "sliding_window": 512,
    "sliding_window_pattern": 2, "max_position_embeddings": 4096,
}  # fmt: skip


def make_typewriter(folder):
    """Write the checkpoint to a folder, and return it."""
    folder.mkdir()
    mx.random.seed(1)
    model = Model(ModelArgs("gemma3_text", **SIZES))
    # A head of its own: tied to the embedding, such a model repeats the token before.
    model.model.embed_tokens.weight = mx.random.normal((VOCABULARY, SIZES["hidden_size"]))
    words = mx.arange(VOCABULARY) >= NEVER_TYPED
    model.lm_head.weight = mx.random.normal((VOCABULARY, SIZES["hidden_size"])) * 0.4 * words[:, None]
    mx.save_safetensors(str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())))
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(POCKET_FOLDER / name, folder / name)
    config = SIZES | {"model_type": "gemma3_text", "_name_or_path": "tiny-typewriter", "eos_token_id": STOP_IDS}
    (folder / "config.json").write_text(json.dumps(config))
    generation = {"eos_token_id": STOP_IDS, "do_sample": True, "temperature": 1.0, "max_new_tokens": 20}
    (folder / "generation_config.json").write_text(json.dumps(generation))
    return folder


GEMMA_4_SIZES = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 16, "global_head_dim": 16,
    "num_attention_heads": 2, "num_key_value_heads": 1, "num_kv_shared_layers": 0, "hidden_size_per_layer_input": 0,
    "sliding_window": 512, "layer_types": ["sliding_attention", "full_attention"], "max_position_embeddings": 4096,
    "enable_moe_block": True, "num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 16,
    "use_double_wide_mlp": False, "vocab_size": VOCABULARY,
}  # fmt: skip


def make_gemma_4(folder):
    """The same of a Gemma 4 with experts, in the layout of the published one."""
    make_typewriter(folder)
    mx.random.seed(1)
    model = gemma4.Model(gemma4.ModelArgs(text_config=dict(GEMMA_4_SIZES), vocab_size=VOCABULARY))
    mx.save_safetensors(str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())))
    config = {"model_type": "gemma4", "text_config": GEMMA_4_SIZES, "vocab_size": VOCABULARY, "eos_token_id": STOP_IDS}
    (folder / "config.json").write_text(json.dumps(config | {"_name_or_path": "tiny-gemma-4"}))
    return folder
