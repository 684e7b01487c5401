"""Load tensors into an encoder; everything is compared before anything is assigned."""

import re

import keras
import numpy as np

from kerasbert._core.errors import CheckpointError
from kerasbert.encoders.checkpoints.source import TensorSource
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.weight_table import Weight, weight_table

POOLER = "pooler.dense.weight"
# In a message, after this many rows the rest is counted.
MOST_ROWS = 12


def wants_pooler(source: TensorSource, add_pooling_layer: bool | None) -> bool:
    """Return whether to build the pooler: on request, or by default, and never without weights for it."""
    return add_pooling_layer is not False and POOLER in source.names()


def variables_by_path(encoder: Encoder) -> dict[str, keras.Variable]:
    """Return the variables of an encoder by their path below it."""
    return {variable.path.removeprefix(f"{encoder.name}/"): variable for variable in encoder.weights}


def load_weights(encoder: Encoder, source: TensorSource, *, allow_nonfinite: bool = False) -> None:
    """Load an encoder's weights from a source of tensors, or leave it unchanged when names or shapes do not fit.

    Args:
        encoder: to fill.
        source: the tensors; those of upper layers and of heads are left alone.
        allow_nonfinite: whether NaN and infinity are let through.

    Raises:
        CheckpointError: when tensors are missing, of another shape, or not finite; the message lists all of them.
    """
    table = weight_table(encoder.config, encoder.pooler is not None)
    compare(source, table)
    variables = variables_by_path(encoder)
    for weight in table:
        tensors = {name: source.read(name) for name in weight.names}
        for name, tensor in tensors.items():
            if not allow_nonfinite and not np.isfinite(tensor).all():
                raise CheckpointError(
                    f"{source.origin}: {name} holds NaN or infinity; the training that wrote it diverged. Pass "
                    f"allow_nonfinite=True to load it all the same."
                )
        variables[weight.path].assign(weight.join(list(tensors.values())))


def compare(source: TensorSource, table: list[Weight]) -> None:
    """Check that a source has every tensor of a table, in its shape; heads and upper blocks may be there besides."""
    present = set(source.names())
    wanted = {name: weight.shape for weight in table for name in weight.names}
    problems = [f"missing      {name} {shape}" for name, shape in wanted.items() if name not in present]
    nothing_fits = len(problems) == len(wanted)
    for name, shape in wanted.items():
        if name in present and tuple(source.shape(name)) != shape:
            problems.append(f"wrong shape  {name}: expected {shape}, got {tuple(source.shape(name))}")
    if not problems:
        return
    unexpected = sorted(name for name in present - set(wanted) if re.match(r"(embeddings|encoder|transformer)\.", name))
    rows = problems + [f"unexpected   {name}" for name in unexpected]
    listed = "\n  ".join(rows[:MOST_ROWS]) + (f"\n  and {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else "")
    lead = "none of its tensors is one of this encoder's" if nothing_fits else "its tensors do not fit the config"
    raise CheckpointError(f"{source.origin}: {lead}; is it another model's?\n  {listed}")
