"""Texts with what a classifier says of them, computed once and kept in a file, and the profiles of any rows of them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import kerasbert as kb
from kerasbert.monitoring.counting import count_heads
from kerasbert.monitoring.profile import NUM_LENGTH_BINS, Profile, histogram, length_bins
from kerasbert.monitoring.vector_sample import SAMPLE_SIZE, VectorSample, row_keys


class Texts:
    """Answered texts, of which profiles are counted as `Profiler` counts them, without tokenizing them again.

    Args:
        trained: the classifier.
        arrays: what `answer` gives.
    """

    def __init__(self, trained: kb.TrainedClassifier, arrays: dict[str, np.ndarray]) -> None:
        self.outputs = trained.outputs
        self.thresholds = trained.thresholds
        self.head = next(iter(self.outputs.tasks))
        self.trained = trained
        self.vocabulary_size, self.unknown_id = trained.tokenizer.vocabulary_size, trained.tokenizer.unknown_id
        self.__dict__.update(arrays)
        self.predicted = self.outputs.predict({self.head: self.probabilities}, self.thresholds)[self.head]
        self.unknown_per_text = np.bincount(
            np.repeat(np.arange(len(self)), np.diff(self.offsets))[self.tokens == self.unknown_id], minlength=len(self)
        )

    def __len__(self) -> int:
        return len(self.keys)

    def __add__(self, other: "Texts") -> "Texts":
        """The texts of both."""
        names = ("probabilities", "vectors", "lengths", "truncated", "tokens", "labels", "keys")
        joined = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names}
        joined["offsets"] = np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]])
        return Texts(self.trained, joined)

    def take(self, rows: np.ndarray) -> "Texts":
        """The rows as texts of their own."""
        taken = object.__new__(Texts)
        taken.__dict__.update(self.__dict__)
        for name in (
            "probabilities",
            "vectors",
            "lengths",
            "truncated",
            "labels",
            "keys",
            "predicted",
            "unknown_per_text",
        ):
            setattr(taken, name, getattr(self, name)[rows])
        sizes = np.diff(self.offsets)[rows]
        starts = np.repeat(self.offsets[:-1][rows] - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
        taken.tokens = self.tokens[starts + np.arange(sizes.sum())]
        taken.offsets = np.concatenate([[0], np.cumsum(sizes)])
        return taken

    def profile(self, *, labelled: bool = False) -> Profile:
        """The profile of all rows."""
        true = {self.head: self.labels} if labelled else None
        known = np.arange(len(self)) if labelled else np.zeros(0, np.int64)
        return Profile(
            fingerprint="benchmark",
            num_rows=len(self),
            lengths=histogram(length_bins(self.lengths), NUM_LENGTH_BINS),
            num_tokens=int(self.lengths.sum()),
            num_unknown_tokens=int(self.unknown_per_text.sum()),
            num_truncated=int(self.truncated.sum()),
            token_counts=np.bincount(self.tokens, minlength=self.vocabulary_size),
            heads=count_heads(self.outputs, {self.head: self.probabilities}, {self.head: self.predicted}, true, known),
            sample=VectorSample.of(SAMPLE_SIZE, self.keys, self.vectors),
        )


def answered(trained: kb.TrainedClassifier, file: Path, cache: Path, labels: str | None = None) -> Texts:
    """The texts of a JSON-lines file, computed unless the cache holds them.

    Args:
        trained: the classifier.
        file: an object a line, with `text`.
        cache: folder of computed answers.
        labels: column of the labels; None: none are known.
    """
    kept = cache / f"{file.parent.name}-{file.stem}.npz"
    if not kept.exists():
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        arrays = answer(trained, [row["text"] for row in rows], [row[labels] for row in rows] if labels else None)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **arrays)
    with np.load(kept) as arrays:
        return Texts(trained, dict(arrays))


def answer(
    trained: kb.TrainedClassifier, texts: Sequence[str], labels: Sequence[object] | None
) -> dict[str, np.ndarray]:
    """Compute texts: probabilities, vectors, lengths, distinct tokens of each text, keys."""
    head, tokenizer = next(iter(trained.outputs.tasks)), trained.tokenizer
    probabilities, vectors = trained.probabilities_and_vectors(texts)
    uncut = tokenizer.encode_uncut(texts)
    words = [np.unique(ids[~tokenizer.reserved[ids]]) for ids in np.split(uncut.input_ids, uncut.offsets[1:-1])]
    encoded = trained.encode_labels(list(labels))[head] if labels is not None else np.zeros(len(texts), np.int64)
    return {
        "probabilities": probabilities[head],
        "vectors": vectors.astype(np.float16),
        "lengths": uncut.lengths,
        "truncated": uncut.lengths > tokenizer.max_length,
        "tokens": np.concatenate(words).astype(np.int64),
        "offsets": np.concatenate([[0], np.cumsum([len(one) for one in words])]),
        "labels": encoded,
        "keys": row_keys(texts),
    }
