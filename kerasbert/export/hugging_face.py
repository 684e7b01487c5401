"""`save_pretrained`: a trained classifier as a folder that PyTorch transformers loads."""

import importlib.util
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_bool
from kerasbert._core.files import atomic_dir_write, check_output, write_tensors
from kerasbert._core.names import CONFIG_FILE, SAFETENSORS_FILE
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.pretrained_config import OWN_KEY
from kerasbert.classifiers.standard_heads import STANDARD_HEADS, has_standard_head, standard_tensors
from kerasbert.encoders.checkpoints.live import LiveEncoderSource
from kerasbert.encoders.config import ENCODER_KEY, OWN_MODEL_TYPE
from kerasbert.export.comparison import (
    Ask,
    Export,
    check_decides_by_probability,
    check_parity,
    check_plain_texts,
    compare_probabilities,
    describe_report,
    folder_size,
    stored,
    texts_to_compare,
    tolerance_of,
)
from kerasbert.export.pretrained_files import label_config, write_tokenizer
from kerasbert.export.torch_code import CODE_FILE, CONFIG_CLASS, MODEL_CLASS, auto_class, torch_code, usage_code
from kerasbert.saving.card import CARD_FILE, model_card
from kerasbert.saving.exported_folder import HEAD_PREFIX, describe_exported, head_weights
from kerasbert.saving.pretrained import load_pretrained
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, reading_of, trained_of
from kerasbert.saving.writing import write_json

REPORT_FILE = "parity.json"
STANDARD_USAGE = """With transformers and PyTorch, in this folder or with its path instead of the dot:

```python
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = AutoModelForSequenceClassification.from_pretrained(".")
tokens = tokenizer(["a text to label"], padding=True, truncation=True, return_tensors="pt")
print(model(**tokens).logits.{activation}, model.config.id2label)
```

With kerasbert: `kerasbert.TextClassifier.from_pretrained(".")`."""
OTHER_USAGE = """The head is one that transformers does not have; `modeling_kerasbert.py` holds it, and `config.json` the labels and
thresholds under `kerasbert`. With transformers and PyTorch, in this folder or with its path instead of the dot:

```python
{code}```
{pipeline}
With kerasbert: `kerasbert.load(".")`."""
PIPELINE = """
`transformers.pipeline("text-classification", ".", trust_remote_code=True)` gives the labels of a text as well.
"""


def save_pretrained(
    classifier: ClassifierLike,
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    texts: Sequence[str] | None = None,
    labels: Any = None,
    allow_loss: bool = False,
) -> Export:
    """Write a trained classifier for PyTorch, beside its place and renamed when it is whole and proven.

    Where PyTorch is installed, the folder is loaded with transformers and compared with the classifier before it
    appears; else it is read back with kerasbert.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`.
        folder: the folder to appear.
        overwrite: whether a folder that kerasbert wrote may be replaced.
        texts: real texts to compare with; None takes a few made ones.
        labels: their labels, as for `fit`, to measure accuracies.
        allow_loss: whether to write a model that differs too much all the same; report and card say so.

    Returns:
        The folder and the report, also in `parity.json` and the card: see `compare_probabilities`, with `size_bytes`,
        `load_seconds`, `standard_head` and `compared_with`.

    Raises:
        ConfigError: when the classifier is not trained or treats long texts otherwise than by cutting their end.
        ArtifactError: when the folder cannot be written, or the probabilities differ.
    """
    classifier = trained_of(classifier)
    model = classifier.model
    check_plain_texts(classifier)
    check_decides_by_probability(classifier, "transformers")
    check_bool("allow_loss", allow_loss)
    check_output(folder, overwrite, kind="huggingface")
    chosen = texts_to_compare(texts)
    standard = has_standard_head(model)
    code = "" if standard else torch_code(model)
    with atomic_dir_write(folder, kind="huggingface", overwrite=overwrite) as beside:
        _write_config(classifier, beside, standard)
        _write_weights(model, beside, standard)
        if code:
            (beside / CODE_FILE).write_text(code, encoding="utf-8")
        write_tokenizer(classifier.tokenizer, model.encoder.model_type, beside)
        report = _prove(classifier, beside, (chosen, labels if texts is not None else None), code, allow_loss)
        write_json(beside / REPORT_FILE, stored(report))
        (beside / CARD_FILE).write_text(_card(classifier, code, report), encoding="utf-8")
    return Export(Path(folder), report)


def _write_config(classifier: TrainedClassifier, folder: Path, standard: bool) -> None:
    model = classifier.model
    config = _standard_config(classifier) if standard else _own_config(classifier)
    write_json(folder / CONFIG_FILE, {**config, **label_config(model), "dtype": "float32"})


def _standard_config(classifier: TrainedClassifier) -> dict[str, Any]:
    model = classifier.model
    form, head = STANDARD_HEADS[model.encoder.model_type], model.head
    own = {
        "task": head.task.name,
        "label_names": list(head.label_names),
        "label_kind": classifier.label_kinds[head.name],
        "thresholds": [float(value) for value in classifier.thresholds[head.name]],
        "metrics": reading_of(classifier.metrics),
        "data": classifier.data,
    }
    return {
        **model.encoder.config.to_dict(),
        "architectures": [form.architecture],
        form.dropout_key: head.dropout.rate,
        OWN_KEY: own,
    }


