import keras
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_similarity

from kerasbert.uncertainty.reference import Bank, LayerReference, bank_rows, references_from, unit_rows, whitening_of

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.normal(size=(60, 5)) @ RANDOM.normal(size=(5, 5)) + 3
OTHERS = RANDOM.normal(size=(7, 5)).astype("float32") * 4
CLASSES = np.arange(60) % 3
MEMBERS = np.eye(3, dtype=bool)[CLASSES]


def fitted(examples=None):
    return LayerReference.fit(2, VECTORS, MEMBERS, np.arange(60), examples)


def covariance():
    """That of the groups, which they share, with a tenth of its mean variance more in every direction."""
    own = np.stack([VECTORS[CLASSES == one].mean(0) for one in range(3)])[CLASSES]
    shared = (VECTORS - own).T @ (VECTORS - own) / 60
    return shared + 0.1 * np.trace(shared) / 5 * np.eye(5)


@pytest.mark.parametrize("xp", [np, keras.ops], ids=["numpy", "keras"])
def test_the_distance_is_that_of_mahalanobis_to_the_nearest_group(xp):
    means = np.stack([VECTORS[CLASSES == one].mean(0) for one in range(3)])
    expected = cdist(OTHERS, means, "mahalanobis", VI=np.linalg.inv(covariance())).min(1) ** 2
    np.testing.assert_allclose(np.asarray(fitted().distances(OTHERS, xp)), expected, rtol=1e-4)


@pytest.mark.parametrize("xp", [np, keras.ops], ids=["numpy", "keras"])
def test_the_neighbour_is_the_nearest_by_cosine_after_whitening(xp):
    white = np.linalg.cholesky(np.linalg.inv(covariance()))
    moved = [(part - VECTORS.mean(0)) @ white for part in (OTHERS, VECTORS)]
    expected = 1 - cosine_similarity(*moved).max(1)
    np.testing.assert_allclose(np.asarray(fitted().neighbour_distances(OTHERS, xp)), expected, atol=0.02)


def test_examples_are_not_compared_with_themselves():
    reference = fitted(OTHERS)
    np.testing.assert_allclose(reference.example_similarities(OTHERS), 1, atol=0.02)
    alone = [fitted(np.delete(OTHERS, place, 0)).example_similarities(OTHERS[[place]])[0] for place in range(7)]
    np.testing.assert_allclose(reference.example_similarities(OTHERS, themselves=True), alone, atol=0.02)


def test_whitened_vectors_have_the_covariance_of_a_ball_and_equal_ones_no_error():
    white = whitening_of(np.cov(VECTORS.T))
    shrunk = np.cov(VECTORS.T) + 0.1 * np.trace(np.cov(VECTORS.T)) / 5 * np.eye(5)
    np.testing.assert_allclose(white.T @ shrunk @ white, np.eye(5), atol=1e-8)
    assert np.isfinite(
        LayerReference.fit(0, np.ones((4, 5)), np.ones((4, 1), bool), np.arange(4)).distances(OTHERS)
    ).all()


def test_a_text_of_two_groups_counts_in_both():
    both = np.concatenate([MEMBERS, np.ones((60, 1), bool)], axis=1)
    shifted = LayerReference.fit(0, VECTORS, both, np.arange(60))
    means = np.concatenate([np.stack([VECTORS[CLASSES == one].mean(0) for one in range(3)]), VECTORS.mean(0)[None]])
    np.testing.assert_allclose(shifted.means, (means - VECTORS.mean(0)) @ shifted.whitening, atol=1e-4)


def test_a_bank_has_a_byte_for_each_number():
    bank = Bank.of(VECTORS)
    assert bank.directions.dtype == np.int8 and np.abs(bank.directions).max() == 127
    np.testing.assert_allclose(bank.directions * bank.step, unit_rows(VECTORS), atol=bank.step)
    assert not np.any(unit_rows(np.zeros((2, 3))))


def test_few_are_kept_evenly_over_the_groups():
    rare = np.repeat([0, 1, 2], [50, 8, 2])
    rows = bank_rows(np.eye(3, dtype=bool)[rare], 12)
    assert np.bincount(rare[rows]).tolist() == [5, 5, 2] and (np.diff(rows) > 0).all()
    assert bank_rows(MEMBERS, 60).tolist() == list(range(60))


def test_arrays_bring_it_back():
    reference = fitted(OTHERS)
    stored = {f"layer_2/{name}": array for name, array in reference.arrays().items()}
    (again,) = references_from([2], stored)
    for measure in ("distances", "neighbour_distances", "example_similarities"):
        np.testing.assert_array_equal(getattr(again, measure)(OTHERS), getattr(reference, measure)(OTHERS))
    with pytest.raises(ValueError, match="the arrays of layer 2 must all be of width 5"):
        references_from([2], {**stored, "layer_2/means": np.ones((3, 4))})
    with pytest.raises(KeyError, match="centre"):
        references_from([3], stored)
