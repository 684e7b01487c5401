"""Which parts of an encoder train, from when on, and at which rates."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasbert._core.checks import check_int
from kerasbert.encoders.encoder import Encoder
from kerasbert.optimizers import AdamW, WarmupDecay
from kerasbert.training.settings import TrainingSettings
from kerasbert.training.trainees.trainee import Trainee


def prepare_layers(encoders: Sequence[Encoder], settings: TrainingSettings) -> None:
    """Freeze and re-initialise the parts of encoders that the settings name."""
    for encoder in encoders:
        _prepare(encoder, settings)


def _prepare(encoder: Encoder, settings: TrainingSettings) -> None:
    encoder.gradient_checkpointing = settings.gradient_checkpointing
    blocks = len(encoder.blocks)
    check_int("reinit_layers", settings.reinit_layers, 0, blocks, "the encoder's blocks")
    if settings.reinit_layers:
        for block in encoder.blocks[blocks - settings.reinit_layers :]:
            _reinitialise(block, encoder.config.initializer_range)
    if settings.freeze == "encoder":
        encoder.trainable = False
    elif settings.freeze is not None:
        encoder.embeddings.trainable = False
        count = 0 if settings.freeze == "embeddings" else int(settings.freeze)
        check_int("freeze", count, 0, blocks, "the encoder's blocks")
        for block in encoder.blocks[:count]:
            block.trainable = False
        if count == blocks and encoder.pooler is None:
            encoder.trainable = False


def make_optimizer(trainee: Trainee, settings: TrainingSettings, *, epoch_steps: int, total_steps: int) -> AdamW:
    """Return AdamW, not built yet, with the rates, the schedule and the starts that the settings ask for.

    Args:
        trainee: what is trained.
        settings: of the training.
        epoch_steps: batches in an epoch.
        total_steps: batches in all, where the last epoch may be cut short.
    """
    rate, steps = settings.learning_rate, settings.gradient_accumulation_steps
    warmup_steps = int(settings.warmup_ratio * total_steps)
    starts = [start_steps(encoder, settings.unfreeze_every * epoch_steps) for encoder in by_name(trainee.encoders)]
    return AdamW(
        WarmupDecay(rate, total_steps=total_steps, warmup_steps=warmup_steps, shape=settings.schedule),
        settings.weight_decay,
        rate_factors=rate_factors(trainee, settings.layer_decay, settings.head_learning_rate / rate),
        start_steps=_beside(trainee, {part: step for each in starts for part, step in each.items()}, 0),
        global_clipnorm=settings.global_clipnorm,
        gradient_accumulation_steps=steps if steps > 1 else None,
        use_ema=settings.ema is not None,
        ema_momentum=settings.ema or 0.99,
    )


def rate_factors(trainee: Trainee, layer_decay: float, head_factor: float) -> dict[str, float]:
    """Return the rate of each part of a model over the learning rate, by a pattern of the path.

    Args:
        trainee: what is trained.
        layer_decay: see `layer_factors`.
        head_factor: rate of all that is in no encoder over that of the encoders.
    """
    factors = [layer_factors(encoder, layer_decay) for encoder in by_name(trainee.encoders)]
    return {
        **_beside(trainee, {part: one for each in factors for part, one in each.items()}, head_factor),
        "": head_factor,
    }


def by_name(encoders: Sequence[Encoder]) -> list[Encoder]:
    """Sort encoders so that no name comes after a part of it, as patterns of paths must."""
    return sorted(encoders, key=lambda encoder: -len(encoder.name))


def _beside(trainee: Trainee, patterns: dict[str, Any], value: float) -> dict[str, Any]:
    """Put before patterns of encoders the paths of other weights that they match, such as `context/kernel` for `text/`."""
    inside = {id(weight) for encoder in trainee.encoders for weight in encoder.weights}
    others = [weight.path for weight in trainee.model.weights if id(weight) not in inside]
    return {path: value for path in others if any(pattern in path for pattern in patterns)} | patterns


def layer_factors(encoder: Encoder, layer_decay: float) -> dict[str, float]:
    """Return the rate of each part of an encoder over that of its top block, by a pattern of the path.

    With a decay of 0.5 the top block has 1, the one below it 0.5, and so on down to the embeddings.
    """
    parts = [] if layer_decay == 1.0 else [*_parts_from_the_top(encoder)]
    factors = {part: layer_decay**depth for depth, part in enumerate(parts)}
    return {**factors, f"{encoder.name}/": 1.0}


def start_steps(encoder: Encoder, steps_for_each: int) -> dict[str, int]:
    """Return the batches before each part of an encoder starts to train, by a pattern of the path; none for 0."""
    if not steps_for_each:
        return {}
    starts = {part: (depth + 1) * steps_for_each for depth, part in enumerate(_parts_from_the_top(encoder))}
    return {**starts, f"{encoder.name}/": steps_for_each}


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
