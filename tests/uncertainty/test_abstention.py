import contextlib

import numpy as np
import pytest
from scipy.stats import beta, binom

from kerasbert import Binary, ConfigError, DataError, Multiclass, Multilabel
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.tasks.hierarchical import HierarchicalOutputs
from kerasbert.tasks.several import SeveralOutputs
from kerasbert.tasks.single import SingleOutput
from kerasbert.uncertainty.abstention import Abstention, Promise, promise_precision, texts_needed


def drawn(random, number, slope=0.4):
    """Confidences, and right answers whose share rises from 1 - slope to 1 with them."""
    confidence = random.random(number)
    return confidence, random.random(number) < 1 - slope * (1 - confidence)


def test_the_bound_is_that_of_clopper_and_pearson():
    confidence, correct = drawn(np.random.default_rng(0), 3000)
    promise = promise_precision(confidence, correct, precision=0.9)
    answered = confidence >= promise.threshold
    hits, number = correct[answered].sum(), answered.sum()
    assert promise.lower == pytest.approx(beta.ppf(0.05, hits, number - hits + 1)) and promise.lower >= 0.9
    assert binom.sf(hits - 1, number, 0.9) <= 0.05
    assert promise.observed == pytest.approx(hits / number) and promise.answered == pytest.approx(number / 3000)
    assert promise.answered_interval[0] < promise.answered < promise.answered_interval[1]


def test_the_promise_is_kept_as_often_as_it_says():
    random, kept = np.random.default_rng(1), []
    for _ in range(200):
        with contextlib.suppress(DataError):  # where nothing is promised, no promise is broken
            threshold = promise_precision(*drawn(random, 500), precision=0.85, sure=0.9).threshold
            # The mean over evenly spread confidences above the threshold.
            kept.append(1 - 0.4 * (1 - (threshold + 1) / 2) >= 0.85)
    assert len(kept) > 180 and np.mean(kept) >= 0.9 - 2 * np.sqrt(0.9 * 0.1 / 200)


def test_right_predictions_are_all_answered():
    promise = promise_precision(np.linspace(0.1, 0.9, 100), np.ones(100, bool), precision=0.95)
    assert promise.threshold == 0 and promise.answered == 1.0 and promise.observed == 1.0


def test_too_few_texts_tell_how_many_are_needed():
    least = texts_needed(0.95, 0.95)
    assert 0.95**least <= 0.05 < 0.95 ** (least - 1)
    with pytest.raises(
        DataError, match=r"can be promised, with 95% confidence, on 59 validation texts or more; got 58"
    ):
        promise_precision(np.ones(58), np.ones(58, bool))
    assert promise_precision(np.ones(59), np.ones(59, bool)).answered == 1.0


def test_a_precision_that_is_not_borne_out_tells_what_is():
    confidence = np.linspace(0, 1, 200)
    with pytest.raises(DataError, match=r"What can be promised with 95% confidence is 0\.\d+ at most"):
        promise_precision(confidence, np.arange(200) % 2 > 0, precision=0.9)


@pytest.mark.parametrize("name", ["precision", "sure"])
@pytest.mark.parametrize("value", [0, 1, 1.5])
def test_shares_are_inside_of_0_and_1(name, value):
    with pytest.raises(ConfigError, match=rf"`{name}` must be a number in \(0, 1\); got {value}"):
        promise_precision(np.ones(100), np.ones(100, bool), **{name: value})


TREE = HierarchicalOutputs(parse_tree({"a": ["b", "c"], "d": ["e"]}))
OUTPUTS = {
    "multiclass": SingleOutput(Multiclass(["x", "y", "z"])),
    "binary": SingleOutput(Binary(["no", "yes"])),
    "multilabel": SingleOutput(Multilabel(["p", "q"])),
    "several": SeveralOutputs({"topic": Multiclass(["x", "y"]), "flags": Multilabel(["p", "q"])}),
    "levels": TREE,
}


def examples(outputs, number=400):
    """Labels, and probabilities that are right more often where they are surer."""
    random, labels, probabilities = np.random.default_rng(0), {}, {}
    for head, task in outputs.tasks.items():
        logits = random.normal(size=(number, task.units)) * 4
        if task.exclusive and task.units > 1:
            values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            labels[head] = np.array([random.choice(task.units, p=row) for row in values])
        else:
            values = 1 / (1 + np.exp(-logits))
            labels[head] = (random.random(values.shape) < values).astype("float32")
        probabilities[head] = values
    return labels, probabilities


@pytest.mark.parametrize("kind", OUTPUTS)
def test_of_every_head_kind_those_that_are_answered_are_right(kind):
    outputs = OUTPUTS[kind]
    labels, probabilities = examples(outputs, 3000)
    if kind == "levels":
        classes = np.array(outputs.hierarchy.parents[0])
        labels["class"] = classes[labels["subclass"]]
        probabilities["class"] = np.stack([probabilities["subclass"][:, classes == one].sum(1) for one in (0, 1)], 1)
    y_pred = outputs.predict(probabilities)
    fitted = Abstention.fit(outputs, labels, probabilities, y_pred, precision=0.95)
    left = fitted.abstains(outputs, probabilities, y_pred)
    assert set(left) == set(outputs.tasks)
    for head, task in outputs.tasks.items():
        right = task.correct(labels[head], y_pred[head])
        assert right[~left[head]].mean() >= 0.94 and 0 < left[head].mean() < 1
        assert right[~left[head]].mean() > right.mean()
    again = Abstention.from_plain(fitted.to_plain(), {}, outputs)
    assert again == fitted and all(isinstance(one, Promise) for one in again.promises.values())


def test_texts_without_a_known_label_take_no_part():
    labels, probabilities = examples(OUTPUTS["multiclass"], 500)
    y_pred = OUTPUTS["multiclass"].predict(probabilities)
    given = [OUTPUTS["multiclass"], labels, probabilities, y_pred]
    number = Abstention.fit(*given, precision=0.6).promises["probabilities"].num_texts
    labels["probabilities"][:100] = -1
    assert number == 500 and Abstention.fit(*given, precision=0.6).promises["probabilities"].num_texts == 400


def test_the_head_that_cannot_keep_it_is_named():
    labels, probabilities = examples(OUTPUTS["several"], 40)
    with pytest.raises(DataError, match="Head 'topic': A precision of 0.95 can be promised"):
        Abstention.fit(OUTPUTS["several"], labels, probabilities, OUTPUTS["several"].predict(probabilities))


@pytest.mark.parametrize("change", [{"other": {}}, {}], ids=["another head", "none"])
def test_a_part_of_another_classifier_is_refused(change):
    with pytest.raises(ConfigError, match="its decisions are"):
        Abstention.from_plain(change, {}, OUTPUTS["several"])
