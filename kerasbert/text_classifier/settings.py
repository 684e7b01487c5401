"""The arguments of a `TextClassifier`: stored, checked, and what they mean for the model."""

import dataclasses
from typing import Any, Self

from sklearn.base import BaseEstimator

from kerasbert._core.checks import check_bool, check_choice, shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert._core.errors import ConfigError, NotFittedError
from kerasbert._core.options import changed_options, explains_options
from kerasbert.classifiers.builders import (
    SINGLE_HEAD,
    build_binary,
    build_multiclass,
    build_multilabel,
    build_multitask,
)
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.hierarchical import build_hierarchical
from kerasbert.classifiers.layerwise import build_layerwise
from kerasbert.classifiers.settings import ModelSettings, TaskSettings
from kerasbert.classifiers.windows import WINDOW_POOLINGS
from kerasbert.saving.bundle import HEAD_TASKS, precision
from kerasbert.tokenization.long_texts import long_texts_of
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import splits_special_tokens
from kerasbert.training.settings import BatchSettings, RunSettings, TrainingSettings

TASKS = ("binary", "multiclass", "multilabel", "multitask", "hierarchical")
SEVERAL_HEADS = ("multitask", "hierarchical")
# Builder parameters that a layerwise classifier has no use for.
LAYERWISE_WITHOUT = ("combine", "combine_before_pooling", "window_pooling")
LEVEL_TASKS = ("multiclass", "multilabel")
# What `fit` hands on to the builder as it is.
BUILDER_PARAMETERS = (
    "encoder",
    "layers",
    "combine",
    "combine_before_pooling",
    "pooling",
    "hidden_units",
    "hidden_activation",
    "dropout",
    "max_length",
)


@explains_options
@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class Settings(BaseEstimator, TrainingSettings, BatchSettings, ModelSettings, TaskSettings):
    """Constructor arguments, only stored until `fit` checks them; see `TextClassifier`.

    Args:
        **options: those of `TaskSettings`, `ModelSettings`, `BatchSettings` and `TrainingSettings`.
        warm_start: whether `fit` of a trained classifier trains it on, with its labels, instead of beginning anew.
        verbose: whether progress is shown on standard error.
    """

    warm_start: bool = False
    verbose: bool = RunSettings.verbose

    # Classifiers are compared by identity, not by their arguments.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        self.metrics_: dict[str, Any] = {}

    def set_params(self, **parameters: Any) -> Self:
        """Change constructor arguments, as scikit-learn does.

        Raises:
            ConfigError: when there is no such argument; nothing is changed then.
        """
        for name in parameters:
            check_choice("parameter", name, self.get_params())
        super().set_params(**parameters)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags

        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags(multi_label=True)
        tags.target_tags.required = tags.target_tags.multi_output = True
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(
                f"This {type(self).__name__} is not trained yet; call `fit` first, or `kerasbert.load(folder)`."
            )

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
        self.check_training()
        self.check_batches()
        self._check_levels()
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

    def _check_levels(self) -> None:
        check_choice("level_task", self.level_task, LEVEL_TASKS)
        changed = next(changed_options(self, ("subclasses", "level_task", "level_weights", "class_scores")), None)
        if changed is not None and self.task != "hierarchical":
            raise ConfigError(f"`{changed}` goes with task 'hierarchical'; got task {self.task!r}.")

    def _check_windows(self) -> None:
        """Refuse to say how windows are read where there are none."""
        changed = [*changed_options(self, ("window_overlap", "window_pooling", "max_windows_per_batch"))]
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
        tasks = [self.level_task] if self.task == "hierarchical" else self.head_tasks().values()
        return 0.1 if "multilabel" in tasks else 0.0

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
            head = HEAD_TASKS[self.task](list(names[SINGLE_HEAD]))
            return build_layerwise(head, **{**own, "layers": shared["layers"] or "all"}, compile=False)
        if self.task == "hierarchical":
            tree: dict[str, Any] = {"level_weights": self.level_weights, "class_scores": self.class_scores}
            tree["multilabel"] = self.level_task == "multilabel"
            return build_hierarchical(names.to_tree(), **tree, **shared, compile=False)
        if self.task == "binary":
            return build_binary(label_names=names[SINGLE_HEAD], **shared, compile=False)
        if self.task == "multiclass":
            return build_multiclass(names[SINGLE_HEAD], **shared, compile=False)
        if self.task == "multilabel":
            return build_multilabel(names[SINGLE_HEAD], **shared, compile=False)
        heads = {head: HEAD_TASKS[task](list(names[head])) for head, task in self.head_tasks().items()}
        return build_multitask(heads, **shared, compile=False)
