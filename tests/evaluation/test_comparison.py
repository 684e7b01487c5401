"""A classifier beside a baseline that answered the same texts."""

import re

import numpy as np
import pytest
from scipy.stats import binomtest

import kerasbert as kb
from kerasbert.evaluation.baseline import BaselineScores
from kerasbert.evaluation.comparison import evaluate_with_baseline, judge_texts

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6
LABELS = {
    "binary": ["no", "yes"] * 12,
    "multiclass": list("xyzy") * 6,
    "multilabel": [["x"], ["x", "y"], [], ["y"]] * 6,
    "multitask": {"topic": list("xyzy") * 6, "flags": [["a"], [], ["b"], ["a", "b"]] * 6},
    "hierarchical": {"class": list("xxyz") * 6, "subclass": ["x1", "x2", "y1", None] * 6},
}
HEADS = {"multitask": {"topic": "multiclass", "flags": "multilabel"}}


@pytest.fixture(scope="module", params=LABELS)
def evaluated(request, tiny_folder):
    """Task, classifier and baseline."""
    task, heads = request.param, HEADS.get(request.param)
    settings = {"epochs": 1, "batch_size": 24, "validation_fraction": 0, "max_length": 40, "verbose": False}
    classifier = kb.TextClassifier(task, heads=heads, encoder=tiny_folder, **settings).fit(TEXTS, LABELS[task])
    return task, classifier, kb.evaluation.score_baseline(task, TEXTS, LABELS[task], TEXTS, LABELS[task], heads=heads)


def by_head(found, key):
    return {"probabilities": found} if key in found else found


def test_scores_are_those_of_evaluate_and_heads_are_compared(evaluated):
    task, classifier, baseline = evaluated
    scores, comparison = evaluate_with_baseline(classifier.trained_, TEXTS, LABELS[task], baseline)
    assert scores == classifier.evaluate(TEXTS, LABELS[task], intervals=True)
    found = by_head(comparison, "verdict")
    assert list(found) == list(classifier.model_.heads)
    assert all(0 < row["p_value"] <= 1 for one in found.values() for row in one["rows"])


def test_accuracy_of_a_head_is_tested_on_its_texts(evaluated):
    task, classifier, baseline = evaluated
    _, comparison = evaluate_with_baseline(classifier.trained_, TEXTS, LABELS[task], baseline)
    for head, outcome in judge_texts(classifier.trained_, TEXTS, LABELS[task]).outcomes.items():
        own, other = ((one.true_flags == one.predicted_flags).all(axis=1) for one in (outcome, baseline.outcomes[head]))
        gained, lost = int((own & ~other).sum()), int((other & ~own).sum())
        expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        rows = by_head(comparison, "verdict")[head]["rows"]
        assert rows[0]["p_value"] == pytest.approx(expected)


def test_the_page_gives_the_verdict_and_colours_no_chance(evaluated, tmp_path):
    task, classifier, baseline = evaluated
    page = kb.write_report(classifier, TEXTS, LABELS[task], tmp_path / "report", baseline=baseline).read_text("utf-8")
    found = by_head(evaluate_with_baseline(classifier.trained_, TEXTS, LABELS[task], baseline)[1], "verdict").values()
    for one in found:
        assert f'<p class="verdict">{one["verdict"]}</p>'.replace("'", "&#39;") in page
    worse = [row for one in found for row in one["rows"] if row["gain"] < 0 and row["p_value"] < 0.05]
    assert page.count('class="worse"') == len(worse)


def test_a_loss_within_chance_is_not_coloured(evaluated, tmp_path):
    task, classifier, baseline = evaluated
    if task != "multiclass":
        pytest.skip("one task is enough")
    labels = classifier.predict(TEXTS)
    labels[:2] = [next(name for name in "xyz" if name != label) for label in labels[:2]]
    perfect = kb.evaluation.score_baseline(task, TEXTS, list(labels), TEXTS, list(labels), label_names=list("xyz"))
    right = BaselineScores(perfect, {"probabilities": perfect_outcome(perfect.outcomes["probabilities"])})
    page = kb.write_report(classifier, TEXTS, list(labels), tmp_path / "report", baseline=right).read_text("utf-8")
    assert "No clear winner" in page and 'class="worse"' not in page and re.search(r"<td>0\.5000</td>", page)


def perfect_outcome(outcome):
    import dataclasses

    return dataclasses.replace(outcome, y_pred=outcome.y_true)


def test_scores_alone_give_no_verdict(evaluated, tmp_path):
    task, classifier, baseline = evaluated
    folder = tmp_path / "report"
    page = kb.write_report(classifier, TEXTS, LABELS[task], folder, baseline=dict(baseline)).read_text("utf-8")
    assert "No winner is named" in page and 'class="worse"' not in page


def test_a_baseline_of_other_texts_is_refused(evaluated, tmp_path):
    task, classifier, _ = evaluated
    if task in HEADS or task == "hierarchical":
        pytest.skip("one head is enough")
    other = kb.evaluation.score_baseline(task, TEXTS, LABELS[task], TEXTS[1:], LABELS[task][1:])
    with pytest.raises(kb.DataError, match="must be of the same texts and labels as the model"):
        kb.write_report(classifier, TEXTS, LABELS[task], tmp_path / "report", baseline=other)
    assert not list(tmp_path.iterdir())


def test_answers_have_one_unit_for_a_binary_head(evaluated):
    task, classifier, _ = evaluated
    found, given = classifier.trained_.probabilities(TEXTS), classifier.predict_proba(TEXTS)
    for head, values in found.items():
        whole = given[head] if isinstance(given, dict) else given
        assert np.array_equal(values, whole[:, 1:] if task == "binary" else whole)
