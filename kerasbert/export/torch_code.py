"""PyTorch code, generated for one classifier: a model of transformers with its encoder and its head.

The head's weights have the names of the Keras model, and the code reads them as they are: every pooling, combination and
head has one function there, of a few lines. The code holds no label and no other word of the user's, but the
`torch_code` of a pooling class of theirs.
"""

import textwrap
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_NAMES
from kerasbert._version import __version__
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.features import Features
from kerasbert.classifiers.given_pooling import pooling_name
from kerasbert.encoders.config import OWN_MODEL_TYPE

CODE_FILE = "modeling_kerasbert.py"
CONFIG_CLASS, MODEL_CLASS = "KerasbertConfig", "KerasbertClassifier"
# Keras's name of an activation -> what PyTorch calls it.
TORCH_ACTIVATIONS = {
    "elu": "functional.elu({})",
    "gelu": "functional.gelu({})",
    "leaky_relu": "functional.leaky_relu({}, 0.2)",
    "linear": "{}",
    "mish": "functional.mish({})",
    "relu": "torch.relu({})",
    "relu6": "functional.relu6({})",
    "selu": "functional.selu({})",
    "sigmoid": "torch.sigmoid({})",
    "silu": "functional.silu({})",
    "softplus": "functional.softplus({})",
    "softsign": "functional.softsign({})",
    "swish": "functional.silu({})",
    "tanh": "torch.tanh({})",
}
COMBINATIONS = {
    "attention": """
        scores = [torch.tanh(self.dense(f"{name}/hidden", one)) @ self.weights[f"{name}/score/kernel"] for one in states]
        weights = (torch.cat(scores, -1) + self.weights[f"{name}/layer_bias"]).softmax(-1)
        return (weights[..., None] * torch.stack(states, -2)).sum(-2)
    """,
    "concat": """
        return torch.cat(states, -1)
    """,
    "max": """
        return torch.stack(states).amax(0)
    """,
    "mean": """
        return torch.stack(states).mean(0)
    """,
    "weighted": """
        weights = self.weights[f"{name}/gamma"] * self.weights[f"{name}/layer_bias"].softmax(-1)
        return (weights[:, None] * torch.stack(states, -2)).sum(-2)
    """,
}
MULTILABEL_LOSS = "functional.binary_cross_entropy_with_logits(logits, labels.float())"
SUM_SIBLINGS = """
        members = [[child for child, own in enumerate(above) if own == parent] for parent in range(max(above) + 1)]
        return torch.stack([logs[:, rows].logsumexp(-1) for rows in members], 1)
"""
FRAME = '''
"""A text classifier with a head that transformers does not have, as kerasbert {version} exported it."""

import torch
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
{imports}

class {config_class}(PreTrainedConfig):
    model_type = "{model_type}"


class {model_class}(PreTrainedModel):
    config_class = {config_class}
    base_model_prefix = "{encoder}"

    def __init__(self, config):
        super().__init__(config)
        self.{encoder} = AutoModel.from_config(AutoConfig.for_model(**config.encoder){form})
        zeros = {{name: torch.nn.Parameter(torch.zeros(shape)) for name, shape in config.weights.items()}}
        self.weights = torch.nn.ParameterDict(zeros)
        self.dropout = torch.nn.Dropout({dropout})
        self.post_init()

    def _init_weights(self, module):
        pass  # every weight is in the file

{call}
    def outputs(self, **tokens):
        """Of each head {result}, (batch, units)."""
        output = self.{encoder}(**tokens, output_hidden_states=True)
        mask = tokens["attention_mask"]
{forward}

    def probabilities(self, **tokens):
        """Of each label of each head; a head with one unit gives that of its second label."""
        outputs = self.outputs(**tokens)
{reading}

    def dense(self, name, x):
        return x @ self.weights[f"{{name}}/kernel"] + self.weights[f"{{name}}/bias"]
{methods}'''
# With one head the model is one of transformers for classifying texts, logits of all labels and loss included.
ONE_HEAD = """
    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, labels=None):
        attention_mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        tokens = {{"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}}
        tokens = {{name: value for name, value in tokens.items() if name in {inputs} and value is not None}}
        logits = {logits}
        loss = None if labels is None else {loss}
        return SequenceClassifierOutput(loss=loss, logits=logits)

"""
SEVERAL_HEADS = """
    def forward(self, **tokens):
        return self.outputs(**tokens)

"""
METHOD = """
    def {name}({arguments}):
{body}
"""
USE = """
import torch
from transformers import {auto_class}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".", trust_remote_code=True)
model = {auto_class}.from_pretrained(".", trust_remote_code=True).eval()
texts = ["a text to label", "another one"]
tokens = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
with torch.no_grad():
    for head, values in model.probabilities(**tokens).items():
        print(model.config.kerasbert["labels"][head], values)
"""
# What transformers gives the model; the others also take token types.
INPUTS = {"distilbert": ["input_ids", "attention_mask"], "roberta": ["input_ids", "attention_mask"]}


