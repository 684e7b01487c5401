"""The recipe of docs/recipe.md as a plain PyTorch loop on the same encoder: what it gives without kerasbert's training code.

    pip install torch==2.13.0
    python benchmarks/reference_loop.py sms_spam --epochs 3 --seeds 0 1 2

DATA is a folder with `train.jsonl` and `test.jsonl`, one object a line with `text` and a label. PyTorch's `BertModel`, masked
mean pooling, a linear head whose bias starts at the label prior, AdamW at 1.5e-4 for the encoder and 2e-3 for the head, a
tenth of warm-up and linear decay, gradients clipped to norm 1, batches of 32 of like length. Printed for each seed are
accuracy, macro-F1 and, of two labels, the F1 of the rarer one.
"""

import argparse
import collections
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoTokenizer, BertModel

from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert.reading.readers import read_examples

BATCH_SIZE, POOL = 32, 50


class MeanPooled(torch.nn.Module):
    """BERT, the mean over its tokens, dropout and a linear layer."""

    def __init__(self, folder: str, prior: torch.Tensor) -> None:
        super().__init__()
        self.encoder = BertModel.from_pretrained(folder, add_pooling_layer=False)
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, len(prior))
        self.head.bias.data = prior.log()

    def forward(self, **tokens: torch.Tensor) -> torch.Tensor:
        """Logits (batch, classes)."""
        states, mask = self.encoder(**tokens).last_hidden_state, tokens["attention_mask"][..., None]
        return self.head(self.dropout((states * mask).sum(1) / mask.sum(1)))


def batches_of(lengths: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Rows in batches of like length, in a new order."""
    order = random.permutation(len(lengths))
    pools = [order[start : start + POOL * BATCH_SIZE] for start in range(0, len(order), POOL * BATCH_SIZE)]
    order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    batches = [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]
    return [batches[index] for index in random.permutation(len(batches))]


def train(model: MeanPooled, ids: list[list[int]], labels: torch.Tensor, pad: Any, epochs: int, seed: int) -> None:
    """The recipe."""
    random, lengths = np.random.default_rng(seed), np.array([len(row) for row in ids])
    plain = [p for n, p in model.encoder.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    decayed = [p for n, p in model.encoder.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
    groups = [
        {"params": decayed, "lr": 1.5e-4, "weight_decay": 0.01},
        {"params": plain, "lr": 1.5e-4, "weight_decay": 0.0},
        {"params": [model.head.weight], "lr": 2e-3, "weight_decay": 0.01},
        {"params": [model.head.bias], "lr": 2e-3, "weight_decay": 0.0},
    ]
    optimizer, total = torch.optim.AdamW(groups), epochs * math.ceil(len(ids) / BATCH_SIZE)
    warmup = total / 10
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (total - step) / (total - warmup))
    )
    model.train()
    for _ in range(epochs):
        for rows in batches_of(lengths, random):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(**pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt"))
            loss = torch.nn.functional.cross_entropy(logits.float(), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()


def predict(model: MeanPooled, ids: list[list[int]], pad: Any) -> np.ndarray:
    """Class ids of texts."""
    model.eval()
    order, found = np.argsort([len(row) for row in ids]), np.zeros(len(ids), int)
    with torch.inference_mode():
        for start in range(0, len(order), 64):
            rows = order[start : start + 64]
            found[rows] = model(**pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")).argmax(1).numpy()
    return found


def main() -> None:
    """Train and score once for each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--label", default="label", help="column of the labels")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    folder = str(resolve_encoder("all-MiniLM-L6-v2"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    files = [read_examples(options.data / f"{name}.jsonl", label_columns=[options.label]) for name in ("train", "test")]
    parts = [(file.texts, file.labels[options.label]) for file in files]
    names = [name for name, _ in collections.Counter(parts[0][1]).most_common()]
    ids = [tokenizer(texts, truncation=True, max_length=128)["input_ids"] for texts, _ in parts]
    labels = [np.array([names.index(label) for label in part]) for _, part in parts]
    prior = torch.tensor(np.bincount(labels[0]) / len(labels[0]), dtype=torch.float32)
    for seed in options.seeds:
        torch.manual_seed(seed)
        model = MeanPooled(folder, prior)
        train(model, ids[0], torch.tensor(labels[0]), tokenizer.pad, options.epochs, seed)
        found = predict(model, ids[1], tokenizer.pad)
        scores = [accuracy_score(labels[1], found), f1_score(labels[1], found, average="macro")]
        rarer = f"   F1 of {names[1]!r} {f1_score(labels[1], found):.4f}" if len(names) == 2 else ""
        print(f"seed {seed}: accuracy {scores[0]:.4f}   macro-F1 {scores[1]:.4f}{rarer}", flush=True)


if __name__ == "__main__":
    main()
