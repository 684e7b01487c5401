"""`WindowAnswers`: the rows of a window, answered by a classifier; a row that it refuses is set apart."""

from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np

from kerasbert._core.errors import DataError
from kerasbert.production.input_rows import Window, rejected
from kerasbert.production.prediction_rows import rows_of
from kerasbert.saving.trained_classifier import TrainedClassifier

# Computed first: the first batch of a process may run in another way than those behind it, with other last digits.
FIRST_TEXTS = ("the first text", "the second text")


@final
class WindowAnswers:
    """Answers windows with one classifier.

    What is said of a window depends on the window alone, so that a run that was killed gives the same bytes. A classifier
    with a cache computes fewer texts at once, which can change the last digit of a score.

    Args:
        classifier: a trained one.
        top: scores that are kept of each head, see `rows_of`.
    """

    def __init__(self, classifier: TrainedClassifier, top: int | None) -> None:
        self.classifier = classifier
        self.top = top
        self._is_warm = False

    def probabilities(self, texts: Sequence[str], pairs: Sequence[str] | None) -> dict[str, np.ndarray]:
        """Answer texts, which the classifier sorts by length and batches by tokens: head -> (n, units). All texts pass here."""
        return self.classifier.probabilities(texts, pairs)

    def rows(self, window: Window, kept: Sequence[str]) -> list[dict[str, Any]]:
        """The rows of `rows_of`, with kept cells as `columns`; rows that the classifier refuses join the window's rejected ones."""
        self._warm_up(is_pair=bool(window.texts) and len(window.texts[0]) > 1)
        found = []
        for places, answer in self._answers(window.texts, range(len(window.rows))):
            if isinstance(answer, Exception):
                window.rejected.append(rejected(window.rows[places.start], answer))
                continue
            own = rows_of(self.classifier, [window.texts[place][0] for place in places], answer, top=self.top)
            for place, row in zip(places, own, strict=True):
                row["columns"] = {name: window.rows[place].cells[name] for name in kept}
            found += own
        return found

    def _answers(self, texts: Sequence[Sequence[str]], places: range) -> Iterator[tuple[range, Any]]:
        """Probabilities of stretches of a window; of a text that the classifier refuses its error."""
        if not places:
            return
        columns = [list(column) for column in zip(*(texts[place] for place in places), strict=True)]
        try:
            answer: Any = self.probabilities(columns[0], columns[1] if len(columns) > 1 else None)
        except (DataError, TypeError) as error:
            if len(places) > 1:
                middle = len(places) // 2
                yield from self._answers(texts, places[:middle])
                yield from self._answers(texts, places[middle:])
                return
            answer = error
        yield places, answer

    def _warm_up(self, *, is_pair: bool) -> None:
        if not self._is_warm:
            for text in FIRST_TEXTS:
                self.classifier.probabilities([text], [text] if is_pair else None)
        self._is_warm = True
