"""`Classifier`, the functional Keras model that every builder returns."""

import functools
import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any, final

import keras
import numpy as np

from kerasbert._core.checks import check_bool, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import INPUT_IDS, INPUT_NAMES, PACKAGE, TEXTS, WINDOW_ROWS
from kerasbert.batches.input_length import check_input_length, limit_input_length
from kerasbert.batches.source import BatchSource
from kerasbert.classifiers.checked_labels import CheckedLabels
from kerasbert.classifiers.features import Features
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.hierarchical_head import HierarchicalHead, LevelProbabilities
from kerasbert.classifiers.inner_states import ClassifierStates, states_of
from kerasbert.classifiers.pretrained_ways import READ, WRITE, offered
from kerasbert.classifiers.text_tokens import TextTokens, as_strings, is_text
from kerasbert.classifiers.votes import LayerVotes
from kerasbert.classifiers.windows import WindowPooling
from kerasbert.encoders.dropout import ByteDropout
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.inputs import NamedInputs
from kerasbert.encoders.quantized_parts import Quantizable
from kerasbert.optimizers.adamw import check_patterns
from kerasbert.optimizers.variables import build_variables
from kerasbert.tasks.outputs import Outputs
from kerasbert.tasks.plans import outputs_of

NOT_TEXTS = (
    "`x` must be texts, strings (batch,), for this model, which tokenises itself; got {}. For token ids build it without "
    "`preprocessing`: its set_weights(model.get_weights()) takes these weights."
)
# What gives the probabilities of one head.
HeadLayer = ClassificationHead | LevelProbabilities | LayerVotes


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class Classifier(NamedInputs, Quantizable, CheckedLabels):
    """A functional model: token inputs, an encoder, features, and one or several heads.

    Made by the builders (`build_multilabel` and its siblings); compile, fit, predict, save and load it as any Keras
    model. Beyond that it knows its parts, and it refuses two mistakes that Keras passes silently: `class_weight` with
    labels that are not class ids, and raw text where token ids are expected.

    Args:
        inputs: the three symbolic token inputs, by name; or `texts`, of a model with `TextTokens` in it.
        outputs: one output, or a dict of outputs by head name.
        name: name of the model.

    Call arguments:
        inputs: dict of int (batch, length): `input_ids`, `attention_mask`, `token_type_ids`; for texts in windows also
            `window_rows`. Texts for a model that was built with `preprocessing`: a list, an array or a tensor of strings.
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

    @property
    def text_tokens(self) -> TextTokens | None:
        """The layer that tokenises texts inside the model; None in a model that reads token ids."""
        return next((layer for layer in self.layers if isinstance(layer, TextTokens)), None)

    def switch_off_dropout(self) -> None:
        """Disable dropout in the encoder, to compare trainings; the heads' is an argument of the builders."""
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

    @functools.cached_property
    def with_vectors(self) -> keras.Model:
        """The model with two outputs, its own and the vectors that the heads read; of a layerwise one, of its last layer."""
        last = None if self.votes is None else self.get_layer(f"features_{self.votes.layer_indices[-1]}")
        return keras.Model(self.input, [self.output, self.vectors if last is None else last.output])

    @property
    def heads(self) -> dict[str, HeadLayer]:
        """The heads by name, in the order given: the levels of a hierarchical model, the vote of a layerwise one."""
        if self.votes is not None:
            return {self.votes.name: self.votes}
        kinds = (ClassificationHead, LevelProbabilities)
        found = {layer.name: layer for layer in self.layers if isinstance(layer, kinds)}
        named = self.output if isinstance(self.output, dict) else found
        return {name: found[name] for name in (named if self.hierarchy is None else self.hierarchy.tasks)}

    @property
    def head_tasks(self) -> dict[str, str]:
        """Head name -> its task, in the order of `heads`."""
        return {name: head.task.name for name, head in self.heads.items()}

    @property
    def task_outputs(self) -> Outputs:
        """What the heads decide together."""
        if self.hierarchy is not None:
            return self.hierarchy.outputs
        return outputs_of({name: head.task for name, head in self.heads.items()})

    @property
    def head_outputs(self) -> list[Any]:
        """The symbolic outputs of the heads, in the order of `heads`."""
        return [self.output[name] for name in self.heads] if isinstance(self.output, dict) else [self.output]

    @property
    def votes(self) -> LayerVotes | None:
        """The layer that weighs the layers' votes; None in a model that is not layerwise."""
        return next((layer for layer in self.layers if isinstance(layer, LayerVotes)), None)

    @property
    def trained_heads(self) -> dict[str, HeadLayer]:
        """Everything that has a loss: the heads and, in a layerwise model, the classifier of each layer."""
        voters = [] if self.votes is None else [one for one in self.layers if isinstance(one, ClassificationHead)]
        return {**self.heads, **{voter.name: voter for voter in voters}}

    @property
    def hierarchy(self) -> HierarchicalHead | None:
        """The layer that computes the levels of a hierarchical model; None for others."""
        return next((layer for layer in self.layers if isinstance(layer, HierarchicalHead)), None)

    @property
    def head(self) -> HeadLayer:
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

    @property
    def input_keys(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the inputs, in the order of a list of them."""
        return tuple(key for key in (TEXTS, *INPUT_NAMES, WINDOW_ROWS) if key in self.input)

    @property
    def required_keys(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the inputs that cannot be left out: all, though `token_type_ids` are filled up with zeros."""
        return self.input_keys

    def named(self, inputs: Any) -> Any:
        """Return inputs as a dict by name, see `NamedInputs`; refuse raw text and what is too long.

        A model that was built with `preprocessing` takes texts, and refuses anything else.
        """
        if self.text_tokens is not None:
            return {TEXTS: as_strings(_texts_in(inputs))}
        _refuse_text(inputs, self.input_keys)
        named = super().named(inputs)
        if hasattr(named, "shape"):
            raise ConfigError(
                f"Inputs must be {', '.join(self.input_keys)}, by name or as a list in this order; got one array of shape "
                f"{tuple(named.shape)}. Tokenizer gives a dict of them."
            )
        if isinstance(named, dict):
            self._check_length(named[INPUT_IDS])
        return named

    def named_data(self, data: Any) -> Any:
        """See `NamedInputs`; batches of `tf.data` are checked against `max_length` too."""
        if self.text_tokens is not None and isinstance(data, BatchSource):
            raise DataError(NOT_TEXTS.format("token ids"))
        return limit_input_length(super().named_data(data), self.max_length)

    def _named_batch(self, batch: Any) -> Any:
        if self.text_tokens is None:
            return super()._named_batch(batch)
        if isinstance(batch, tuple) and not is_text(batch):
            return (self.named(batch[0]), *batch[1:])
        # A data set or a sequence of batches names them itself, one after the other.
        is_iterated = hasattr(batch, "element_spec") or isinstance(batch, keras.utils.PyDataset)
        return batch if is_iterated else self.named(batch)

    def _check_length(self, input_ids: Any) -> None:
        shape = tuple(getattr(input_ids, "shape", ()))
        if len(shape) == 2 and isinstance(shape[1], int):
            check_input_length(shape[1], self.max_length)

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train as `keras.Model.fit` does, see `NamedInputs`.

        Raises:
            ConfigError: when `class_weight` is given and the labels are not class ids of one multi-class head.
            DataError: when `x` holds raw text, or labels do not fit the heads.
        """
        self._check_class_weight(inspect.signature(keras.Model.fit).bind(self, x, y, *args, **kwargs))
        return super().fit(x, y, *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train on one batch as `keras.Model.train_on_batch` does; it raises what `fit` raises."""
        self._check_class_weight(inspect.signature(keras.Model.train_on_batch).bind(self, x, y, *args, **kwargs))
        return super().train_on_batch(x, y, *args, **kwargs)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        # JAX comes here without `__call__`.
        return super().call(self.named(inputs), training=training, mask=mask, **kwargs)

    def make_train_function(self, force: bool = False) -> Any:
        """Make the training step as Keras does; the optimiser's variables are made first, so that it is traced once."""
        if getattr(self, "optimizer", None) is not None:
            check_patterns(self.optimizer, self.weights)
            build_variables(self.optimizer, self.trainable_variables, getattr(self, "distribute_strategy", None))
        return super().make_train_function(force)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Predict as `keras.Model.predict` does, see `NamedInputs`; without rows the result is empty, of the right width."""
        named = x if isinstance(x, BatchSource) else self.named_data(x)
        if isinstance(named, dict) and all(tuple(getattr(one, "shape", ()))[:1] == (0,) for one in named.values()):
            empty = {name: np.zeros((0, head.task.units), "float32") for name, head in self.heads.items()}
            return empty if isinstance(self.output, dict) else next(iter(empty.values()))
        return super().predict(named, *args, **kwargs)

    def states(self, inputs: Any, *, attentions: bool = False) -> ClassifierStates:
        """Compute, of one batch, everything on the way to the probabilities: hidden states, attentions, vectors.

        Args:
            inputs: of a call, such as `tokenizer(texts)`.
            attentions: whether to return the attentions, (batch, heads, length, length) for each block.

        Returns:
            NumPy arrays by name: `output`, `vectors`, `hidden_states`, `attentions`.

        Raises:
            ConfigError: when an input is missing or too long.
            DataError: when `inputs` are raw text.

        Example:
            >>> model = build_multiclass(3, encoder=BertConfig(num_hidden_layers=2))
            >>> inputs = {"input_ids": np.array([[101, 7592, 102]]), "attention_mask": np.ones((1, 3), "int32")}
            >>> states = model.states(inputs, attentions=True)
            >>> states.output.shape, len(states.hidden_states), states.attentions[-1].shape
            ((1, 3), 3, (1, 12, 3, 3))
        """
        check_bool("attentions", attentions)
        named = self.named(inputs)
        if not isinstance(named, dict):
            raise ConfigError(
                f"`inputs` must be one batch: {', '.join(self.input_keys)}, by name; got {shorten(inputs)}."
            )
        return states_of(self, named, attentions=attentions)

    def save_pretrained(
        self,
        folder: str | os.PathLike[str],
        *,
        tokenizer: Any,
        overwrite: bool = False,
        allow_loss: bool = False,
    ) -> None:
        """Write a folder that transformers loads: encoder, head, label names and tokenizer.

        The head is transformers' own where it has one of this form, else a model of its own with its PyTorch code, as
        `TextClassifier.save_pretrained` writes it. Where PyTorch is installed, the folder is loaded there and compared with
        this model before it appears.

        Args:
            folder: the folder to appear.
            tokenizer: of the model: a name or folder, a `Tokenizer`, or one of `tokenizers` or transformers; texts are cut
                at the model's `max_length`.
            overwrite: whether a folder that kerasbert wrote may be replaced.
            allow_loss: whether to write a model whose probabilities differ there all the same.

        Raises:
            ArtifactError: when the folder cannot be written, or the probabilities differ.
            ConfigError: when the model reads windows, or the tokenizer is not that of the model.

        Example:
            >>> model = build_binary(label_names=["ham", "spam"])
            >>> model.save_pretrained("spam", tokenizer="all-MiniLM-L6-v2")  # doctest: +SKIP
        """
        offered(WRITE)(self, folder, tokenizer=tokenizer, overwrite=overwrite, allow_loss=allow_loss)

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: str | os.PathLike[str],
        *,
        max_length: int | None = None,
        problem_type: str | None = None,
        tokenizer: Any = None,
    ) -> "Classifier":
        """Load a model from a folder of transformers: one that `save_pretrained` wrote, or one that was fine-tuned there.

        Args:
            name_or_folder: see `TextClassifier.from_pretrained`, which also gives tokenizer and thresholds.
            max_length: see `TextClassifier.from_pretrained`.
            problem_type: see `TextClassifier.from_pretrained`.
            tokenizer: see `TextClassifier.from_pretrained`.

        Returns:
            The model, not compiled.

        Raises:
            ConfigError: when it is nowhere to be had or of another kind.
            CheckpointError: when its weights are malformed or do not fit its config.

        Example:
            >>> Classifier.from_pretrained("spam").head.label_names  # doctest: +SKIP
            ('ham', 'spam')
        """
        given = {"max_length": max_length, "problem_type": problem_type, "tokenizer": tokenizer}
        model: Classifier = offered(READ)(name_or_folder, **given)
        return model

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the loss; the layers of a layerwise model learn from the labels of its one head."""
        return super().compute_loss(x, self._for_each_layer(y, y_pred), y_pred, *args, **kwargs)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return super().compute_metrics(x, self._for_each_layer(y, y_pred), y_pred, sample_weight)

    def _for_each_layer(self, y: Any, y_pred: Any) -> Any:
        return dict.fromkeys(y_pred, y) if self.votes is not None and not isinstance(y, dict) else y

    def _check_class_weight(self, call: inspect.BoundArguments) -> None:
        class_weight = call.arguments.get("class_weight")
        tasks = [head.task for head in self.heads.values()]
        if class_weight is None or (len(tasks) == 1 and tasks[0].exclusive):
            return
        raise ConfigError(
            f"`class_weight` must be None for a model with {' and '.join(task.name for task in tasks)} heads: Keras would weight each row by "
            f"its first positive label only; got {shorten(class_weight)}. Train with kerasbert.finetune(..., "
            f"balance='balanced'), compile with kerasbert.losses.BinaryCrossentropy(pos_weight=[...]), one weight for each "
            f"label, or pass `sample_weight`, one weight for each row."
        )


def _refuse_text(x: Any, keys: Sequence[str]) -> None:
    # Of a tf.data set what its batches hold; of a batch with labels the inputs.
    x = getattr(x, "element_spec", x)
    x = x[0] if isinstance(x, tuple) and x else x
    leaves = [x]
    if isinstance(x, Mapping):
        leaves = [x[key] for key in keys if key in x] or list(x.values())
    if any(is_text(leaf) for leaf in leaves):
        raise DataError(
            f"`x` must be token ids, a dict of {', '.join(INPUT_NAMES)}; got raw text. Tokenise it with "
            f"kerasbert.data.Tokenizer and kerasbert.data.make_batches, build the model with preprocessing=True, or use "
            f"kerasbert.TextClassifier, which takes text."
        )


def _texts_in(inputs: Any) -> Any:
    """Return the texts of a batch; refuse anything else."""
    if isinstance(inputs, Mapping):
        if TEXTS not in inputs:
            raise DataError(NOT_TEXTS.format(f"a dict of {shorten(list(inputs))}"))
        inputs = inputs[TEXTS]
    is_empty = isinstance(inputs, (list, tuple)) and not inputs
    if not is_text(inputs) and not is_empty:
        raise DataError(NOT_TEXTS.format(shorten(inputs)))
    return inputs