def _own_config(classifier: TrainedClassifier) -> dict[str, Any]:
    model = classifier.model
    classes = {"AutoConfig": CONFIG_CLASS, auto_class(model): MODEL_CLASS}
    return {
        "model_type": OWN_MODEL_TYPE,
        "architectures": [MODEL_CLASS],
        "auto_map": {name: f"{Path(CODE_FILE).stem}.{own}" for name, own in classes.items()},
        ENCODER_KEY: {**model.encoder.config.to_dict(), "dtype": "float32"},
        "weights": {path: list(weight.shape) for path, weight in head_weights(model).items()},
        OWN_KEY: describe_exported(classifier),
    }


def _write_weights(model: Classifier, folder: Path, standard: bool) -> None:
    source, prefix = LiveEncoderSource(model.encoder), model.encoder.checkpoint_prefix
    tensors = {name: source.read(name) for name in source.names()}
    if standard:
        # The dense layer is a part of BERT's encoder, and of the other families' heads.
        of_encoder = {name: tensor for name, tensor in tensors.items() if not name.startswith("pooler.")}
        named = {**of_encoder, **standard_tensors(model)}
        inside = (*of_encoder, "pooler.dense.weight", "pooler.dense.bias")
        tensors = {prefix + name if name in inside else name: tensor for name, tensor in named.items()}
    else:
        head = {HEAD_PREFIX + path: _array(weight) for path, weight in head_weights(model).items()}
        tensors = {**{prefix + name: tensor for name, tensor in tensors.items()}, **head}
    write_tensors(folder / SAFETENSORS_FILE, tensors)


def _array(weight: keras.Variable) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(weight), dtype=np.float32)  # a scalar keeps its shape


def _prove(
    classifier: TrainedClassifier, folder: Path, data: tuple[list[str], Any], code: str, allow_loss: bool
) -> dict[str, Any]:
    texts, labels = data
    if importlib.util.find_spec("torch") is not None:
        # So that its import is no part of the time to load.
        import torch  # noqa: F401
        import transformers  # noqa: F401
    begin = time.perf_counter()
    loaded = _open(classifier, folder, code)
    report: dict[str, Any] = {
        "format": "huggingface",
        "standard_head": not code,
        "compared_with": loaded[0],
        "load_seconds": round(time.perf_counter() - begin, 3),
        "size_bytes": folder_size(folder),
    }
    if loaded[1] is None:
        return report
    report.update(compare_probabilities(classifier, loaded[1], texts, labels))
    check_parity(report, tolerance_of(classifier), allow_loss=allow_loss)
    return report


def _open(classifier: TrainedClassifier, folder: Path, code: str) -> tuple[str, Ask | None]:
    """Load the folder in PyTorch, or in kerasbert where PyTorch is not installed."""
    if importlib.util.find_spec("torch") is not None:
        import torch
        import transformers

        names = list(classifier.model.heads)
        ask = _torch_from_code(folder, code) if code else _torch_standard(classifier, folder, names[0])
        return f"PyTorch {torch.__version__}, transformers {transformers.__version__}", ask
    again = load_pretrained(folder)
    return "kerasbert", again.probabilities


def _torch_standard(classifier: TrainedClassifier, folder: Path, head: str) -> Ask:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    exclusive = classifier.model.heads[head].task.exclusive

    def run(tokens: Any) -> dict[str, Any]:
        logits = model(**tokens).logits
        return {head: logits.softmax(-1) if exclusive else logits.sigmoid()}

    return _asking(AutoTokenizer.from_pretrained(str(folder)), run)


def _torch_from_code(folder: Path, code: str) -> Ask:
    from transformers import AutoTokenizer

    # The code that was generated a moment ago, in which no word of the user's stands.
    space: dict[str, Any] = {"__name__": Path(CODE_FILE).stem}
    exec(compile(code, CODE_FILE, "exec"), space)
    config = space[CONFIG_CLASS].from_pretrained(str(folder))
    model = space[MODEL_CLASS].from_pretrained(str(folder), config=config).eval()
    tokenizer = AutoTokenizer.from_pretrained(str(folder), config=config)
    return _asking(tokenizer, lambda tokens: model.probabilities(**tokens))


def _asking(tokenizer: Any, run: Callable[[Any], Mapping[str, Any]]) -> Ask:
    def ask(texts: Sequence[str]) -> dict[str, np.ndarray]:
        import torch

        tokens = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.no_grad():
            return {head: values.numpy() for head, values in run(tokens).items()}

    return ask


def _card(classifier: TrainedClassifier, code: str, report: Mapping[str, Any]) -> str:
    model, measured, one_head = classifier.model, describe_report(stored(report)), len(classifier.model.heads) == 1
    if code:
        usage = OTHER_USAGE.format(code=usage_code(model), pipeline=PIPELINE if one_head else "")
    else:
        usage = STANDARD_USAGE.format(activation="softmax(-1)" if model.head.task.exclusive else "sigmoid()")
    return model_card(classifier, usage=usage, library="transformers", measured=measured, pipeline=one_head)
