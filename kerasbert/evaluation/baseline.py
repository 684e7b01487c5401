"""Is BERT worth it here? A classical classifier on the same texts, fitted in seconds and judged by the same scores."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice, check_int, check_texts, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.labels.cells import label_column
from kerasbert.labels.encode import read_labels
from kerasbert.labels.hierarchy import Hierarchy, level_names, parse_tree
from kerasbert.labels.level_labels import collect_subclasses, encode_hierarchy, read_levels
from kerasbert.objectives.level_decisions import decide_levels, score_hierarchy
from kerasbert.objectives.scores import SCORED_TASKS, score_predictions
from kerasbert.objectives.thresholds import tune_thresholds
from kerasbert.reading.splits import split_indices

# As `C` of scikit-learn's LogisticRegression, of which 10 and 30 differ by 0.002 in accuracy on Banking77. There SGD
# takes 6 s of processor time, and liblinear, for the same model, minutes.
C = 10.0
HELD_OUT = 0.1


class BaselineScores(dict[str, Any]):
    """Scores of a baseline, with what it answered to each text, so that a model can be compared with it text by text.

    Args:
        scores: see `score_baseline`.
        outcomes: head or level name (`"probabilities"` of a single head) -> what was answered over the texts whose label is
            known.

    Example:
        >>> BaselineScores({"accuracy": 0.5}, {})["accuracy"]
        0.5
    """

    def __init__(self, scores: Mapping[str, Any], outcomes: Mapping[str, Outcome]) -> None:
        super().__init__(scores)
        self.outcomes = dict(outcomes)


def score_baseline(
    task: str,
    train_texts: Sequence[str],
    train_labels: Any,
    test_texts: Sequence[str],
    test_labels: Any,
    *,
    heads: Mapping[str, str] | None = None,
    label_names: Any = None,
    subclasses: Mapping[str, Any] | None = None,
    multilabel: bool = False,
    seed: int = 0,
) -> BaselineScores:
    """Scores of TF-IDF with logistic regression: what a classifier without BERT does with the same texts.

    Words, pairs of words and pieces of words of 2 to 4 characters are weighted by TF-IDF; each label has a logistic
    regression, fitted by stochastic gradient descent. Thresholds of independent labels are tuned on a tenth of the
    training texts, as `TextClassifier` does. The subclasses of a hierarchy are decided from the class down.

    Args:
        task: `"binary"`, `"multiclass"`, `"multilabel"`, `"multitask"` or `"hierarchical"`.
        train_texts: n >= 2 texts.
        train_labels: n labels as `TextClassifier.fit` takes them; by head or level for several.
        test_texts: m >= 1 texts.
        test_labels: m labels in the same form.
        heads: for a multi-task one head name -> task.
        label_names: labels in the order wanted; head name -> these for a multi-task one; None collects and sorts them.
        subclasses: for a hierarchical one the tree, see `build_hierarchical`; None collects it.
        multilabel: for a hierarchical one whether labels are independent.
        seed: of the order of the texts and of the split.

    Returns:
        A dict of what `TextClassifier.evaluate` gives: see `score_predictions`; by head or level for several. It also
        holds the answers, with which `write_report` compares a model text by text.

    Raises:
        ConfigError: when the task is unknown or `heads` does not go with it.
        DataError: when a label cannot be used, or numbers of texts and labels differ.
        TypeError: when texts are no list of texts.

    Example:
        >>> texts, labels = ["good film", "bad film", "good day", "bad day"], ["+", "-", "+", "-"]
        >>> score_baseline("multiclass", texts, labels, ["good one", "bad one"], ["+", "-"])["accuracy"]
        1.0

    Reference:
        Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification", 2012.
    """
    check_int("seed", seed, 0, 2**32 - 1)
    _check_heads(task, heads)
    train_texts, test_texts = check_texts("train_texts", train_texts), check_texts("test_texts", test_texts)
    if len(train_texts) < 2 or not len(test_texts):
        raise DataError(
            f"A baseline needs 2 texts to train on and 1 to test on; got {len(train_texts)} and {len(test_texts)}."
        )
    features = _features(train_texts, test_texts)
    if task == "hierarchical":
        levels = level_names(2) if subclasses is None else parse_tree(subclasses).levels
        read = [read_levels(labels, levels, several=multilabel) for labels in (train_labels, test_labels)]
        tree = _tree(read[0], read[1], subclasses, multilabel)
        encoded = [encode_hierarchy(cells, tree, multilabel=multilabel) for cells in read]
        return _score_levels(tree, multilabel, features, encoded, seed)
    cells = [labels if heads else {SINGLE_HEAD: labels} for labels in (train_labels, test_labels)]
    names = label_names if heads and label_names else {SINGLE_HEAD: label_names}
    outcomes = {
        head: _judge_head(head, head_task, features, [_of_head(part, head) for part in cells], names.get(head), seed)
        for head, head_task in (heads or {SINGLE_HEAD: task}).items()
    }
    scores = {head: _scores_of(outcome) for head, outcome in outcomes.items()}
    return BaselineScores(scores, outcomes) if heads else BaselineScores(scores[SINGLE_HEAD], outcomes)


def _check_heads(task: str, heads: Mapping[str, str] | None) -> None:
    check_choice("task", task, (*SCORED_TASKS, "multitask", "hierarchical"))
    if (task == "multitask") != bool(heads):
        raise ConfigError(
            f"`heads` must be a dict of head name -> task for task 'multitask' and None for others; got "
            f"{shorten(heads)} with task {task!r}."
        )
    for name, head_task in (heads or {}).items():
        check_choice(f"heads[{name!r}]", head_task, SCORED_TASKS)


def _of_head(cells: Any, head: str) -> Any:
    if not isinstance(cells, Mapping) or head not in cells:
        raise DataError(f"Labels must be a dict by head with {head!r}; got {shorten(cells)}.")
    return cells[head]


def _tree(train: Any, test: Any, subclasses: Mapping[str, Any] | None, multilabel: bool) -> Hierarchy:
    if subclasses is not None:
        return parse_tree(subclasses)
    classes, below = ([*train[level], *test[level]] for level in ("class", "subclass"))
    return parse_tree(collect_subclasses(classes, below, multilabel=multilabel))


def _features(train_texts: Sequence[str], test_texts: Sequence[str]) -> tuple[Any, Any]:
    """TF-IDF of words, pairs of words and pieces of words, as sparse rows (n, f) and (m, f)."""
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


def _judge_head(
    head: str, task: str, features: tuple, cells: Sequence[Any], names: Sequence[str] | None, seed: int
) -> Outcome:
    columns = [label_column(part, several=task == "multilabel").cells for part in cells]
    names = names or read_labels(task, [cell for column in columns for cell in column]).names
    train, test = (read_labels(task, column, names).array for column in columns)
    _check_number(len(train), features[0])
    learned, rows = (np.flatnonzero(_known(part)) for part in (train, test))
    decided, values = _decide(task, (features[0][learned], features[1]), train[learned], len(names), seed)
    return Outcome(head, task, tuple(names), rows, test[rows], values[rows], decided[rows])


def _scores_of(outcome: Outcome) -> dict[str, Any]:
    return score_predictions(outcome.task, outcome.y_true, outcome.y_pred, outcome.label_names, outcome.probabilities)


def _score_levels(tree: Hierarchy, multilabel: bool, features: tuple, encoded: list, seed: int) -> BaselineScores:
    task = "multilabel" if multilabel else "multiclass"
    values, thresholds = {}, {}
    for level, names in zip(tree.levels, tree.names, strict=True):
        known = _known(encoded[0][level])
        values[level], thresholds[level] = _fit(
            task, (features[0][known], features[1]), encoded[0][level][known], len(names), seed
        )
    decided = decide_levels(values, tree, multilabel=multilabel, thresholds=thresholds if multilabel else None)
    outcomes = {}
    for level, names in zip(tree.levels, tree.names, strict=True):
        known = np.flatnonzero(_known(encoded[1][level]))
        labels, answered, chosen = (part[known] for part in (encoded[1][level], values[level], decided[level]))
        outcomes[level] = Outcome(level, task, tuple(names), known, labels, answered, chosen)
    scores: dict[str, Any] = {level: _scores_of(outcome) for level, outcome in outcomes.items()}
    scores["hierarchy"] = score_hierarchy(encoded[1], decided, tree, multilabel=multilabel)
    return BaselineScores(scores, outcomes)


def _known(labels: np.ndarray) -> np.ndarray:
    return np.asarray((labels.reshape(len(labels), -1) >= 0).all(axis=1))


def _decide(task: str, features: tuple, train: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    values, thresholds = _fit(task, features, train, count, seed)
    if task == "multiclass":
        return values.argmax(axis=1), values
    return (values >= thresholds).astype(np.int64), values


def _fit(task: str, features: tuple, train: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the test texts (m, C), those of one text adding up to 1 for a multi-class task; thresholds (C,)."""
    learned, asked = features
    _check_number(len(train), learned)
    if task == "multiclass":
        values = _probabilities(learned, train[:, None] == np.arange(count), [asked], seed)[0]
        # A text that no label wants is of any label.
        values = values + 1e-12
        return values / values.sum(axis=1, keepdims=True), np.full(count, 0.5)
    flags = train > 0
    if task == "binary" or len(train) < 2:
        return _probabilities(learned, flags, [asked], seed)[0], np.full(flags.shape[1], 0.5)
    kept, out = split_indices(train, HELD_OUT, seed=seed)
    values, held_out = _probabilities(learned[kept], flags[kept], [asked, learned[out]], seed)
    return values, tune_thresholds(train[out], held_out)


def _check_number(labels: int, texts: Any) -> None:
    if labels != texts.shape[0]:
        raise DataError(f"Texts and labels must be as many; got {texts.shape[0]} texts and {labels} labels.")


def _probabilities(learned: Any, flags: np.ndarray, asked: Sequence[Any], seed: int) -> list[np.ndarray]:
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
