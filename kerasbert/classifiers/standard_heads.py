"""The head that transformers puts on each family for classifying texts, and which of our classifiers equal it."""

from typing import Any, NamedTuple

import keras
import numpy as np

from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.pooling import FirstTokenPooling, PoolerPooling


class StandardHead(NamedTuple):
    """The head of a family's `ForSequenceClassification`.

    Args:
        architecture: transformers' name of the class.
        activation: after the dense layer, a Keras name.
        dense: name of the dense layer's tensors, without `.weight` and `.bias` and the family's prefix.
        output: of the output layer's.
        dropout_key: of the rate in `config.json`.
        default_dropout: the rate where the config is silent; None for the encoder's.
    """

    architecture: str
    activation: str
    dense: str
    output: str
    dropout_key: str = "classifier_dropout"
    default_dropout: float | None = None


# One form: the first token's vector, a dense layer as wide as the encoder (BERT's is its pooler), an activation, an
# output layer. The families differ in activation and in tensor names.
STANDARD_HEADS = {
    "bert": StandardHead("BertForSequenceClassification", "tanh", "pooler.dense", "classifier"),
    "distilbert": StandardHead(
        "DistilBertForSequenceClassification", "relu", "pre_classifier", "classifier", "seq_classif_dropout", 0.2
    ),
    "electra": StandardHead("ElectraForSequenceClassification", "gelu", "classifier.dense", "classifier.out_proj"),
    "roberta": StandardHead("RobertaForSequenceClassification", "tanh", "classifier.dense", "classifier.out_proj"),
}


def has_standard_head(model: Classifier) -> bool:
    """Return whether a classifier computes what its family's `ForSequenceClassification` does.

    It has one plain head that reads the first token of the last block through the family's dense layer.
    """
    reads_last = model.features.layer_indices == (model.encoder.config.num_hidden_layers,)
    plain = model.windows is None and model.votes is None and model.hierarchy is None and len(model.heads) == 1
    # A head that gives logits is no head of transformers here: read back, it would give probabilities.
    if not (reads_last and plain) or model.head.activation != model.head.task.activations[0]:
        return False
    dense = _dense(model)
    return dense is not None and dense[0] == STANDARD_HEADS[model.encoder.model_type].activation


def standard_tensors(model: Classifier) -> dict[str, np.ndarray]:
    """Return the head's tensors under transformers' names, without the family's prefix, in PyTorch's orientation.

    A binary head becomes two classes: the negative one's logit is 0 for every text, and a softmax over both gives the
    same probability.
    """
    form, dense = STANDARD_HEADS[model.encoder.model_type], _dense(model)
    assert dense is not None
    kernel, bias = _arrays(model.head.output_layer)
    if model.head.task.units < len(model.head.label_names):
        kernel, bias = (np.concatenate([np.zeros_like(array), array], axis=-1) for array in (kernel, bias))
    return {**_tensors(form.dense, *_arrays(dense[1])), **_tensors(form.output, kernel, bias)}


def _dense(model: Classifier) -> tuple[str, keras.layers.Dense] | None:
    """Return activation and layer of the dense layer between first token and output; None in another form."""
    head: ClassificationHead = model.head
    if isinstance(model.features.pooling, PoolerPooling) and not head.hidden_units:
        return "tanh", model.encoder.pooler
    width = model.encoder.config.hidden_size
    if isinstance(model.features.pooling, FirstTokenPooling) and head.hidden_units == (width,):
        return head.hidden_activation, head.hidden_layers[0]
    return None


def _arrays(layer: keras.layers.Dense) -> tuple[np.ndarray, np.ndarray]:
    kernel, bias = (np.asarray(keras.ops.convert_to_numpy(part), "float32") for part in (layer.kernel, layer.bias))
    return kernel, bias


def _tensors(name: str, kernel: np.ndarray, bias: np.ndarray) -> dict[str, Any]:
    return {f"{name}.weight": np.ascontiguousarray(kernel.T), f"{name}.bias": bias}
