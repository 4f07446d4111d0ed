"""Watch a diffusion language model think: every denoising step of DiffusionGemma as a plain value."""
