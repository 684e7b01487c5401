import math

import numpy as np
import pytest

import kerasbert as kb
from kerasbert._core.errors import ArtifactError
from kerasbert.tasks.binary import Binary
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.uncertainty.set_scores import KEPT, HeadScores, label_scores, texts_for

RANDOM = np.random.default_rng(0)
SHARES = RANDOM.dirichlet(np.ones(5), 400)
CLASSES = RANDOM.integers(0, 5, 400)
EACH = RANDOM.random((400, 3))
FLAGS = (RANDOM.random((400, 3)) < EACH).astype("float32")


def scores_of(task, y_true, shares):
    return HeadScores.of(task.flags(y_true), label_scores(task, task.columns(shares), "lac"))


def by_hand(row, method):
    """The scores of the labels of one text, from the papers."""
    scores = []
    for place, share in enumerate(row):
        ahead = [one for other, one in enumerate(row) if one > share or (one == share and other <= place)]
        rank = len(ahead)
        scores.append({"lac": 1 - share, "aps": sum(ahead), "raps": sum(ahead) + 0.1 * max(rank - 1, 0)}[method])
    return scores


@pytest.mark.parametrize("method", ["lac", "aps", "raps"])
def test_scores_of_exclusive_labels(method):
    ties = np.array([[0.25] * 4 + [0.0]])
    for rows in (SHARES[:50], ties):
        expected = [by_hand(row, method) for row in rows]
        assert np.allclose(label_scores(Multiclass(5), rows, method), expected)


def test_independent_labels_are_scored_by_their_own_probability():
    assert np.allclose(label_scores(Multilabel(3), EACH, "aps"), 1 - EACH)


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.95, 0.98])
def test_the_allowed_score_is_the_quantile_of_the_papers(coverage):
    own = 1 - SHARES[np.arange(400), CLASSES]
    rank = math.ceil((400 + 1) * coverage - 1e-9)
    found = scores_of(Multiclass(5), CLASSES, SHARES).allowed(coverage)
    assert found == pytest.approx(np.sort(own)[rank - 1], abs=1e-6)


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.95])
def test_independent_labels_are_controlled_by_their_risk(coverage):
    """The smallest set size at which n / (n + 1) R + 1 / (n + 1) is below 1 - coverage, tried one by one."""
    found = scores_of(Multilabel(3), FLAGS, EACH)
    has_one = FLAGS.any(axis=1)
    flags, each, count = FLAGS[has_one] > 0, EACH[has_one], has_one.sum()
    for limit in np.sort(1 - each[flags]):
        missed = 1 - (flags & (1 - each <= limit)).sum(axis=1) / flags.sum(axis=1)
        if count / (count + 1) * missed.mean() + 1 / (count + 1) <= 1 - coverage:
            break
    assert found.allowed(coverage) == pytest.approx(limit, abs=1e-6) and found.num_texts == count


def test_a_binary_head_has_two_labels():
    flags = FLAGS[:, :1]
    found = scores_of(Binary(), flags, EACH[:, :1])
    own = np.where(flags[:, 0] > 0, 1 - EACH[:, 0], EACH[:, 0])
    assert found.allowed(0.9) == pytest.approx(np.sort(own)[math.ceil(401 * 0.9) - 1], abs=1e-6)


def test_of_many_texts_the_scores_are_thinned_out_on_the_safe_side():
    count = 30_000
    shares = RANDOM.dirichlet(np.ones(3), count)
    labels = RANDOM.integers(0, 3, count)
    found = scores_of(Multiclass(3), labels, shares)
    assert len(found.scores) <= KEPT and found.num_texts == count
    own = np.sort(1 - shares[np.arange(count), labels])
    for coverage in (0.2, 0.9, 0.98, 0.9999):
        exact = own[math.ceil((count + 1) * coverage - 1e-9) - 1]
        assert exact <= found.allowed(coverage) + 1e-6 and found.allowed(coverage) - exact < 1e-3


@pytest.mark.parametrize(("count", "largest"), [(9, 0.9), (19, 0.95), (49, 0.98)])
def test_few_texts_promise_little(count, largest):
    found = scores_of(Multiclass(5), CLASSES[:count], SHARES[:count])
    assert found.largest_coverage == pytest.approx(largest) and texts_for(largest) == count
    assert found.allowed(largest) == found.scores[-1]
    with pytest.raises(
        kb.ConfigError, match=rf"at most {largest} for sets .* {count} texts, n / \(n \+ 1\); got 0.999"
    ):
        found.allowed(0.999)


def test_they_are_plain_data():
    found = scores_of(Multilabel(3), FLAGS, EACH)
    again = HeadScores.from_plain(found.to_plain())
    assert all(np.array_equal(one, other) for one, other in zip(found, again, strict=True))
    plain = found.to_plain()
    for broken in ({"above": "AAAAAA=="}, {"scores": ""}, {"num_texts": 1}, {"scores": plain["above"]}):
        with pytest.raises(ValueError, match="scores must rise, and what lies above them fall to 0"):
            HeadScores.from_plain({**found.to_plain(), **broken})
    for broken in ("no base64", "AAA=", "AADAfw=="):  # the last is NaN
        with pytest.raises(ValueError, match=r"base64|padding|buffer size|finite"):
            HeadScores.from_plain({**plain, "scores": broken})
    with pytest.raises(ArtifactError, match="'num_texts' is malformed"):
        HeadScores.from_plain({**found.to_plain(), "num_texts": -1})
