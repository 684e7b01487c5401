"""`export_onnx`: token ids in, logits or probabilities out, for ONNX Runtime, Optimum, transformers.js and others.

config.json          what tools for transformers ask: labels, problem type, the family of the encoder
tokenizer.json ...   the tokenizer
onnx/model.onnx      the model; `model_fp16.onnx` or `model_quantized.onnx` where it is quantised
kerasbert.json       labels, thresholds, rules and report; all but the report also in the model's metadata, `kerasbert`
"""

import importlib.util
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_bool, check_choice, check_int
from kerasbert._core.errors import ConfigError
from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.names import CONFIG_FILE
from kerasbert.classifiers.standard_heads import STANDARD_HEADS
from kerasbert.export.comparison import (
    Export,
    check_decides_by_probability,
    check_parity,
    check_plain_texts,
    compare_probabilities,
    describe_report,
    folder_size,
    in_units,
    stored,
    texts_to_compare,
    tolerance_of,
)
from kerasbert.export.description import FLAT_DESCRIPTION_FILE, ONNX_KEY, describe
from kerasbert.export.onnx_runtime import FILES, LOGITS, SCORES, ask_onnx, model_file, open_session
from kerasbert.export.precision import in_precision
from kerasbert.export.pretrained_files import label_config, write_tokenizer
from kerasbert.export.quantization_loss import check_loss, compare
from kerasbert.saving.card import CARD_FILE, model_card
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of
from kerasbert.saving.writing import write_json

PACKAGES = ("onnx", "onnxruntime", "tf2onnx")
# Of ONNX's operators: the oldest that the graph fits in, what the converter takes by itself, and the newest that it knows.
OLDEST_OPSET, DEFAULT_OPSET, NEWEST_OPSET = 13, 15, 18
# What transformers.js calls the precisions.
JAVASCRIPT_DTYPES = {"none": "fp32", "float16": "fp16", "int8": "q8"}
USAGE = """`{file}` takes token ids, which transformers' tokenizer gives as they are. In this folder, or with its path instead
of the dot and in front of the two files:

```python
import json

import numpy
import onnxruntime
from transformers import AutoTokenizer

with open("kerasbert.json", encoding="utf-8") as stream:
    about = json.load(stream)
tokenizer = AutoTokenizer.from_pretrained(".")
session = onnxruntime.InferenceSession("{file}")


def {scores}(texts):
    tokens = tokenizer(texts, padding=True, truncation=True, return_tensors="np")
    outputs = session.run(None, dict(tokens))
    return dict(zip([one.name for one in session.get_outputs()], outputs))


for head, values in zip(about["heads"].values(), {scores}(["a text to label"]).values()):
    print(head["label_names"], values)
```

{meaning}"""
MEANINGS = {
    "logits": "The softmax of the logits is the probability; of independent labels their sigmoid is.",
    "probabilities": "The values are probabilities.",
}
JAVASCRIPT = """
With transformers.js, in the folder above:

```javascript
import {{ env, pipeline }} from "@huggingface/transformers";

env.localModelPath = ".";
env.allowRemoteModels = false;
const classify = await pipeline("text-classification", "NAME OF THIS FOLDER", {{ dtype: "{dtype}" }});
console.log(await classify("a text to label"));
```
"""


def export_onnx(
    classifier: ClassifierLike,
    folder: str | os.PathLike[str],
    *,
    scores: str = LOGITS,
    quantize: str = "none",
    opset: int = DEFAULT_OPSET,
    overwrite: bool = False,
    texts: Sequence[str] | None = None,
    labels: Any = None,
    allow_loss: bool = False,
) -> Export:
    """Write a trained classifier as a folder with `onnx/model.onnx`, beside its place and renamed when it is proven.

    The model takes `input_ids`, `attention_mask` and, where the encoder has them, `token_type_ids`, int64
    (batch, sequence), and gives one output for each head, float32 (batch, C). It is run with ONNX Runtime and compared
    with the classifier before it appears.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`, of single texts.
        folder: the folder to appear.
        scores: what the model gives. `"logits"`, as transformers' models do; `"probabilities"`. The output has that name,
            and of several heads `HEAD_logits` or `HEAD_probabilities`; a binary head gives both of its labels.
        quantize: `"none"`; `"float16"`, half the size; or `"int8"`, a quarter of it, with products of 8-bit numbers.
        opset: version of ONNX's operators, from 13 to 18.
        overwrite: whether a folder that kerasbert wrote may be replaced.
        texts: real texts to compare with; None takes a few made ones.
        labels: their labels, as for `fit`, to measure accuracies.
        allow_loss: whether to write a model that differs too much all the same; report and card say so.

    Returns:
        The folder and the report, also in `kerasbert.json` and the card: see `compare_probabilities`, with `gives`,
        `quantize`, `opset`, `size_bytes`, `load_seconds` and `compared_with`; of a quantised model also what
        `quantization_loss.compare` gives.

    Raises:
        ConfigError: when a package is missing, an argument is out of its range, or the classifier is not trained or treats
            long texts otherwise than by cutting their end, or logits would not tell its decision.
        ArtifactError: when the folder cannot be written, or the probabilities differ.

    Example:
        >>> export_onnx(classifier, "onnx/intents", quantize="int8").path  # doctest: +SKIP
        PosixPath('onnx/intents')
    """
    check_choice("scores", scores, SCORES)
    check_choice("quantize", quantize, FILES)
    check_int("opset", opset, OLDEST_OPSET, NEWEST_OPSET)
    _check_packages()
    classifier = trained_of(classifier)
    check_plain_texts(classifier)
    if scores == LOGITS:
        check_decides_by_probability(classifier, "what reads logits")
    check_bool("allow_loss", allow_loss)
    check_output(folder, overwrite, kind="onnx")
    settings = {"gives": scores, "quantize": quantize, "opset": opset}
    description = {**describe(classifier, "onnx"), **settings}
    data = texts_to_compare(texts), labels if texts is not None else None
    with atomic_dir_write(folder, kind="onnx", overwrite=overwrite) as beside:
        write_json(beside / CONFIG_FILE, _config(classifier, quantize))
        write_tokenizer(classifier.tokenizer, classifier.model.encoder.model_type, beside)
        _write_model(classifier, model_file(beside, quantize), description)
        report = {**settings, **_prove(classifier, beside, data, description, allow_loss)}
        write_json(beside / FLAT_DESCRIPTION_FILE, {**description, "report": stored(report)})
        (beside / CARD_FILE).write_text(_card(classifier, report), encoding="utf-8")
    return Export(Path(folder), report)


