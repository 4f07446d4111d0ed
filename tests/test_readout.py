"""The readout in tiles against the whole vocabulary at once, in plain numpy."""

from dataclasses import dataclass, replace

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from visualizer.model import readout
from visualizer.model.device import Tiling, number_format, tiling
from visualizer.model.readout import Reader

VOCAB, WIDTH, LENGTH, TOP_K = 101, 64, 8, 3
ENDING = (0, 41, 45, 100)
SCALE, SOFTCAP, TEMPERATURE = 8.0, 30.0, 0.6

KINDS = {
    "float32": (mx.float32, None),
    "bfloat16": (mx.bfloat16, None),
    "8 bits over float32": (mx.float32, {"bits": 8, "group_size": 64}),
    "4 bits over float32": (mx.float32, {"bits": 4, "group_size": 32}),
    "4 bits over bfloat16": (mx.bfloat16, {"bits": 4, "group_size": 64}),
    "mxfp4 over bfloat16": (mx.bfloat16, {"mode": "mxfp4"}),
    "nvfp4 over float32": (mx.float32, {"mode": "nvfp4"}),
    "mxfp8 over float32": (mx.float32, {"mode": "mxfp8"}),
}


@dataclass
class Case:
    reader: Reader
    hidden: mx.array
    exact: float
    """How far a product may be off in this number format, relative to its largest value."""

    def read(self, sample_temperature=0.0, seed=0, temperature=TEMPERATURE):
        return self.reader.read(self.hidden, temperature, sample_temperature, TOP_K, mx.random.key(seed))

    def whole(self, temperature=TEMPERATURE):
        """Probabilities of all positions over the whole vocabulary, and the embedding table, in float64."""
        table = np.array(self.reader.embedding(mx.arange(VOCAB)).astype(mx.float32), dtype=np.float64)
        exact = np.array(self.hidden[0].astype(mx.float32), dtype=np.float64) @ table.T
        # A product comes out in the number format of its factors.
        raw = np.array(mx.array(exact, dtype=self.hidden.dtype).astype(mx.float32), dtype=np.float64)
        logits = SOFTCAP * np.tanh(raw / SOFTCAP) / temperature
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return odds / odds.sum(axis=-1, keepdims=True), table


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def case(request, monkeypatch):
    dtype, quantization = request.param
    # Two whole tiles and a part.
    monkeypatch.setattr(Reader, "_ids_per_tile", lambda self, hidden: 40)
    table_key, hidden_key = mx.random.split(mx.random.key(7))
    embedding = nn.Embedding(VOCAB, WIDTH)
    embedding.weight = mx.random.normal((VOCAB, WIDTH), key=table_key).astype(dtype) * 0.25
    if quantization is not None:
        embedding = embedding.to_quantized(**quantization)
        assert isinstance(embedding, nn.QuantizedEmbedding)
    hidden = mx.random.normal((1, LENGTH, WIDTH), key=hidden_key).astype(dtype)
    return Case(
        Reader(embedding, SCALE, SOFTCAP, VOCAB, ending_ids=ENDING), hidden, 1e-5 if dtype == mx.float32 else 2e-2
    )


def test_candidates_and_their_alternatives_are_exact(case):
    probabilities, _ = case.whole()
    order = np.argsort(-probabilities, axis=-1, kind="stable")[:, :TOP_K]
    result = case.read()
    assert np.array(result.candidate_ids).tolist() == order[:, 0].tolist()
    assert np.array(result.top_ids).tolist() == order.tolist()


def test_probabilities_are_those_of_the_whole_vocabulary(case):
    probabilities, _ = case.whole()
    result = case.read()
    top = np.take_along_axis(probabilities, np.array(result.top_ids), axis=-1)
    np.testing.assert_allclose(np.array(result.top_probabilities), top, atol=1e-3)
    np.testing.assert_allclose(np.array(result.probability), probabilities.max(axis=-1), atol=1e-3)


def test_the_probability_of_an_end_sums_those_of_its_ids(case):
    probabilities, _ = case.whole()
    np.testing.assert_allclose(np.array(case.read().ending), probabilities[:, list(ENDING)].sum(axis=-1), atol=1e-3)
    case.reader = replace(case.reader, ending_ids=())
    assert np.array(case.read().ending).tolist() == [0] * LENGTH


@pytest.mark.parametrize("width", [5, 33, 63, 200, 1000, 8192, 8200])
@pytest.mark.parametrize("count", [3, 5, 33])
def test_the_largest_are_found_and_of_equal_ones_the_first_comes_first(width, count):
    values = np.random.default_rng(width).integers(0, 9, (4, width)).astype(np.float32)
    count = min(count, width)
    places, found = (np.array(side) for side in readout._largest(mx.array(values), count))
    assert found.tolist() == (-np.sort(-values, axis=-1))[:, :count].tolist()
    assert np.take_along_axis(values, places, axis=-1).tolist() == found.tolist()
    assert places[:, 0].tolist() == values.argmax(axis=-1).tolist()
    assert all(len(set(row)) == count for row in places.tolist())


