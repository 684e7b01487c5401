import numpy as np
from sklearn import metrics

from kerasbert import Multiclass, Multilabel
from kerasbert.evaluation.confusions import confused_pairs, confusion_matrix, surest_mistakes
from kerasbert.evaluation.outcomes import Outcome


def test_matrix_equals_scikit_learn(outcome):
    names, counts = confusion_matrix(outcome)
    if outcome.task.name != "multilabel":
        labels = range(len(outcome.label_names))
        expected = metrics.confusion_matrix(outcome.y_true.reshape(-1), outcome.y_pred.reshape(-1), labels=labels)
        assert names == list(outcome.label_names) and (counts == expected).all()
        return
    both = metrics.multilabel_confusion_matrix(outcome.y_true, outcome.y_pred)[:, 1, 1]
    assert names[-1] == "(none)" and (np.diag(counts)[:-1] == both).all()
    for i, j in np.ndindex(4, 4):
        assert counts[i, j] == ((outcome.y_true[:, i] == 1) & (outcome.y_pred[:, j] == 1)).sum()
    assert counts[-1, -1] == (~outcome.y_true.any(axis=1) & ~outcome.y_pred.any(axis=1)).sum()


def test_pairs_are_the_largest_cells_off_the_diagonal(outcome):
    pairs = confused_pairs(outcome, limit=3)
    assert [pair["count"] for pair in pairs] == sorted((pair["count"] for pair in pairs), reverse=True)
    names = list(outcome.label_names)
    for pair in pairs:
        true, predicted = (
            outcome.true_flags[:, names.index(pair["true"])],
            outcome.true_flags[:, names.index(pair["predicted"])],
        )
        missed = ~outcome.predicted_flags[:, names.index(pair["true"])]
        given = outcome.predicted_flags[:, names.index(pair["predicted"])]
        assert pair["count"] == (true & missed & given & ~predicted).sum()
        assert pair["share"] == pair["count"] / true.sum()
    if outcome.task.name == "multiclass":
        counts = confusion_matrix(outcome)[1]
        np.fill_diagonal(counts, 0)
        assert pairs[0]["count"] == counts.max()


def test_surest_mistakes_are_wrong_and_sorted(outcome):
    mistakes = surest_mistakes(outcome, limit=100)
    wrong = np.flatnonzero((outcome.true_flags != outcome.predicted_flags).any(axis=1))
    assert sorted(mistake["row"] for mistake in mistakes) == (wrong + 1).tolist()
    confidences = [mistake["confidence"] for mistake in mistakes]
    assert confidences == sorted(confidences, reverse=True)
    assert surest_mistakes(outcome, limit=2) == mistakes[:2]
    for mistake in mistakes:
        assert set(mistake["true"]) != set(mistake["predicted"])
        if outcome.task.name != "multilabel":
            assert mistake["predicted"] == [mistake["label"]] and mistake["probability"] == mistake["confidence"]


def test_a_missed_label_is_as_sure_as_it_was_thought_unlikely():
    labels, probabilities = np.array([[1, 0]]), np.array([[0.1, 0.7]])
    outcome = Outcome("", Multilabel(["a", "b"]), np.array([5]), labels, probabilities, np.array([[0, 1]]), np.ones(2))
    expected = {"row": 6, "true": ["a"], "predicted": ["b"], "label": "a", "probability": 0.1, "confidence": 0.9}
    assert surest_mistakes(outcome) == [expected]


def test_without_mistakes_there_is_nothing_to_show():
    ids = np.array([0, 1])
    outcome = Outcome("", Multiclass(["a", "b"]), ids, ids, np.eye(2), ids)
    assert surest_mistakes(outcome) == confused_pairs(outcome) == []
