"""Makes the pocket checkpoint and a typewriter beside it: corpus, tokenizer, training, conversion, evaluation. The app
never imports it."""
