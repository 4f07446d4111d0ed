"""The shapes of the two pocket checkpoints: DiffusionGemma's architecture and Gemma 3's, of about the same size."""

from __future__ import annotations

from transformers import DiffusionGemmaConfig, DiffusionGemmaTextConfig, Gemma3TextConfig

CANVAS_LENGTH = 128

GENERATION_CONFIG = {
    "max_new_tokens": CANVAS_LENGTH,
    "max_denoising_steps": 48,
    "sampler_config": {"_cls_name": "EntropyBoundSamplerConfig", "entropy_bound": 0.003},
    "do_sample": True,
    "temperature": 1.0,
    "t_min": 0.1,
    "t_max": 0.5,
    "stability_threshold": 1,
    "confidence_threshold": 0.005,
    "bos_token_id": 2,
    "pad_token_id": 0,
    "eos_token_id": [1, 5],
}
TYPEWRITER_GENERATION_CONFIG = {
    name: GENERATION_CONFIG[name]
    for name in ("max_new_tokens", "do_sample", "temperature", "bos_token_id", "pad_token_id", "eos_token_id")
}


def pocket_config(vocab_size: int) -> DiffusionGemmaConfig:
    """The configuration for a vocabulary of `vocab_size` ids (special ids as in `training.tokenizer`)."""
    text_config = DiffusionGemmaTextConfig(
        vocab_size=vocab_size,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        layer_types=["sliding_attention"] * 3 + ["full_attention"],
        num_attention_heads=4,
        num_key_value_heads=2,
        num_global_key_value_heads=1,
        head_dim=64,
        global_head_dim=64,
        sliding_window=1024,
        max_position_embeddings=4096,
        num_experts=4,
        top_k_experts=2,
        moe_intermediate_size=64,
        use_bidirectional_attention="vision",
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    return DiffusionGemmaConfig(text_config=text_config, vision_config=None, canvas_length=CANVAS_LENGTH)


def typewriter_config(vocab_size: int) -> Gemma3TextConfig:
    """The typewriter's: the pocket's widths in a dense Gemma 3, with a fifth layer in the place of the experts."""
    layers = 5
    return Gemma3TextConfig(
        vocab_size=vocab_size,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=layers,
        sliding_window_pattern=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        query_pre_attn_scalar=64,
        sliding_window=1024,
        max_position_embeddings=4096,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
