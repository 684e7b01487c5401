"""`ClassifierParts`: all that a trained classifier is made of, and what is known of its training."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from kerasbert.classifiers.classifier import Classifier
from kerasbert.labels.kinds import NAMES, kind_for
from kerasbert.saving.engine import Engine
from kerasbert.tasks.outputs import Outputs
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.uncertainty.fitted import FittedPart


class Attachment(NamedTuple):
    """A file that a room to the right keeps in a classifier's folder; here it is bytes.

    Args:
        content: of the file.
        told: a section of the model card, Markdown with a heading of its own; empty for none.
    """

    content: bytes
    told: str = ""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ClassifierParts:
    """The parts of a trained classifier, as its folder and its card hold them.

    Args:
        model: the classifier, from a builder.
        tokenizer: of the model.
        thresholds: head name -> decision thresholds (units,); 0.5 where there are none.
        label_kinds: head or level name -> how its labels were written, see `label_kind`; names where it is not told.
        settings: arguments of `TextClassifier` that it was trained with, plain data.
        metrics: what was measured, plain data.
        history: name -> a number for each epoch.
        data: numbers of training texts and of each label, see `describe_data`.
        attachments: name of a file in its folder -> what it holds.
        uncertainty: name -> what was fitted to say how far predictions can be believed, see `FittedPart`.
        engine: what computes in place of Keras, see `kerasbert.engines`; it is left out where it is of another model.
    """

    model: Classifier
    tokenizer: Tokenizer
    thresholds: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    label_kinds: Mapping[str, str] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    metrics: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    history: Mapping[str, list[float]] = dataclasses.field(default_factory=dict)
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    attachments: Mapping[str, Attachment] = dataclasses.field(default_factory=dict)
    uncertainty: Mapping[str, FittedPart] = dataclasses.field(default_factory=dict)
    engine: Engine | None = None

    def __post_init__(self) -> None:
        names, thresholds = self.outputs.label_names, self.outputs.default_thresholds()
        kinds = {head: kind_for(self.label_kinds.get(head, NAMES), own) for head, own in names.items()}
        filled = {head: self.thresholds.get(head, own) for head, own in thresholds.items()}
        # The way to fill a field of a frozen dataclass.
        object.__setattr__(self, "thresholds", filled)
        object.__setattr__(self, "label_kinds", kinds)
        if self.engine is not None and not self.engine.is_of(self.model):
            object.__setattr__(self, "engine", None)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(task={self.task!r}, heads={list(self.model.heads)}, max_length={self.max_length})"
        )

    @property
    def outputs(self) -> Outputs:
        """What the heads predict."""
        return self.model.task_outputs

    @property
    def task(self) -> str:
        """Name of the task, see `TaskSettings`."""
        return self.outputs.name

    @property
    def classes(self) -> Any:
        """Labels in the order of the probabilities' columns; a dict by head for several heads."""
        return self.outputs.classes(self.label_kinds)

    @property
    def max_length(self) -> int:
        """Longest text in tokens."""
        return self.tokenizer.max_length
