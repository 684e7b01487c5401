"""Prediction from raw texts beside PyTorch (bfloat16, lengths grouped) and KerasHub (at its fitted length).

    pip install torch==2.13.0 keras-hub
    python benchmarks/predict_speed.py banking77/train.jsonl

Every side loads the default encoder under a fresh head of 77 classes, predicts 256 texts to warm up, and then 10,000 texts,
tokenisation included; texts per second are printed, and the median ratios of three rounds.
"""

import json
import sys
import time
from pathlib import Path

from _sides import compare

NUM_TEXTS, NUM_CLASSES, BATCH_SIZE = 10_000, 77, 64


def read(path: str) -> list[str]:
    """10,000 texts of a JSONL file, repeated when it has fewer."""
    texts = [json.loads(line)["text"] for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return (texts * (NUM_TEXTS // len(texts) + 1))[:NUM_TEXTS]


def timed(predict: object, texts: list[str]) -> float:
    """Texts per second of a function of texts, after a warm-up."""
    predict(texts[:256])
    start = time.perf_counter()
    predict(texts)
    return len(texts) / (time.perf_counter() - start)


def run_kerasbert(path: str) -> float:
    """`TrainedClassifier.predict_proba`, bfloat16."""
    import keras

    import kerasbert as kb

    names = [str(number) for number in range(NUM_CLASSES)]
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = kb.build_multiclass(names, compile=False)
    classifier = kb.TrainedClassifier(model, kb.data.Tokenizer.from_pretrained("all-MiniLM-L6-v2"))
    return timed(classifier.predict_proba, read(path))


def run_torch(path: str) -> float:
    """PyTorch's `BertForSequenceClassification` in bfloat16, texts sorted by length, padded to the longest of the batch."""
    import torch
    from transformers import AutoTokenizer, BertForSequenceClassification

    from kerasbert._core.encoder_folders import resolve_encoder

    folder = resolve_encoder("all-MiniLM-L6-v2")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=NUM_CLASSES, dtype=torch.bfloat16).eval()

    def predict(texts: list[str]) -> object:
        ids = tokenizer(texts, truncation=True, max_length=128)["input_ids"]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        results = torch.zeros(len(ids), NUM_CLASSES)
        with torch.inference_mode():
            for start in range(0, len(order), BATCH_SIZE):
                rows = order[start : start + BATCH_SIZE]
                batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
                results[rows] = model(**batch).logits.float().softmax(-1)
        return results

    return timed(predict, read(path))


def run_keras_hub(path: str) -> float:
    """KerasHub's `BertTextClassifier.predict` in bfloat16, with its sequence length fitted to the longest text."""
    import keras
    import keras_hub

    from kerasbert._core.encoder_folders import resolve_encoder

    keras.config.set_dtype_policy("mixed_bfloat16")
    texts = read(path)
    folder = str(resolve_encoder("all-MiniLM-L6-v2"))
    backbone = keras_hub.models.BertBackbone.from_preset(folder)
    tokenizer = keras_hub.models.BertTokenizer.from_preset(folder)
    longest = max(len(ids) for ids in tokenizer(texts)) + 2
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=min(longest, 128))
    classifier = keras_hub.models.BertTextClassifier(backbone, num_classes=NUM_CLASSES, preprocessor=preprocessor)
    return timed(lambda part: classifier.predict(part, batch_size=BATCH_SIZE, verbose=0), texts)


SIDES = {"kerasbert": run_kerasbert, "PyTorch": run_torch, "KerasHub": run_keras_hub}

if __name__ == "__main__":
    compare(SIDES, sys.argv[1:2], unit="texts/s")
