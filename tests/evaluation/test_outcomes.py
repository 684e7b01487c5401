import numpy as np
from sklearn.metrics import log_loss

from kerasbert.evaluation.outcomes import Outcome, error_ranks
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel


def test_every_task_has_one_form(outcome):
    count = len(outcome.label_names)
    assert (
        outcome.true_flags.shape
        == outcome.predicted_flags.shape
        == outcome.label_probabilities.shape
        == (len(outcome), count)
    )
    if outcome.task.name != "multilabel":
        assert (outcome.true_flags.sum(axis=1) == 1).all() and (outcome.predicted_flags.sum(axis=1) == 1).all()
        assert np.allclose(outcome.label_probabilities.sum(axis=1), 1)


def test_thresholds_stand_beside_their_labels(outcome):
    expected = {"binary": [None, 0.6], "multiclass": [None] * 4, "multilabel": [0.6] * 4}
    assert outcome.label_thresholds == expected[outcome.task.name]


def test_losses_are_cross_entropies(outcome):
    true, shares = outcome.true_flags, outcome.label_probabilities
    if outcome.task.exclusive:
        expected = [-np.log(max(row[flags][0], np.finfo(float).eps)) for row, flags in zip(shares, true, strict=True)]
    else:
        expected = [log_loss(flags.astype(int), row, labels=[0, 1]) for row, flags in zip(shares, true, strict=True)]
    assert np.allclose(outcome.losses(), expected)


def test_errors_are_ranked_over_all_heads_by_how_surprising_the_labels_are():
    topic, flags = Multiclass(["a", "b"]), Multilabel(["x"])
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    first = Outcome("topic", topic, np.array([0, 1, 3]), np.array([0, 0, 0]), shares, shares.argmax(1))
    second = Outcome("flags", flags, np.array([0]), np.array([[1.0]]), np.array([[0.01]]), np.array([[0]]))
    # Losses: 0.105 + 4.605, 1.609, no label known, 0.916.
    assert error_ranks({"topic": first, "flags": second}, 4) == [1, 2, None, 3]
    assert error_ranks({"topic": first}, 4) == [None, 1, None, 2]
