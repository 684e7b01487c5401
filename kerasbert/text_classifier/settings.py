"""The arguments of a `TextClassifier`: stored, checked, and what they mean for the model."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert._core.checks import check_bool, check_choice, check_int, check_number, shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import DEFAULT_ENCODER, SINGLE_HEAD
from kerasbert.classifiers.builders import build_binary, build_multiclass, build_multilabel, build_multitask
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import HEAD_LEARNING_RATE, LEARNING_RATE
from kerasbert.classifiers.hierarchical import build_hierarchical
from kerasbert.classifiers.layerwise import build_layerwise
from kerasbert.classifiers.windows import WINDOW_POOLINGS
from kerasbert.estimator import Estimator
from kerasbert.saving.rebuild import precision
from kerasbert.tasks.hierarchical import with_level_task
from kerasbert.tasks.table import TASKS as HEAD_TASKS
from kerasbert.tokenization.long_texts import MAX_WINDOWS_PER_BATCH, long_texts_of
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import splits_special_tokens

TASKS = ("binary", "multiclass", "multilabel", "multitask", "hierarchical")
SEVERAL_HEADS = ("multitask", "hierarchical")
# Builder parameters that a layerwise classifier has no use for.
LAYERWISE_WITHOUT = ("combine", "combine_before_pooling", "window_pooling")
# What `fit` hands on to the builder as it is.
BUILDER_PARAMETERS = (
    "encoder",
    "layers",
    "combine",
    "combine_before_pooling",
    "pooling",
    "hidden_units",
    "dropout",
    "max_length",
)


class Settings(Estimator):
    """Constructor arguments, only stored until `fit` checks them; see `TextClassifier`."""

    def __init__(
        self,
        task: str = "multiclass",
        *,
        heads: Mapping[str, str] | None = None,
        subclasses: Mapping[str, Any] | None = None,
        multilabel: bool = False,
        level_weights: Sequence[float] | None = None,
        label_names: Sequence[str] | None = None,
        encoder: str | os.PathLike[str] = DEFAULT_ENCODER,
        layers: int | Sequence[int] | None = None,
        combine: str = "concat",
        combine_before_pooling: bool = False,
        layerwise: bool = False,
        pooling: str = "mean",
        hidden_units: Sequence[int] = (),
        dropout: float = 0.1,
        max_length: int | None = None,
        long_texts: str = "truncate",
        window_overlap: int | None = None,
        window_pooling: str = "mean",
        max_windows_per_batch: int = MAX_WINDOWS_PER_BATCH,
        epochs: int | None = None,
        batch_size: int = 32,
        learning_rate: float = LEARNING_RATE,
        head_learning_rate: float = HEAD_LEARNING_RATE,
        patience: int = 2,
        validation_fraction: float | None = None,
        precision: str = "float32",
        seed: int = 0,
        balance: str | None = None,
        label_smoothing: float | None = None,
        sampling: str | None = None,
        optimization: Mapping[str, Any] | None = None,
        warm_start: bool = False,
        progress: bool = True,
    ) -> None:
        self.task = task
        self.heads = heads
        self.subclasses = subclasses
        self.multilabel = multilabel
        self.level_weights = level_weights
        self.label_names = label_names
        self.encoder = encoder
        self.layers = layers
        self.combine = combine
        self.combine_before_pooling = combine_before_pooling
        self.layerwise = layerwise
        self.pooling = pooling
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.max_length = max_length
        self.long_texts = long_texts
        self.window_overlap = window_overlap
        self.window_pooling = window_pooling
        self.max_windows_per_batch = max_windows_per_batch
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.head_learning_rate = head_learning_rate
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.precision = precision
        self.seed = seed
        self.balance = balance
        self.label_smoothing = label_smoothing
        self.sampling = sampling
        self.optimization = optimization
        self.warm_start = warm_start
        self.progress = progress

    def check_arguments(self) -> None:
        """Refuse arguments that are out of their range or do not go together.

        Raises:
            ConfigError: which one, and what is accepted.
            TypeError: when one has the wrong type.
        """
        check_choice("task", self.task, TASKS)
        check_bool("warm_start", self.warm_start)
        if check_bool("layerwise", self.layerwise) and not self._can_be_layerwise():
            raise ConfigError(
                "`layerwise` must be False with several heads, windows or a combination: every layer votes for itself."
            )
        check_choice("window_pooling", self.window_pooling, WINDOW_POOLINGS)
        if self.epochs is not None:
            check_int("epochs", self.epochs, 1)
        check_int("batch_size", self.batch_size, 1)
        check_int("seed", self.seed, 0, 2**32 - 1)
        if self.validation_fraction is not None:
            check_number("validation_fraction", self.validation_fraction, 0, 1, open_maximum=True)
        if self.task != "hierarchical" and (self.subclasses or self.multilabel or self.level_weights):
            raise ConfigError(
                f"`subclasses`, `multilabel` and `level_weights` go with task 'hierarchical'; got task {self.task!r}."
            )
        if self.task in SEVERAL_HEADS and self.label_names is not None:
            raise ConfigError(
                f"`label_names` goes with one head; got {shorten(self.label_names)} with task {self.task!r}, which collects "
                f"the names of each head."
            )
        self._check_windows()
        if (self.task == "multitask") != bool(self.heads):
            raise ConfigError(
                f"`heads` must be a dict of head name -> task for a multi-task classifier and None for others; got "
                f"{shorten(self.heads)} with task {self.task!r}."
            )

    def _check_windows(self) -> None:
        """Refuse to say how windows are read where there are none."""
        defaults = {"window_overlap": None, "window_pooling": "mean", "max_windows_per_batch": MAX_WINDOWS_PER_BATCH}
        changed = [name for name, value in defaults.items() if getattr(self, name) != value]
        if changed and self.long_texts != "windows":
            raise ConfigError(
                f"`{changed[0]}` goes with long_texts='windows'; got {shorten(getattr(self, changed[0]))} with "
                f"{self.long_texts!r}."
            )

    def _can_be_layerwise(self) -> bool:
        combined = self.combine != "concat" or self.combine_before_pooling
        return self.task not in SEVERAL_HEADS and self.long_texts != "windows" and not combined

    def head_tasks(self) -> dict[str, str]:
        """Head name -> task, of a classifier that is not hierarchical."""
        if self.task != "multitask":
            return {SINGLE_HEAD: self.task}
        return {name: check_choice(f"heads[{name!r}]", task, HEAD_TASKS) for name, task in (self.heads or {}).items()}

    def held_out_share(self) -> float:
        """The share of the training texts that validates when no validation data is given."""
        if self.validation_fraction is not None:
            return self.validation_fraction
        multilabel = self.multilabel if self.task == "hierarchical" else "multilabel" in self.head_tasks().values()
        return 0.1 if multilabel else 0.0

    def new_tokenizer(self, max_length: int | None = None) -> Tokenizer:
        """The encoder's tokenizer, for texts of the length wanted; `max_length` where none is."""
        folder, long_texts = resolve_encoder(self.encoder), long_texts_of(self.get_params())
        # What the encoder's own training read as a separator does not matter to a new one.
        split = splits_special_tokens(folder)
        length = self.max_length or max_length
        return Tokenizer.from_folder(folder, max_length=length, long_texts=long_texts, split_special_tokens=split)

    def build(self, names: Any) -> Classifier:
        """A new model on the pretrained encoder.

        Args:
            names: the label names, as `ClassifierLabels` holds them.
        """
        shared = {name: getattr(self, name) for name in BUILDER_PARAMETERS}
        shared["window_pooling"] = self.window_pooling if self.long_texts == "windows" else None
        with precision(self.precision):
            model = self._build(names, shared)
        if not self.dropout:
            model.switch_off_dropout()
        return model

    def _build(self, names: Any, shared: dict[str, Any]) -> Classifier:
        if self.layerwise:
            own = {name: value for name, value in shared.items() if name not in LAYERWISE_WITHOUT}
            head = HEAD_TASKS[self.task].of(names[SINGLE_HEAD])
            return build_layerwise(head, **{**own, "layers": shared["layers"] or "all"}, compile=False)
        if self.task == "hierarchical":
            own = with_level_task({"multilabel": self.multilabel, "level_weights": self.level_weights})
            return build_hierarchical(names.to_tree(), **own, **shared, compile=False)
        if self.task == "binary":
            return build_binary(label_names=names[SINGLE_HEAD], **shared, compile=False)
        if self.task == "multiclass":
            return build_multiclass(names[SINGLE_HEAD], **shared, compile=False)
        if self.task == "multilabel":
            return build_multilabel(names[SINGLE_HEAD], **shared, compile=False)
        heads = {head: HEAD_TASKS[task].of(names[head]) for head, task in self.head_tasks().items()}
        return build_multitask(heads, **shared, compile=False)