def auto_class(model: Classifier) -> str:
    """Return the class of transformers that loads the exported model: the general one for several heads or levels."""
    return "AutoModelForSequenceClassification" if len(model.heads) == 1 else "AutoModel"


def torch_code(model: Classifier) -> str:
    """Generate Python code with a config and a model of transformers, whose `probabilities(**tokens)` are the classifier's.

    Raises:
        ConfigError: when the head has an activation, or a pooling of the user's, that is not known in PyTorch.
    """
    kind, reading = _reading(model)
    unused_pooler = model.encoder.model_type in ("bert", "roberta") and model.encoder.pooler is None
    imports = "from transformers.modeling_outputs import SequenceClassifierOutput\n" if len(model.heads) == 1 else ""
    code = FRAME.format(
        version=__version__,
        imports=imports,
        config_class=CONFIG_CLASS,
        model_class=MODEL_CLASS,
        model_type=OWN_MODEL_TYPE,
        encoder=model.encoder.checkpoint_prefix.removesuffix("."),
        result=kind,
        form=", add_pooling_layer=False" if unused_pooler else "",
        dropout=_first(model).dropout.rate,
        call=_call(model).strip("\n") + "\n",
        forward=_indent(_forward(model), 8),
        methods=_methods(model),
        reading=_indent(reading, 8),
    )
    return code.strip() + "\n"


def usage_code(model: Classifier) -> str:
    """Return the lines of a folder's README that load the model, tokenize and print."""
    return USE.lstrip("\n").format(auto_class=auto_class(model))


def _call(model: Classifier) -> str:
    """Return the model's `forward`."""
    if len(model.heads) > 1:
        return SEVERAL_HEADS
    head = model.head
    own = f"self.outputs(**tokens)[{head.name!r}]"
    chances = f"self.probabilities(**tokens)[{head.name!r}].clamp(1e-7, 1 - 1e-7)"
    task = head.task
    logits = f"{chances}.logit()" if model.votes is not None and task.uses_thresholds else own
    if task.units < len(task.label_names):
        logits = f"functional.pad({logits}, (1, 0))  # the first label's logit is 0"
    loss = "functional.cross_entropy(logits, labels)" if task.exclusive else MULTILABEL_LOSS
    inputs = INPUTS.get(model.encoder.model_type, list(INPUT_NAMES))
    return ONE_HEAD.format(inputs=tuple(inputs), logits=logits, loss=loss)


def _first(model: Classifier) -> Any:
    return model.hierarchy or list(model.trained_heads.values())[-1]


def _indent(code: str, spaces: int) -> str:
    return textwrap.indent(textwrap.dedent(code).strip(), " " * spaces)


def _methods(model: Classifier) -> str:
    features = _features(model)[0]
    bodies = {"pool": ("self, name, hidden, mask", _pooling(features))}
    if len(features.layer_indices) > 1:
        bodies["combine"] = ("self, name, states", COMBINATIONS[features.combine])
    bodies["classify"] = ("self, name, hidden, last", _hidden_layers(_first(model)))
    if model.hierarchy is not None:
        bodies["levels"] = ("self, logits", _levels(model))
        if model.hierarchy.exclusive:
            bodies["sum_siblings"] = ("self, logs, above", SUM_SIBLINGS)
    parts = [
        METHOD.format(name=name, arguments=arguments, body=_indent(body, 8))
        for name, (arguments, body) in bodies.items()
    ]
    return "".join(parts)


def _pooling(features: Features) -> str:
    code = features.pooling.torch_code
    if code is None:
        raise ConfigError(
            f"`pooling` must be known in PyTorch to be exported there; {pooling_name(features.pooling)} is a layer of your "
            f"own. Derive it from kb.layers.Pooling and give it `torch_code`, the body of a PyTorch method; or export a "
            f"SavedModel, ONNX or TFLite, which need none, or save the classifier."
        )
    return code


def _features(model: Classifier) -> list[Features]:
    return [layer for layer in model.layers if isinstance(layer, Features)]


