"""The cells of a canvas, joined, are the text of the whole."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

from visualizer.model.token_text import TokenTexts

# Ids of the pocket tokenizer: six special tokens, the 256 byte symbols, words. Byte symbols make broken characters.
IDS = st.lists(st.one_of(st.integers(0, 10**6), st.integers(6, 261)), max_size=24)
SPACES = ["\t", "\n", "\n\n    ", "    return n\n", "\r\n", " the ", "\u200b"]
CHARACTERS = ["🎉", "👩\u200d👩\u200d👧", "é", "e\u0301", "漢字", "\ufffd"]
PIECES = st.sampled_from(SPACES + CHARACTERS)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=6).map("".join)


def decoded(checkpoint, ids):
    return checkpoint.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


@given(ids=IDS)
def test_cells_of_any_ids_join_to_the_decoded_whole(checkpoint, ids):
    ids = [token_id % checkpoint.card.vocab_size for token_id in ids]
    cells = checkpoint.token_texts().cells(ids)
    assert len(cells) == len(ids)
    assert "".join(cells) == decoded(checkpoint, ids)


@given(text=TEXTS)
@example(text="def f(n):\n\tif n:\n        return f(n - 1)\n")
@example(text="  two spaces before , and after .  ")
@example(text="👩\u200d👩\u200d👧 naïve 漢字")
def test_cells_of_any_text_join_to_that_text(checkpoint, text):
    ids = checkpoint.tokenizer.encode(text, add_special_tokens=False)
    assert "".join(checkpoint.token_texts().cells(ids)) == text


def test_a_split_character_stands_in_its_first_cell(checkpoint):
    ids = checkpoint.tokenizer.encode("a🎉b", add_special_tokens=False)
    assert checkpoint.token_texts().cells(ids) == ["a", "🎉", "", "", "", "b"]


def test_two_split_characters_in_a_row_keep_their_own_cells(checkpoint):
    ids = checkpoint.tokenizer.encode("éé", add_special_tokens=False)
    assert checkpoint.token_texts().cells(ids) == ["é", "", "é", ""]


def test_half_a_character_does_not_swallow_its_neighbours(checkpoint):
    a, half, *_, b = checkpoint.tokenizer.encode("a🎉b", add_special_tokens=False)
    assert checkpoint.token_texts().cells([a, half, b]) == ["a", "\ufffd", "b"]


def test_special_tokens_are_shown(checkpoint):
    assert checkpoint.token_texts().cells([5, 1, 0]) == ["<turn|>", "<eos>", "<pad>"]


def test_no_positions_have_no_cells(checkpoint):
    assert checkpoint.token_texts().cells([]) == []


def test_a_token_is_decoded_once():
    decoded_ids = []

    def decode(ids):
        decoded_ids.extend(ids)
        return "ab"[ids[0]] * len(ids)

    texts = TokenTexts(decode)
    assert texts.cells([0, 1, 0, 0]) == ["a", "b", "a", "a"]
    assert texts.alone(1) == "b"
    assert decoded_ids == [0, 1]


@pytest.fixture(scope="module")
def byte_fallback_tokenizer():
    """Gemma's kind: words with ▁ for a space, and single bytes <0x00> to <0xFF> for what they do not cover.

    A stand-in: DiffusionGemma's own tokenizer cannot be had here.
    """
    vocabulary = {f"<0x{byte:02X}>": byte for byte in range(256)}
    vocabulary |= {piece: 256 + i for i, piece in enumerate(["▁", "a", "b", "▁a", "\n", "\t", "é", "<unk>"])}
    model = models.BPE(vocabulary, [("▁", "a")], byte_fallback=True, fuse_unk=False, unk_token="<unk>")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken("<turn|>", normalized=False, special=True)])
    return tokenizer


def gemma_texts(tokenizer):
    return TokenTexts(lambda ids: tokenizer.decode(ids, skip_special_tokens=False), byte_ids=frozenset(range(256)))


@settings(max_examples=40)
@given(text=TEXTS.filter(lambda text: "▁" not in text))
def test_bytes_of_a_tokenizer_of_gemmas_kind_join_to_the_text_too(byte_fallback_tokenizer, text):
    ids = byte_fallback_tokenizer.encode(text).ids
    cells = gemma_texts(byte_fallback_tokenizer).cells(ids)
    assert len(cells) == len(ids)
    assert "".join(cells) == text


@given(ids=st.lists(st.one_of(st.integers(0, 263), st.sampled_from([0x41, 0xC3, 0xA9, 0xF0, 258])), max_size=12))
@example(ids=[0x41, 0xFF])
@example(ids=[0xC3, 0xA9, 0xFF, 257, 0x41])
def test_noise_of_a_tokenizer_of_gemmas_kind_joins_to_the_decoded_whole(byte_fallback_tokenizer, ids):
    cells = gemma_texts(byte_fallback_tokenizer).cells(ids)
    assert len(cells) == len(ids)
    assert "".join(cells) == byte_fallback_tokenizer.decode(ids, skip_special_tokens=False)


def test_an_ascii_byte_is_a_letter_only_where_its_run_is_text(byte_fallback_tokenizer):
    texts = gemma_texts(byte_fallback_tokenizer)
    assert texts.cells([257, 0x41, 0x42]) == ["a", "A", "B"]
    assert texts.cells([257, 0x41, 0xFF, 257, 0x41]) == ["a", "\ufffd", "\ufffd", "a", "A"]


def test_leading_spaces_of_a_tokenizer_of_gemmas_kind_survive(byte_fallback_tokenizer):
    ids = byte_fallback_tokenizer.encode(" a  b🎉 a").ids
    assert gemma_texts(byte_fallback_tokenizer).cells(ids) == [" a", " ", " ", "b", "🎉", "", "", "", " a"]
