"""`WindowAnswers`: the rows of a window, answered by a classifier; a row that it refuses is set apart."""

from collections.abc import Iterator, Sequence
from typing import Any, final

from kerasbert._core.errors import DataError
from kerasbert.production.input_rows import Window, rejected
from kerasbert.production.prediction_rows import answered_rows
from kerasbert.saving.answers import Answers

# Computed first, so many times each: the first batches of a process, and those of a shape that came first, may run in another
# way than others, with other last digits. So these come first in every process: single texts, and batches of two shapes.
FIRST_TEXTS = (
    ("the first text", 1),
    ("the second text", 1),
    ("the first text", 65),
    ("the second text, which is longer", 66),
)


@final
class WindowAnswers:
    """Answers windows with one classifier.

    What is said of a window depends on the window alone, so that a run that was killed gives the same bytes. A classifier
    with a cache computes fewer texts at once, which can change the last digit of a score.

    Args:
        classifier: a trained one.
        **asked: `reject`, `abstain`, `coverage` and `top` of `answered_rows`.
    """

    def __init__(self, classifier: Answers, **asked: Any) -> None:
        self.classifier = classifier
        self.asked = asked
        self._is_warm = False

    def answer(self, texts: Sequence[str], pairs: Sequence[str] | None) -> list[dict[str, Any]]:
        """Answer texts, which the classifier sorts by length and batches by tokens"""
        return answered_rows(self.classifier, texts, pairs, **self.asked)

    def warm_up(self, *, is_pair: bool) -> None:
        """Answer some texts, once, so that what follows does not depend on what came first.

        Raises:
            ConfigError: when the classifier cannot answer as it is asked.
        """
        if not self._is_warm:
            # These are nobody's texts.
            classifier = self.classifier.without_cache()
            for text, count in FIRST_TEXTS:
                answered_rows(classifier, [text] * count, [text] * count if is_pair else None, **self.asked)
        self._is_warm = True

    def rows(self, window: Window, kept: Sequence[str]) -> list[dict[str, Any]]:
        """The rows of `answered_rows`, with kept cells as `columns`; rows that the classifier refuses join the window's rejected ones."""
        self.warm_up(is_pair=bool(window.texts) and len(window.texts[0]) > 1)
        found = []
        for places, answer in self._answers(window.texts, range(len(window.rows))):
            if isinstance(answer, Exception):
                window.rejected.append(rejected(window.rows[places.start], answer))
                continue
            for place, row in zip(places, answer, strict=True):
                row["columns"] = {name: window.rows[place].cells[name] for name in kept}
            found += answer
        return found

    def _answers(self, texts: Sequence[Sequence[str]], places: range) -> Iterator[tuple[range, Any]]:
        """Rows of stretches of a window; of a text that the classifier refuses its error."""
        if not places:
            return
        columns = [list(column) for column in zip(*(texts[place] for place in places), strict=True)]
        try:
            answer: Any = self.answer(columns[0], columns[1] if len(columns) > 1 else None)
        except (DataError, TypeError) as error:
            if len(places) > 1:
                middle = len(places) // 2
                yield from self._answers(texts, places[:middle])
                yield from self._answers(texts, places[middle:])
                return
            answer = error
        yield places, answer
