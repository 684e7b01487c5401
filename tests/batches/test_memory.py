import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasbert import ConfigError, DataError
from kerasbert.batches.lengths import choose_lengths
from kerasbert.batches.memory import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays

RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.integers(2, 40, 500)
# The first id of a text is its row + 10, so that a batch tells which rows it holds.
TOKENS = TokenArrays.from_lists(
    [[row + 10, *[7] * (length - 1)] for row, length in enumerate(LENGTHS)],
    [[0, *[1] * (length - 1)] for length in LENGTHS],
)
ROWS = np.arange(500, dtype=np.int32)


def rows_of(batches):
    return [row for inputs, _ in batches.dataset for row in inputs["input_ids"].numpy()[:, 0] - 10]


@pytest.mark.parametrize("shuffle", [False, True], ids=["in-order", "shuffled"])
def test_every_row_comes_once_with_its_label(shuffle):
    batches = make_batches(TOKENS, ROWS, shuffle=shuffle, batch_size=7)
    labels = np.concatenate([labels.numpy() for _, labels in batches.dataset])
    assert sorted(labels) == ROWS.tolist()
    assert (len(list(batches.dataset)), len(batches), batches.steps, batches.num_examples) == (72, 72, 72, 500)


@pytest.mark.parametrize("shuffle", [False, True], ids=["in-order", "shuffled"])
def test_inputs_by_hand(shuffle):
    for inputs, rows in make_batches(TOKENS, ROWS, shuffle=shuffle, pad_id=9).dataset:
        ids, mask, types = (inputs[name].numpy() for name in ("input_ids", "attention_mask", "token_type_ids"))
        real = np.arange(ids.shape[1]) < LENGTHS[rows][:, None]
        assert np.array_equal(mask, real) and (ids[~real] == 9).all() and (types[~real] == 0).all()
        assert np.array_equal(ids[:, 0], rows + 10) and (ids[:, 1:][real[:, 1:]] == 7).all()
        assert np.array_equal(types[:, 1:], real[:, 1:])


def first_ids(batches):
    return np.concatenate([inputs["input_ids"].numpy()[:, 0] for inputs in batches.dataset])


def test_texts_come_in_their_own_order():
    assert first_ids(make_batches(TOKENS, batch_size=16)).tolist() == (ROWS + 10).tolist()


def test_texts_by_length_are_put_back():
    batches = make_batches(TOKENS, batch_size=16, by_length=True)
    found = first_ids(batches)
    assert (np.diff(LENGTHS[found - 10]) >= 0).all() and np.array_equal(batches.order, found - 10)
    assert batches.restore({"a": found})["a"].tolist() == (ROWS + 10).tolist()
    assert batches.padding < make_batches(TOKENS, batch_size=16).padding


def test_rows_of_another_number_are_not_put_back():
    with pytest.raises(DataError, match="`values` must have one row for each of 500 texts; got 3"):
        make_batches(TOKENS).restore(np.zeros(3))


def test_drawn_rows_are_in_no_order_of_the_texts():
    batches = make_batches(TOKENS, (ROWS > 400).astype(int), shuffle=True, sampling="balanced")
    with pytest.raises(ConfigError, match="must take every text once .* without `sampling`"):
        batches.rows_in_order()


def test_epochs_differ_and_repeat_by_seed():
    first, again, other = (make_batches(TOKENS, ROWS, shuffle=True, seed=seed) for seed in (3, 3, 4))
    epochs = [rows_of(first), rows_of(first)]
    assert epochs == [rows_of(again), rows_of(again)]
    assert epochs[0] != epochs[1] and epochs[0] != rows_of(other)


def test_epoch_may_be_set_to_resume():
    first, resumed = make_batches(TOKENS, ROWS, shuffle=True), make_batches(TOKENS, ROWS, shuffle=True)
    rows_of(first)
    resumed.epoch = 1
    assert rows_of(first) == rows_of(resumed)


def test_batches_come_in_any_order_of_length():
    shapes = [inputs["input_ids"].shape[1] for inputs, _ in make_batches(TOKENS, ROWS, shuffle=True).dataset]
    assert shapes != sorted(shapes)