def _hidden_layers(head: Any) -> str:
    if head.hidden_activation not in TORCH_ACTIVATIONS and head.hidden_units:
        raise ConfigError(
            f"`hidden_activation` must be one of {', '.join(TORCH_ACTIVATIONS)} to be rebuilt in PyTorch; got "
            f"{shorten(head.hidden_activation)}."
        )
    inner = 'self.dense(f"{name}/hidden_%d", self.dropout(hidden))'
    lines = [
        "hidden = " + TORCH_ACTIVATIONS[head.hidden_activation].format(inner % index)
        for index in range(len(head.hidden_units))
    ]
    return "\n".join([*lines, 'return self.dense(f"{name}/{last}", self.dropout(hidden))'])


def _vector(features: Features) -> list[str]:
    """Return lines that make `vector` from the encoder's output."""
    pooling, combining = f"{features.name}/{features.pooling.name}", f"{features.name}/combination"
    if features.pooling.reads == "pooler":
        return [f"vector = self.pool({pooling!r}, output.pooler_output, mask)"]
    lines = [f"states = [output.hidden_states[index] for index in {list(features.layer_indices)}]"]
    if len(features.layer_indices) == 1:
        return [*lines, f"vector = self.pool({pooling!r}, states[0], mask)"]
    if features.combine_before_pooling:
        return [*lines, f"vector = self.pool({pooling!r}, self.combine({combining!r}, states), mask)"]
    lines.append(f"states = [self.pool({pooling!r}, state, mask) for state in states]")
    return [*lines, f"vector = self.combine({combining!r}, states)"]


def _forward(model: Classifier) -> str:
    if model.votes is not None:
        return "\n".join(_votes(model))
    lines = _vector(model.features)
    if model.hierarchy is not None:
        name, layers = model.hierarchy.name, [layer.name for layer in model.hierarchy.output_layers]
        return "\n".join([*lines, f"return self.levels([self.classify({name!r}, vector, last) for last in {layers}])"])
    return "\n".join(
        [*lines, f"return {{name: self.classify(name, vector, 'logits') for name in {list(model.heads)}}}"]
    )


def _votes(model: Classifier) -> list[str]:
    assert model.votes is not None
    act = "sigmoid()" if model.votes.task.uses_thresholds else "softmax(-1)"
    lines = ["votes = []"]
    for index, features in zip(model.votes.layer_indices, _features(model), strict=True):
        lines += [*_vector(features), f"votes.append(self.classify('layer_{index}', vector, 'logits').{act})"]
    name = model.votes.name
    lines.append(f"shares = (10 * self.weights['{name}/layer_bias']).softmax(-1)")
    return [*lines, f"return {{{name!r}: (shares[:, None] * torch.stack(votes, 1)).sum(1).log()}}"]


def _levels(model: Classifier) -> str:
    """Return lines that compute the tree's log-probabilities, as `HierarchicalHead` does."""
    head = model.hierarchy
    assert head is not None
    parents = [list(level) for level in head.hierarchy.parents]
    lines = [f"parents = {parents}"]
    if head.class_scores == "summed":
        lines += [
            "logs = [logits[0].log_softmax(-1)]",
            "for above in reversed(parents):",
            "    logs.insert(0, self.sum_siblings(logs[0], above))",
        ]
    else:
        given = "functional.logsigmoid" if not head.exclusive else "torch.log_softmax"
        first = f"{given}(logits[0])" if not head.exclusive else f"{given}(logits[0], -1)"
        own = (
            "functional.logsigmoid(values)"
            if not head.exclusive
            else "values - self.sum_siblings(values, above)[:, above]"
        )
        lines += [
            f"logs = [{first}]",
            "for values, above in zip(logits[1:], parents):",
            f"    logs.append({own} + logs[-1][:, above])",
        ]
    lines.append(f"return dict(zip({list(head.hierarchy.levels)}, logs))")
    return "\n".join(lines)


def _reading(model: Classifier) -> tuple[str, str]:
    """Return what `forward` gives, and the body of `probabilities`."""
    if model.votes is not None or model.hierarchy is not None:
        return "log-probabilities", "return {name: logs.exp() for name, logs in outputs.items()}"
    reads = {"linear": "{}", "sigmoid": "{}.sigmoid()", "softmax": "{}.softmax(-1)"}
    parts = [f"{name!r}: " + reads[head.activation].format(f"outputs[{name!r}]") for name, head in model.heads.items()]
    return "logits", f"return {{{', '.join(parts)}}}"
