"""`PredictionSets`: sets of labels that hold the true ones with a promised probability."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np

from kerasbert._core.checks import check_bool, check_choice
from kerasbert._core.display import Displayed
from kerasbert._core.errors import DataError
from kerasbert.labels.hierarchy import Hierarchy
from kerasbert.objectives.exact_intervals import wilson_interval
from kerasbert.tasks.outputs import ByHead, Outputs
from kerasbert.uncertainty.fitted import FittedPart, of_head
from kerasbert.uncertainty.reliability import ends, resamples
from kerasbert.uncertainty.set_scores import METHODS, HeadScores, check_coverage, label_scores

# What evaluations report.
COVERAGES = (0.9, 0.95, 0.98)


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PredictionSets(FittedPart, Displayed):
    """How well the true labels of some texts scored, so that sets of any coverage can be given to others like them.

    Args:
        method: how labels are scored, see `label_scores`.
        heads: head or level -> the scores of its true labels.
    """

    name = "sets"

    method: str
    heads: Mapping[str, HeadScores]

    @classmethod
    def fit(cls, outputs: Outputs, y_true: ByHead, probabilities: ByHead, *, method: str = "lac") -> Self:
        """Score the true labels of texts that were not trained on.

        Args:
            outputs: of the classifier.
            y_true: head or level -> encoded labels, of which some may be unknown.
            probabilities: head or level -> (n, units).
            method: of `METHODS`.

        Raises:
            ConfigError: when there is no such method.
            DataError: when a head has no text with a known label.
        """
        check_choice("method", method, METHODS)
        heads = {}
        for head, task in outputs.tasks.items():
            y_true_of, shares = np.asarray(y_true[head]), np.asarray(probabilities[head])
            if not len(shares) or not (task.known(y_true_of) if task.exclusive else (y_true_of > 0).any(axis=1)).any():
                raise DataError(f"Prediction sets need texts with a known label{of_head(head)}; got none.")
            heads[head] = HeadScores.of(task, y_true_of, shares, method)
        return cls(method, heads)

    @property
    def largest_coverage(self) -> float:
        """The largest coverage that can be promised for every head."""
        return min(scores.largest_coverage for scores in self.heads.values())

    def check(self, coverage: float) -> None:
        """Refuse a coverage that cannot be promised.

        Raises:
            ConfigError: when it is out of its range, or more than the texts can promise.
        """
        check_coverage(coverage)
        for scores in self.heads.values():
            scores.allowed(coverage)

    def flags(
        self, outputs: Outputs, probabilities: ByHead, coverage: float, *, empty: bool = False
    ) -> dict[str, np.ndarray]:
        """Return which labels are in the set of each text, by head or level, bool (n, C).

        Args:
            outputs: of the classifier.
            probabilities: head or level -> (n, units).
            coverage: the promise, in (0, 1).
            empty: whether a set of exclusive labels may be empty; else it holds at least the most probable one.

        Raises:
            ConfigError: when the coverage is out of its range, or more than the texts can promise.
        """
        check_coverage(coverage)
        check_bool("empty", empty)
        found = {}
        for head, task in outputs.tasks.items():
            columns = task.columns(np.asarray(probabilities[head]))
            chosen = label_scores(task, columns, self.method) <= self.heads[head].allowed(coverage)
            if task.exclusive and not empty and len(chosen):
                chosen[np.arange(len(chosen)), columns.argmax(axis=1)] = True
            found[head] = chosen
        if outputs.hierarchy is not None:
            exclusive = all(task.exclusive for task in outputs.tasks.values())
            found = consistent(outputs.hierarchy, found, probabilities, complete=exclusive)
        return found

    def measure(
        self, outputs: Outputs, y_true: ByHead, probabilities: ByHead, coverages: Sequence[float] = COVERAGES
    ) -> dict[str, dict[str, Any]]:
        """Measure the sets of texts whose labels are known: head -> coverage as text -> its measures.

        Coverages that the sets cannot promise are left out.

        Returns:
            `coverage`, the share of texts whose true label is in the set, of independent labels the mean share of a text's
            true labels; `size`, the mean number of labels; under `intervals` their 95 % intervals; `num_texts`.
        """
        measured: dict[str, dict[str, Any]] = {head: {} for head in outputs.tasks}
        for coverage in coverages:
            if coverage > self.largest_coverage:
                continue
            flags = self.flags(outputs, probabilities, coverage)
            for head, task in outputs.tasks.items():
                known = np.asarray(task.known(y_true[head])) if task.exclusive else slice(None)
                true, chosen = task.flags(np.asarray(y_true[head])[known]), flags[head][known]
                has_one = true.any(axis=1)
                if has_one.any():
                    measured[head][f"{coverage:g}"] = _measures(
                        true[has_one], chosen[has_one], exclusive=task.exclusive
                    )
        return measured

    def to_plain(self) -> dict[str, Any]:
        return {"method": self.method, "heads": {head: scores.to_plain() for head, scores in self.heads.items()}}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: Outputs) -> Self:
        check_choice("method", plain["method"], METHODS)
        if set(plain["heads"]) != set(outputs.tasks):
            raise ValueError(f"the heads must be {', '.join(outputs.tasks)}; got {', '.join(plain['heads'])}")
        return cls(plain["method"], {head: HeadScores.from_plain(plain["heads"][head]) for head in outputs.tasks})

    def _lines(self) -> Sequence[str]:
        texts = ", ".join(f"{scores.num_texts:,} texts{of_head(head)}" for head, scores in self.heads.items())
        return [f"Prediction sets ({self.method}) from {texts}: coverage up to {self.largest_coverage:.4f}"]

    def _rows(self) -> Iterable[Mapping[str, Any]]:
        for head, scores in self.heads.items():
            for coverage in COVERAGES:
                if coverage <= scores.largest_coverage:
                    yield {"head": head, "coverage": coverage, "highest score": scores.allowed(coverage)}


def consistent(tree: Hierarchy, flags: ByHead, probabilities: ByHead, *, complete: bool) -> dict[str, np.ndarray]:
    """Make the sets of the levels of a hierarchy agree: with a label its parents are in them.

    Args:
        flags: level -> bool (n, C). Sets only grow, so that what they promise still holds.
        probabilities: level -> (n, C).
        complete: whether a label none of whose children is in the set gets its most probable one.
    """
    found = {level: np.array(flags[level]) for level in tree.levels}
    steps = list(zip(tree.levels, tree.levels[1:], map(np.array, tree.parents), strict=False))
    for above, below, parents in reversed(steps):
        for child, parent in enumerate(parents):
            found[above][:, parent] |= found[below][:, child]
    for above, below, parents in steps if complete else []:
        for parent in range(found[above].shape[1]):
            children = np.flatnonzero(parents == parent)
            bare = found[above][:, parent] & ~found[below][:, children].any(axis=1)
            best = children[np.asarray(probabilities[below])[:, children].argmax(axis=1)]
            found[below][bare, best[bare]] = True
    return found


def _measures(true: np.ndarray, chosen: np.ndarray, *, exclusive: bool) -> dict[str, Any]:
    shares = (true & chosen).sum(axis=1) / true.sum(axis=1)
    sizes = chosen.sum(axis=1).astype(np.float64)
    count = len(true)
    drawn = [weights / count for weights in resamples(count)]
    of_size = ends(np.concatenate([weights @ sizes for weights in drawn]))
    if exclusive:
        # Exact enough where every text is covered, which resampling takes for certain.
        low, high = wilson_interval(shares.sum(keepdims=True), np.array([count]))
        of_coverage = [float(low[0]), float(high[0])]
    else:
        of_coverage = ends(np.concatenate([weights @ shares for weights in drawn]))
    return {
        "coverage": float(shares.mean()),
        "size": float(sizes.mean()),
        "num_texts": count,
        "intervals": {"coverage": of_coverage, "size": of_size},
    }