def test_shapes_and_padding_are_those_seen():
    batches = make_batches(TOKENS, batch_size=16)
    shapes = [tuple(inputs["input_ids"].shape) for inputs in batches.dataset]
    assert batches.shapes == tuple(sorted({length for _, length in shapes}))
    assert batches.padding == pytest.approx(1 - LENGTHS.sum() / sum(a * b for a, b in shapes))
    assert len(batches.shapes) <= 8 and all(length % 4 == 0 for length in batches.shapes)


def test_padding_never_passes_the_limit_of_the_encoder():
    tokens = TokenArrays(TOKENS.input_ids, TOKENS.token_type_ids, TOKENS.offsets, None, 39)
    assert make_batches(TOKENS).shapes[-1] == 40
    assert make_batches(tokens).shapes[-1] == 39


def test_given_lengths():
    assert make_batches(TOKENS, lengths=[10, 64], batch_size=8, by_length=True).shapes == (10, 64)


LABELS = {"a": np.zeros((500, 3), "float32"), "b": ROWS}
WEIGHTS = {"a": np.ones(500, "float32"), "b": np.ones(500, "float32")}


@pytest.mark.parametrize(
    ("labels", "weights", "parts"),
    [(None, None, 0), (ROWS, None, 2), (ROWS, np.ones(500), 3), (LABELS, None, 2), (LABELS, WEIGHTS, 3)],
    ids="inputs labels weights heads heads-weights".split(),
)
def test_structure(labels, weights, parts):
    spec = make_batches(TOKENS, labels, sample_weight=weights).dataset.element_spec
    inputs = spec[0] if parts else spec
    assert (len(spec) if parts else 0) == parts
    assert {name: (part.shape.as_list(), part.dtype.name) for name, part in inputs.items()} == {
        name: ([None, None], "int32") for name in ("input_ids", "attention_mask", "token_type_ids")
    }


def test_dict_of_heads():
    _, labels, weights = next(iter(make_batches(TOKENS, LABELS, sample_weight=WEIGHTS, batch_size=5).dataset))
    assert {name: tuple(part.shape) for name, part in labels.items()} == {"a": (5, 3), "b": (5,)}
    assert {name: tuple(part.shape) for name, part in weights.items()} == {"a": (5,), "b": (5,)}


def test_keras_trains_several_epochs():
    import keras

    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in names}
    pooled = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(600, 4)(inputs["input_ids"]))
    model = keras.Model(inputs, keras.layers.Dense(1)(pooled))
    model.compile("sgd", "mse")
    batches = make_batches(TOKENS, ROWS.astype("float32"), shuffle=True)
    assert len(model.fit(batches.dataset, epochs=3, verbose=0).history["loss"]) == 3
    assert model.predict(make_batches(TOKENS).dataset, verbose=0).shape == (500, 1)


@pytest.mark.parametrize("shuffle", [False, True], ids=["in-order", "shuffled"])
def test_no_examples(shuffle):
    batches = make_batches(TokenArrays.from_lists([]), np.zeros((0, 2)), shuffle=shuffle)
    assert (len(batches), batches.shapes, batches.padding, list(batches.dataset)) == (0, (), 0.0, [])


