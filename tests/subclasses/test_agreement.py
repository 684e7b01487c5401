import itertools

import numpy as np
import pytest
from sklearn import metrics

import kerasbert as kb


def test_scores_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    known, groups = random.integers(0, 4, 60), random.integers(0, 3, 60)
    groups[:30] = known[:30] % 3
    scores = kb.subclasses.score_agreement(known.tolist(), groups.tolist())
    assert scores["ari"] == pytest.approx(metrics.adjusted_rand_score(known, groups))
    assert scores["nmi"] == pytest.approx(metrics.normalized_mutual_info_score(known, groups))
    assert scores["v_measure"] == pytest.approx(metrics.v_measure_score(known, groups))
    matches = itertools.permutations(range(4), 3)
    best = max(np.mean([match[group] == one for one, group in zip(known, groups, strict=True)]) for match in matches)
    assert scores["accuracy"] == pytest.approx(best) and scores["num_examples"] == 60


def test_unknown_sub_labels_are_left_out():
    assert kb.subclasses.score_agreement(["a", None, "b", ""], [0, 0, 1, 1])["num_examples"] == 2


def test_nothing_to_compare():
    with pytest.raises(kb.DataError, match="`known` must hold at least one sub-label; got none"):
        kb.subclasses.score_agreement([None], [0])
    with pytest.raises(kb.DataError, match="`known` must have one sub-label for each text; got 2 for 1"):
        kb.subclasses.score_agreement(["a", "b"], [0])


def test_equal_numbers_are_one_sub_label_and_unknown_ones_are_left_out():
    scores = kb.subclasses.score_agreement([1, 1.0, "1", 2, float("nan"), -1], [0, 0, 0, 1, 1, 1])
    assert scores["num_examples"] == 4 and scores["ari"] == 1
