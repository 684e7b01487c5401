import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert.reading.examples import Examples
from kerasbert.reading.splits import split_examples, split_indices

RANDOM = np.random.default_rng(0)
IDS = RANDOM.choice(4, 1000, p=[0.6, 0.3, 0.08, 0.02])
MULTI_HOT = RANDOM.random((2000, 12)) < np.geomspace(0.005, 0.3, 12)
LABELS = {"ids": IDS, "column": IDS[:, None] == 0, "multi-hot": MULTI_HOT, "other": RANDOM.random((500, 3))}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_every_row_is_on_one_side(labels, fraction):
    kept, held_out = split_indices(labels, fraction)
    assert sorted([*kept, *held_out]) == list(range(len(labels)))
    assert (np.diff(kept) > 0).all() and (np.diff(held_out) > 0).all()
    assert abs(len(held_out) - fraction * len(labels)) <= 0.01 * len(labels)


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_repeats_by_seed(labels):
    first, again, other = (split_indices(labels, 0.2, seed=seed)[1].tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_class_ids_keep_their_frequencies(fraction):
    _, held_out = split_indices(IDS, fraction)
    assert np.abs(np.bincount(IDS[held_out], minlength=4) - fraction * np.bincount(IDS)).max() <= 1


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_multi_hot_keeps_its_frequencies(fraction):
    _, held_out = split_indices(MULTI_HOT, fraction)
    assert np.abs(MULTI_HOT[held_out].sum(axis=0) - fraction * MULTI_HOT.sum(axis=0)).max() <= 1


def test_class_of_one_row_is_trained_on():
    labels = np.array([0] * 50 + [1] * 50 + [2])
    assert all(100 in split_indices(labels, 0.2, seed=seed)[0] for seed in range(20))


@pytest.mark.parametrize(
    "labels",
    [np.array([0, 1]), np.array([0, 0]), np.arange(10), np.repeat(np.arange(77), 2), np.zeros((5, 3)), np.eye(3)],
    ids=["two", "one-class", "all-single", "many-classes", "no-label", "single-labels"],
)
@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
def test_few_rows_leave_some_on_either_side(labels, fraction):
    kept, held_out = split_indices(labels, fraction)
    assert len(kept) and len(held_out) and len(kept) + len(held_out) == len(labels)


def test_rows_without_labels_are_split_too():
    labels = np.concatenate([np.zeros((100, 2)), np.tile([1, 0], (100, 1))])
    _, held_out = split_indices(labels, 0.2)
    assert ((held_out < 100).sum(), (held_out >= 100).sum()) == (20, 20)


def test_many_rows_are_split_in_their_shares():
    labels = RANDOM.random((50_000, 28)) < 0.05
    _, held_out = split_indices(labels, 0.1)
    assert np.allclose(labels[held_out].sum(axis=0) / labels.sum(axis=0), 0.1, atol=0.005)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")], ids=str)
def test_fraction_out_of_range(fraction):
    with pytest.raises(ConfigError, match=r"`fraction` must be a number in \(0, 1\); got"):
        split_indices(IDS, fraction)


def test_too_few_rows():
    with pytest.raises(DataError, match="A split needs at least 2 examples; got 1"):
        split_indices(np.array([0]), 0.5)


def test_split_examples():
    examples = Examples([str(label) for label in IDS])
    (kept, kept_labels), (held_out, held_out_labels) = split_examples(examples, IDS, 0.2)
    assert [int(text) for text in kept.texts] == kept_labels.tolist()
    assert [int(text) for text in held_out.texts] == held_out_labels.tolist()


def test_split_examples_of_unequal_length():
    with pytest.raises(DataError, match="one row for each text; got 2 rows and 1 texts"):
        split_examples(Examples(["a"]), np.array([0, 1]), 0.5)
