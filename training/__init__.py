"""Makes the pocket checkpoint: corpus, tokenizer, training, conversion, evaluation. The app never imports it."""