@pytest.mark.parametrize("count", [1, 31, 32, 33, 1600, 1601])
@pytest.mark.parametrize("shuffle", [False, True], ids=["in-order", "shuffled"])
def test_number_of_steps(count, shuffle):
    batches = make_batches(TOKENS.take(np.arange(count) % 500), np.arange(count), shuffle=shuffle)
    assert sum(1 for _ in batches.dataset) == batches.steps == -(-count // 32)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ConfigError, "`batch_size` must be an integer >= 1; got 0"),
        ({"batch_size": 2.0}, TypeError, "`batch_size` must be an integer >= 1; got 2.0 of type float"),
        ({"shuffle": 1}, TypeError, "`shuffle` must be True or False; got 1"),
        ({"seed": -1}, ConfigError, "`seed` must be an integer >= 0; got -1"),
        ({"pad_id": -1}, ConfigError, "`pad_id` must be an integer >= 0; got -1"),
        ({"lengths": [8, 16]}, ConfigError, r"must be ascending and reach the longest text, 39 tokens; got \(8, 16\)"),
        ({"lengths": [64, 16]}, ConfigError, "must be ascending"),
        ({"lengths": []}, ConfigError, "must be ascending"),
        ({"lengths": [8.5, 64]}, TypeError, r"lengths\[0\]` must be an integer"),
        ({"lengths": 64}, TypeError, "`lengths` must be a list of integers or 'longest'; got 64"),
        ({"labels": ROWS[:3]}, DataError, "`labels` must have one row for each text; got 3 rows and 500 texts"),
        ({"labels": 1.0}, DataError, "`labels` must have one row for each text; got the single value 1.0 rows"),
        ({"labels": {"a": ROWS, "b": ROWS[:3]}}, DataError, r"`labels`\['b'\] must have one row .* got 3 rows"),
        ({"labels": ["x"] * 500}, TypeError, "`labels` must be an array of numbers; .* Encode label names"),
        ({"labels": ROWS, "sample_weight": [1.0]}, DataError, "`sample_weight` must have one row .* got 1 rows"),
        ({"by_length": True, "shuffle": True, "labels": ROWS}, ConfigError, "`by_length` must be False with shuffle"),
        ({"sample_weight": np.ones(500)}, ConfigError, "`sample_weight` needs `labels`"),
    ],
    ids="size size-type shuffle seed pad short order no-lengths half one rows single head names weights by-length alone".split(),
)
def test_refused(options, error, message):
    with pytest.raises(error, match=message):
        make_batches(TOKENS, **options)


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=30), num_lengths=st.integers(1, 3))
def test_chosen_lengths_are_the_best_by_brute_force(lengths, num_lengths):
    def cost(chosen):
        return sum(min(one for one in chosen if one >= length) for length in lengths)

    top = -(-max(lengths) // 4) * 4
    others = [subset for size in range(num_lengths) for subset in itertools.combinations(range(4, top, 4), size)]
    chosen = choose_lengths(np.array(lengths), max(lengths), num_lengths=num_lengths)
    assert len(chosen) <= num_lengths and chosen[-1] == top and list(chosen) == sorted(set(chosen))
    assert cost(chosen) == min(cost((*subset, top)) for subset in others)


def test_padding_is_a_share_of_all_tokens():
    tokens = TokenArrays.from_lists([[2, 3]] * 31 + [[2, *[5] * 98, 3]])
    batches = make_batches(tokens, batch_size=32, lengths=(100,))
    assert batches.padding == pytest.approx(1 - (31 * 2 + 100) / 3200)


def test_chosen_lengths_by_hand():
    assert choose_lengths(np.array([4, 4, 12, 12, 40]), 40, num_lengths=3) == (4, 12, 40)
    assert choose_lengths(np.array([3, 5]), 5, multiple=1) == (3, 5)


@pytest.mark.parametrize("options", [{"num_lengths": 0}, {"multiple": 0}], ids=["lengths", "multiple"])
def test_choose_lengths_refuses(options):
    with pytest.raises(ConfigError, match=f"`{next(iter(options))}` must be an integer >= 1; got 0"):
        choose_lengths(np.array([3]), 3, **options)


def test_each_batch_at_its_own_longest_text():
    batches = make_batches(TOKENS, batch_size=32, shuffle=True, lengths="longest")
    widths = [int(inputs["input_ids"].shape[1]) for inputs in batches.dataset]
    rows = [batches.rows_of(0, step) for step in range(batches.steps)]
    assert widths == [TOKENS.lengths[own].max() for own in rows]
    padded = sum(len(own) * width for own, width in zip(rows, widths, strict=True))
    assert batches.padding == pytest.approx(1 - TOKENS.lengths.sum() / padded)
    assert batches.padding < make_batches(TOKENS, batch_size=32, shuffle=True).padding
