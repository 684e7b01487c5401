"""The arguments of a `TextClassifier`: stored, checked, and what they mean for the model."""

import dataclasses
import os
from types import NoneType
from typing import Any, Self

from sklearn.base import BaseEstimator

from kerasbert._core.checks import check_bool, check_choice, shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert._core.options import changed_options, explains_options, options_of
from kerasbert._core.sentence_folders import NOTHING_SAID, read_sentence_folder, tell_defaults
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.given_pooling import as_pooling, describe_pooling
from kerasbert.classifiers.layerwise import build_layerwise
from kerasbert.classifiers.pooling import Pooling
from kerasbert.classifiers.settings import WINDOW_POOLINGS, ModelSettings
from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.saving.rebuild import builder_of, precision
from kerasbert.tasks.outputs import OutputPlan, Outputs
from kerasbert.tasks.plans import plan_outputs
from kerasbert.tasks.settings import TaskSettings
from kerasbert.tokenization.long_texts import long_texts_of
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_files import read_settings
from kerasbert.tokenization.tokenizer_settings import splits_special_tokens, usual_length
from kerasbert.training.settings import BatchSettings, MonitoringSettings, RunSettings, TrainingSettings
from kerasbert.uncertainty.settings import CalibrationSettings

WINDOWS = "windows"
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
    "hidden_activation",
    "dropout",
)


