"""`Task`: everything that depends on what one head predicts."""

import abc
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from kerasbert._core.checks import check_int, shorten
from kerasbert._core.display import brief_repr
from kerasbert._core.errors import ConfigError
from kerasbert.labels.cells import LABELS
from kerasbert.labels.counts import LabelCounts
from kerasbert.labels.encode import read_labels
from kerasbert.labels.kinds import classes_as, labels_as
from kerasbert.labels.names import check_label_names
from kerasbert.labels.rules import LabelRules
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.objectives.confidence import bootstrap_intervals
from kerasbert.objectives.label_forms import LabelForm
from kerasbert.objectives.scores import as_flags, score_predictions
from kerasbert.tasks.measures import Measure

if TYPE_CHECKING:
    import keras

DEFAULT_THRESHOLD = 0.5
LINEAR = "linear"


class EncodedLabels(NamedTuple):
    """The labels of one head.

    Args:
        names: the label names.
        array: what the head trains on, see `Task.array`.
        kind: how the labels were written, see `label_kind`.
    """

    names: tuple[str, ...]
    array: np.ndarray
    kind: str

    def __repr__(self) -> str:
        return brief_repr(self)


@dataclasses.dataclass(frozen=True)
class Task(abc.ABC):
    """Abstract: what one head predicts. Use `Binary`, `Multiclass` or `Multilabel`.

    Arrays of labels and predictions are class ids (n,) where one of several classes is chosen, else rows of 0 and 1,
    (n, units). Probabilities are (n, units), as the model gives them.

    Args:
        label_names: names of the labels, (negative, positive) for a binary head.
    """

    label_names: tuple[str, ...]

    __repr__ = brief_repr

    #: Name of the task in arguments and files.
    name: ClassVar[str]
    #: Name of the task in titles.
    title: ClassVar[str]
    #: The builder's argument that takes the labels.
    argument: ClassVar[str]
    #: How many labels there are.
    rules: ClassVar[LabelRules]
    #: Whether each text has exactly one of the label names.
    exclusive: ClassVar[bool]
    #: Whether a label is chosen at its threshold or above.
    uses_thresholds: ClassVar[bool] = False
    #: Whether thresholds are chosen on validation data.
    tunes_thresholds: ClassVar[bool] = False
    #: How labels are chosen, a sentence.
    decision: ClassVar[str]
    #: Output activations; the first is the default.
    activations: ClassVar[tuple[str, ...]]
    #: Other activations, and the way out.
    refused_activations: ClassVar[Mapping[str, str]] = {}
    #: The score by which the task is judged, and the best epoch chosen.
    measure: ClassVar[Measure]
    #: The scores by which a classifier is compared with another.
    compared: ClassVar[tuple[Measure, ...]]
    #: `problem_type` of transformers.
    problem_type: ClassVar[str]
    #: The argument of the loss that takes the weights of rare labels, and what these are called.
    weight_argument: ClassVar[str]
    weight_title: ClassVar[str]

    @property
    def units(self) -> int:
        """Outputs of the head."""
        return len(self.label_names)

    @classmethod
    def check_activation(cls, activation: str | None) -> str:
        """Return the output activation; None stands for the default.

        Raises:
            ConfigError: when it does not go with the task.
        """
        if activation is None:
            return cls.activations[0]
        if activation not in cls.activations:
            accepted = " or ".join(map(repr, cls.activations))
            hint = cls.refused_activations.get(activation, "")
            raise ConfigError(
                f"`activation` must be {accepted} for a {cls.name} head; got {shorten(activation)}. {hint}".rstrip()
            )
        return activation

    @abc.abstractmethod
    def loss(self, activation: str | None = None, **options: Any) -> "keras.losses.Loss":
        """Return the loss of a head with this activation; `options` are keyword arguments of its class."""

    @abc.abstractmethod
    def metrics(self, activation: str | None = None) -> "list[keras.metrics.Metric]":
        """Return the metrics that stream through `fit`."""

    @property
    def label_form(self) -> LabelForm:
        """Shape and values of the labels that the head trains on."""
        form: LabelForm = self.loss().label_form(self.units)
        return form

    @abc.abstractmethod
    def prior_bias(self, labels: np.ndarray | LabelCounts) -> np.ndarray:
        """Return the output bias (units,) with which an untrained head predicts the frequencies of the labels."""

    @classmethod
    def vocabulary(
        cls, columns: Sequence[str], *, names: Sequence[str] | None = None, delimiter: str | None = None
    ) -> LabelVocabulary:
        """Return the vocabulary that reads labels row by row, see `LabelVocabulary`."""
        return LabelVocabulary(cls.rules, columns, names=names, delimiter=delimiter)

    @classmethod
    def read(
        cls,
        labels: Any,
        names: Sequence[str] | None = None,
        *,
        delimiter: str | None = None,
        source: str = LABELS,
        first_row: int | Sequence[int] = 1,
    ) -> EncodedLabels:
        """Read label cells: the names, unless they are known, and the array to train on; see `read_labels`."""
        found = read_labels(cls.rules, labels, names, delimiter=delimiter, source=source, first_row=first_row)
        return EncodedLabels(found.names, cls.array(found.ids, found.offsets, len(found.names)), found.kind)

    def encode(self, labels: Any) -> np.ndarray:
        """Encode label cells as the array to train on."""
        return self.read(labels, self.label_names).array

    @classmethod
    @abc.abstractmethod
    def array(cls, ids: np.ndarray, offsets: np.ndarray, count: int) -> np.ndarray:
        """Encode label ids as the array to train on.

        Args:
            ids: places among the label names, those of a text one after the other, (t,).
            offsets: where those of each text start, (n + 1,).
            count: number of label names.
        """

    def known(self, y_true: np.ndarray) -> np.ndarray:
        """Return which texts have a known label, bool (n,)."""
        return np.asarray((np.asarray(y_true).reshape(len(y_true), -1) >= 0).all(axis=1))

    def default_thresholds(self) -> np.ndarray:
        """Return the threshold of each unit before tuning, (units,)."""
        return np.full(self.units, DEFAULT_THRESHOLD)

    def tune_thresholds(self, y_true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Tune thresholds, (units,), on validation data; a task that has none to tune keeps the default ones."""
        return self.default_thresholds()

    def thresholds_by_label(self, thresholds: np.ndarray | None) -> list[float | None]:
        """Return the threshold of each label name; None for a label that has none of its own."""
        return [None] * len(self.label_names)

    @abc.abstractmethod
    def predict(self, probabilities: np.ndarray, thresholds: np.ndarray | None = None, xp: Any = np) -> np.ndarray:
        """Predict labels, int64.

        Args:
            probabilities: (n, units).
            thresholds: (units,); None for the default ones.
            xp: the module whose functions predict: NumPy, or in an exported graph one like it.
        """

    @property
    @abc.abstractmethod
    def headline(self) -> tuple[Measure, ...]:
        """The main scores of a report."""

    @abc.abstractmethod
    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the confidence of each prediction, (n,)."""

    def columns(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the probability of each label name, (n, number of names)."""
        return probabilities

    def flags(self, labels: np.ndarray) -> np.ndarray:
        """Convert labels or predictions to bool (n, number of names)."""
        return as_flags(np.asarray(labels), len(self.label_names))

    def correct(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Return which texts have every label right, bool (n,)."""
        return np.asarray((self.flags(y_true) == self.flags(y_pred)).all(axis=1))

    def classes(self, kind: str) -> np.ndarray:
        """Convert the label names to labels of a kind, see `classes_as`."""
        return classes_as(kind, self.label_names)

    def named(self, y_pred: np.ndarray, kind: str) -> Any:
        """Convert predictions to labels of a kind, see `labels_as`."""
        return labels_as(kind, self.label_names, y_pred)

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, probabilities: np.ndarray | None = None) -> dict[str, Any]:
        """Score predictions, see `score_predictions`."""
        return score_predictions(y_true, y_pred, self.label_names, probabilities)

    def intervals(self, y_true: np.ndarray, y_pred: np.ndarray, **options: Any) -> dict[str, tuple[float, float]]:
        """Bootstrap confidence intervals of the scores, see `bootstrap_intervals`."""
        return bootstrap_intervals(y_true, y_pred, num_labels=len(self.label_names), **options)

    @abc.abstractmethod
    def count(self, labels: np.ndarray | LabelCounts) -> np.ndarray:
        """Count the examples of each class, or the positive ones of each unit, (units,)."""

    @abc.abstractmethod
    def imbalance(self, counts: np.ndarray, total: int) -> float:
        """Return the ratio of the most frequent label's examples to those of the rarest one that occurs."""

    @abc.abstractmethod
    def balancing_weights(self, counts: np.ndarray, total: int, method: str) -> np.ndarray:
        """Compute the weights (units,) of rare labels by a method of `WEIGHTINGS`."""

    def asymmetric_loss(self, activation: str | None = None, **options: Any) -> "keras.losses.Loss":
        """Return `AsymmetricLoss` for a head with this activation.

        Raises:
            ConfigError: when the labels exclude each other.
        """
        raise ConfigError(
            f"`balance` must not be 'asymmetric' for a {self.name} head, whose labels exclude each other."
        )

    @property
    def default_smoothing(self) -> float:
        """The default label smoothing: the share of a label that is spread over the others."""
        return 0.0

    @classmethod
    def of(cls, label_names: Iterable[str]) -> Self:
        """Create the task with these label names."""
        return cls(tuple(label_names))


def names_or_count(argument: str, value: int | Sequence[str], minimum: int) -> tuple[str, ...]:
    """Return label names, given as such or as their number: "0", "1", ...

    Raises:
        ConfigError: when there are too few, or two are the same.
        TypeError: when it is neither.
    """
    if isinstance(value, (list, tuple)):
        names = check_label_names(value)
        if len(names) < minimum:
            raise ConfigError(f"`{argument}` must be at least {minimum} names; got {shorten(list(names))}.")
        return names
    count = check_int(argument, value, minimum, 1_000_000, "or a list of names")
    return tuple(map(str, range(count)))


def largest_ratio(rows: np.ndarray) -> float:
    """Return the largest ratio of two positive numbers in a row of (m, k); 1 where there is none."""
    ratios = [row[row > 0].max() / row[row > 0].min() for row in rows if (row > 0).any()]
    return float(max(ratios, default=1.0))
