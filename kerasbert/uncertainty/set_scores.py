"""Scores of conformal prediction: how unlike its text each label is, and which score a wanted coverage allows."""

import base64
import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from kerasbert._core.checks import check_number
from kerasbert._core.display import brief_repr
from kerasbert._core.errors import ConfigError
from kerasbert._core.json_files import check_form, is_count
from kerasbert.tasks.task import Task

METHODS = ("lac", "aps", "raps")
# Of RAPS: what each label after the first so many costs.
PENALTY, FREE = 0.1, 1
# All scores of so many texts are kept, of more every so many-th and all of the highest.
KEPT, HIGHEST = 4096, 1024
# Shares of the texts that float32 cannot tell apart are the same.
ROUNDING = 1e-7
FORM = {"num_texts": is_count, "scores": str, "above": str}


def label_scores(task: Task, probabilities: Any, method: str, xp: Any = np) -> Any:
    """Score each label of each text, (n, C), float64: the higher, the less it looks like the text's.

    `"lac"`: 1 - p. `"aps"`: the probability of the label and of all that are more probable. `"raps"`: the same, and 0.1 for
    each label among these after the first. Independent labels are scored by 1 - p in any case.

    Args:
        task: of the head.
        probabilities: of all labels, (n, C), two columns of a binary head.
        method: of `METHODS`.
        xp: the module whose functions compute: NumPy, or in an exported graph one like it.

    Reference:
        Sadinle, Lei and Wasserman, "Least Ambiguous Set-Valued Classifiers with Bounded Error Levels", 2019; Romano, Sesia
        and Candes, "Classification with Valid and Adaptive Coverage", 2020, without its random numbers; Angelopoulos et al.,
        "Uncertainty Sets for Image Classifiers using Conformal Prediction", 2021.
    """
    shares = xp.asarray(probabilities, dtype=xp.float64)
    if method == "lac" or not task.exclusive:
        return 1.0 - shares
    order = xp.argsort(-shares, axis=1, kind="stable")
    added = xp.cumsum(xp.take_along_axis(shares, order, axis=1), axis=1)
    if method == "raps":
        places = np.arange(1, len(task.label_names) + 1)
        added = added + PENALTY * np.maximum(places - FREE, 0)
    return xp.take_along_axis(added, xp.argsort(order, axis=1, kind="stable"), axis=1)


class HeadScores(NamedTuple):
    """The scores of the true labels of texts that were not trained on, of one head or of one of its labels.

    Args:
        num_texts: n, those with a true label, or with this label.
        scores: ascending, (m,), of the true labels.
        above: of each score, how much of the n texts lies above it, (m,), where a text is shared out evenly among its true
            labels; descending.

    Example:
        >>> scores = HeadScores.of(np.eye(2, dtype=bool), np.array([[0.2, 0.9], [0.7, 0.4]]))
        >>> round(scores.allowed(0.5), 1), round(scores.largest_coverage, 2)
        (0.4, 0.67)
    """

    num_texts: int
    scores: np.ndarray
    above: np.ndarray

    def __repr__(self) -> str:
        return brief_repr(self)

    @classmethod
    def of(cls, flags: np.ndarray, scores: np.ndarray) -> Self:
        """Rank the scores of the true labels of the texts that have one.

        Args:
            flags: the true labels, bool (n, C).
            scores: see `label_scores`, (n, C).
        """
        has_one = flags.any(axis=1)
        rows, labels = np.nonzero(flags[has_one])
        weights = 1 / flags[has_one].sum(axis=1)[rows]
        return cls._ranked(int(has_one.sum()), _up(scores[has_one][rows, labels]), weights)

    @classmethod
    def _ranked(cls, count: int, scores: np.ndarray, weights: np.ndarray) -> Self:
        distinct, place = np.unique(scores, return_inverse=True)
        total = np.bincount(place, weights, len(distinct))
        # From above, so that what is left over at the highest score is exactly nothing.
        above = np.append(np.cumsum(total[::-1])[::-1][1:], 0.0)
        kept = np.arange(len(distinct))
        if len(distinct) > KEPT:
            spread = np.linspace(0, len(distinct) - 1, KEPT - HIGHEST).round().astype(np.int64)
            kept = np.union1d(spread, kept[-HIGHEST:])
        return cls(count, distinct[kept], above[kept].astype(np.float32).astype(np.float64))

    @property
    def largest_coverage(self) -> float:
        """The largest coverage that so many texts can promise, n / (n + 1)."""
        return self.num_texts / (self.num_texts + 1)

    def allowed(self, coverage: float, whose: str = "") -> float:
        """Return the largest score of a label in a set of this coverage.

        It is the smallest one above which (above + 1) / (n + 1) of the texts lie at most 1 - coverage, the promise of
        conformal prediction, and of conformal risk control where a text has several labels.

        Args:
            coverage: in (0, 1).
            whose: the label or head, for the message.

        Raises:
            ConfigError: when so few texts cannot promise the coverage.

        Reference:
            Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005; Angelopoulos et al., "Conformal Risk
            Control", 2022, equation 4.
        """
        fits = self.above + 1 <= (1 - coverage + ROUNDING) * (self.num_texts + 1)
        if not fits.any():
            raise ConfigError(
                f"`coverage` must be at most {_down(self.largest_coverage)} for sets that were fitted on {self.num_texts:,} texts{whose}, "
                f"n / (n + 1); got {coverage}. Fit the sets on at least {texts_for(coverage):,} texts, or ask for less."
            )
        return float(self.scores[np.argmax(fits)])

    def to_plain(self) -> dict[str, Any]:
        """Return plain data that `from_plain` reads: the numbers as float32, little-endian, in base64."""
        return {"num_texts": self.num_texts, "scores": _encoded(self.scores), "above": _encoded(self.above)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_plain` gave.

        Raises:
            ArtifactError, ValueError: when it is none.
        """
        check_form(plain, FORM, "it")
        scores, above = (_decoded(plain[name]) for name in ("scores", "above"))
        ordered = len(scores) == len(above) > 0 and (np.diff(scores) > 0).all() and (np.diff(above) <= 0).all()
        if not ordered or above[-1] != 0 or above[0] > plain["num_texts"]:
            raise ValueError("scores must rise, and what lies above them fall to 0")
        return cls(plain["num_texts"], scores, above)


def check_coverage(coverage: float) -> float:
    """Return a coverage between 0 and 1.

    Raises:
        ConfigError: when it is out of its range.
    """
    return check_number("coverage", coverage, 0, 1, open_minimum=True, open_maximum=True)


def texts_for(coverage: float) -> int:
    """Return the smallest number of texts that can promise a coverage.

    Example:
        >>> texts_for(0.9), texts_for(0.98)
        (9, 49)
    """
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def _up(values: np.ndarray) -> np.ndarray:
    """Round up to what float32 holds, so that no text's own score is shut out; float64."""
    rounded = values.astype(np.float32)
    return np.where(rounded < values, np.nextafter(rounded, np.float32(np.inf)), rounded).astype(np.float64)


def _encoded(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def _decoded(text: str) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite numbers")
    return values


def _down(share: float) -> float:
    """Round down to four digits."""
    return math.floor(share * 10_000) / 10_000
