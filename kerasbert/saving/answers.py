"""`Answers`: what a classifier does with the probabilities of its model, whichever program computes them."""

import dataclasses
from collections.abc import Mapping, Sequence, Sized
from typing import Any

import numpy as np

from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.objectives.scores import Scores
from kerasbert.saving.doubts import Doubts
from kerasbert.tasks.hierarchical import TOGETHER
from kerasbert.tasks.outputs import Outputs
from kerasbert.uncertainty.abstention import risk_coverages
from kerasbert.uncertainty.fitted import FittedPart
from kerasbert.uncertainty.sets import PredictionSets


class Answers(Doubts):
    """Abstract: runs texts to probabilities, and decides, names and scores them; `TrainedClassifier` and `Artefact`."""

    thresholds: Mapping[str, np.ndarray]
    label_kinds: Mapping[str, str]

    def predict_proba(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Predict the probabilities of the labels, see `TextClassifier.predict_proba`."""
        return self.outputs.columns(self.probabilities(texts, text_pairs))

    def predict(
        self,
        texts: Sequence[str],
        text_pairs: Sequence[str] | None = None,
        *,
        reject: bool = False,
        abstain: bool = False,
    ) -> Any:
        """Predict labels by the thresholds, see `TextClassifier.predict`."""
        return self.predict_with_proba(texts, text_pairs, reject=reject, abstain=abstain)[0]

    def predict_with_proba(
        self,
        texts: Sequence[str],
        text_pairs: Sequence[str] | None = None,
        *,
        reject: bool = False,
        abstain: bool = False,
    ) -> tuple[Any, Any]:
        """Return what `predict` and `predict_proba` do, from one pass of the texts through the model."""
        probabilities, scores = self.answers(texts, text_pairs, reject=reject, abstain=abstain)
        return self.named(probabilities, scores, abstain=abstain), self.outputs.columns(probabilities)

    def y_pred(self, probabilities: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Predict by the thresholds; a hierarchical classifier goes from the class down.

        Args:
            probabilities: of this model or of an export, as `probabilities` gives them.

        Returns:
            Head or level name -> class ids (n,) of exclusive labels, else 0 or 1 of shape (n, units).
        """
        return self.outputs.predict(probabilities, self.thresholds)

    def named(
        self, probabilities: Mapping[str, np.ndarray], scores: np.ndarray | None = None, *, abstain: bool = False
    ) -> Any:
        """Predict as `predict` does, from probabilities that were computed elsewhere, such as by an exported model.

        Args:
            probabilities: by head or level.
            scores: out-of-scope scores, (n,), by which texts are rejected; None rejects none.
            abstain: whether None stands where a person should look.
        """
        y_pred = self.y_pred(probabilities)
        withheld = self.withheld(probabilities, y_pred, scores, abstain=abstain)
        return self.outputs.named(y_pred, self.label_kinds, withheld)

    def predict_set(
        self,
        texts: Sequence[str],
        text_pairs: Sequence[str] | None = None,
        *,
        coverage: float = 0.95,
        empty: bool = False,
    ) -> Any:
        """Predict sets of labels that hold the true ones, see `TextClassifier.predict_set`."""
        self.prediction_sets.check(self.outputs, coverage)
        return self.named_sets(self.probabilities(texts, text_pairs), coverage, empty=empty)

    def named_sets(self, probabilities: Mapping[str, np.ndarray], coverage: float, *, empty: bool = False) -> Any:
        """Predict as `predict_set` does, from probabilities that were computed elsewhere, such as by an exported model."""
        flags = self.prediction_sets.flags(self.outputs, probabilities, coverage, empty=empty)
        sets = {}
        for head, task in self.outputs.tasks.items():
            classes, shares = task.classes(self.label_kinds[head]), task.columns(probabilities[head])
            sets[head] = [
                [classes[place] for place in np.argsort(-row, kind="stable") if chosen[place]]
                for row, chosen in zip(shares, flags[head], strict=True)
            ]
        return self.outputs.unwrap(sets)

    @property
    def prediction_sets(self) -> PredictionSets:
        """The fitted prediction sets.

        Raises:
            ConfigError: when none are fitted.
        """
        found = PredictionSets.of(self.uncertainty)
        if found is None:
            raise ConfigError(
                "This classifier has no prediction sets yet; fit them on labelled texts that it was not trained on: "
                "classifier.fit_sets(texts, labels), or `kerasbert calibrate DIR DATA --output NEW`."
            )
        return found

    def without_cache(self) -> "Answers":
        """Return the same, but without a prediction cache, where it has one."""
        return self

    def evaluate(
        self, texts: Sequence[str], labels: Any, text_pairs: Sequence[str] | None = None, *, intervals: bool = False
    ) -> Scores:
        """Evaluate, see `TextClassifier.evaluate`."""
        return self.evaluate_probabilities(self.probabilities(texts, text_pairs), labels, intervals=intervals)

    def evaluate_probabilities(
        self, probabilities: Mapping[str, np.ndarray], labels: Any, *, intervals: bool = False
    ) -> Scores:
        """Evaluate as `evaluate` does, probabilities that were computed elsewhere, such as by an exported model.

        Args:
            probabilities: head name -> (n, units), one unit for a binary head.
            labels: as for `TextClassifier.fit`.
            intervals: see `evaluate`.

        Raises:
            DataError: when a label cannot be used.
        """
        y_true = self.encode_labels(labels)
        check_rows(y_true, len(next(iter(probabilities.values()))))
        scores = self.outputs.evaluate(y_true, probabilities, self.thresholds, intervals=intervals)
        self.add_doubts(scores, y_true, probabilities, risk=intervals)
        return scores

    def add_doubts(
        self,
        scores: dict[str, Any],
        y_true: Mapping[str, np.ndarray],
        probabilities: Mapping[str, np.ndarray],
        *,
        risk: bool = True,
    ) -> None:
        """Add to scores, as `evaluate` gives them, what tells how far predictions can be believed.

        Args:
            scores: of all heads; `sets` is added where prediction sets were fitted, and `risk_coverage`.
            y_true: from `encode_labels`.
            probabilities: head name -> (n, units).
            risk: whether `risk_coverage` is measured.
        """
        sets = PredictionSets.of(self.uncertainty)
        if sets is not None:
            for head, measured in sets.measure(self.outputs, y_true, probabilities).items():
                (scores if head == SINGLE_HEAD else scores[head])["sets"] = measured
        if risk:
            found = risk_coverages(self.outputs, y_true, probabilities, self.y_pred(probabilities))
            for decision, measured in found.items():
                self._part_of(scores, decision)["risk_coverage"] = measured

    def _part_of(self, scores: dict[str, Any], decision: str) -> dict[str, Any]:
        """Return the scores of what is decided: a head's, or of a hierarchy those of all levels together."""
        if decision != SINGLE_HEAD:
            own: dict[str, Any] = scores[decision]
            return own
        return scores if self.outputs.hierarchy is None else scores[TOGETHER]

    def encode_labels(self, labels: Any) -> dict[str, np.ndarray]:
        """Encode labels, as for `TextClassifier.fit`, as the arrays that the heads train on, by head or level.

        Args:
            labels: as for `TextClassifier.fit`.

        Raises:
            DataError: when a label cannot be used; the message names its row.
        """
        return self.outputs.encode(labels)


def check_rows(encoded: Mapping[str, Sized], num_texts: int, split: str = "") -> None:
    """Raise a DataError unless labels are one row a text; `split`, such as "validation", is for the message."""
    where = f" of `{split}`" if split else ""
    for array in encoded.values():
        if len(array) != num_texts:
            raise DataError(f"`labels`{where} must have one row for each text; got {len(array)} for {num_texts} texts.")


@dataclasses.dataclass(frozen=True, eq=False)
class DeclaredAnswers(Answers):
    """Abstract: answers of what describes itself and holds no model of Keras, an export or an engine.

    Args:
        declared: what the heads predict.
        thresholds: head name -> decision thresholds (units,).
        label_kinds: head name -> how its labels were written.
        metrics: how the training data was read, under `reading`.
        uncertainty: name -> what was fitted beside the weights, see `FittedPart`.
    """

    declared: Outputs
    thresholds: Mapping[str, np.ndarray]
    label_kinds: Mapping[str, str]
    metrics: Mapping[str, Any]
    uncertainty: Mapping[str, FittedPart] = dataclasses.field(default_factory=dict, kw_only=True)

    @property
    def outputs(self) -> Outputs:
        """What the heads predict."""
        return self.declared
