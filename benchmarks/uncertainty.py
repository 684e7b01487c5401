"""How far calibrated probabilities and prediction sets keep their word, over random splits of held-out texts.

    python benchmarks/uncertainty.py SAVED_FOLDER DATA.jsonl... [--label-column label] [--splits 20] [--mapie]

The classifier must not have been trained on the data. The model runs once; each split halves its predictions. Each half is
calibrated on the other, and both together are judged: expected calibration error in 15 bins of equal width, Brier score, log
loss. `perfect` is the error that a classifier shows whose probabilities are exactly right, for so many texts. Sets are fitted
on one half, each fifth of it scaled by what the others say, and judged on the other: coverage, and the mean number of labels. `--mapie`
puts sets of MAPIE (pip install mapie) beside ours, without calibration, on one split of a multi-class classifier.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

import kerasbert as kb
from kerasbert.uncertainty.calibration import calibrated, cross_fitted, fit_calibration
from kerasbert.uncertainty.logits import logit_layers
from kerasbert.uncertainty.reliability import errors_of
from kerasbert.uncertainty.set_scores import METHODS
from kerasbert.uncertainty.sets import COVERAGES, PredictionSets

Arrays = dict[str, np.ndarray]


def main() -> None:
    """Print the figures of a classifier with one head."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("data", nargs="+")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--mapie", action="store_true")
    asked = parser.parse_args()
    trained = kb.load(asked.folder).trained_
    texts, labels = [], []
    for file in asked.data:
        examples = kb.data.read_examples(file, label_columns=asked.label_column)
        texts += examples.texts
        labels += list(examples.labels[asked.label_column])
    y_true, probabilities = trained.encode_labels(labels), trained.probabilities(texts)
    print(f"{len(texts)} texts, {asked.splits} splits")
    for name, values in judge_calibration(trained.outputs, y_true, probabilities, asked.splits).items():
        print(f"{name:<28}{values}")
    for name, values in judge_sets(trained.outputs, y_true, probabilities, asked.splits).items():
        print(f"{name:<28}{values}")
    if asked.mapie:
        beside_mapie(trained.outputs, y_true, probabilities)


def beside_mapie(outputs: Any, y_true: Arrays, probabilities: Arrays) -> None:
    """Print in how many texts the sets of MAPIE and ours differ, and their mean sizes."""
    from mapie.classification import SplitConformalClassifier
    from sklearn.base import BaseEstimator, ClassifierMixin

    ((head, task),) = outputs.tasks.items()
    shares = probabilities[head].astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    fitted, judged = next(halves(len(shares), 1))

    class Given(ClassifierMixin, BaseEstimator):
        """A classifier of row numbers, whose probabilities are known."""

        classes_ = np.arange(len(task.label_names))

        def fit(self, rows: np.ndarray, labels: np.ndarray) -> Any:
            return self

        def predict_proba(self, rows: np.ndarray) -> np.ndarray:
            return shares[np.asarray(rows).reshape(-1)]

        def predict(self, rows: np.ndarray) -> np.ndarray:
            return self.predict_proba(rows).argmax(axis=1)

        def __sklearn_is_fitted__(self) -> bool:
            return True

    for method in ("lac", "aps"):
        sets = PredictionSets.fit(outputs, part(y_true, fitted), {head: shares[fitted]}, method=method)
        for coverage in COVERAGES:
            peer = SplitConformalClassifier(Given(), confidence_level=coverage, prefit=True, conformity_score=method)
            peer.conformalize(fitted[:, None], y_true[head][fitted])
            theirs = peer.predict_set(judged[:, None])[1][:, :, 0]
            ours = sets.flags(outputs, {head: shares[judged]}, coverage, empty=True)[head]
            differ, sizes = (theirs != ours).any(axis=1).sum(), (one.sum(axis=1).mean() for one in (theirs, ours))
            told = "mean size {:.3f}, of ours {:.3f}".format(*sizes)
            print(f"MAPIE's {method} for {coverage:.0%}: {differ} of {len(judged)} sets differ; {told}")


