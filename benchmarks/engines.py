"""One text and 10,000 texts: Keras as it is, PyTorch, ONNX Runtime and OpenVINO, on the same trained classifier.

    pip install torch==2.13.0 'kerasbert[onnxruntime,openvino]'
    python benchmarks/engines.py prepare SAVED_FOLDER banking77/train.jsonl WORK_FOLDER
    python benchmarks/engines.py run banking77/train.jsonl WORK_FOLDER --threads 1 [SIDE]...

`prepare` writes the classifier for each side into the work folder. `run` starts a process for each side, and prints of each the
median and the 95th percentile of 200 single texts after 20, texts per second of all texts together, tokenisation included
everywhere, and the share of texts with the label that the classifier gives in float32 in Keras.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

NUM_TEXTS, WARM_UP, SINGLE = 10_000, 20, 200
PRECISIONS = {"onnxruntime": ("float32", "int8"), "openvino": ("float32", "bfloat16", "int8")}
# Texts that engines are compared on.
CALIBRATION = 500
Predict = Callable[[Sequence[str]], np.ndarray]


def read(path: str) -> list[str]:
    """10,000 texts of a JSONL file, repeated when it has fewer."""
    texts = [json.loads(line)["text"] for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return (texts * (NUM_TEXTS // len(texts) + 1))[:NUM_TEXTS]


def prepare(saved: str, data: str, work: Path) -> None:
    """Write the classifier for Keras in two precisions, for PyTorch, and for each engine and precision."""
    import dataclasses

    import kerasbert as kb
    from kerasbert.engines.calibration import Calibration
    from kerasbert.engines.compile import Compiler
    from kerasbert.export.precision import in_precision

    trained, texts = kb.load(saved).trained_, read(data)[:CALIBRATION]
    for precision, policy in (("bfloat16", "mixed_bfloat16"), ("float32", "float32")):
        trained = dataclasses.replace(trained, model=in_precision(trained.model, policy))
        trained.save(work / f"keras-{precision}")
    kb.load(work / "keras-float32").save_pretrained(work / "torch")
    tokens: Any = trained.tokenizer.encode(texts)
    calibration = Calibration(trained, tokens, trained.probabilities_of(tokens), 0.98)
    for engine, precisions in PRECISIONS.items():
        compiler = Compiler(calibration, engine, 1)
        for precision in precisions:
            made = compiler.make(precision)
            dataclasses.replace(trained, engine=made).save(work / f"{engine}-{precision}")
            print(engine, precision, made.facts.report, flush=True)


def keras_side(work: Path, precision: str, *, traced: bool = True) -> Predict:
    """`predict_proba` of a saved classifier."""
    import kerasbert as kb
    from kerasbert.classifiers import traced as module

    if not traced:
        module.EAGER_BATCHES = sys.maxsize
    return kb.load(work / f"keras-{precision}").predict_proba


def torch_side(work: Path, precision: str) -> Predict:
    """The folder of `save_pretrained` in transformers: 64 texts at once, of like length, padded to the longest of the batch."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    folder = work / "torch"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=getattr(torch, precision), trust_remote_code=True
    ).eval()

    def predict(texts: Sequence[str]) -> np.ndarray:
        ids = tokenizer(list(texts), truncation=True, max_length=128)["input_ids"]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        results = torch.zeros(len(ids), model.config.num_labels)
        with torch.inference_mode():
            for start in range(0, len(order), 64):
                rows = order[start : start + 64]
                batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
                results[rows] = model(**batch).logits.float().softmax(-1)
        return np.asarray(results.numpy())

    return predict


def engine_side(work: Path, engine: str, precision: str) -> Predict:
    """The saved engine, without TensorFlow and Keras."""
    # As the command does, which loads Keras when it needs it.
    sys.modules.setdefault("kerasbert_command", type(sys)("kerasbert_command"))
    from kerasbert.engines.saved import open_with_engine

    threads = int(os.environ["OMP_NUM_THREADS"])
    return open_with_engine(work / f"{engine}-{precision}", engine, threads=threads).predict_proba


