"""`Predictor`: any amount of text in, predictions out, in memory that does not grow."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, final

from kerasbert._core.checks import check_int, check_text_column, shorten
from kerasbert._core.errors import DataError
from kerasbert._core.options import filled, takes_options
from kerasbert._core.paths import local_output
from kerasbert.production.answering import WindowAnswers
from kerasbert.production.input_rows import InputRow, InputRows, Rejected, windows
from kerasbert.production.inputs import ScoreInputs
from kerasbert.production.run_folder import RunFolder, check_run_folder
from kerasbert.production.score_plan import ScorePlan
from kerasbert.production.score_run import Progress, ScoreRun, ScoreSummary
from kerasbert.production.settings import ScoreSettings
from kerasbert.production.shard_writers import check_parquet
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.readers import TextColumns
from kerasbert.saving.fingerprint import fingerprint_of
from kerasbert.saving.folder import load_trained
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of

GIVEN = "the given texts"


@final
class Predictor:
    """Answers any number of texts with one classifier: an iterable in the order of its texts, or files as files.

    Texts are taken some thousands at a time, sorted by length among them and batched by their tokens, and come out in
    their own order. Memory holds one such window, however many texts there are.

    Args:
        classifier: a trained classifier, or the folder of one.
        text_column: column of the texts in files. None: as in training.
        text_pair_column: column of second texts, for a classifier that was trained on pairs. None: as in training.

    Raises:
        ArtifactError: when the folder is none of a saved classifier, or was changed.
        NotFittedError: when the classifier is not trained yet.

    Example:
        >>> classifier = TextClassifier(encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> classifier = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4)
        >>> rejected = []
        >>> predictions = Predictor(classifier).stream(iter(["good", None, "bad"]), rejected=rejected.append)
        >>> [row["text"] for row in predictions], rejected[0]["row"]
        (['good', 'bad'], 2)
    """

    def __init__(
        self,
        classifier: "ClassifierLike | str | os.PathLike[str]",
        *,
        text_column: str | None = None,
        text_pair_column: str | None = None,
    ) -> None:
        is_folder = isinstance(classifier, (str, os.PathLike))
        self.trained = load_trained(classifier) if is_folder else trained_of(classifier)  # type: ignore[arg-type]
        read = self.trained.metrics.get("reading", {})
        self.columns = TextColumns(text_column or read.get("text", "text"), text_pair_column or read.get("text_pair"))
        self._answers: dict[Any, WindowAnswers] = {}

    def stream(
        self,
        texts: Iterable[Any],
        *,
        keep: Sequence[str] = (),
        top: int | None = None,
        rejected: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Predict texts as they come; nothing is computed before the first prediction is asked for.

        Args:
            texts: an iterable of texts, of pairs of texts, or of dicts by column; or `pathlib.Path`s of files of any
                format that is read, one or a list.
            keep: columns of dicts and files that come with each prediction.
            top: scores of each head, the highest first, >= 0. None: those of all labels.
            rejected: called with each text that cannot be used: `file`, `line` or `row`, `reason` and the kept
                `columns`. None: the first one is an error.

        Returns:
            An iterator of dicts, one for each text in its order: `text`, and `labels` and `scores` (label -> probability), or
            `heads` with these by head or level name; and `columns` (name -> cell).

        Raises:
            ConfigError: when `top` is negative.
            DataError: when a text cannot be used, in the order of the texts.
            TypeError: when `texts` is one text or a frame, or a text is no text.

        Example:
            >>> for row in Predictor("model").stream(open("texts.txt")):  # doctest: +SKIP
            ...     print(row["labels"], row["scores"])
        """
        answers = self._answers_as(top=None if top is None else check_int("top", top, 0))
        if isinstance(texts, Path) or (isinstance(texts, (list, tuple)) and texts and isinstance(texts[0], Path)):
            settings = ScoreSettings(keep=[self.columns.text, *keep])
            inputs = ScoreInputs.find(texts, self.columns, settings, ReadOptions())
            rows = InputRows(inputs.files, inputs.wanted, inputs.columns.text).take(sys.maxsize)
        else:
            rows = _given_rows(check_text_column("texts", texts), self.columns, keep)
        return self._answered(rows, answers, keep, rejected)

    @takes_options(ScoreSettings, ReadOptions)
    def score_files(
        self,
        files: "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]",
        output: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        **options: Any,
    ) -> ScoreSummary:
        """Predict files of any size, into a folder of shards in the order of the rows.

        A run that was stopped or killed goes on when it is called again with the same arguments, and writes the same bytes as one
        that was not. Several processes that are called so share the shards. A row that cannot be used is written to
        `rejected-*.jsonl`, with its file, its place and the reason, and the others go on.

        Args:
            files: paths and patterns (`"data/*.jsonl"`) of .csv, .tsv, .jsonl, .json, .xlsx, .parquet and .tfrecord
                files and of text files of one text a line, all but Parquet and Excel also as .gz; or `"-"`, standard input.
            output: the folder to write.
            overwrite: whether the predictions of another run are replaced; those of this one are gone on with.
            progress: called with the rows done since the last call and the share of the files that is read.
            **options: those of `ScoreSettings` and `ReadOptions`.

        Returns:
            What was written.

        Raises:
            ArtifactError: when the folder holds another run or something else, or cannot be written.
            ConfigError: when an option is out of its range or does not go with the files, or the classifier cannot be
                asked so, because nothing was fitted for it.
            DataError: when a file or a column is missing, or a file was changed meanwhile.

        Example:
            >>> Predictor("model").score_files("new/*.jsonl.gz", "predictions", keep=["id"])  # doctest: +SKIP
            ScoreSummary(folder=PosixPath('predictions'), rows=1000000, rejected=2, shards=20, ...)
        """
        settings = filled(ScoreSettings, None, options)
        if settings.format == "parquet":
            check_parquet()
        check_run_folder(local_output(output))
        inputs = ScoreInputs.find(files, self.columns, settings, filled(ReadOptions, None, options))
        answers = self._answers_as(**settings.asked)
        if settings.coverage is not None:
            self.trained.prediction_sets.check(self.trained.outputs, settings.coverage)
        answers.warm_up(is_pair=self.columns.pair is not None)
        plan = ScorePlan(fingerprint_of(self.trained), {**inputs.facts(), **_answering(self.trained)}, inputs.files)
        folder = RunFolder(output, plan, overwrite=overwrite)
        return ScoreRun(folder, inputs, answers, progress).run()

    def _answers_as(self, **asked: Any) -> WindowAnswers:
        """Return what answers windows as it is asked; it warms up once."""
        return self._answers.setdefault(tuple(sorted(asked.items())), WindowAnswers(self.trained, **asked))

    def _answered(
        self,
        rows: Iterable[InputRow],
        answers: WindowAnswers,
        keep: Sequence[str],
        rejected: Callable[[Mapping[str, Any]], None] | None,
    ) -> Iterator[dict[str, Any]]:
        for window in windows(rows, self.columns):
            found = answers.rows(window, keep)
            for one in window.rejected:
                if rejected is None:
                    raise _error_of(one)
                rejected(one.to_dict(keep))
            yield from found


