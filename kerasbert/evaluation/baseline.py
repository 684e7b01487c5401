"""`score_baseline`: TF-IDF with logistic regression, to tell whether BERT is worth it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_int, check_texts
from kerasbert._core.errors import DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.evaluation.outcomes import Outcome, outcomes_by_head
from kerasbert.labels.cells import label_column
from kerasbert.labels.level_labels import read_levels
from kerasbert.objectives.scores import Scores
from kerasbert.objectives.thresholds import tune_thresholds
from kerasbert.reading.splits import split_indices
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.outputs import OutputPlan, Outputs, cells_by_head
from kerasbert.tasks.plans import plan_outputs
from kerasbert.tasks.task import Task

# `C` of scikit-learn's LogisticRegression; 10 and 30 differ by 0.002 in accuracy on Banking77. There SGD takes 6 s of
# processor time, and liblinear, for the same model, minutes.
C = 10.0
HELD_OUT = 0.1


class BaselineScores(Scores):
    """Scores of a baseline with its predictions, for paired significance tests.

    Args:
        scores: see `score_baseline`.
        outcomes: head or level name (`"probabilities"` of a single head) -> predictions for the texts whose label is known.

    Example:
        >>> BaselineScores({"accuracy": 0.5}, {})["accuracy"]
        0.5
    """

    def __init__(self, scores: Mapping[str, Any], outcomes: Mapping[str, Outcome]) -> None:
        super().__init__(scores)
        self.outcomes = dict(outcomes)


def score_baseline(
    task: str | Outputs,
    train_texts: Sequence[str],
    train_labels: Any,
    test_texts: Sequence[str],
    test_labels: Any,
    *,
    heads: Mapping[str, str | Task | type[Task]] | None = None,
    label_names: Sequence[str] | None = None,
    subclasses: Mapping[str, Any] | None = None,
    level_task: str = DEFAULT_LEVEL_TASK,
    seed: int = 0,
) -> BaselineScores:
    """Train and evaluate a baseline without BERT, TF-IDF with logistic regression, on the same texts.

    TF-IDF is of words, word pairs and character n-grams of 2 to 4; each label has a logistic regression, fitted by SGD.
    Thresholds of independent labels are tuned on a tenth of the training texts.

    Args:
        task: name of a task, as for `TextClassifier`; or the `outputs` of a `TrainedClassifier`, which the next four
            arguments describe otherwise.
        train_texts: n >= 2 texts.
        train_labels: n labels as `TextClassifier.fit` takes them; by head or level for several.
        test_texts: m >= 1 texts.
        test_labels: m labels in the same form.
        heads: for a multi-task one head name -> task: its name, or one with label names such as `Multiclass(["a", "b"])`.
        label_names: of one head, in their order; None collects and sorts them.
        subclasses: for a hierarchical one the tree, see `build_hierarchical`; None collects it.
        level_task: for a hierarchical one the task of each level, see `build_hierarchical`.
        seed: of the order of the texts and of the split.

    Returns:
        What `TextClassifier.evaluate` returns. It also holds the predictions, with which `write_report` compares a model
        text by text.

    Raises:
        ConfigError: when the task is unknown or another argument does not go with it.
        DataError: when a label cannot be used, or numbers of texts and labels differ.
        TypeError: when texts are no list of texts.

    Example:
        >>> texts, labels = ["good film", "bad film", "good day", "bad day"], ["+", "-", "+", "-"]
        >>> score_baseline(Multiclass.name, texts, labels, ["good one", "bad one"], ["+", "-"])["accuracy"]
        1.0

    Reference:
        Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification", 2012.
    """
    check_int("seed", seed, 0, 2**32 - 1)
    options: dict[str, Any] = {"heads": heads, "subclasses": subclasses, "level_task": level_task}
    plan = task if isinstance(task, Outputs) else plan_outputs(task, label_names=label_names, **options)
    train_texts, test_texts = check_texts("train_texts", train_texts), check_texts("test_texts", test_texts)
    if len(train_texts) < 2 or not len(test_texts):
        raise DataError(
            f"A baseline needs 2 texts to train on and 1 to test on; got {len(train_texts)} and {len(test_texts)}."
        )
    features = _features(train_texts, test_texts)
    outputs, y_train, y_test = _read(plan, train_labels, test_labels)
    probabilities, thresholds = {}, {}
    for head, head_task in outputs.tasks.items():
        for labels, texts in ((y_train[head], train_texts), (y_test[head], test_texts)):
            if len(labels) != len(texts):
                raise DataError(f"Texts and labels must be as many; got {len(texts)} texts and {len(labels)} labels.")
        probabilities[head], thresholds[head] = _fit(head_task, *features, y_train[head], seed)
    scores = outputs.evaluate(y_test, probabilities, thresholds)
    y_pred = outputs.predict(probabilities, thresholds)
    return BaselineScores(scores, outcomes_by_head(outputs, y_test, probabilities, y_pred))


def _read(
    plan: OutputPlan | Outputs, train_labels: Any, test_labels: Any
) -> tuple[Outputs, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the outputs, y_train and y_test; unknown label names are collected from both."""
    if isinstance(plan, Outputs):
        return plan, plan.encode(train_labels), plan.encode(test_labels)
    # A generator of labels can be read once.
    train, test = _cells(plan, train_labels), _cells(plan, test_labels)
    outputs = plan.read(_as_given(plan, {head: [*train[head], *test[head]] for head in plan.tasks})).outputs
    return outputs, outputs.encode(_as_given(plan, train)), outputs.encode(_as_given(plan, test))


