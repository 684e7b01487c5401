"""`PredictionSets`: sets of labels that hold the true ones with a promised probability."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np

from kerasbert._core.checks import check_bool, check_choice, shorten
from kerasbert._core.display import Displayed
from kerasbert._core.errors import DataError
from kerasbert.labels.hierarchy import Hierarchy
from kerasbert.objectives.exact_intervals import wilson_interval
from kerasbert.tasks.outputs import ByHead, Outputs
from kerasbert.tasks.task import Task
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
        heads: head or level -> the scores of its true labels: those of all, or of each label by itself.
    """

    name = "sets"

    method: str
    heads: Mapping[str, tuple[HeadScores, ...]]

    @classmethod
    def fit(
        cls, outputs: Outputs, y_true: ByHead, probabilities: ByHead, *, method: str = "lac", each_label: bool = False
    ) -> Self:
        """Score the true labels of texts that were not trained on.

        Args:
            outputs: of the classifier.
            y_true: head or level -> encoded labels, of which some may be unknown.
            probabilities: head or level -> (n, units).
            method: of `METHODS`.
            each_label: whether the promise is kept for the texts of each label by themselves.

        Raises:
            ConfigError: when there is no such method.
            DataError: when a head, or with `each_label` a label, has no text.
        """
        check_choice("method", method, METHODS)
        check_bool("each_label", each_label)
        heads = {}
        for head, task in outputs.tasks.items():
            flags, shares = _true_flags(task, y_true[head], np.asarray(probabilities[head]))
            if not flags.any():
                raise DataError(f"Prediction sets need texts with a known label{of_head(head)}; got none.")
            scores = label_scores(task, task.columns(shares), method)
            if each_label:
                heads[head] = _scores_of_each(task, flags, scores, of_head(head))
            else:
                heads[head] = (HeadScores.of(flags, scores),)
        return cls(method, heads)

    @property
    def largest_coverage(self) -> float:
        """The largest coverage that can be promised for every head."""
        return min(one.largest_coverage for scores in self.heads.values() for one in scores)

    @property
    def each_label(self) -> bool:
        """Whether the promise is kept for the texts of each label by themselves."""
        return any(len(scores) > 1 for scores in self.heads.values())

    def allowed(self, outputs: Outputs, head: str, coverage: float) -> np.ndarray:
        """Return the largest score in a set of this coverage, (1,), or of each label (C,).

        Raises:
            ConfigError: when so few texts cannot promise it.
        """
        scores, names = self.heads[head], outputs.tasks[head].label_names
        whose = [f" with {name!r}" for name in names] if len(scores) > 1 else [of_head(head)]
        return np.array([one.allowed(coverage, words) for one, words in zip(scores, whose, strict=True)])

    def check(self, outputs: Outputs, coverage: float) -> None:
        """Refuse a coverage that cannot be promised to a classifier with these outputs.

        Raises:
            ConfigError: when it is out of its range, or more than the texts can promise.
        """
        check_coverage(coverage)
        for head in self.heads:
            self.allowed(outputs, head, coverage)

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
            chosen = label_scores(task, columns, self.method) <= self.allowed(outputs, head, coverage)
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
            true labels; `size`, the mean number of labels; under `intervals` their 95 % intervals; `num_texts`; and
            `per_label`, of each label that occurs the share of its texts whose set holds it.
        """
        measured: dict[str, dict[str, Any]] = {head: {} for head in outputs.tasks}
        for coverage in coverages:
            if coverage > self.largest_coverage:
                continue
            flags = self.flags(outputs, probabilities, coverage)
            for head, task in outputs.tasks.items():
                true, chosen = _true_flags(task, y_true[head], flags[head])
                has_one = true.any(axis=1)
                if has_one.any():
                    found = _measures(true[has_one], chosen[has_one], exclusive=task.exclusive)
                    measured[head][f"{coverage:g}"] = found | {"per_label": _held(task, true, chosen)}
        return measured

    def to_plain(self) -> dict[str, Any]:
        heads = {head: [one.to_plain() for one in scores] for head, scores in self.heads.items()}
        return {"method": self.method, "heads": heads}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: Outputs) -> Self:
        check_choice("method", plain["method"], METHODS)
        if set(plain["heads"]) != set(outputs.tasks):
            raise ValueError(f"the heads must be {', '.join(outputs.tasks)}; got {', '.join(plain['heads'])}")
        heads = {head: tuple(map(HeadScores.from_plain, plain["heads"][head])) for head in outputs.tasks}
        for head, task in outputs.tasks.items():
            if len(heads[head]) not in (1, len(task.label_names)):
                raise ValueError(
                    f"{head} must have scores of 1 or {len(task.label_names)} labels; got {len(heads[head])}"
                )
        return cls(plain["method"], heads)

    def _lines(self) -> Sequence[str]:
        texts = ", ".join(_words(head, scores) for head, scores in self.heads.items())
        return [f"Prediction sets ({self.method}) from {texts}: coverage up to {self.largest_coverage:.4f}"]

    def _rows(self) -> Iterable[Mapping[str, Any]]:
        for head, scores in self.heads.items():
            for place, one in enumerate(scores):
                for coverage in COVERAGES:
                    if coverage <= one.largest_coverage:
                        row = {"head": head, "coverage": coverage, "highest score": one.allowed(coverage)}
                        yield row | ({"label": place} if len(scores) > 1 else {})


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


def _true_flags(task: Task, y_true: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the true labels, bool (m, C), of the texts whose exclusive label is known, and these rows of another array."""
    y_true = np.asarray(y_true)
    if task.exclusive:
        known = task.known(y_true)
        y_true, rows = y_true[known], rows[known]
    return np.asarray(task.flags(y_true)), rows


def _scores_of_each(task: Task, flags: np.ndarray, scores: np.ndarray, where: str) -> tuple[HeadScores, ...]:
    absent = [name for name, count in zip(task.label_names, flags.sum(axis=0), strict=True) if not count]
    if absent:
        raise DataError(
            f"`each_label` must be False where a label{where} has no text that could promise anything: {shorten(absent)}."
        )
    columns = range(flags.shape[1])
    return tuple(HeadScores.of(flags[:, [place]], scores[:, [place]]) for place in columns)


def _words(head: str, scores: Sequence[HeadScores]) -> str:
    if len(scores) == 1:
        return f"{scores[0].num_texts:,} texts{of_head(head)}"
    counts = [one.num_texts for one in scores]
    return f"{min(counts):,} to {max(counts):,} texts of each label{of_head(head)}"


def _held(task: Task, true: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    """Return of each label that occurs the share of its texts whose set holds it."""
    counts = true.sum(axis=0)
    shares = (true & chosen).sum(axis=0) / np.maximum(counts, 1)
    return {name: float(share) for name, share, count in zip(task.label_names, shares, counts, strict=True) if count}


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
