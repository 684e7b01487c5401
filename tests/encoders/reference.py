"""The independent reference: PyTorch's models with random weights, and inputs with padding on either side."""

import numpy as np
import pytest

from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.weight_table import weight_table

CLASSES = {
    "bert": ("BertConfig", "BertModel"),
    "distilbert": ("DistilBertConfig", "DistilBertModel"),
    "electra": ("ElectraConfig", "ElectraModel"),
    "roberta": ("RobertaConfig", "RobertaModel"),
}
TOY = {
    "vocab_size": 37,
    "hidden_size": 12,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "intermediate_size": 29,
    "max_position_embeddings": 17,
    "pad_token_id": 1,
}


def toy_config(**changes):
    return BertConfig.from_dict({**TOY, **changes})


def torch_model(config):
    """A PyTorch model of a config, every weight drawn at random: biases and norms too, which start at 0 and 1."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(7)
    config_class, model_class = (getattr(transformers, name) for name in CLASSES[config.model_type])
    theirs = config_class(**{key: value for key, value in config.to_dict().items() if key != "model_type"})
    theirs._attn_implementation = "eager"
    model = model_class(theirs).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.25)
    return model


def inputs_for(config, padding="right", length=9):
    """Inputs of three rows, two of them padded on the left or the right."""
    random = np.random.default_rng(3)
    low = config.pad_token_id + 1
    ids = random.integers(low, config.vocab_size, (3, length)).astype("int32")
    mask = np.ones_like(ids)
    for row, count in {"none": (), "right": ((0, 4), (2, 1)), "left": ((0, 4), (2, 1))}[padding] or ():
        side = slice(0, count) if padding == "left" else slice(length - count, length)
        mask[row, side] = 0
    ids = np.where(mask, ids, config.pad_token_id).astype("int32")
    types = random.integers(0, max(config.type_vocab_size, 1), ids.shape).astype("int32")
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def torch_inputs(config, inputs):
    import torch

    taken = {key: value for key, value in inputs.items() if config.model_type != "distilbert" or "type" not in key}
    return {key: torch.tensor(value, dtype=torch.long) for key, value in taken.items()}


def torch_outputs(model, config, inputs):
    import torch

    with torch.no_grad():
        return model(**torch_inputs(config, inputs), output_hidden_states=True, output_attentions=True)


def random_tensors(config, seed=0, pooler=True):
    """A checkpoint's tensors by name, for tests that need no PyTorch."""
    random = np.random.default_rng(seed)
    names = [(name, weight.shape) for weight in weight_table(config, pooler) for name in weight.names]
    return {name: random.normal(0, 0.25, shape).astype("float32") for name, shape in names}


def largest_difference(theirs, ours):
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in zip(theirs, ours, strict=True))
