"""TensorFlow's names of BERT's weights, in PyTorch's terms."""

import re

from kerasbert.encoders.checkpoints.source import clean_name

# Variables of optimisers and of training, which a checkpoint may hold besides the weights.
NOT_WEIGHTS = ("adam_m", "adam_v", "global_step", "lamb_m", "lamb_v", ".OPTIMIZER", "save_counter")


def from_tensorflow(name: str) -> tuple[str, bool]:
    """Return the PyTorch name of a TensorFlow variable, and whether its value must be transposed.

    `bert/encoder/layer_0/attention/self/query/kernel` of an original checkpoint, and
    `tf_bert_model/bert/encoder/layer_._0/attention/self/query/kernel:0` of transformers, both give
    `("encoder.layer.0.attention.self.query.weight", True)`.
    """
    name = name.removesuffix(":0")
    # Up to the last scope of the family's own name come the name of the model object and, in HDF5, of its layer.
    name = re.sub(r"^(?:.*/)?(?:bert|distilbert|electra|roberta)/", "", name)
    name = re.sub(r"/layer_(?:\._)?(\d+)/", r"/layer.\1.", name)
    transposed = name.endswith("/kernel")
    name = re.sub(r"/kernel$", ".weight", name)
    name = re.sub(r"_embeddings(/embeddings|/weight)?$", "_embeddings.weight", name)
    return clean_name(name.replace("/", ".")), transposed


def is_weight(name: str) -> bool:
    """Return whether a variable of a checkpoint belongs to the model."""
    return not any(part in name for part in NOT_WEIGHTS)