def _check_packages() -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"An ONNX export needs the package{'s' * (len(missing) > 1)} {', '.join(missing)}: pip install 'kerasbert[onnx]'."
        )
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"An ONNX export needs Keras on TensorFlow; it runs on {keras.backend.backend()}.")


def _config(classifier: TrainedClassifier, quantize: str) -> dict[str, Any]:
    """Return the encoder's config with the labels; the head is in the graph, whatever transformers' own one is."""
    model = classifier.model
    config = {**model.encoder.config.to_dict(), **label_config(model), "dtype": "float32"}
    if len(model.heads) == 1:
        config["architectures"] = [STANDARD_HEADS[model.encoder.model_type].architecture]
    return {**config, "transformers.js_config": {"dtype": JAVASCRIPT_DTYPES[quantize]}}


def _write_model(classifier: TrainedClassifier, file: Path, description: dict[str, Any]) -> None:
    import onnx

    from kerasbert.export.onnx_graph import describe_in_file, to_float16, to_onnx, write_int8

    quantize = description["quantize"]
    model = to_onnx(in_precision(classifier.model, "float32"), scores=description["gives"], opset=description["opset"])
    if quantize == "float16":
        model = to_float16(model)
    describe_in_file(model, {ONNX_KEY: json.dumps(description, ensure_ascii=False)})
    file.parent.mkdir()
    if quantize == "int8":
        write_int8(model, file)
    else:
        onnx.save(model, str(file))


def _prove(
    classifier: TrainedClassifier,
    folder: Path,
    data: tuple[list[str], Any],
    description: dict[str, Any],
    allow_loss: bool,
) -> dict[str, Any]:
    import onnxruntime

    texts, labels = data
    begin = time.perf_counter()
    session = open_session(model_file(folder, description["quantize"]))
    report: dict[str, Any] = {
        "format": "onnx",
        "compared_with": f"ONNX Runtime {onnxruntime.__version__}",
        "load_seconds": round(time.perf_counter() - begin, 3),
        "size_bytes": folder_size(folder),
    }
    ask = ask_onnx(folder, classifier.tokenizer, description, session)
    answers: list[Mapping[str, np.ndarray]] = []

    def keep(some: Sequence[str]) -> Mapping[str, np.ndarray]:
        answers.append(ask(some))
        return answers[-1]

    expected = classifier.probabilities(texts)
    report |= compare_probabilities(classifier, keep, texts, labels, expected=expected)
    if description["quantize"] == "none":
        check_parity(report, tolerance_of(classifier), allow_loss=allow_loss)
        return report
    # The answers to all texts came first, and then those whose time was taken.
    got = {head: np.concatenate([answer[head] for answer in answers])[: len(texts)] for head in expected}
    report |= {"quantize": description["quantize"], **compare(classifier, expected, in_units(got, expected), labels)}
    check_loss(report, allow_loss=allow_loss)
    return report


def _card(classifier: TrainedClassifier, report: dict[str, Any]) -> str:
    scores, quantize = report["gives"], report["quantize"]
    file = model_file(Path(), quantize).as_posix()
    usage, library = USAGE.format(file=file, scores=scores, meaning=MEANINGS[scores]), "onnx"
    is_pipeline = scores == LOGITS and len(classifier.model.heads) == 1
    if is_pipeline:
        usage += "\n" + JAVASCRIPT.format(dtype=JAVASCRIPT_DTYPES[quantize]).rstrip()
        library = "transformers.js"
    measured = describe_report(stored(report))
    return model_card(classifier, usage=usage, library=library, measured=measured, pipeline=is_pipeline)
