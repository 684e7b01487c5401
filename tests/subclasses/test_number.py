import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from kerasbert.subclasses.number import NumberScore, choose_number, find_unimodality, score_numbers


@pytest.fixture(scope="module")
def points():
    random = np.random.default_rng(0)
    return np.repeat(np.eye(3), 30, axis=0) + 0.05 * random.normal(size=(90, 3))


def test_silhouette_is_that_of_scikit_learn(points):
    (score,) = score_numbers(points, [3])
    groups = KMeans(3, n_init=10, random_state=1).fit_predict(points)
    assert score.silhouette == pytest.approx(silhouette_score(points, groups)) and score.stability == 1


def test_a_wrong_number_is_less_clear_and_less_stable(points):
    right, wrong = score_numbers(points, [3, 6])
    assert wrong.silhouette < right.silhouette and wrong.stability < right.stability


def test_the_smallest_good_number_is_chosen():
    assert choose_number([NumberScore(2, 0.39, 1.0), NumberScore(3, 0.4, 1.0), NumberScore(4, 0.2, 1.0)]) == 2
    assert choose_number([NumberScore(2, 0.39, 0.5), NumberScore(3, 0.4, 1.0)]) == 3


def test_one_number_that_stands_out_by_chance_among_many_is_not_chosen():
    values = {number: 1 - abs(number - 15) / 20 for number in range(2, 26)} | {20: 1.1}
    assert choose_number([NumberScore(number, value, 1.0) for number, value in values.items()]) in range(13, 16)
    few = {number: 0.5 for number in range(2, 26)} | {4: 0.8}
    assert choose_number([NumberScore(number, value, 1.0) for number, value in few.items()]) == 4


def test_points_that_no_number_fits_get_the_least_bad_one():
    assert choose_number([NumberScore(2, -0.2, 0.5), NumberScore(3, -0.1, 0.5)]) == 3


def test_reference_data_have_no_groups(points):
    centred = points - points.mean(axis=0)
    found = find_unimodality(centred, 6)
    assert not found.unimodal and found.statistic > found.reference + 3 * found.deviation
    single = np.random.default_rng(1).multivariate_normal(np.zeros(3), np.cov(centred.T), 90)
    assert find_unimodality(single - single.mean(axis=0), 6).unimodal
