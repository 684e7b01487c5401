"""One call from data files and a task to a token cache."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerasbert._core.checks import suggest_keywords
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import DEFAULT_ENCODER, SINGLE_HEAD
from kerasbert.batches.prepare import Columns, prepare
from kerasbert.batches.token_cache import TokenCache
from kerasbert.labels.level_vocabulary import HIERARCHICAL, LevelTree
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading._files import UTF_8
from kerasbert.tasks.table import task_class
from kerasbert.tokenization.long_texts import LongTexts
from kerasbert.tokenization.tokenizer import Tokenizer

LEVEL_COLUMNS = ("label", "sublabel")


@suggest_keywords
def prepare_tokens(
    sources: Any,
    output: str | os.PathLike[str],
    *,
    task: str | None = None,
    heads: Mapping[str, tuple[str, str]] | None = None,
    text: str = "text",
    text_pair: str | None = None,
    labels: str | Sequence[str] | None = None,
    label_names: Sequence[str] | None = None,
    label_delimiter: str | None = None,
    subclasses: Mapping[str, Any] | None = None,
    encoder: str | os.PathLike[str] = DEFAULT_ENCODER,
    max_length: int | None = None,
    long_texts: str = "truncate",
    missing: str = "error",
    on_error: str = "stop",
    encoding: str = UTF_8,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> TokenCache:
    """Tokenise labelled data files of any size once, into a folder to train from.

    Memory holds a few thousand texts at a time. A folder that was made before from the same files in the same way is
    taken as it is.

    Args:
        sources: paths and patterns (`"data/*.jsonl"`) of .csv, .tsv, .jsonl, .parquet and .tfrecord files; all but Parquet
            also as .gz. A TFRecord file holds `tf.train.Example`s with a text, or with `input_ids` in its place.
        output: the folder to appear, written beside and renamed when whole.
        task: `"binary"`, `"multiclass"`, `"multilabel"` or `"hierarchical"` (one class and subclass a text); None: with
            `heads`.
        heads: head name -> (label column, task), for a classifier with several heads.
        text: column of the texts.
        text_pair: column of second texts.
        labels: label column; None: `"labels"` for a multi-label task, else `"label"`. Or several columns of 0 and 1; for a
            hierarchical task the columns of the levels, None: `["label", "sublabel"]`.
        label_names: labels in the order wanted, (negative, positive) for a binary task; others are refused. None collects
            and sorts them.
        label_delimiter: separator of several names in one cell.
        subclasses: for a hierarchical task class -> its subclasses, see `build_hierarchical`; None collects them.
        encoder: name or folder of the checkpoint to be trained.
        max_length: longest text in tokens; longer ones are cut and counted. None means 128.
        long_texts: `"truncate"` or `"head_tail"`, see `LongTexts`.
        missing: what a missing text is: `"error"`, or `"empty"` for an empty text.
        on_error: what becomes of a row that cannot be used: `"stop"`, or `"skip"`, which counts it and lists it in
            `bad_rows.txt`.
        encoding: of text files: `"utf-8"`, or such as `"cp1252"` or `"latin-1"`.
        overwrite: whether a folder made from other data, or in another way, is replaced.
        progress: called with about how many bytes of the sources are done, and with all.

    Returns:
        The cache; `reused` tells whether it was there.

    Raises:
        DataError: when a file, a column or a row cannot be used, or there is no row; the message names file and line.
        TypeError: when a text of a file is no text.
        ArtifactError: when the folder was made from other data or in another way, and `overwrite` is False.
        ConfigError: when an argument is out of its range.

    Example:
        >>> cache = prepare_tokens("data/*.jsonl", "tokens", task="multiclass")  # doctest: +SKIP
        >>> classifier = TextClassifier("multiclass").fit(cache)  # doctest: +SKIP
    """
    reader = Tokenizer.from_pretrained(encoder, max_length=max_length, long_texts=LongTexts(long_texts))
    vocabularies, tree = plan_labels(
        task,
        heads=heads,
        labels=labels,
        label_names=label_names,
        label_delimiter=label_delimiter,
        subclasses=subclasses,
    )
    return prepare(
        sources,
        output,
        encoder=reader,
        columns=Columns(vocabularies, text, text_pair, missing, tree),
        on_error=on_error,
        encoding=encoding,
        overwrite=overwrite,
        progress=progress,
    )


def plan_labels(
    task: str | None,
    *,
    heads: Mapping[str, tuple[str, str]] | None = None,
    labels: str | Sequence[str] | None = None,
    label_names: Sequence[str] | None = None,
    label_delimiter: str | None = None,
    subclasses: Mapping[str, Any] | None = None,
) -> tuple[dict[str, LabelVocabulary], LevelTree | None]:
    """What reads the labels of a row, by head; see `prepare_tokens` for the arguments.

    Args:
        task: see `prepare_tokens`.
        heads: see `prepare_tokens`.
        labels: see `prepare_tokens`.
        label_names: see `prepare_tokens`.
        label_delimiter: see `prepare_tokens`.
        subclasses: see `prepare_tokens`.

    Returns:
        Head or level name -> its labels; and what the levels belong to, None without levels.

    Raises:
        ConfigError: when arguments do not go together.
    """
    if (task is None) == (heads is None):
        raise ConfigError("One of `task` and `heads` must be given.")
    if subclasses is not None and task != HIERARCHICAL:
        raise ConfigError(f"`subclasses` goes with task 'hierarchical'; got task {task!r}.")
    if heads is not None:
        if label_names is not None or labels is not None:
            raise ConfigError("`labels` and `label_names` must be None with `heads`, which name the columns.")
        if label_delimiter is not None and "multilabel" not in [own for _, own in heads.values()]:
            raise ConfigError(
                f"`label_delimiter` goes with a multi-label head, whose cells name several labels; got {label_delimiter!r} with "
                f"{dict(heads)}."
            )
        return {
            name: LabelVocabulary(
                task_class(own).rules, [column], delimiter=label_delimiter if own == "multilabel" else None
            )
            for name, (column, own) in heads.items()
        }, None
    columns = _columns(str(task), labels)
    if task == HIERARCHICAL:
        if label_names is not None or label_delimiter is not None:
            raise ConfigError(
                "`label_names` and `label_delimiter` must be None for a hierarchical task; give `subclasses`."
            )
        tree = LevelTree([*LEVEL_COLUMNS] if labels is None else columns, subclasses)
        return dict(tree.levels), tree
    return {
        SINGLE_HEAD: LabelVocabulary(task_class(task).rules, columns, names=label_names, delimiter=label_delimiter)
    }, None


def _columns(task: str, labels: str | Sequence[str] | None) -> list[str]:
    if labels is None:
        return ["labels" if task == "multilabel" else "label"]
    return [labels] if isinstance(labels, str) else list(labels)
