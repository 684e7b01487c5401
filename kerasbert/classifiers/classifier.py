"""`Classifier`, the functional Keras model that every builder returns."""

from typing import Any, final

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import INPUT_NAMES, PACKAGE
from kerasbert.classifiers.checked_labels import CheckedLabels
from kerasbert.classifiers.features import Features
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.hierarchical_head import HierarchicalHead, LevelProbabilities
from kerasbert.classifiers.votes import LayerVotes
from kerasbert.classifiers.windows import WindowPooling
from kerasbert.encoders.dropout import ByteDropout
from kerasbert.encoders.encoder import Encoder
from kerasbert.optimizers.variables import build_variables


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class Classifier(CheckedLabels):
    """A functional model: token inputs, an encoder, features, and one or several heads.

    Made by the builders (`build_multilabel` and its siblings); compile, fit, predict, save and load it as any Keras
    model. Beyond that it knows its parts, and it refuses two mistakes that Keras passes silently: `class_weight` with
    labels that are not class ids, and raw text where token ids are expected.

    Args:
        inputs: the three symbolic token inputs, by name.
        outputs: one output, or a dict of outputs by head name.
        name: name of the model.

    Call arguments:
        inputs: dict of int (batch, length): `input_ids`, `attention_mask`, `token_type_ids`; for texts in windows also
            `window_rows`.
        training: whether dropout is active.

    Returns:
        Probabilities, float32 (batch, units), or a dict of them by head.

    Example:
        >>> model = build_binary(encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> model.encoder.config.hidden_size, list(model.heads)
        (8, ['probabilities'])
    """

    @property
    def encoder(self) -> Encoder:
        """The encoder inside the model."""
        return next(layer for layer in self.layers if isinstance(layer, Encoder))

    def switch_off_dropout(self) -> None:
        """Train without dropout in the encoder, such as to compare trainings; that of the heads is a builder's argument."""
        for layer in self.encoder._flatten_layers():
            if isinstance(layer, ByteDropout):
                layer.switch_off()

    @property
    def features(self) -> Features:
        """The layer between encoder and heads."""
        return next(layer for layer in self.layers if isinstance(layer, Features))

    @property
    def windows(self) -> WindowPooling | None:
        """The layer that reads a text's windows; None in a model whose texts are one row each."""
        return next((layer for layer in self.layers if isinstance(layer, WindowPooling)), None)

    @property
    def vectors(self) -> Any:
        """The symbolic tensor that the heads read: one vector for each text, (batch, hidden)."""
        return (self.windows or self.features).output

    @property
    def heads(self) -> dict[str, Any]:
        """The heads by name, in the order in which they were given; the levels of a hierarchical model, the vote of a layerwise one."""
        if self.votes is not None:
            return {self.votes.name: self.votes}
        kinds = (ClassificationHead, LevelProbabilities)
        found = {layer.name: layer for layer in self.layers if isinstance(layer, kinds)}
        return found if self.hierarchy is None else {level: found[level] for level in self.hierarchy.levels}

    @property
    def votes(self) -> LayerVotes | None:
        """The layer that weighs the layers' votes; None in a model that is not layerwise."""
        return next((layer for layer in self.layers if isinstance(layer, LayerVotes)), None)

    @property
    def trained_heads(self) -> dict[str, Any]:
        """Everything that has a loss: the heads and, in a layerwise model, the classifier of each layer."""
        voters = [] if self.votes is None else [one for one in self.layers if isinstance(one, ClassificationHead)]
        return {**self.heads, **{voter.name: voter for voter in voters}}

    @property
    def hierarchy(self) -> HierarchicalHead | None:
        """The layer that computes the levels of a hierarchical model; None for others."""
        return next((layer for layer in self.layers if isinstance(layer, HierarchicalHead)), None)

    @property
    def head(self) -> Any:
        """The only head.

        Raises:
            ConfigError: when there are several.
        """
        if len(self.heads) != 1:
            raise ConfigError(f"The model has the heads {', '.join(self.heads)}; choose one with `model.heads[name]`.")
        return next(iter(self.heads.values()))

    @property
    def max_length(self) -> int:
        """The longest input, in tokens, that the model was built for."""
        return self.features.max_length

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Call as any Keras model.

        Raises:
            DataError: when `inputs` holds raw text.
        """
        _refuse_text(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def fit(self, x: Any = None, y: Any = None, *args: Any, class_weight: Any = None, **kwargs: Any) -> Any:
        """Train as `keras.Model.fit` does.

        Raises:
            ConfigError: when `class_weight` is given and the labels are not class ids of one multi-class head.
            DataError: when `x` holds raw text, or labels do not fit the heads.
        """
        _refuse_text(x)
        if class_weight is not None:
            self._check_class_weight(class_weight)
        return super().fit(x, y, *args, class_weight=class_weight, **kwargs)

    def make_train_function(self, force: bool = False) -> Any:
        """Make the training step as Keras does, after the variables of the optimiser, so that it is traced once.

        Args:
            force: whether a step that was made already is made again.
        """
        if getattr(self, "optimizer", None) is not None:
            build_variables(self.optimizer, self.trainable_variables, getattr(self, "distribute_strategy", None))
        return super().make_train_function(force)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluate as `keras.Model.evaluate` does.

        Raises:
            DataError: when `x` holds raw text.
        """
        _refuse_text(x)
        return super().evaluate(x, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Predict as `keras.Model.predict` does; no rows give an empty result of the right width.

        Raises:
            DataError: when `x` holds raw text.
        """
        _refuse_text(x)
        if isinstance(x, dict) and all(isinstance(value, np.ndarray) and not len(value) for value in x.values()):
            empty = {name: np.zeros((0, head.head_task.units), "float32") for name, head in self.heads.items()}
            return empty if isinstance(self.output, dict) else next(iter(empty.values()))
        return super().predict(x, *args, **kwargs)

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The loss; the layers of a layerwise model learn from the labels of its one head."""
        return super().compute_loss(x, self._for_each_layer(y, y_pred), y_pred, *args, **kwargs)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The metrics, see `compute_loss`."""
        return super().compute_metrics(x, self._for_each_layer(y, y_pred), y_pred, sample_weight)

    def _for_each_layer(self, y: Any, y_pred: Any) -> Any:
        return dict.fromkeys(y_pred, y) if self.votes is not None and not isinstance(y, dict) else y

    def _check_class_weight(self, class_weight: Any) -> None:
        tasks = [head.head_task.task for head in self.heads.values()]
        if tasks == ["multiclass"] or tasks == ["binary"]:
            return
        raise ConfigError(
            f"`class_weight` must be None for a model with {' and '.join(tasks)} heads: Keras would weight each row by "
            f"its first positive label only; got {shorten(class_weight)}. Train with kerasbert.finetune(..., "
            f"balance='balanced'), compile with kerasbert.losses.BinaryCrossentropy(pos_weight=[...]), one weight for each "
            f"label, or pass `sample_weight`, one weight for each row."
        )


def _refuse_text(x: Any) -> None:
    # Of a tf.data set what its batches hold; of a batch with labels the inputs.
    x = getattr(x, "element_spec", x)
    x = x[0] if isinstance(x, tuple) and x else x
    leaves = list(x.values()) if isinstance(x, dict) else [x]
    for leaf in leaves:
        kind = getattr(getattr(leaf, "dtype", None), "kind", "")
        listed = isinstance(leaf, (list, tuple)) or kind == "O"
        first = leaf[0] if listed and len(leaf) else leaf
        if isinstance(first, (str, bytes)) or kind in ("U", "S") or getattr(leaf, "dtype", None) == "string":
            raise DataError(
                f"`x` must be token ids, a dict of {', '.join(INPUT_NAMES)}; got raw text. Tokenise it with "
                f"kerasbert.TextEncoder and kerasbert.make_batches, or use kerasbert.TextClassifier, which takes text."
            )
