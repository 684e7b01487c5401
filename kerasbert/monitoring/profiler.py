"""`Profiler`: texts in, their profile out."""

import dataclasses
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
from kerasbert.monitoring.profile import NUM_PROBABILITY_BINS, Profile, histogram, score_bins
from kerasbert.monitoring.vector_sample import SAMPLE_SIZE, VectorSample, row_keys
from kerasbert.saving.answers import check_rows
from kerasbert.saving.fingerprint import fingerprint_of
from kerasbert.saving.trained_classifier import ClassifierLike, trained_of

# Texts that are computed and counted at a time.
PIECE = 20_000


@dataclasses.dataclass(frozen=True)
class LabelledTexts:
    """Texts that were read, with the labels of some of them.

    Args:
        texts: n texts.
        pairs: n second texts; None: single texts.
        true: head name -> encoded labels of m texts; None: none are known.
        labelled: places of these m texts, int64 (m,), ascending.
    """

    texts: list[str]
    pairs: list[str] | None
    true: Mapping[str, np.ndarray] | None = None
    labelled: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def joined(self) -> list[str]:
        """Each text, or each pair as one text."""
        return self.texts if self.pairs is None else list(map("\0".join, zip(self.texts, self.pairs, strict=True)))

    def take(self, rows: slice | np.ndarray) -> "LabelledTexts":
        """Return the texts at some places, ascending ones."""
        kept = np.arange(len(self.texts))[rows]
        inside = np.isin(self.labelled, kept)
        return LabelledTexts(
            [self.texts[row] for row in kept],
            None if self.pairs is None else [self.pairs[row] for row in kept],
            None if self.true is None else {head: array[inside] for head, array in self.true.items()},
            np.searchsorted(kept, self.labelled[inside]),
        )

    def smallest(self, most: int) -> "LabelledTexts":
        """Return the texts themselves, or of more than `most` those with the smallest keys, which is a random sample."""
        if len(self.texts) <= most:
            return self
        return self.take(np.sort(np.argsort(row_keys(self.joined), kind="stable")[:most]))


@final
class Profiler:
    """Makes profiles of texts with one classifier.

    Each text is computed once, in a batch whose shape follows from the length of the text, so that what is said of it depends
    on it alone, see `answer_each`. Where the same kind of machine and the same versions compute it, profiles of parts merge to
    the bit to the profile of all; other processors add up products in other orders.

    Args:
        classifier: a trained one.
        sample_size: most texts whose vectors are kept, >= 0.
        keep_texts: whether their texts are kept too. They are in plain sight then, in every file that the profile goes into.
        like: a profile to be compared with: its sample has as many vectors, and out-of-scope scores are counted where it
            counts those of the same fit. None counts them where the classifier has them.

    Raises:
        ConfigError: when `sample_size` is negative.
        NotFittedError: when the classifier is not trained yet.

    Example:
        >>> profiler = Profiler(classifier)  # doctest: +SKIP
        >>> profiler.profile(["good", "bad"]).num_rows  # doctest: +SKIP
        2
    """

    def __init__(
        self,
        classifier: ClassifierLike,
        *,
        sample_size: int = SAMPLE_SIZE,
        keep_texts: bool = False,
        like: Profile | None = None,
    ) -> None:
        self.trained = trained_of(classifier)
        self.sample_size = check_int("sample_size", sample_size, 0) if like is None else like.sample.size
        part = self.trained.out_of_scope
        fitted = "" if part is None else part.digest
        self.scope_of = fitted if like is None or like.scope_of == fitted else ""
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
        return self.profile_read(self.read(texts, labels, text_pairs))

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
        read = self.read(texts, labels, text_pairs)
        if vectors is None and self.sample_size:
            raise DataError("`vectors` must be given to a Profiler that samples them; or make it with sample_size=0.")
        for name, array in {**probabilities, **({} if vectors is None else {"vectors": vectors})}.items():
            if len(array) != len(read.texts):
                raise DataError(f"{name!r} must have a row for each of the {len(read.texts)} texts; got {len(array)}.")
        return self.count(read, probabilities, vectors)

    def read(self, texts: Sequence[str], labels: Any = None, text_pairs: Sequence[str] | None = None) -> LabelledTexts:
        """Check texts and encode their labels, see `profile`."""
        texts = check_texts("texts", texts)
        pairs = None if text_pairs is None else check_texts("text_pairs", text_pairs)
        if labels is None:
            return LabelledTexts(texts, pairs)
        several = isinstance(labels, Mapping)
        columns = {head: _cells(own) for head, own in (labels if several else {SINGLE_HEAD: labels}).items()}
        check_rows(columns, len(texts))
        known = np.array([row for row in range(len(texts)) if _is_known(columns, row)], np.int64)
        if not len(known):
            return LabelledTexts(texts, pairs)
        if len(known) < len(texts):
            taken = {head: column.take(known) for head, column in columns.items()}
            labels = taken if several else taken[SINGLE_HEAD]
        return LabelledTexts(texts, pairs, self.trained.encode_labels(labels), known)

    def profile_read(self, read: LabelledTexts) -> Profile:
        """Compute and count texts that were read, piece by piece."""
        starts = range(0, len(read.texts) or 1, PIECE)
        return Profile.merge(self._piece(read.take(slice(start, start + PIECE))) for start in starts)

    def _piece(self, read: LabelledTexts) -> Profile:
        tokens = self.trained.tokenizer.encode(read.texts, read.pairs)
        return self.count(read, *answer_each(self.trained, tokens, scored=bool(self.scope_of)))

    def count(
        self,
        read: LabelledTexts,
        probabilities: Mapping[str, np.ndarray],
        vectors: np.ndarray | None,
        scores: np.ndarray | None = None,
    ) -> Profile:
        """Count texts that were read, with what was computed of them; see `profile_answers`."""
        trained, tokenizer, num_rows = self.trained, self.trained.tokenizer, len(read.texts)
        rows = read.joined
        kept = np.zeros((num_rows, 0), np.float32) if vectors is None else vectors
        tokens = count_tokens(tokenizer.encode_uncut(read.texts, read.pairs), tokenizer)
        predicted = trained.y_pred(probabilities)
        return Profile(
            fingerprint=self.fingerprint,
            num_rows=num_rows,
            num_truncated=tokenizer.encode(read.texts, read.pairs).num_truncated,
            heads=count_heads(trained.outputs, probabilities, predicted, read.true, read.labelled),
            sample=VectorSample.of(self.sample_size, row_keys(rows), kept, rows if self.keep_texts else None),
            **tokens._asdict(),
            scope=None if scores is None else histogram(score_bins(scores), NUM_PROBABILITY_BINS),
            scope_of="" if scores is None else self.scope_of,
        )


def _is_known(columns: Mapping[str, Sequence[Any]], row: int) -> bool:
    """Whether some head has a label for a text."""
    return not all(is_missing(column[row]) for column in columns.values())


def _cells(labels: Any) -> LabelCells:
    """Return the labels of a head as cells that know their rows."""
    cells = label_column(labels).cells
    return cells if isinstance(cells, LabelCells) else LabelCells(list(cells), LABELS, range(1, len(cells) + 1))
