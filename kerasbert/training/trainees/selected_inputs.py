"""The inputs that a model reads, out of those that batches hold."""

from collections.abc import Mapping
from typing import Any, final

import keras
import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_NAMES
from kerasbert.batches.memory import ahead
from kerasbert.batches.source import BatchSource


@final
class SelectedInputs(BatchSource):
    """The batches of another source with some of its inputs.

    Args:
        source: the batches.
        names: of the inputs that are left.
    """

    def __init__(self, source: BatchSource, names: list[str]) -> None:
        self.source = source
        self.labels = source.labels
        self.steps = source.steps
        self.num_examples = source.num_examples

        def select(inputs: Mapping[str, Any], *targets: Any) -> Any:
            return ({name: inputs[name] for name in names}, *targets)

        self.pipeline = ahead(source.pipeline, select)
        self.dataset = ahead(source.dataset, select)

    @property
    def epoch(self) -> int:  # type: ignore[override]
        return self.source.epoch

    def begin(self, epoch: int, step: int = 0) -> None:
        self.source.begin(epoch, step)

    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        return self.source.rows_of(epoch, step)


def fewer_inputs(model: keras.Model, source: BatchSource, name: str) -> list[str] | None:
    """Return the names of a functional model's inputs where the batches hold more; None: they are read as they are.

    Keras reads a dict in the order of its sorted keys, so that one more would be taken for another input.

    Args:
        model: any Keras model.
        source: labelled batches, whose inputs have names.
        name: of the argument, for messages.

    Raises:
        ConfigError: when the batches lack an input of the model, or hold one beside the texts that it does not read.
    """
    wanted = _input_names(model)
    spec = source.pipeline.element_spec
    held = list(spec[0]) if isinstance(spec[0], Mapping) else None
    if wanted is None or held is None:
        return None
    missing = [one for one in wanted if one not in held]
    unread = [one for one in held if one not in wanted and one not in INPUT_NAMES]
    if missing or unread:
        what = (
            f"lack {', '.join(map(repr, missing))}"
            if missing
            else f"hold {', '.join(map(repr, unread))}, which it does not read"
        )
        raise ConfigError(
            f"`{name}` must hold the inputs of the model, {', '.join(map(repr, wanted))}; its batches {what}. Give "
            f"make_batches(other_inputs={{...}}) the names that the keras.Input layers have."
        )
    return None if set(wanted) == set(held) else wanted


def _input_names(model: keras.Model) -> list[str] | None:
    """Return the names of a functional model's inputs; None for other models."""
    if not hasattr(model, "inputs"):
        return None
    inputs = model.input
    if isinstance(inputs, Mapping):
        return list(inputs)
    return [one.name for one in keras.tree.flatten(inputs)]