def _answering(trained: TrainedClassifier) -> dict[str, Any]:
    """What decides, beside weights and labels, how a classifier answers: its engine, and a hash of what was fitted beside."""
    fitted = {name: part.digest for name, part in sorted(trained.uncertainty.items())}
    return {"engine": None if trained.engine is None else repr(trained.engine), "fitted": fitted}


def _given_rows(texts: Iterable[Any], columns: TextColumns, keep: Sequence[str]) -> Iterator[InputRow]:
    for number, given in enumerate(texts, start=1):
        yield InputRow(GIVEN, "row", number, _cells(given, columns, keep))


def _cells(given: Any, columns: TextColumns, keep: Sequence[str]) -> Any:
    """What was given as the cells of a row."""
    if isinstance(given, Mapping):
        return {name: given.get(name) for name in [*columns.names, *keep]}
    parts = given if isinstance(given, (tuple, list)) else (given,)
    if len(parts) != len(columns.names):
        wanted = "a pair of texts" if columns.pair else "a text"
        return DataError(f"must be {wanted}; got {shorten(given)}.")
    if keep:
        return DataError(f"must be a dict with the columns {', '.join(keep)}; got {shorten(given)}.")
    return dict(zip(columns.names, parts, strict=True))


def _error_of(found: Rejected) -> DataError:
    hint = "" if found.row.source != GIVEN else " Pass rejected=, a function, to go on without such texts."
    return DataError(f"{found.row.place}: {found.reason}{hint}")
