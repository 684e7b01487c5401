"""`Profiler`: texts in, their profile out."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from kerasbert._core.checks import check_bool, check_int, check_texts
from kerasbert._core.errors import DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.labels.cells import LABELS, LabelCells, label_column
from kerasbert.labels.names import is_missing
from kerasbert.monitoring.answering import answer_each
from kerasbert.monitoring.counting import count_heads, count_tokens
from kerasbert.monitoring.profile import Profile
from kerasbert.monitoring.vector_sample import SAMPLE_SIZE, VectorSample, row_keys
from kerasbert.saving.answers import check_rows
from kerasbert.saving.fingerprint import fingerprint_of
from kerasbert.saving.trained_classifier import ClassifierLike, trained_of

# Texts that are computed and counted at a time.
PIECE = 20_000


@final
class Profiler:
    """Makes profiles of texts with one classifier.

    Each text is computed once, in a batch of texts of its own length, so that what is said of it depends on it alone. Where
    the same machine and the same versions compute it, profiles of parts merge to the bit to the profile of all; processors that
    add up products in other orders give probabilities that differ in the last bits, of which about one in 100,000 falls
    into another bin.

    Args:
        classifier: a trained one.
        sample_size: most texts whose vectors are kept, >= 0.
        keep_texts: whether their texts are kept too. They are in plain sight then, in every file that the profile goes into.

    Raises:
        ConfigError: when `sample_size` is negative.
        NotFittedError: when the classifier is not trained yet.

    Example:
        >>> profiler = Profiler(classifier)  # doctest: +SKIP
        >>> profiler.profile(["good", "bad"]).num_rows  # doctest: +SKIP
        2
    """

    def __init__(self, classifier: ClassifierLike, *, sample_size: int = SAMPLE_SIZE, keep_texts: bool = False) -> None:
        self.trained = trained_of(classifier)
        self.sample_size = check_int("sample_size", sample_size, 0)
        self.keep_texts = check_bool("keep_texts", keep_texts)
        self.fingerprint = fingerprint_of(self.trained)

    def profile(self, texts: Sequence[str], labels: Any = None, text_pairs: Sequence[str] | None = None) -> Profile:
        """Compute texts and count.

        Args:
            texts: n texts; an empty list gives a profile of no text.
            labels: as for `TextClassifier.fit`, None for a text whose labels are not known; None: none are known.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            The profile.

        Raises:
            DataError: when a text or a label cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        texts, pairs = (
            check_texts("texts", texts),
            None if text_pairs is None else check_texts("text_pairs", text_pairs),
        )
        true, labelled = self.encode(labels, len(texts))
        pieces = [self._piece(texts, pairs, true, labelled, start) for start in range(0, len(texts) or 1, PIECE)]
        return Profile.merge(pieces)

    def profile_answers(
        self,
        texts: Sequence[str],
        probabilities: Mapping[str, np.ndarray],
        vectors: np.ndarray | None = None,
        *,
        labels: Any = None,
        text_pairs: Sequence[str] | None = None,
    ) -> Profile:
        """Count texts that were computed elsewhere, such as by the predictor that serves them.

        Its bits are then as good as those of what is given: they depend on the batches that the texts were computed in.

        Args:
            texts: n texts.
            probabilities: head or level name -> (n, units), as `Answers.probabilities` gives them.
            vectors: (n, hidden), as `TrainedClassifier.probabilities_and_vectors` gives them; None goes with
                `sample_size=0`.
            labels: as for `profile`.
            text_pairs: n second texts.

        Returns:
            The profile.

        Raises:
            DataError: when a text or a label cannot be used, or shapes do not go together.
        """
        texts, pairs = (
            check_texts("texts", texts),
            None if text_pairs is None else check_texts("text_pairs", text_pairs),
        )
        if vectors is None and self.sample_size:
            raise DataError("`vectors` must be given to a Profiler that samples them; or make it with sample_size=0.")
        for name, array in {**probabilities, **({} if vectors is None else {"vectors": vectors})}.items():
            if len(array) != len(texts):
                raise DataError(f"{name!r} must have a row for each of the {len(texts)} texts; got {len(array)}.")
        true, labelled = self.encode(labels, len(texts))
        return self._count(texts, pairs, probabilities, vectors, true, labelled)

    def sampled(
        self, texts: Sequence[str], labels: Any, text_pairs: Sequence[str] | None, most: int
    ) -> tuple[list[str], Any, list[str] | None]:
        """Return texts, labels and second texts, or of more than `most` texts those with the smallest keys."""
        texts, pairs = (
            check_texts("texts", texts),
            None if text_pairs is None else check_texts("text_pairs", text_pairs),
        )
        if len(texts) <= most:
            return texts, labels, pairs
        kept = np.sort(np.argsort(row_keys(joined(texts, pairs)), kind="stable")[:most])
        columns = None if labels is None else {head: _cells(own) for head, own in cells_of(labels).items()}
        taken: Any = None if columns is None else {head: own.take(kept) for head, own in columns.items()}
        if taken is not None and not isinstance(labels, Mapping):
            taken = taken[SINGLE_HEAD]
        return [texts[row] for row in kept], taken, None if pairs is None else [pairs[row] for row in kept]

    def _piece(
        self,
        texts: list[str],
        pairs: list[str] | None,
        true: Mapping[str, np.ndarray] | None,
        labelled: np.ndarray,
        start: int,
    ) -> Profile:
        """Compute and count the texts from one on."""
        rows = slice(start, start + PIECE)
        inside = (labelled >= start) & (labelled < start + PIECE)
        own = None if true is None else {head: array[inside] for head, array in true.items()}
        seconds = None if pairs is None else pairs[rows]
        probabilities, vectors = answer_each(self.trained, self.trained.tokenizer.encode(texts[rows], seconds))
        return self._count(texts[rows], seconds, probabilities, vectors, own, labelled[inside] - start)

    def _count(
        self,
        texts: list[str],
        pairs: list[str] | None,
        probabilities: Mapping[str, np.ndarray],
        vectors: np.ndarray | None,
        true: Mapping[str, np.ndarray] | None,
        labelled: np.ndarray,
    ) -> Profile:
        trained, tokenizer = self.trained, self.trained.tokenizer
        rows = joined(texts, pairs)
        kept = np.zeros((len(texts), 0), np.float32) if vectors is None else vectors
        tokens = count_tokens(tokenizer.encode_uncut(texts, pairs), tokenizer)
        return Profile(
            fingerprint=self.fingerprint,
            num_rows=len(texts),
            num_truncated=tokenizer.encode(texts, pairs).num_truncated,
            heads=count_heads(trained.outputs, probabilities, trained.y_pred(probabilities), true, labelled),
            sample=VectorSample.of(self.sample_size, row_keys(rows), kept, rows if self.keep_texts else None),
            **tokens._asdict(),
        )

    def encode(self, labels: Any, num_texts: int) -> tuple[dict[str, np.ndarray] | None, np.ndarray]:
        """Encode the labels that are known: the arrays by head or None, and the places of their texts, int64 (m,)."""
        if labels is None:
            return None, np.zeros(0, np.int64)
        columns = {head: _cells(column) for head, column in cells_of(labels).items()}
        check_rows(columns, num_texts)
        known = known_rows(columns, num_texts)
        if not len(known):
            return None, known
        if len(known) < num_texts:
            taken = {head: column.take(known) for head, column in columns.items()}
            labels = taken if isinstance(labels, Mapping) else taken[SINGLE_HEAD]
        return self.trained.encode_labels(labels), known


def joined(texts: list[str], pairs: list[str] | None) -> list[str]:
    """Return each text, or each pair as one text."""
    return texts if pairs is None else list(map("\0".join, zip(texts, pairs, strict=True)))


def known_rows(columns: Mapping[str, Sequence[Any]], num_texts: int) -> np.ndarray:
    """Return the places of the texts for which some head has a label, int64 (m,)."""
    rows = [row for row in range(num_texts) if not all(is_missing(column[row]) for column in columns.values())]
    return np.array(rows, np.int64)


def cells_of(labels: Any) -> Mapping[str, Any]:
    """Return labels, as `fit` takes them, by head."""
    return labels if isinstance(labels, Mapping) else {SINGLE_HEAD: labels}


def _cells(labels: Any) -> LabelCells:
    """Return the labels of a head as cells that know their rows."""
    cells = label_column(labels).cells
    return cells if isinstance(cells, LabelCells) else LabelCells(list(cells), LABELS, range(1, len(cells) + 1))
