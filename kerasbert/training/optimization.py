"""Which parts of an encoder train, from when on, and at which rates."""

import dataclasses
from collections.abc import Mapping

import keras

from kerasbert._core.checks import check_bool, check_choice, check_int, check_number, shorten
from kerasbert._core.errors import ConfigError
from kerasbert.classifiers.classifier import Classifier
from kerasbert.encoders.encoder import Encoder
from kerasbert.optimizers import AdamW, WarmupDecay
from kerasbert.optimizers.schedules import SHAPES

FREEZES = ("embeddings", "encoder")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimization:
    """How the weights are moved, beyond the rates: for `finetune` and `TextClassifier`.

    Args:
        schedule: of the rate after the warm-up: `"linear"`, `"cosine"`, `"polynomial"` (squared) or `"constant"`.
        layer_decay: in (0, 1]: each block's rate is this times that of the block above it; the embeddings come last.
        freeze: `"embeddings"`, `"encoder"`, or a number n for the embeddings and the first n blocks; None: nothing beyond
            what is frozen already. What is frozen runs without dropout, and stays frozen after the training.
        reinit_layers: blocks at the top, >= 0, that start from fresh weights.
        unfreeze_every: epochs, >= 0, after which one more block from the top starts to train, the head alone first, the
            embeddings last; 0: all train from the start.
        gradient_accumulation_steps: batches, >= 1, whose mean gradient makes one update. Batches at the very end that do not fill a
            group are not used.
        ema: in (0, 1): the trained weights are the exponential moving average at this momentum, in validation too; None:
            the last weights.
        gradient_checkpointing: whether only the outputs of the encoder's blocks are kept for the gradients, and what is
            inside them is computed again: less memory, more time, the same weights.

    Raises:
        ConfigError: when a value is out of its range, or two do not go together.
        TypeError: when a value has the wrong type.

    Example:
        >>> Optimization(layer_decay=0.9, schedule="cosine").gradient_accumulation_steps
        1

    Reference:
        Howard and Ruder, "Universal Language Model Fine-tuning", 2018 (layer rates, unfreezing); Zhang et al.,
        "Revisiting Few-sample BERT Fine-tuning", 2021 (fresh top layers).
    """

    schedule: str = "linear"
    layer_decay: float = 1.0
    freeze: str | int | None = None
    reinit_layers: int = 0
    unfreeze_every: int = 0
    gradient_accumulation_steps: int = 1
    ema: float | None = None
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        check_choice("schedule", self.schedule, SHAPES)
        check_number("layer_decay", self.layer_decay, 0, 1, open_minimum=True)
        check_int("reinit_layers", self.reinit_layers, 0)
        check_int("unfreeze_every", self.unfreeze_every, 0)
        check_int("gradient_accumulation_steps", self.gradient_accumulation_steps, 1)
        check_bool("gradient_checkpointing", self.gradient_checkpointing)
        if self.ema is not None:
            check_number("ema", self.ema, 0, 1, open_minimum=True, open_maximum=True)
        if isinstance(self.freeze, str):
            check_choice("freeze", self.freeze, FREEZES)
        elif self.freeze is not None:
            check_int("freeze", self.freeze, 0, None, "blocks, or 'embeddings' or 'encoder'")
        if self.freeze == "encoder" and (self.reinit_layers or self.unfreeze_every):
            raise ConfigError(
                "`freeze` must not be 'encoder' with `reinit_layers` or `unfreeze_every`, which train it; got "
                f"{self.reinit_layers} and {self.unfreeze_every}."
            )


def prepare_layers(model: Classifier, plan: Optimization) -> None:
    """Freeze and re-initialise parts of a model's encoder.

    Args:
        model: from a builder.
        plan: says which parts.

    Raises:
        ConfigError: when the encoder has fewer blocks than asked for.
    """
    encoder = model.encoder
    encoder.gradient_checkpointing = plan.gradient_checkpointing
    blocks = len(encoder.blocks)
    check_int("reinit_layers", plan.reinit_layers, 0, blocks, "the encoder's blocks")
    if plan.reinit_layers:
        for block in encoder.blocks[blocks - plan.reinit_layers :]:
            _reinitialise(block, encoder.config.initializer_range)
    if plan.freeze == "encoder":
        encoder.trainable = False
    elif plan.freeze is not None:
        encoder.embeddings.trainable = False
        count = 0 if plan.freeze == "embeddings" else int(plan.freeze)
        check_int("freeze", count, 0, blocks, "the encoder's blocks")
        for block in encoder.blocks[:count]:
            block.trainable = False
        if count == blocks and encoder.pooler is None:
            encoder.trainable = False


