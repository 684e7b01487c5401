"""`PredictFiles`: data files in, sharded files of predictions and of dead letters out."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io.filesystems import FileSystems
from apache_beam.ml.inference.base import ModelMetadata, PredictionResult

from kerasbert._core.checks import check_choice, check_int, shorten
from kerasbert._core.errors import ArtifactError, ConfigError, DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.production.beam.handler import ClassifierHandler
from kerasbert.production.beam.predict_texts import BAD, GOOD, DeadLetter, PredictTexts
from kerasbert.production.beam.read_texts import ReadTexts
from kerasbert.production.beam.stores import as_address, is_remote, matching
from kerasbert.reading.read_options import DEFAULTS, ReadOptions
from kerasbert.reading.readers import TextColumns

FORMATS = ("jsonl", "parquet")
PREDICTIONS, DEAD_LETTERS = "predictions", "dead_letters"


class WrittenFiles(NamedTuple):
    """The files that `PredictFiles` wrote: PCollections of their names."""

    predictions: beam.PCollection
    dead_letters: beam.PCollection


@final
class PredictFiles(beam.PTransform):
    """Predicts the rows of data files, and writes shards of predictions and a file of dead letters; applied to a pipeline.

    Reads .csv, .tsv, .jsonl, .json, .parquet, .xlsx and .tfrecord as every command does, all but Parquet and Excel also as
    .gz, and .txt of one text a line. A row of the output has the `file` and the `row` that it came from, `text`
    (`text_pair`), kept `columns`, `labels` and `scores` (by head under `heads`), and the folder of the `model`; rows are in
    no order. A file is read by one worker, and its rows are predicted by all.

    Args:
        handler: of the classifier.
        files: a path or pattern, or several; local ones, or addresses that Beam's file systems read.
        output: folder of the files that are written, which holds none yet.
        text_column: column of the texts.
        text_pair_column: column of second texts, for a handler of pairs.
        columns: columns that are written too.
        read_options: how files are read where their names do not say it.
        output_format: `"jsonl"` or `"parquet"`.
        num_shards: files of predictions; None leaves it to the runner.
        model_updates: see `PredictTexts`.

    Raises:
        ArtifactError: when the output holds files already.
        ConfigError: when an option is out of its range, or does not go with the handler.
        DataError: when no file matches, or the first one lacks a column.
    """

    def __init__(
        self,
        handler: ClassifierHandler,
        files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        output: str | os.PathLike[str],
        *,
        text_column: str = "text",
        text_pair_column: str | None = None,
        columns: Sequence[str] = (),
        read_options: ReadOptions = DEFAULTS,
        output_format: str = "jsonl",
        num_shards: int | None = None,
        model_updates: "beam.PCollection[ModelMetadata] | None" = None,
    ) -> None:
        super().__init__()
        self._predict = PredictTexts(handler, model_updates=model_updates)
        if handler.text_pairs != (text_pair_column is not None):
            raise ConfigError(
                f"`text_pair_column` goes with a handler of text_pairs=True, and such a handler needs it; got "
                f"{shorten(text_pair_column)} with text_pairs={handler.text_pairs}."
            )
        self._label_names = handler.label_names
        self._format = check_choice("output_format", output_format, FORMATS)
        self._num_shards = 0 if num_shards is None else check_int("num_shards", num_shards, 1)
        self._output = _new_output(os.fspath(output))
        self._read = ReadTexts(TextColumns(text_column, text_pair_column), columns, read_options)
        self._patterns = self._checked([files] if isinstance(files, (str, os.PathLike)) else files)

    def expand(self, start: Any) -> WrittenFiles:
        """Build the steps; Beam calls it."""
        rows = (
            start
            | "Patterns" >> beam.Create(self._patterns)
            | "Files" >> fileio.MatchAll(fileio.EmptyMatchTreatment.DISALLOW)
            | "One worker a file" >> beam.Reshuffle()
            | "Read rows" >> beam.ParDo(self._read).with_outputs(BAD, main=GOOD)
        )
        predictions = rows[GOOD] | "All workers" >> beam.Reshuffle() | "Predict" >> self._predict
        written = self._write(predictions.results | "Rows" >> beam.Map(output_row))
        dead = (
            (rows[BAD], predictions.dead_letters)
            | "All dead letters" >> beam.Flatten()
            | "Dead rows" >> beam.Map(dead_row)
            | "Dead lines" >> beam.Map(as_json)
            | "Write dead letters"
            >> beam.io.WriteToText(self._path(DEAD_LETTERS), file_name_suffix=".jsonl", num_shards=1)
        )
        return WrittenFiles(written, dead)

    def _checked(self, patterns: Sequence[str | os.PathLike[str]]) -> list[str]:
        """Refuse, where the pipeline is built, patterns that match nothing, and columns that the first file lacks."""
        listed = [as_address(os.fspath(pattern)) for pattern in patterns]
        if not listed:
            raise DataError("`files` must name at least one data file; got none.")
        for pattern in listed:
            found = matching(pattern)
            if not found:
                raise DataError(f"No file matches {pattern!r}.")
            # A file of a store would have to be copied for it.
            if not is_remote(found[0]):
                self._check_file(found[0])
        return listed

    def _check_file(self, path: str) -> None:
        next(self._read.open_rows(Path(path), path).rows, None)

    def _path(self, name: str) -> str:
        return str(FileSystems.join(self._output, name))

    def _write(self, rows: beam.PCollection) -> beam.PCollection:
        if self._format == "jsonl":
            return (
                rows
                | "Lines" >> beam.Map(as_json)
                | beam.io.WriteToText(self._path(PREDICTIONS), file_name_suffix=".jsonl", num_shards=self._num_shards)
            )
        schema = parquet_schema(self._label_names)
        return (
            rows
            | "Records" >> beam.Map(parquet_record)
            | beam.io.WriteToParquet(
                self._path(PREDICTIONS), schema, file_name_suffix=".parquet", num_shards=self._num_shards
            )
        )


def output_row(keyed: tuple[Mapping[str, Any], PredictionResult]) -> dict[str, Any]:
    """The row of a prediction, as plain data; columns are there where some are kept."""
    key, result = keyed
    texts = result.example if isinstance(result.example, tuple) else (result.example,)
    row = {"file": key["file"], "row": key["row"], **dict(zip(("text", "text_pair"), texts, strict=False))}
    kept = {"columns": key["columns"]} if key["columns"] else {}
    return {**row, **kept, **result.inference, "model": result.model_id}


def dead_row(letter: DeadLetter) -> dict[str, Any]:
    """The row of a dead letter, as plain data; `row` is None where a whole file cannot be used."""
    key = letter.key if isinstance(letter.key, Mapping) else {}
    return {"file": key.get("file"), "row": key.get("row"), "text": letter.example, "reason": letter.reason}


def as_json(row: Mapping[str, Any]) -> str:
    """A row as a line of JSON."""
    return json.dumps(row, ensure_ascii=False, default=str)


def parquet_schema(label_names: Mapping[str, Sequence[str]]) -> Any:
    """The columns of Parquet files: `labels` and `scores`, or `HEAD_labels` and `HEAD_scores` of several heads."""
    import pyarrow as pa

    scores = pa.map_(pa.string(), pa.float64())
    fields = [("file", pa.string()), ("row", pa.int64()), ("text", pa.string()), ("text_pair", pa.string())]
    fields += [("columns", pa.map_(pa.string(), pa.string()))]
    for head in label_names:
        fields += [(_column(head, "labels"), pa.list_(pa.string())), (_column(head, "scores"), scores)]
    return pa.schema([*fields, ("model", pa.string())])


def parquet_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a record of `parquet_schema`: kept cells are texts, of which None is missing."""
    record = {name: row.get(name) for name in ("file", "row", "text", "text_pair", "model")}
    cells = row.get("columns", {}).items()
    record["columns"] = [(name, cell if cell is None else str(cell)) for name, cell in cells]
    for head, values in row.get("heads", {SINGLE_HEAD: row}).items():
        record[_column(head, "labels")] = values["labels"]
        record[_column(head, "scores")] = list(values.get("scores", {}).items())
    return record


def _column(head: str, field: str) -> str:
    return field if head == SINGLE_HEAD else f"{head}_{field}"


def _new_output(folder: str) -> str:
    """Refuse a folder that holds predictions already, which would be mixed with the new ones."""
    here = as_address(folder)
    for name in (PREDICTIONS, DEAD_LETTERS):
        found = matching(str(FileSystems.join(here, f"{name}*")))
        if found:
            raise ArtifactError(
                f"`output` must be a folder without predictions; {folder!r} holds {shorten(found[0])}. Choose another name."
            )
    return here