@explains_options
@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class Settings(
    BaseEstimator,
    MonitoringSettings,
    CalibrationSettings,
    TrainingSettings,
    BatchSettings,
    ModelSettings,
    TaskSettings,
):
    """Constructor arguments, only stored until `fit` checks them; see `TextClassifier`.

    Args:
        **options: those of `TaskSettings`, `ModelSettings`, `BatchSettings`, `TrainingSettings`, `CalibrationSettings` and
            `MonitoringSettings`.
        warm_start: whether `fit` of a trained classifier trains it on, with its labels, instead of beginning anew.
        verbose: whether progress is shown on standard error.
    """

    warm_start: bool = False
    verbose: bool = RunSettings.verbose

    # Classifiers are compared by identity, not by their arguments.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def set_params(self, **parameters: Any) -> Self:
        """Change constructor arguments, as scikit-learn does.

        Raises:
            ConfigError: when there is no such argument; nothing is changed then.
        """
        for name in parameters:
            check_choice("parameter", name, self.get_params())
        super().set_params(**parameters)
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags

        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags(multi_label=True)
        tags.target_tags.required = tags.target_tags.multi_output = True
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def check_arguments(self) -> None:
        """Raise a ConfigError or TypeError for arguments that are out of their range or do not go together."""
        plan = self.plan()
        check_bool("warm_start", self.warm_start)
        check_bool("reference", self.reference)
        can_be_layerwise = not plan.has_several_heads and self.long_texts != WINDOWS and not self._combines()
        if check_bool("layerwise", self.layerwise) and not can_be_layerwise:
            raise ConfigError(
                "`layerwise` must be False with several heads, windows or a combination: every layer votes for itself."
            )
        check_choice("window_pooling", self.window_pooling, WINDOW_POOLINGS)
        if self.pooling is not None:
            describe_pooling(as_pooling(self.pooling))
        NOTHING_SAID.prompt_of(self.prompt)
        self.check_training()
        self.check_batches()
        self.check_calibration()
        if self.calibrate and self.layerwise:
            raise ConfigError(
                "`calibrate` must not be True with `layerwise`, whose probabilities have no logits to scale."
            )
        changed = next(changed_options(self, ("level_weights", "class_scores")), None)
        if changed is not None and not plan.has_levels:
            raise ConfigError(f"`{changed}` goes with task {HIERARCHICAL!r}; got task {self.task!r}.")
        self._check_windows()

    def plan(self) -> OutputPlan:
        """Plan what is to be predicted, before labels are read; a ConfigError where arguments do not go together."""
        told = {name: getattr(self, name) for name in ("heads", "subclasses", "level_task", "label_names")}
        return plan_outputs(self.task, **told)

    def _check_windows(self) -> None:
        """Refuse to say how windows are read where there are none."""
        changed = [*changed_options(self, ("window_overlap", "window_pooling", "max_windows_per_batch"))]
        if changed and self.long_texts != WINDOWS:
            raise ConfigError(
                f"`{changed[0]}` goes with long_texts={WINDOWS!r}; got {shorten(getattr(self, changed[0]))} with "
                f"{self.long_texts!r}."
            )

    def _combines(self) -> bool:
        return next(changed_options(self, ("combine", "combine_before_pooling")), None) is not None

    def held_out_share(self) -> float:
        """Return the share of the training texts that validates when no validation data is given."""
        if self.validation_fraction is not None:
            return self.validation_fraction
        return 0.1 if self.plan().tunes_thresholds else 0.0

    def new_tokenizer(self, max_length: int | None = None) -> Tokenizer:
        """Load the encoder's tokenizer; `max_length` goes where the settings have none."""
        folder, long_texts = resolve_encoder(self.encoder), long_texts_of(self.get_params())
        said = read_sentence_folder(folder)
        return Tokenizer.from_folder(
            folder,
            max_length=self.max_length or max_length or usual_length(folder, read_settings(folder)),
            long_texts=long_texts,
            # What the encoder's own training read as a separator does not matter to a new one.
            split_special_tokens=splits_special_tokens(folder),
            prompt=said.prompt_of(self.prompt),
        )

    def tell_folder(self, tokenizer: Tokenizer) -> None:
        """Say in one line what the folder of the encoder gave where nothing was asked for; `tokenizer` is a new one."""
        folder = resolve_encoder(self.encoder)
        said = read_sentence_folder(folder)
        if not said.folder or not self.verbose:
            return
        taken: dict[str, Any] = {}
        if self.pooling is None:
            taken["pooling"] = said.default_pooling()
        # A token cache has a length of its own.
        if self.max_length is None and tokenizer.max_length == usual_length(folder, read_settings(folder)):
            taken["max_length"] = tokenizer.max_length
        if self.prompt is None:
            taken["prompt"] = tokenizer.prompt
        if said.lowers_case and tokenizer.tokens("A") != tokenizer.tokens("a"):
            said = dataclasses.replace(said, left_out=(*said.left_out, "do_lower_case"))
        tell_defaults(said, **taken)

    def chosen_pooling(self) -> str | Pooling:
        """Return the pooling that is asked for, else that of the encoder's folder."""
        if self.pooling is None:
            return read_sentence_folder(resolve_encoder(self.encoder)).default_pooling()
        return self.pooling if isinstance(self.pooling, str) else as_pooling(self.pooling)

    def build(self, outputs: Outputs, max_length: int) -> Classifier:
        """Build a new model on the pretrained encoder; `max_length` is that of its tokenizer."""
        shared = {name: getattr(self, name) for name in BUILDER_PARAMETERS} | {"max_length": max_length}
        shared["pooling"] = self.chosen_pooling()
        shared["window_pooling"] = self.window_pooling if self.long_texts == WINDOWS else None
        with precision(self.precision):
            model = self._build(outputs, shared)
        if not self.dropout:
            model.switch_off_dropout()
        return model

    def _build(self, outputs: Outputs, shared: dict[str, Any]) -> Classifier:
        if self.layerwise:
            own = {name: value for name, value in shared.items() if name not in LAYERWISE_WITHOUT}
            return build_layerwise(outputs.tasks[SINGLE_HEAD], **{**own, "layers": self.layers or "all"}, compile=False)
        told = outputs.arguments()
        if outputs.hierarchy is not None:
            told |= {name: getattr(self, name) for name in ("level_weights", "class_scores")}
        elif SINGLE_HEAD not in outputs.tasks:
            told = {"heads": outputs.tasks}
        return builder_of(outputs.builder)(**told, **shared, compile=False)


def plain_settings(settings: Settings) -> dict[str, Any]:
    """The arguments of a `TextClassifier` as plain data."""
    values = {name: getattr(settings, name) for name in options_of(Settings)} | {"encoder": os.fspath(settings.encoder)}
    if not isinstance(settings.pooling, (str, NoneType)):
        values["pooling"] = describe_pooling(as_pooling(settings.pooling))
    if settings.label_names is not None:
        values["label_names"] = [str(name) for name in settings.label_names]
    if settings.heads is not None:
        values["heads"] = {head: task.name for head, task in settings.plan().tasks.items()}
    return values