def test_entropies_are_those_of_the_whole_vocabulary(case):
    probabilities, _ = case.whole()
    entropies = -np.sum(probabilities * np.log(probabilities), axis=-1)
    assert entropies.min() > 0.1 and entropies.max() < np.log(VOCAB)
    np.testing.assert_allclose(np.array(case.read().entropy_nats), entropies, atol=1e-3)


def test_the_soft_embedding_is_the_expected_one_scaled_as_the_model_scales(case):
    probabilities, table = case.whole()
    expected = probabilities @ table * SCALE
    soft = np.array(case.read().soft_embedding.astype(mx.float32))
    assert soft.shape == (1, LENGTH, WIDTH)
    np.testing.assert_allclose(soft[0], expected, atol=case.exact * np.abs(expected).max())


def test_without_a_sample_temperature_the_candidates_are_chosen(case):
    result = case.read(sample_temperature=0.0)
    assert mx.array_equal(result.token_ids, result.candidate_ids)
    assert mx.array_equal(result.token_probability, result.probability)


def test_sampled_tokens_depend_on_the_key_and_carry_their_own_probability(case):
    first, again, other = (case.read(sample_temperature=1.0, seed=seed, temperature=2.0) for seed in (0, 0, 1))
    assert mx.array_equal(first.token_ids, again.token_ids)
    assert not mx.array_equal(first.token_ids, other.token_ids)
    assert mx.array_equal(first.candidate_ids, other.candidate_ids)
    probabilities, _ = case.whole(temperature=2.0)
    chosen = np.take_along_axis(probabilities, np.array(first.token_ids)[:, None], axis=-1)[:, 0]
    np.testing.assert_allclose(np.array(first.token_probability), chosen, atol=1e-3)


def test_a_lower_temperature_makes_every_position_surer(case):
    warm, cold = case.read(temperature=0.8), case.read(temperature=0.4)
    assert mx.all(cold.entropy_nats < warm.entropy_nats).item()
    assert mx.array_equal(cold.candidate_ids, warm.candidate_ids)


def test_every_value_has_its_documented_type(case):
    result = case.read(sample_temperature=1.0)
    for ids in (result.candidate_ids, result.top_ids, result.token_ids):
        assert ids.dtype == mx.int32
    for values in (result.probability, result.entropy_nats, result.top_probabilities, result.token_probability,
                   result.ending):  # fmt: skip
        assert values.dtype == mx.float32
    assert result.top_ids.shape == result.top_probabilities.shape == (LENGTH, TOP_K)


