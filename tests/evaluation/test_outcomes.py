import numpy as np


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