SIDES: dict[str, Callable[[Path], Predict]] = {
    "kerasbert-float32": lambda work: keras_side(work, "float32"),
    "kerasbert-bfloat16": lambda work: keras_side(work, "bfloat16"),
    "kerasbert-float32-eager": lambda work: keras_side(work, "float32", traced=False),
    "kerasbert-bfloat16-eager": lambda work: keras_side(work, "bfloat16", traced=False),
    "torch-float32": lambda work: torch_side(work, "float32"),
    "torch-bfloat16": lambda work: torch_side(work, "bfloat16"),
    **{
        f"{engine}-{precision}": lambda work, engine=engine, precision=precision: engine_side(work, engine, precision)
        for engine, precisions in PRECISIONS.items()
        for precision in precisions
    },
}


def measure(side: str, texts: list[str], work: Path) -> dict[str, Any]:
    """Load a side, and time it."""
    begin = time.perf_counter()
    predict = SIDES[side](work)
    predict(texts[:1])
    loaded = time.perf_counter() - begin
    seconds = []
    for text in texts[: WARM_UP + SINGLE]:
        begin = time.perf_counter()
        predict([text])
        seconds.append(time.perf_counter() - begin)
    p50, p95 = np.percentile(seconds[WARM_UP:], [50, 95]) * 1000
    figures = {"first_answer_s": loaded, "p50_ms": p50, "p95_ms": p95}
    if side.endswith("eager"):
        return figures
    predict(texts[:512])
    begin = time.perf_counter()
    probabilities = predict(texts)
    figures["texts_per_second"] = len(texts) / (time.perf_counter() - begin)
    return {**figures, "labels": np.asarray(probabilities).argmax(axis=1).tolist()}


def run(data: str, work: Path, threads: int, sides: Sequence[str]) -> None:
    """Measure sides, one after the other, and print a row for each."""
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads)), "TF_CPP_MIN_LOG_LEVEL": "3"}
    print(f"{threads} thread{'s' * (threads > 1)}", flush=True)
    print(f"{'side':26} {'first answer':>12} {'p50':>9} {'p95':>9} {'texts/s':>8} {'same labels':>11}", flush=True)
    for side in sides or SIDES:
        # In a file, because libraries print lines of their own.
        result = work / f"{side}.json"
        result.unlink(missing_ok=True)
        command = [sys.executable, __file__, "side", side, data, str(work)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode or not result.is_file():
            raise SystemExit(f"{side} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
        found = json.loads(result.read_text(encoding="utf-8"))
        row = f"{side:26} {found['first_answer_s']:10.2f} s {found['p50_ms']:6.2f} ms {found['p95_ms']:6.2f} ms"
        if "labels" in found:
            row += f" {found['texts_per_second']:8.0f} {_agreement(work, side, found['labels']):>11}"
        print(row, flush=True)


def _agreement(work: Path, side: str, labels: list[int]) -> str:
    """The share of labels that are those of the classifier in float32 in Keras, which `run` keeps."""
    file = work / "labels.json"
    if side == "kerasbert-float32":
        file.write_text(json.dumps(labels), encoding="utf-8")
    if not file.is_file():
        return "-"
    expected = json.loads(file.read_text(encoding="utf-8"))
    return f"{np.mean(np.array(expected) == np.array(labels)):.2%}"


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    if mode == "prepare":
        prepare(arguments[0], arguments[1], Path(arguments[2]))
    elif mode == "side":
        found = measure(arguments[0], read(arguments[1]), Path(arguments[2]))
        (Path(arguments[2]) / f"{arguments[0]}.json").write_text(json.dumps(found), encoding="utf-8")
    else:
        place = arguments.index("--threads") if "--threads" in arguments else len(arguments)
        rest = arguments[:place] + arguments[place + 2 :]
        run(rest[0], Path(rest[1]), int(arguments[place + 1]) if place < len(arguments) else 1, rest[2:])
