import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert.batches.other_inputs import checked_other_inputs
from kerasbert.data import make_batches
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

TOKENS = TokenArrays.from_lists([[row + 10, *[7] * (row % 5)] for row in range(50)])
# The second text of a row tells which row it is of, and is longer where the first is shorter.
OTHERS = TokenArrays.from_lists([[row + 10, *[8] * (9 - row % 5)] for row in range(50)])
ROWS = np.arange(50)
BESIDE = {"number": ROWS / 2, "flags": np.eye(50, 3, dtype=bool), "right": OTHERS}


@pytest.mark.parametrize(
    "options", [{"shuffle": True}, {"by_length": True}, {}], ids=["shuffled", "by-length", "plain"]
)
def test_every_input_is_that_of_its_text(options):
    batches = make_batches(TOKENS, ROWS, batch_size=8, other_inputs=BESIDE, **options)
    for inputs, rows in batches.dataset:
        own = inputs["input_ids"].numpy()[:, 0] - 10
        assert np.array_equal(own, rows) and np.array_equal(inputs["right_input_ids"].numpy()[:, 0] - 10, own)
        assert np.array_equal(inputs["number"], own / 2) and inputs["number"].dtype == "float32"
        assert np.array_equal(inputs["flags"], BESIDE["flags"][own])
        mask = inputs["right_attention_mask"].numpy()
        assert np.array_equal(mask.sum(axis=1), OTHERS.lengths[own]) and mask.shape[1] in (8, 10, 12)


def test_what_a_model_gives_comes_back_in_order():
    batches = make_batches(TOKENS, other_inputs=BESIDE, by_length=True, batch_size=8)
    given = np.concatenate([inputs["number"].numpy() for inputs in batches.dataset])
    assert not np.array_equal(given, ROWS / 2)
    assert np.array_equal(batches.restore(given), ROWS / 2)


def test_the_pipeline_knows_their_shapes():
    spec = make_batches(TOKENS, other_inputs={**BESIDE, "grid": np.zeros((50, 2, 4), "int64")}).dataset.element_spec
    shapes = {name: part.shape.as_list() for name, part in spec.items()}
    assert shapes["number"] == [None] and shapes["flags"] == [None, 3] and shapes["grid"] == [None, 2, 4]
    assert shapes["right_input_ids"] == [None, None] and spec["grid"].dtype == "int64"


def test_they_go_with_windows():
    windows = WindowArrays(TOKENS, np.arange(0, 51, 2), np.zeros(25, bool), 20)
    for inputs in make_batches(windows, batch_size=4, other_inputs={"number": np.arange(25.0)}).dataset:
        first = inputs["input_ids"].numpy()[inputs["window_rows"].numpy()[:, 0] - 1, 0] - 10
        assert np.array_equal(inputs["number"], first / 2)


@pytest.mark.parametrize("texts", [0, 1], ids=["none", "one"])
def test_few_texts(texts):
    beside = {"number": np.zeros(texts), "right": OTHERS.take(range(texts))}
    batches = make_batches(TOKENS.take(range(texts)), other_inputs=beside)
    assert [inputs["number"].shape[0] for inputs in batches.dataset] == [1] * texts


WINDOWS = WindowArrays(TOKENS, np.arange(51), np.zeros(50, bool), 20)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([1.0], TypeError, "`other_inputs` must be a dict of arrays by the names of the model's inputs.* got .1.0"),
        ({"a": [1.0]}, DataError, r"`other_inputs`\['a'\] must have one row for each text; got 1 rows and 50 texts"),
        ({"a": OTHERS.take([1])}, DataError, r"`other_inputs`\['a'\] must have one text for each text; got 1 and 50"),
        ({"a": np.full(50, np.nan)}, DataError, r"`other_inputs`\['a'\] must be finite .* row 1"),
        ({"a": ["x"] * 50}, TypeError, r"must be an array of numbers; .* Turn words into numbers first"),
        ({"a": WINDOWS}, TypeError, "texts that are not cut into windows; got windows"),
        ({"input_ids": ROWS}, ConfigError, "must have names of their own; got 'input_ids'"),
        ({"a": OTHERS, "a_input_ids": ROWS}, ConfigError, "must have names of their own; got 'a_input_ids'"),
        ({3: ROWS}, TypeError, "must have texts as keys, the names of inputs; got 3"),
    ],
    ids="list rows texts nan words windows taken twice key".split(),
)
def test_refused(value, error, message):
    with pytest.raises(error, match=message):
        checked_other_inputs(value, 50)


def test_given_lengths_cover_the_further_texts():
    assert checked_other_inputs({"b": OTHERS}, 50, [16]).take(ROWS[:2], 0)["b_input_ids"].shape == (2, 16)
    with pytest.raises(ConfigError, match="`lengths` must be ascending and reach the longest text, 10 tokens"):
        make_batches(TOKENS, other_inputs=BESIDE, lengths=[6])
