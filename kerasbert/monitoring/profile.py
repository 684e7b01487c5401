"""`Profile`: counts about a set of texts and what a classifier answers about them, which add up to the bit."""

import dataclasses
import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert.monitoring.vector_sample import VectorSample

# Lower ends of the bins of lengths: each length by itself up to 128 tokens, then eight bins for each doubling, to a million.
LENGTH_EDGES = np.unique(np.concatenate([np.arange(129), np.round(2 ** (np.arange(56, 161) / 8))])).astype(np.int64)
# Inner edges of the bins of probabilities, a quarter of a logit wide from -12 to 12, so that 1e-5 and 1e-3 are told apart.
# Rounded, because the last bit of an exponential depends on the processor.
PROBABILITY_EDGES = np.array([float(f"{1 / (1 + np.exp(-logit / 4)):.9g}") for logit in range(-48, 49)])
NUM_LENGTH_BINS, NUM_PROBABILITY_BINS = len(LENGTH_EDGES), len(PROBABILITY_EDGES) + 1
# Labels of a head up to which who is taken for whom is counted: a matrix of labels by labels.
MOST_CONFUSED = 1000


@final
@dataclasses.dataclass(frozen=True, eq=False)
class HeadProfile:
    """What one head answers about the texts of a profile, all counts int64.

    A head has C labels and U units: one of a binary head, else U = C. True labels are counted where they are known.

    Args:
        task: name of its task, such as `"multilabel"`.
        label_names: C names.
        num_predicted: (C,), texts that each label is predicted for.
        probabilities: (U, B), texts by the bin of each unit's probability, see `probability_bins`.
        confidence: (B,), texts by the bin of the prediction's confidence, see `Task.confidence`.
        num_true: (C,), texts that have each label.
        confusion: (C, C), true labels by predicted ones, where a text has one label; (C, 2, 2), absent and present by not
            predicted and predicted, where it has any number; None for more than 1,000 labels.
        true_probabilities: (U, B), as `probabilities`, of the texts that have the unit's label.
        judged_confidence: (2, B), as `confidence`, of the texts whose labels are known: predicted wrong, and all right.
    """

    task: str
    label_names: tuple[str, ...]
    num_predicted: np.ndarray
    probabilities: np.ndarray
    confidence: np.ndarray
    num_true: np.ndarray
    confusion: np.ndarray | None
    true_probabilities: np.ndarray
    judged_confidence: np.ndarray

    @property
    def num_labelled(self) -> int:
        """Texts whose labels are known."""
        return int(self.judged_confidence.sum())

    @property
    def num_right(self) -> int:
        """Texts whose labels are known, and all predicted right."""
        return int(self.judged_confidence[1].sum())

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The counts by name; `confusion` only where it is counted."""
        named = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}

    def __add__(self, other: "HeadProfile") -> "HeadProfile":
        """Return the counts of both; `Profile.__add__` checks that they are of one classifier."""
        theirs = other.arrays
        return dataclasses.replace(self, **{name: own + theirs[name] for name, own in self.arrays.items()})


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Profile:
    """Counts about a set of texts and what a classifier answers about them; `Profiler` makes one.

    All numbers are integers, and the sample of vectors is the same whichever text comes first. So the profiles of many
    workers merge to the bit to the profile of all of their texts, in any order and grouping, when what each worker says of a
    text is the same to the bit, see `Profiler`.

    Args:
        fingerprint: of the classifier, see `fingerprint_of`.
        num_rows: texts.
        lengths: int64 (233,), texts by the bin of their length in tokens, uncut, see `LENGTH_EDGES`.
        num_tokens: tokens of all texts, uncut, without special ones.
        num_unknown_tokens: how many of them stand for a word that the vocabulary does not know.
        num_truncated: texts that the classifier does not read to the end.
        token_counts: int64 (vocabulary,), texts that hold each token at least once, special ones left out.
        heads: head or level name -> what it answers.
        sample: vectors of some texts.
        scope: int64 (B,), texts by the bin of their out-of-scope score; None where the classifier has no such score.

    Example:
        >>> both = profile + Profile.merge([profile, profile])  # doctest: +SKIP
        >>> both.num_rows == 3 * profile.num_rows  # doctest: +SKIP
        True
    """

    fingerprint: str
    num_rows: int
    lengths: np.ndarray
    num_tokens: int
    num_unknown_tokens: int
    num_truncated: int
    token_counts: np.ndarray
    heads: Mapping[str, HeadProfile]
    sample: VectorSample
    scope: np.ndarray | None = None

    COUNTS = ("num_rows", "num_tokens", "num_unknown_tokens", "num_truncated")
    ARRAYS = ("lengths", "token_counts", "scope")

    @classmethod
    def merge(cls, profiles: Iterable["Profile"]) -> "Profile":
        """Add up profiles, one or more, of one classifier.

        Args:
            profiles: in any order.

        Raises:
            ConfigError: when there is none, or they are of different classifiers or kinds of sample.
        """
        one_by_one = iter(profiles)
        first = next(one_by_one, None)
        if first is None:
            raise ConfigError("`profiles` must be at least one profile; got none.")
        return functools.reduce(operator.add, one_by_one, first)

    def __add__(self, other: "Profile") -> Self:
        """Return the profile of the texts of both.

        Raises:
            ConfigError: when they are of different classifiers or kinds of sample.
        """
        check_same_classifier(self, other)
        summed: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in self.COUNTS}
        for name in self.ARRAYS:
            own = getattr(self, name)
            summed[name] = None if own is None else own + getattr(other, name)
        heads = {name: head + other.heads[name] for name, head in self.heads.items()}
        return dataclasses.replace(self, **summed, heads=heads, sample=self.sample + other.sample)

    def __eq__(self, other: object) -> bool:
        """Whether all counts, keys and vectors are the same to the bit."""
        if not isinstance(other, Profile):
            return NotImplemented
        return _same_kind(self, other) and all(
            np.array_equal(own, theirs) for own, theirs in zip(_values(self), _values(other), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        heads = ", ".join(f"{shorten(name)}: {len(head.label_names)} labels" for name, head in self.heads.items())
        return f"Profile(num_rows={self.num_rows}, {heads}, sample={len(self.sample)})"

    @property
    def unknown_share(self) -> float:
        """Share of the tokens that stand for words that the vocabulary does not know; 0 where there are no tokens."""
        return self.num_unknown_tokens / max(self.num_tokens, 1)

    @property
    def truncated_share(self) -> float:
        """Share of the texts that are not read to the end; 0 where there are no texts."""
        return self.num_truncated / max(self.num_rows, 1)

    def to_bytes(self) -> bytes:
        """Return the profile as bytes, such as a worker sends or a file keeps: a safetensors file."""
        from kerasbert.monitoring.profile_bytes import profile_to_bytes

        return profile_to_bytes(self)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Profile":
        """Return the profile that `to_bytes` gave.

        Raises:
            ArtifactError: when the bytes are cut or changed.
        """
        from kerasbert.monitoring.profile_bytes import profile_from_bytes

        return profile_from_bytes(content, "The profile")[0]

    def length_quantile(self, share: float) -> int:
        """Return the length in tokens that a share of the texts does not exceed: the lower end of its bin; 0 without texts."""
        if not self.num_rows:
            return 0
        place = np.searchsorted(np.cumsum(self.lengths), share * self.num_rows)
        return int(LENGTH_EDGES[min(int(place), NUM_LENGTH_BINS - 1)])


def check_same_classifier(one: Profile, other: Profile) -> None:
    """Refuse two profiles that are not of one classifier, or were not made in one way.

    Raises:
        ConfigError: saying what differs.
    """
    if one.fingerprint != other.fingerprint:
        raise ConfigError(
            f"The profiles are of two classifiers, {one.fingerprint[:12]} and {other.fingerprint[:12]}: weights, tokenizer, "
            f"labels or thresholds differ. Make both with the same one."
        )
    if not _same_kind(one, other):
        raise ConfigError(
            "The profiles are of one classifier and were made in different ways (sizes of their samples, texts kept or not, "
            "out-of-scope scores or not). Make both with the same settings of `Profiler`."
        )


def length_bins(lengths: np.ndarray) -> np.ndarray:
    """Return the bin of each length in tokens, int64 (n,).

    Example:
        >>> length_bins(np.array([0, 3, 128, 139, 140, 5_000_000])).tolist()
        [0, 3, 128, 128, 129, 232]
    """
    return np.searchsorted(LENGTH_EDGES, lengths, side="right") - 1


def probability_bins(probabilities: np.ndarray) -> np.ndarray:
    """Return the bin of each probability, int64 of the same shape: bin b lies from edge b - 1, included, to edge b.

    Example:
        >>> probability_bins(np.array([0.0, 0.5, 0.6, 1.0])).tolist()
        [0, 49, 50, 97]
    """
    return np.searchsorted(PROBABILITY_EDGES, probabilities, side="right")


def histogram(bins: np.ndarray, num_bins: int) -> np.ndarray:
    """Count each bin in the columns of (n, m): int64 (m, bins); of (n,) int64 (bins,)."""
    if bins.ndim == 1:
        return np.bincount(bins, minlength=num_bins).astype(np.int64)
    columns = bins.shape[1]
    counts = np.bincount((bins + num_bins * np.arange(columns)).reshape(-1), minlength=columns * num_bins)
    return counts.reshape(columns, num_bins).astype(np.int64)


def _same_kind(one: Profile, other: Profile) -> bool:
    return _kind(one) == _kind(other)


def _kind(profile: Profile) -> tuple[Any, ...]:
    heads = [(name, head.task, head.label_names) for name, head in profile.heads.items()]
    is_scoped = profile.scope is not None
    return profile.fingerprint, heads, is_scoped, len(profile.token_counts), profile.sample.kind


def _values(profile: Profile) -> Sequence[Any]:
    heads = [array for head in profile.heads.values() for array in head.arrays.values()]
    arrays = [getattr(profile, name) for name in profile.ARRAYS]
    counts = [getattr(profile, name) for name in profile.COUNTS]
    sample = profile.sample
    texts = np.array(sample.texts or (), dtype=object)
    return [*counts, *arrays, *heads, sample.keys, sample.counts, sample.vectors, texts]
