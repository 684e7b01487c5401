"""Any compiled Keras model that holds an encoder: what a training needs of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, final

import keras

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert.batches.source import BatchSource
from kerasbert.classifiers.compiling import with_loss_scale
from kerasbert.encoders.encoder import Encoder
from kerasbert.objectives.label_forms import LabelForm, form_of_loss
from kerasbert.optimizers.adamw import check_patterns
from kerasbert.training.callbacks.best_epoch import keep_best
from kerasbert.training.devices import make_inside
from kerasbert.training.own_steps import has_own_steps
from kerasbert.training.settings import TrainingSettings
from kerasbert.training.trainees.selected_inputs import fewer_inputs
from kerasbert.training.trainees.trainee import Trainee

# Settings that only the heads of the builders can follow, and what does the same for other models.
OF_HEADS = {
    "balance": "Give the weights to the loss that the model is compiled with, or `sample_weight` to make_batches",
    "label_smoothing": "Give `label_smoothing` to the loss that the model is compiled with",
}


@final
class KerasModel(Trainee):
    """The trainee of a functional, sequential or subclassed model that was compiled with its loss.

    Its loss, metrics and (where it has them) training and evaluation steps are kept; the optimiser is replaced.

    Args:
        model: compiled, with an encoder inside.
        compiling: the arguments that it was compiled with; None: those that the model remembers.
    """

    def __init__(self, model: keras.Model, compiling: Mapping[str, Any] | None = None) -> None:
        super().__init__(model)
        self._compiling = dict(_compiling_of(model) if compiling is None else compiling)
        self._optimizer_before = model.optimizer

    @property
    def encoders(self) -> list[Encoder]:
        inside = (layer for layer in self.model._flatten_layers() if isinstance(layer, Encoder))
        return list(dict.fromkeys(inside))

    def check(self, train: BatchSource, validation: BatchSource | None = None) -> None:
        if not all(layer.built for layer in self.model._flatten_layers()):
            _build(self.model, train, self.fewer_inputs(train, "train"))
        self._check_loss()
        self._check_encoders()
        for name, source in (("train", train), ("validation", validation)):
            for where, form, labels in _checkable(self.model, source, f"The labels of `{name}`"):
                form.check(where, labels)

    def fewer_inputs(self, source: BatchSource, name: str) -> list[str] | None:
        return fewer_inputs(self.model, source, name)

    def start(self, train: BatchSource, settings: TrainingSettings, *, shown: bool = False) -> None:
        for name, way_out in OF_HEADS.items():
            if getattr(settings, name) is not None:
                raise ConfigError(
                    f"`{name}` must be None for a model that no builder made, whose loss is its own; got "
                    f"{shorten(getattr(settings, name))}. {way_out}."
                )

    def inside(self, strategy: Any) -> Self:
        if strategy is None:
            return self
        way_out = (
            "Train it with strategy='one', or build and compile it inside of `strategy.scope()` and call "
            "model.fit(batches.dataset)."
        )
        if has_own_steps(self.model) or not hasattr(self.model, "inputs"):
            raise ConfigError(
                f"`strategy` must be one device for a model that is no functional one, or that trains by a `train_step` of its "
                f"own; got {strategy.num_replicas_in_sync} devices and a {type(self.model).__name__}. {way_out}"
            )
        try:
            return type(self)(make_inside(strategy, self.model), self._compiling)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ConfigError(
                f"`model` must be one that keras.models.clone_model copies, to train on several devices; it says: "
                f"{shorten(str(error), 300)} {way_out}"
            ) from error

    def compile(self, optimizer: keras.optimizers.Optimizer, *, jit_compile: bool = False) -> None:
        check_patterns(optimizer, self.model.weights)
        self._compile(with_loss_scale(self.model, optimizer), jit_compile)

    def put_back(self) -> None:
        self._compile(self._optimizer_before, self._compiling["jit_compile"])

    def _compile(self, optimizer: keras.optimizers.Optimizer, jit_compile: bool) -> None:
        # The method of the base class: one of the model's own may take other arguments, which it has already.
        arguments = {**self._compiling, "optimizer": optimizer, "jit_compile": jit_compile, "auto_scale_loss": False}
        keras.Model.compile(self.model, **arguments)

    def best_epoch(
        self, settings: TrainingSettings, callbacks: Sequence[keras.callbacks.Callback]
    ) -> keras.callbacks.Callback | None:
        own = next((one for one in callbacks if isinstance(one, keras.callbacks.EarlyStopping)), None)
        if own is None:
            return keep_best(settings.monitor or "val_loss", settings.patience, mode="auto")
        if settings.monitor is not None:
            raise ConfigError(
                f"`monitor` must be None with an EarlyStopping among the `callbacks`, which chooses the best epoch by "
                f"{own.monitor!r}; got {settings.monitor!r}."
            )
        return None

    def facts(self) -> dict[str, Any]:
        # No names, which Keras numbers anew for each model of a program.
        return {
            "precision": self.model.dtype_policy.name,
            "model": [list(weight.shape) for weight in self.model.weights],
            "model layers": [type(layer).__name__ for layer in self.model._flatten_layers()],
            **{name: _described(self._compiling[name]) for name in ("loss", "loss_weights")},
        }

    def _check_loss(self) -> None:
        overridden = has_own_steps(self.model) or type(self.model).compute_loss is not keras.Model.compute_loss
        if self._compiling["loss"] is None and not overridden and not self.model.losses:
            raise ConfigError("`model` must be compiled with a loss, such as model.compile(loss='mse'); got none.")

    def _check_encoders(self) -> None:
        names = [encoder.name for encoder in self.encoders]
        if not names:
            raise ConfigError(
                f"`model` must hold an encoder, such as kerasbert.TFBertModel, as a layer or an attribute; got a "
                f"{type(self.model).__name__} without one. Train it with model.fit(batches.dataset)."
            )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(
                f"`model` must have encoders of different names, by which their weights are told apart; got {twice!r} twice. "
                f"Make one with TFBertModel.from_pretrained(..., name='other')."
            )


def _compiling_of(model: keras.Model) -> dict[str, Any]:
    """Return the arguments that a model was compiled with, as they were given; refuse one that was not."""
    known = getattr(model, "_compile_config", None)
    if not model.compiled or known is None:
        raise ConfigError(
            f"`model` must be compiled with its loss, such as model.compile(loss='mse'); got a {type(model).__name__} that is "
            f"not. The optimiser that it is compiled with is replaced."
        )
    return dict(known.config)


def _build(model: keras.Model, source: BatchSource, names: list[str] | None) -> None:
    """Make the weights of a model by calling it on the inputs of a batch, or on those named."""
    epoch = source.epoch
    inputs = next(iter(source.pipeline))[0]
    source.begin(epoch)
    model(inputs if names is None else {name: inputs[name] for name in names})


def _checkable(model: keras.Model, source: BatchSource | None, where: str) -> Iterator[tuple[str, LabelForm, Any]]:
    """Iterate over the labels whose loss says what they may be: their name in messages, their form and they themselves."""
    outputs, losses = getattr(model, "output", None), getattr(model, "loss", None)
    for key in outputs if isinstance(outputs, dict) else [None]:
        output, loss, labels = (
            part.get(key) if isinstance(part, dict) else part
            for part in (outputs, losses, None if source is None else source.labels)
        )
        units: tuple[Any, ...] = tuple(getattr(output, "shape", None) or ())[1:]
        form = form_of_loss(loss, units[0]) if len(units) == 1 and units[0] else None
        if form is not None and hasattr(labels, "shape"):
            yield where if key is None else f"{where} of the output {key!r}", form, labels


def _described(value: Any) -> str:
    """Return a text that is the same for equal losses."""

    def plain(part: Any) -> Any:
        if hasattr(part, "get_config"):
            return [type(part).__name__, part.get_config()]
        return part.tolist() if hasattr(part, "tolist") else getattr(part, "__qualname__", type(part).__name__)

    return json.dumps(value, default=plain, sort_keys=True)