def halves(count: int, splits: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows of both halves of each split."""
    for seed in range(splits):
        rows = np.random.default_rng(seed).permutation(count)
        yield rows[: count // 2], rows[count // 2 :]


def part(arrays: Arrays, rows: np.ndarray) -> Arrays:
    """Take rows of the arrays of all heads."""
    return {head: values[rows] for head, values in arrays.items()}


def judge_calibration(outputs: Any, y_true: Arrays, probabilities: Arrays, splits: int) -> dict[str, str]:
    """Measure calibration error, Brier score and log loss before and after, and of perfect probabilities."""
    ((head, task),) = outputs.tasks.items()
    found: dict[str, list[list[float]]] = {}

    def keep(name: str, labels: np.ndarray, values: np.ndarray) -> None:
        measured = errors_of(task, labels, values).measures(np.ones((1, len(values))))
        found.setdefault(name, []).append([float(one[0]) for one in measured.values()])

    for seed, (first, second) in enumerate(halves(len(probabilities[head]), splits)):
        after = np.array(probabilities[head], np.float64)
        for fitted, judged in ((first, second), (second, first)):
            scalings = fit_calibration(outputs, part(y_true, fitted), part(probabilities, fitted)).scalings
            after[judged] = calibrated(outputs, part(probabilities, judged), scalings)[head]
        if not task.uses_thresholds:
            keep(
                "by the loss of all labels", y_true[head], _by_all_labels(outputs, y_true, probabilities, first, second)
            )
        keep("before", y_true[head], probabilities[head])
        keep("after", y_true[head], after)
        keep("after, of one half", y_true[head][second], after[second])
        drawn = _drawn(task, after, np.random.default_rng(seed))
        keep("perfect", drawn, after)
        keep("perfect, of one half", drawn[second], after[second])
    return {
        name: "ECE {:.4f}  Brier {:.4f}  log loss {:.4f}".format(*np.mean(rows, axis=0)) for name, rows in found.items()
    }


def _by_all_labels(outputs: Any, y_true: Arrays, probabilities: Arrays, *both: np.ndarray) -> np.ndarray:
    """Scale each half by the temperature with the lowest log loss over all labels of the other."""
    (layer,) = logit_layers(outputs)
    logits = layer.logits(probabilities)
    after = np.zeros(logits.shape)
    for fitted, judged in (both, both[::-1]):
        labels = part(y_true, fitted)

        def loss(scale: float, labels: Arrays = labels, fitted: np.ndarray = fitted) -> float:
            return float(layer.losses(labels, logits[fitted] * scale).mean())

        after[judged] = layer.given(logits[judged] * minimize_scalar(loss, bounds=(0.1, 10), method="bounded").x)
    return after


def _drawn(task: Any, shares: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw the labels that the probabilities promise."""
    if task.uses_thresholds:
        return (random.random(shares.shape) < shares).astype("float32")
    places = (shares.cumsum(axis=1) < random.random((len(shares), 1))).sum(axis=1)
    return np.minimum(places, shares.shape[1] - 1)


def judge_sets(outputs: Any, y_true: Arrays, probabilities: Arrays, splits: int) -> dict[str, str]:
    """Measure coverage and mean size of the sets of each method and coverage."""
    ((head, task),) = outputs.tasks.items()
    found: dict[str, list[list[float]]] = {}
    for fitted, judged in halves(len(probabilities[head]), splits):
        labels, shares = part(y_true, fitted), part(probabilities, fitted)
        scalings = fit_calibration(outputs, labels, shares).scalings
        own, others = (
            cross_fitted(outputs, labels, shares, scalings),
            calibrated(outputs, part(probabilities, judged), scalings),
        )
        true = task.flags(y_true[head][judged])
        counts = true.sum(axis=1)
        for method in METHODS if task.exclusive else METHODS[:1]:
            sets = PredictionSets.fit(outputs, labels, own, method=method)
            for coverage in COVERAGES:
                row = []
                for empty in (True, False):
                    flags = sets.flags(outputs, others, coverage, empty=empty)[head]
                    row += [
                        ((flags & true).sum(axis=1)[counts > 0] / counts[counts > 0]).mean(),
                        flags.sum(axis=1).mean(),
                    ]
                found.setdefault(f"{method} for {coverage:.0%}", []).append(row)
    return {
        name: "coverage {:.4f}  size {:.3f}    never empty: coverage {:.4f}  size {:.3f}".format(*np.mean(rows, axis=0))
        for name, rows in found.items()
    }


if __name__ == "__main__":
    main()
