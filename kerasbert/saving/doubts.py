"""Which texts get no label: those that are out of scope, and those that a person should look at."""

import abc
import types
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_bool, check_texts
from kerasbert._core.errors import ConfigError
from kerasbert.tasks.outputs import ByHead, Outputs
from kerasbert.uncertainty.abstention import Abstention
from kerasbert.uncertainty.fitted import FittedPart
from kerasbert.uncertainty.out_of_scope import OutOfScope

NO_SCORES = (
    "`reject` must be False for this classifier: nothing was fitted that tells texts which belong to none of its labels. Call "
    "`fit_out_of_scope(texts, labels, validation=...)` first, or train with out_of_scope=True."
)
NO_THRESHOLD = (
    "`abstain` must be False for a classifier without a threshold for it; call `fit_abstention(texts, labels)` with "
    "validation texts first."
)


class Doubts(abc.ABC):
    """Abstract: withholds the labels of some texts, by what was fitted beside the weights."""

    #: Name -> what was fitted beside the weights; nothing, unless a class holds some.
    uncertainty: Mapping[str, FittedPart] = types.MappingProxyType({})

    @property
    @abc.abstractmethod
    def outputs(self) -> Outputs:
        """What the heads predict."""

    @property
    def out_of_scope(self) -> OutOfScope | None:
        """What tells texts that belong to none of the labels; None where nothing was fitted."""
        return OutOfScope.of(self.uncertainty)

    @property
    def abstention(self) -> Abstention | None:
        """The confidence below which a person should look; None where nothing was fitted."""
        return Abstention.of(self.uncertainty)

    @property
    def rejection_threshold(self) -> float | None:
        """The out-of-scope score above which texts are rejected; None where nothing was fitted."""
        return None if self.out_of_scope is None else self.out_of_scope.threshold

    @abc.abstractmethod
    def probabilities(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Run the model: head or level name -> float32 (n, units), one unit for a binary head."""

    def answers(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None, *, reject: bool, abstain: bool
    ) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """Run the model once: probabilities, and with `reject` out-of-scope scores; what cannot be told is refused before."""
        if check_bool("abstain", abstain) and self.abstention is None:
            raise ConfigError(NO_THRESHOLD)
        if not check_bool("reject", reject):
            return self.probabilities(texts, text_pairs), None
        return self.probabilities_and_scores(texts, text_pairs)

    def probabilities_and_scores(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the model once: what `probabilities` gives, and the out-of-scope scores, (n,); see `out_of_scope_score`.

        Raises:
            ConfigError: when nothing was fitted that gives scores.
        """
        raise ConfigError(
            "`reject` must be False for an export in this format and for an engine, which give no out-of-scope score. A saved "
            "folder that computes in Keras and a SavedModel do."
        )

    def out_of_scope_score(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> np.ndarray:
        """Score how far texts are from all that the classifier has labels for, see `TextClassifier.out_of_scope_score`."""
        return self.probabilities_and_scores(texts, text_pairs)[1]

    def evaluate_out_of_scope(self, texts: Any, out_of_scope_texts: Any, **options: Any) -> dict[str, Any]:
        """Evaluate the out-of-scope score, see `TextClassifier.evaluate_out_of_scope`."""
        from kerasbert.uncertainty.detection import score_detection

        given = texts_and_pairs("texts", texts), texts_and_pairs("out_of_scope_texts", out_of_scope_texts)
        inside, outside = (self.out_of_scope_score(*one) for one in given)
        return score_detection(inside, outside, threshold=self.rejection_threshold, **options)

    def withheld(
        self, probabilities: ByHead, y_pred: ByHead, scores: np.ndarray | None, *, abstain: bool
    ) -> dict[str, np.ndarray] | None:
        """Return which texts get no label, bool (n,) by head; None where all get one.

        Args:
            probabilities: by head.
            y_pred: by head.
            scores: out-of-scope scores (n,), by which texts are rejected; None rejects none.
            abstain: whether unsure predictions are withheld too.
        """
        if scores is None and not abstain:
            return None
        hidden = {head: np.zeros(len(values), bool) for head, values in probabilities.items()}
        if abstain:
            if self.abstention is None:
                raise ConfigError(NO_THRESHOLD)
            hidden = self.abstention.abstains(self.outputs, probabilities, y_pred)
        if scores is not None:
            if self.rejection_threshold is None:
                raise ConfigError(NO_SCORES)
            hidden = {head: own | (scores > self.rejection_threshold) for head, own in hidden.items()}
        return hidden


def texts_and_pairs(name: str, given: Any) -> tuple[list[str], list[str] | None]:
    """Return texts, or a tuple of texts and second texts, as both.

    Raises:
        TypeError: when it is neither; `name` is for the message.
    """
    if isinstance(given, tuple) and len(given) == 2 and not any(isinstance(part, str) for part in given):
        texts, pairs = given
        return check_texts(name, texts), None if pairs is None else check_texts(f"text_pairs of {name}", pairs)
    return check_texts(name, given), None
