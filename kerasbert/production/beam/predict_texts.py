"""`PredictTexts`: keyed texts in, predictions and dead letters out."""

from collections.abc import Iterator
from typing import Any, NamedTuple, final

import apache_beam as beam
from apache_beam.ml.inference.base import KeyedModelHandler, ModelMetadata, RunInference

from kerasbert._core.checks import shorten
from kerasbert.production.beam.handler import ClassifierHandler, check_element

GOOD, BAD = "good", "bad"


class DeadLetter(NamedTuple):
    """An element that got no answer.

    Args:
        key: of the element.
        example: the element, as it came.
        reason: what is wrong, in words.
    """

    key: Any
    example: Any
    reason: str


class Predictions(NamedTuple):
    """What `PredictTexts` gives.

    Args:
        results: a PCollection of `(key, PredictionResult)`.
        dead_letters: a PCollection of `DeadLetter`, one for each element that got no answer.
    """

    results: beam.PCollection
    dead_letters: beam.PCollection


@final
class PredictTexts(beam.PTransform):
    """Predicts keyed texts by `RunInference`; an element that cannot be used is a dead letter, and its batch goes on.

    Takes a PCollection of `(key, text)`, or of `(key, (text, second text))`; gives `Predictions`.

    Args:
        handler: of the classifier.
        model_updates: a PCollection of Beam's `ModelMetadata`, the newest model of each window, such as
            `WatchFilePattern` gives; None keeps the model.
    """

    def __init__(
        self, handler: ClassifierHandler, *, model_updates: "beam.PCollection[ModelMetadata] | None" = None
    ) -> None:
        super().__init__()
        if not isinstance(handler, ClassifierHandler):
            raise TypeError(
                f"`handler` must be a ClassifierHandler; got {shorten(handler)} of {type(handler).__name__}."
            )
        self._handler = handler
        self._model_updates = model_updates

    def expand(self, keyed: beam.PCollection) -> Predictions:
        """Build the steps; Beam calls it."""
        checked = keyed | "Check texts" >> beam.ParDo(_Check(self._handler.text_pairs)).with_outputs(BAD, main=GOOD)
        inference = RunInference(KeyedModelHandler(self._handler), model_metadata_pcoll=self._model_updates)
        results, failures = checked[GOOD] | "Predict" >> inference.with_exception_handling()
        failed = failures.failed_inferences | "Failed texts" >> beam.FlatMap(_letters_of_batch)
        return Predictions(results, (checked[BAD], failed) | "Dead letters" >> beam.Flatten())


class _Check(beam.DoFn):
    """Parts elements that can be used from dead letters."""

    def __init__(self, text_pairs: bool) -> None:
        self._text_pairs = text_pairs

    def process(self, element: Any) -> Iterator[Any]:
        if not isinstance(element, tuple) or len(element) != 2:
            yield _dead(None, element, f"An element must be a pair (key, text); got {shorten(element)}.")
            return
        key, example = element
        try:
            check_element(example, self._text_pairs)
        except (TypeError, ValueError) as error:
            yield _dead(key, example, str(error))
        else:
            yield element


def _dead(key: Any, example: Any, reason: str) -> beam.pvalue.TaggedOutput:
    return beam.pvalue.TaggedOutput(BAD, DeadLetter(key, _encodable(example), reason))


def _encodable(example: Any) -> Any:
    """The same, in which half of a surrogate pair, which no coder carries, is spelled as its escape sequence."""
    if isinstance(example, tuple):
        return tuple(map(_encodable, example))
    return example.encode("utf-8", "backslashreplace").decode() if isinstance(example, str) else example


def _letters_of_batch(failure: Any) -> Iterator[DeadLetter]:
    """A dead letter for each element of a batch that failed; Beam gives the error as its type, its words and its trace."""
    batch, (_, words, _) = failure
    for key, example in batch:
        yield DeadLetter(key, example, words)