class CountingEmbedding(nn.Embedding):
    """Notes which rows are read at once."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.seen = ()

    def __call__(self, rows):
        self.seen += ((rows.start, rows.stop),)
        return super().__call__(rows)


@pytest.mark.parametrize(
    ("label", "ids_per_tile", "tiles"),
    [
        ("a part at the end", 40, [(0, 40), (40, 80), (80, 101)]),
        ("an id at the end", 50, [(0, 50), (50, 100), (100, 101)]),
        ("everything at once", 101, [(0, 101)]),
        ("more than there is", 1000, [(0, 101)]),
        ("less than the alternatives asked for", 2, [(start, min(start + 2, VOCAB)) for start in range(0, VOCAB, 2)]),
    ],
)
def test_the_vocabulary_is_read_once_in_tiles(label, ids_per_tile, tiles, monkeypatch):
    embedding = CountingEmbedding(VOCAB, WIDTH)
    hidden = mx.random.normal((1, LENGTH, WIDTH), key=mx.random.key(1))
    whole = Reader(embedding, SCALE, SOFTCAP, VOCAB).read(hidden, 1.0, 0.0, TOP_K, mx.random.key(0))
    embedding.seen = ()
    monkeypatch.setattr(Reader, "_ids_per_tile", lambda self, hidden: ids_per_tile)
    result = Reader(embedding, SCALE, SOFTCAP, VOCAB).read(hidden, 1.0, 0.0, TOP_K, mx.random.key(0))
    assert list(embedding.seen) == tiles, label
    assert mx.array_equal(result.top_ids, whole.top_ids)
    for name in ("entropy_nats", "top_probabilities", "token_probability", "soft_embedding"):
        np.testing.assert_allclose(np.array(getattr(result, name)), np.array(getattr(whole, name)), atol=1e-5)


@pytest.mark.parametrize("length", [8, 32, 256])
def test_the_tile_shrinks_as_the_canvas_grows_so_that_its_working_set_stays(length):
    embedding = CountingEmbedding(40_000, 8)
    hidden = mx.random.normal((1, length, 8), key=mx.random.key(1))
    mx.eval(embedding.parameters(), hidden)
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    result = Reader(embedding, SCALE, SOFTCAP, 40_000).read(hidden, 1.0, 0.0, TOP_K, mx.random.key(0))
    mx.eval(result.soft_embedding, result.top_ids)
    assert mx.get_peak_memory() - before < 1.5 * Tiling().tile_bytes
    assert (len(embedding.seen) > 1) == (length > 8)
    assert {stop - start for start, stop in embedding.seen[:-1]} <= {embedding.seen[0][1]}


# As a GPU is given them, on this processor: several tiles in flight, passes compiled.
METALS = Tiling(tile_bytes=1, in_flight=3, fused=True)


@pytest.mark.parametrize("tiles", [1, 2, 3, 4, 7])
def test_tiles_in_flight_and_compiled_passes_give_what_one_after_the_other_gives(case, tiles, monkeypatch):
    monkeypatch.setattr(Reader, "_ids_per_tile", lambda self, hidden: -(-VOCAB // tiles))
    one = case.read(sample_temperature=1.0)
    case.reader = replace(case.reader, tiling=METALS)
    other = case.read(sample_temperature=1.0)
    for name in ("candidate_ids", "top_ids", "token_ids"):
        assert mx.array_equal(getattr(one, name), getattr(other, name)), name
    np.testing.assert_allclose(np.array(other.entropy_nats), np.array(one.entropy_nats), atol=1e-4)
    np.testing.assert_allclose(np.array(other.probability), np.array(one.probability), atol=1e-4)


def test_over_the_real_vocabulary_a_gpu_is_waited_for_15_times_a_step_at_most(monkeypatch):
    waits, handed = [], []
    monkeypatch.setattr(mx, "eval", lambda *values: waits.append(values))
    monkeypatch.setattr(mx, "async_eval", lambda *values: handed.append(values))
    monkeypatch.setattr(Reader, "_read_tile", lambda self, hidden, tile, *others: tile)
    monkeypatch.setattr(readout, "_merge", lambda one, other, top_k: other)
    reader = Reader(nn.Embedding(1, 1), SCALE, SOFTCAP, 262_144, tiling(10**10))
    reader._read_all(mx.zeros((1, 256, 2816), dtype=mx.bfloat16), 0.5, 0.0, TOP_K, mx.random.key(0), ())
    assert len(waits) <= 15 < len(handed)


def test_where_memory_is_short_the_tiles_shrink():
    plenty, little, none = (tiling(free) for free in (10**10, 300 * 10**6, 0))
    assert plenty.tile_bytes * plenty.in_flight < 250e6
    assert plenty.tile_bytes > little.tile_bytes > none.tile_bytes
    assert none.tile_bytes * none.in_flight < 100e6
    assert tiling(None) == Tiling()


@pytest.mark.parametrize(
    ("name", "gpu", "expected"),
    [
        ("Apple M1", True, mx.float16),
        ("Apple M2 Ultra", True, mx.float16),
        ("Apple M3 Max", True, mx.bfloat16),
        ("Apple M12", True, mx.bfloat16),
        ("AMD EPYC", False, mx.float32),
    ],
)
def test_the_number_format_follows_the_chip(name, gpu, expected):
    assert number_format(name, gpu) == expected


def narrow_reader(weights):
    """A vocabulary of a few ids and a hidden width of one: an id's logit is its weight times the hidden value."""
    embedding = nn.Embedding(len(weights), 1)
    embedding.weight = mx.array(weights)[:, None]
    return Reader(embedding, embed_scale=1.0, softcap=1e6, vocab_size=len(weights))


def test_of_equally_probable_tokens_the_lowest_id_comes_first():
    result = narrow_reader([1.0, 2.0, 2.0, 1.0]).read(mx.ones((1, 1, 1)), 1.0, 0.0, 4, mx.random.key(0))
    assert result.top_ids.tolist() == [[1, 2, 0, 3]]


def test_the_softcap_bounds_the_logits():
    reader = Reader(narrow_reader([0.0, 1000.0]).embedding, embed_scale=1.0, softcap=2.0, vocab_size=2)
    result = reader.read(mx.ones((1, 1, 1)), 1.0, 0.0, 2, mx.random.key(0))
    assert result.probability.tolist() == pytest.approx([1 / (1 + np.exp(-2.0))])


def test_a_certain_position_has_an_entropy_of_zero_not_below():
    result = narrow_reader([0.0, 500.0, 0.0]).read(mx.ones((1, 4, 1)), 0.4, 0.0, 3, mx.random.key(0))
    assert result.entropy_nats.tolist() == [0.0] * 4
    assert result.probability.tolist() == [1.0] * 4


@pytest.mark.parametrize("ids_per_tile", [1, 2, 3])
def test_samples_follow_the_distribution_tempered_once_more(ids_per_tile, monkeypatch):
    monkeypatch.setattr(Reader, "_ids_per_tile", lambda self, hidden: ids_per_tile)
    positions = 4000
    weights = [0.0, 1.0, 2.0]
    result = narrow_reader(weights).read(mx.ones((1, positions, 1)), 2.0, 0.5, 3, mx.random.key(5))
    # Logits halved by the schedule and doubled by the sample temperature: those of the weights themselves.
    expected = np.exp(weights) / np.exp(weights).sum()
    shares = np.bincount(np.array(result.token_ids), minlength=3) / positions
    np.testing.assert_allclose(shares, expected, atol=2.5 / np.sqrt(positions))