def _cells(plan: OutputPlan, labels: Any) -> dict[str, Any]:
    several = {head: not task.exclusive for head, task in plan.tasks.items()}
    if plan.has_levels:
        return read_levels(labels, list(several), several=any(several.values()))
    cells = cells_by_head(plan.tasks, labels)
    return {head: label_column(cells[head], several=several[head]).cells for head in plan.tasks}


def _as_given(plan: OutputPlan, cells: Mapping[str, Any]) -> Any:
    """Unwrap the cells of a single head."""
    return cells if plan.has_several_heads else cells[SINGLE_HEAD]


def _features(train_texts: Sequence[str], test_texts: Sequence[str]) -> tuple[Any, Any]:
    """Compute TF-IDF of words, word pairs and character n-grams, sparse (n, f) and (m, f)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    # Single characters are words in some languages and all there is in some texts; scikit-learn drops them.
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]")
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    union = FeatureUnion([("words", words), ("pieces", pieces)])
    try:
        return union.fit_transform(train_texts), union.transform(test_texts)
    except ValueError as error:
        raise DataError(f"The training texts hold no word to learn from ({error}).") from error


def _fit(task: Task, train: Any, test: Any, y_true: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit a head; return its probabilities of the test texts, (m, units), and thresholds, (units,)."""
    known = np.flatnonzero(task.known(y_true))
    train, y_true = train[known], y_true[known]
    flags = task.flags(y_true)[:, -task.units :]  # (n, units)
    if task.tunes_thresholds and len(y_true) >= 2:
        kept, held_out = split_indices(y_true, HELD_OUT, seed=seed)
        values, tuning = _probabilities(train[kept], flags[kept], [test, train[held_out]], seed)
        return values, tune_thresholds(y_true[held_out], tuning)
    values = _probabilities(train, flags, [test], seed)[0]
    if not task.uses_thresholds:
        # Softmax's probabilities add up to 1; where every regression gives 0, all labels are equally likely.
        values = values + 1e-12
        values /= values.sum(axis=1, keepdims=True)
    return values, task.default_thresholds()


def _probabilities(learned: Any, flags: np.ndarray, asked: Sequence[Any], seed: int) -> list[np.ndarray]:
    """Fit a logistic regression for each unit of `flags`, (n, units); predict (m, units) for each of `asked`."""
    from sklearn.linear_model import SGDClassifier

    # As many steps as scikit-learn advises; most fits stop earlier by their own rule.
    epochs = min(max(math.ceil(1e6 / len(flags)), 20), 1000)
    penalty = 1 / (C * len(flags))
    results = [np.zeros((part.shape[0], flags.shape[1])) for part in asked]
    for column, flag in enumerate(flags.T):
        if flag.all() or not flag.any():
            for result in results:
                result[:, column] = float(flag.any())
            continue
        model = SGDClassifier(loss="log_loss", alpha=penalty, max_iter=epochs, random_state=seed).fit(learned, flag)
        for result, part in zip(results, asked, strict=True):
            result[:, column] = model.predict_proba(part)[:, 1]
    return results
