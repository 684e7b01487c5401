"""Fine-tuning speed beside Hugging Face's Trainer: same encoder, texts, batch size, both bfloat16, lengths grouped.

    pip install torch==2.13.0 accelerate
    python benchmarks/finetune_speed.py banking77/train.jsonl 1

The second argument is the number of epochs. Each side runs in a process of its own, in turn; the median of the ratios of
three rounds is printed. Both count the time of their whole training call, from the first batch to the last.
"""

import json
import sys
import time
from pathlib import Path

from _sides import compare

BATCH_SIZE = 32


def read(path: str) -> tuple[list[str], list[str]]:
    """Texts and labels of a JSONL file."""
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def run_kerasbert(path: str, epochs: str) -> float:
    """Texts per second of `kerasbert.TextClassifier`'s training."""
    import kerasbert as kb

    texts, labels = read(path)
    seconds = 0.0
    finetune = kb.text_classifier.fitting.finetune

    def timed(*args: object, **kwargs: object) -> object:
        nonlocal seconds
        start = time.perf_counter()
        history = finetune(*args, **kwargs)
        seconds = time.perf_counter() - start
        return history

    kb.text_classifier.fitting.finetune = timed
    classifier = kb.TextClassifier(
        "multiclass", epochs=int(epochs), batch_size=BATCH_SIZE, precision="mixed_bfloat16", verbose=False
    )
    classifier.fit(texts, labels)
    return int(epochs) * len(texts) / seconds


def run_trainer(path: str, epochs: str) -> float:
    """Texts per second of Hugging Face's Trainer."""
    import torch
    from transformers import (
        AutoTokenizer,
        BertForSequenceClassification,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    from kerasbert._core.encoder_folders import resolve_encoder

    texts, labels = read(path)
    names = sorted(set(labels))
    folder = resolve_encoder("all-MiniLM-L6-v2")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = [
        {**tokenizer(text, truncation=True, max_length=128, padding=False), "labels": names.index(label)}
        for text, label in zip(texts, labels, strict=True)
    ]
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=len(names))
    arguments = TrainingArguments(
        "trainer_output",
        per_device_train_batch_size=BATCH_SIZE,
        num_train_epochs=int(epochs),
        bf16=True,
        train_sampling_strategy="group_by_length",
        use_cpu=not torch.cuda.is_available(),
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = Trainer(model, arguments, train_dataset=encoded, data_collator=DataCollatorWithPadding(tokenizer))
    start = time.perf_counter()
    trainer.train()
    return int(epochs) * len(texts) / (time.perf_counter() - start)


SIDES = {"kerasbert": run_kerasbert, "Trainer": run_trainer}


if __name__ == "__main__":
    compare(SIDES, sys.argv[1:3], unit="texts/s")