def make_optimizer(
    model: Classifier,
    plan: Optimization,
    *,
    rates: tuple[float, float],
    steps: tuple[int, int],
    total_steps: int | None = None,
    warmup: float,
    weight_decay: float,
    global_clipnorm: float | None,
) -> AdamW:
    """AdamW with the rates, the schedule and the starts of a plan.

    Args:
        model: from a builder.
        plan: what to do.
        rates: peak rates of the encoder and of everything above it.
        steps: batches in an epoch and epochs.
        total_steps: batches in all, where the last epoch is cut short; None: those of all epochs.
        warmup: share of all steps spent on warm-up.
        weight_decay: decoupled decay.
        global_clipnorm: largest global norm of the gradients; None for no clipping.

    Returns:
        The optimiser, not built yet.
    """
    total = total_steps or steps[0] * steps[1]
    schedule = WarmupDecay(rates[0], total_steps=total, warmup_steps=int(warmup * total), shape=plan.schedule)
    return AdamW(
        schedule,
        weight_decay,
        rate_factors={**layer_factors(model.encoder, plan.layer_decay), "": rates[1] / rates[0]},
        start_steps=start_steps(model.encoder, plan.unfreeze_every * steps[0]),
        global_clipnorm=global_clipnorm,
        gradient_accumulation_steps=plan.gradient_accumulation_steps if plan.gradient_accumulation_steps > 1 else None,
        use_ema=plan.ema is not None,
        ema_momentum=plan.ema or 0.99,
    )


def layer_factors(encoder: Encoder, layer_decay: float) -> dict[str, float]:
    """Rate of each part of an encoder over that of its top block, by a pattern of the path.

    Example:
        >>> model = build_binary(encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=2))
        >>> layer_factors(model.encoder, 0.5)
        {'encoder/layer_1/': 1.0, 'encoder/layer_0/': 0.5, 'encoder/embeddings/': 0.25, 'encoder/': 1.0}
    """
    parts = [] if layer_decay == 1.0 else [*_parts_from_the_top(encoder)]
    factors = {part: layer_decay**depth for depth, part in enumerate(parts)}
    return {**factors, f"{encoder.name}/": 1.0}


def start_steps(encoder: Encoder, steps_for_each: int) -> dict[str, int]:
    """Batches before each part of an encoder starts to train, by a pattern of the path; none for 0."""
    if not steps_for_each:
        return {}
    starts = {part: (depth + 1) * steps_for_each for depth, part in enumerate(_parts_from_the_top(encoder))}
    return {**starts, f"{encoder.name}/": steps_for_each}


def as_optimization(value: object) -> Optimization:
    """Return an `Optimization` from one, from a dict of its arguments, or from None for the defaults.

    Raises:
        ConfigError: when an argument is out of its range.
        TypeError: when it is something else, or an argument is unknown.
    """
    if value is None:
        return Optimization()
    if isinstance(value, Mapping):
        return Optimization(**value)
    if not isinstance(value, Optimization):
        raise TypeError(f"`optimization` must be kerasbert.training.Optimization(...); got {shorten(value)}.")
    return value


def _parts_from_the_top(encoder: Encoder) -> list[str]:
    blocks = [f"{encoder.name}/{block.name}/" for block in reversed(encoder.blocks)]
    return [*blocks, f"{encoder.name}/{encoder.embeddings.name}/"]


def _reinitialise(block: keras.layers.Layer, spread: float) -> None:
    for weight in block.trainable_weights:
        if weight.path.endswith(("/bias", "/beta")):
            fresh = keras.initializers.Zeros()
        elif weight.path.endswith("/gamma"):
            fresh = keras.initializers.Ones()
        else:
            fresh = keras.initializers.TruncatedNormal(stddev=spread)
        weight.assign(fresh(weight.shape, dtype=weight.dtype))
