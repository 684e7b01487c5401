"""`Engine`: another program than Keras that computes what a trained classifier answers with."""

import abc
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert.caching.cache import State
from kerasbert.tokenization.token_arrays import TokenArrays


class Engine(abc.ABC):
    """Abstract: computes probabilities in place of the model; `kerasbert.engines` makes them.

    It holds a copy of the weights as they were when it was made.
    """

    @abc.abstractmethod
    def run(self, tokens: TokenArrays) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Compute all texts, at least one.

        Returns:
            Head or level name -> probabilities, float32 (n, units), one unit for a binary head; and the vectors that the heads
            read, float32 (n, hidden).
        """

    @property
    @abc.abstractmethod
    def state(self) -> State:
        """What its answers follow from beside the tokens, for a prediction cache."""

    @abc.abstractmethod
    def is_of(self, model: Any) -> bool:
        """Return whether it was made from a model, or loaded beside it."""

    @abc.abstractmethod
    def check_fresh(self) -> None:
        """Refuse to answer for a model whose heads were trained on since, or got other weights.

        Raises:
            ConfigError: saying how to make a new engine.
        """

    @abc.abstractmethod
    def write(self, folder: Path) -> None:
        """Write it into the folder of its classifier.

        Raises:
            ArtifactError: when weights of the classifier have changed since it was made, or its file was.
        """
