"""`export_onnx`: token ids in, probabilities out, for ONNX Runtime and whatever else reads ONNX."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_bool
from kerasbert._core.errors import ConfigError
from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.names import INPUT_NAMES, TOKEN_TYPE_IDS
from kerasbert.classifiers.classifier import Classifier
from kerasbert.export.comparison import (
    Ask,
    Export,
    check_parity,
    check_plain_texts,
    compare_probabilities,
    describe_report,
    folder_size,
    texts_to_compare,
    tolerance_of,
)
from kerasbert.export.description import FLAT_DESCRIPTION_FILE, describe
from kerasbert.export.precision import in_precision
from kerasbert.saving.card import CARD_FILE, model_card
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of
from kerasbert.saving.writing import write_json
from kerasbert.tokenization.tokenizer import Tokenizer

MODEL_FILE = "model.onnx"
PACKAGES = ("onnx", "onnxruntime", "tf2onnx")
USAGE = """`model.onnx` takes token ids, which the `tokenizers` library makes of a text. In this folder, or with its path in
front of the three names:

```python
import json

import numpy
import onnxruntime
from tokenizers import Tokenizer

with open("kerasbert.json", encoding="utf-8") as stream:
    about = json.load(stream)
tokenizer = Tokenizer.from_file("tokenizer.json")
tokenizer.encode_special_tokens = about["split_special_tokens"]  # whether a spelled special token stays text
tokenizer.enable_truncation(about["max_length"])
tokenizer.enable_padding(pad_id=about["pad_id"])
session = onnxruntime.InferenceSession("model.onnx")


def probabilities(texts):
    rows = tokenizer.encode_batch(texts)
    tokens = {
        "input_ids": [row.ids for row in rows],
        "attention_mask": [row.attention_mask for row in rows],
        "token_type_ids": [row.type_ids for row in rows],
    }
    wanted = [one.name for one in session.get_inputs()]
    outputs = session.run(None, {name: numpy.array(tokens[name], "int32") for name in wanted})
    return dict(zip([one.name for one in session.get_outputs()], outputs))


for head, values in probabilities(["a text to label"]).items():
    print(about["heads"][head]["label_names"], values)  # of a binary head that of the second label
```"""


def export_onnx(
    classifier: ClassifierLike,
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    texts: Sequence[str] | None = None,
    labels: Any = None,
    allow_loss: bool = False,
) -> Export:
    """Write a trained classifier as `model.onnx` with its tokenizer, beside its place and renamed when it is proven.

    The model has the three token inputs, int32 (batch, length) of any length up to the model's, and an output for each
    head, its probabilities. It is run with ONNX Runtime and compared with the classifier before it appears.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`, of single texts.
        folder: the folder to appear.
        overwrite: whether a folder that kerasbert wrote may be replaced.
        texts: real texts to compare with; None takes a few made ones.
        labels: their labels, as for `fit`, to measure accuracies.
        allow_loss: whether to write a model that differs too much all the same; report and card say so.

    Returns:
        The folder and the report, also in `kerasbert.json` and the card: see `compare_probabilities`, with `size_bytes`,
        `load_seconds` and `compared_with`.

    Raises:
        ConfigError: when a package is missing, or the classifier is not trained or treats long texts otherwise than by
            cutting their end.
        ArtifactError: when the folder cannot be written, or the probabilities differ.
    """
    _check_packages()
    classifier = trained_of(classifier)
    check_plain_texts(classifier)
    check_bool("allow_loss", allow_loss)
    check_output(folder, overwrite, kind="onnx")
    chosen = texts_to_compare(texts)
    with atomic_dir_write(folder, kind="onnx", overwrite=overwrite) as beside:
        _write_model(in_precision(classifier.model, "float32"), beside / MODEL_FILE)
        classifier.tokenizer.save(beside)
        report = _prove(classifier, beside, (chosen, labels if texts is not None else None), allow_loss)
        write_json(beside / FLAT_DESCRIPTION_FILE, {**describe(classifier, "onnx"), "report": report})
        card = model_card(classifier, usage=USAGE, library="onnx", measured=describe_report(report))
        (beside / CARD_FILE).write_text(card, encoding="utf-8")
    return Export(Path(folder), report)


def _check_packages() -> None:
    import importlib.util

    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"An ONNX export needs the package{'s' * (len(missing) > 1)} {', '.join(missing)}: pip install 'kerasbert[onnx]'."
        )
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"An ONNX export needs Keras on TensorFlow; it runs on {keras.backend.backend()}.")


def _write_model(model: Classifier, file: Path) -> None:
    import onnx

    inner = keras.Model(model.input, model.head_outputs)
    # Keras exports no model that was never called. RoBERTa has a single token type, 0.
    inner({name: np.full((1, 3), name != TOKEN_TYPE_IDS, "int32") for name in INPUT_NAMES}, training=False)
    inner.export(str(file), format="onnx", verbose=False)
    written = onnx.load(str(file))
    _name_outputs(written.graph, list(model.heads))
    onnx.checker.check_model(written)
    onnx.save(written, str(file))


def _name_outputs(graph: Any, names: list[str]) -> None:
    """Give the outputs the heads' names; the exporter numbers them in their order."""
    new = {output.name: name for output, name in zip(graph.output, names, strict=True)}
    for node in graph.node:
        for field in (node.input, node.output):
            for index, name in enumerate(field):
                field[index] = new.get(name, name)
    for output in graph.output:
        output.name = new[output.name]


def _prove(
    classifier: TrainedClassifier, folder: Path, data: tuple[list[str], Any], allow_loss: bool
) -> dict[str, Any]:
    import onnxruntime

    begin = time.perf_counter()
    session = onnxruntime.InferenceSession(str(folder / MODEL_FILE), providers=["CPUExecutionProvider"])
    report: dict[str, Any] = {
        "format": "onnx",
        "compared_with": f"ONNX Runtime {onnxruntime.__version__}",
        "load_seconds": round(time.perf_counter() - begin, 3),
        "size_bytes": folder_size(folder),
        **compare_probabilities(classifier, _asking(session, classifier.tokenizer), *data),
    }
    check_parity(report, tolerance_of(classifier), allow_loss=allow_loss)
    return report


def _asking(session: Any, tokens: Tokenizer) -> Ask:
    wanted = [one.name for one in session.get_inputs() if one.name in INPUT_NAMES]
    names = [one.name for one in session.get_outputs()]

    def ask(texts: Sequence[str]) -> dict[str, np.ndarray]:
        encoded = tokens(list(texts))
        return dict(zip(names, session.run(None, {name: encoded[name] for name in wanted}), strict=True))

    return ask
