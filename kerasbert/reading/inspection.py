"""What a data file holds, before anyone trains on it. No model is built, and nothing of Keras or TensorFlow is loaded."""

import dataclasses
import itertools
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import DEFAULT_ENCODER, SINGLE_HEAD
from kerasbert._core.options import filled, takes_options
from kerasbert.labels.rules import ANY, ONE, ONE_OF_TWO, LabelRules
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading._files import SourceFile
from kerasbert.reading.bad_rows import BadRows
from kerasbert.reading.data_checks import warn_of_imbalance
from kerasbert.reading.formats import FORMATS, format_of
from kerasbert.reading.likely import (
    FIRST_ROWS,
    LABEL_COLUMNS,
    TEXT_COLUMNS,
    holds_several,
    likely_label_columns,
    likely_options,
    likely_text_column,
)
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.readers import TextColumns, byte_lines, open_file, stream_rows, usable_rows
from kerasbert.reading.sources import source_of
from kerasbert.reading.text_facts import EqualTexts, LengthCounts, LengthFacts, TextCollector, as_lists, cut_text

MOST_EXAMPLES = 5
MOST_ROWS = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class InspectOptions:
    """What is looked at.

    Args:
        text_column: column of the texts. None: text, else the column of the longest texts.
        text_pair_column: column of second texts.
        label_column: label column, or several of 0 and 1. None: label, labels, or the one that could hold labels.
        label_delimiter: separator of several labels in one cell, such as ';'.
        encoder: encoder whose tokenizer counts tokens. None: all-MiniLM-L6-v2, where it is installed.
        max_length: longest text in tokens. None: as training takes it, 128 for most encoders.
    """

    text_column: str | None = None
    text_pair_column: str | None = None
    label_column: str | Sequence[str] | None = None
    label_delimiter: str | None = None
    encoder: str | None = None
    max_length: int | None = None


@dataclasses.dataclass(frozen=True)
class Overlap:
    """Texts that are in another file too.

    Args:
        source: the other file.
        num_texts: texts of the inspected file that are in it.
        texts: the first few of them, cut.
    """

    source: str
    num_texts: int
    texts: list[str]


@dataclasses.dataclass(frozen=True)
class DataInspection:
    """What a data file holds, as `inspect_data` found it.

    Args:
        source: path of the file.
        format: of the file, in words.
        options: how it is read: name of an option of `ReadOptions` -> value, of those that are not the defaults.
        likely: names of what was not given and is likely: options of reading, `text_column`, `label_column`.
        columns: names of all columns.
        text_column: column of the texts.
        text_pair_column: column of second texts, or None.
        label_columns: columns of the labels; empty where there are none.
        num_texts: rows that can be used.
        unusable: the `count` of other rows, and the `first` of them in words.
        task: the task that the labels suggest; None without labels.
        labels: label -> texts that have it, the most frequent first.
        positive_label: of two labels the one that a binary classifier finds; None for others.
        lengths: in tokens; None where no tokenizer is there to count.
        num_empty: texts of nothing but white space.
        num_repeated: texts that repeat an earlier one.
        repeated: the most frequent of these.
        num_unequal: different texts that stand in several rows with unequal labels.
        unequal: the most frequent of these.
        overlap: with another file; None without one.
        notes: what is odd, in sentences.
        command: the words of the command that trains on the file; empty where none is known.

    Example:
        >>> inspection = inspect_data("data.csv")  # doctest: +SKIP
        >>> inspection.labels, inspection.num_repeated  # doctest: +SKIP
        ({'ham': 4, 'spam': 2}, 0)
    """

    source: str
    format: str
    options: dict[str, Any]
    likely: list[str]
    columns: list[str]
    text_column: str
    text_pair_column: str | None
    label_columns: list[str]
    num_texts: int
    unusable: dict[str, Any]
    task: str | None
    labels: dict[str, int]
    positive_label: str | None
    lengths: LengthFacts | None
    num_empty: int
    num_repeated: int
    repeated: list[EqualTexts]
    num_unequal: int
    unequal: list[EqualTexts]
    overlap: Overlap | None
    notes: list[str]
    command: list[str]

    def to_dict(self) -> dict[str, Any]:
        """The inspection as plain data."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> list[str]:
        """What was found, a line each, but for the table of labels."""
        unusable = self.unusable["count"]
        lost = f"; {unusable:,} rows cannot be used, such as {self.unusable['first'][0]}" if unusable else ""
        lines = [f"{self.source}: {self.format}{self._options_in_words()}; {self.num_texts:,} texts{lost}"]
        lines.append(f"Columns: {', '.join(map(self._column_in_words, self.columns))}")
        if self.lengths is not None:
            lines += _lengths_in_words(self.lengths)
        lines.append(self._repeated_in_words())
        if self.overlap is not None:
            lines.append(_overlap_in_words(self.overlap, self.num_texts))
        return lines

    def training(self) -> str:
        """What `kerasbert train` reads of the file, in a line."""
        if self.task is None:
            return "train reads nothing: name the column of the labels with --label-column."
        positive = "" if self.positive_label is None else f", positive label {self.positive_label!r}"
        skipped = f"; the {self.unusable['count']:,} others stop it, or are left out" if self.unusable["count"] else ""
        return f"train reads {self.num_texts:,} texts with {len(self.labels)} labels{positive}{skipped}"

    def _options_in_words(self) -> str:
        words = ReadOptions(**self.options).words()
        likely = [name for name in self.options if name in self.likely]
        guessed = "which the file makes likely" if len(likely) == len(self.options) else f"likely: {', '.join(likely)}"
        return f", {words}" + (f" ({guessed})" if likely else "") if words else ""

    def _column_in_words(self, name: str) -> str:
        roles = [(self.text_column, "texts", "text_column"), (self.text_pair_column, "second texts", "")]
        roles += [(column, "labels", "label_column") for column in self.label_columns]
        for column, role, option in roles:
            if name == column:
                return f"{name} ({'likely ' if option in self.likely else ''}{role})"
        return name

    def _repeated_in_words(self) -> str:
        words = f"{self.num_empty:,} texts are empty, {self.num_repeated:,} repeat an earlier one"
        if self.repeated:
            words += f", such as {self.repeated[0].text!r}"
        if self.label_columns:
            words += f"; {self.num_unequal:,} different texts have unequal labels"
        if self.unequal:
            one = self.unequal[0]
            labels = ", ".join("+".join(names) or "none" for names in one.labels)
            words += f", such as {one.text!r} ({labels})"
        return words


def _lengths_in_words(lengths: LengthFacts) -> list[str]:
    cuts = sorted({**lengths.cut_at, lengths.max_length: lengths.num_cut}.items())
    first_whole = next((length for length, count in cuts if not count), cuts[-1][0])
    told = ", ".join(f"{length} cuts {count:,}" for length, count in cuts if length <= first_whole)
    return [
        f"Tokens by {lengths.encoder}: half of the texts have at most {lengths.median}, 95 % {lengths.most}, the longest "
        f"{lengths.longest}",
        f"Of the texts a maximum length of {told}; training takes {lengths.max_length}",
    ]


def _overlap_in_words(overlap: Overlap, total: int) -> str:
    words = f"{overlap.num_texts:,} of {total:,} texts ({100 * overlap.num_texts / max(total, 1):.0f} %) are in {overlap.source} too"
    return words + (f", such as {overlap.texts[0]!r}" if overlap.texts else "")


@takes_options(InspectOptions, ReadOptions)
def inspect_data(
    source: str | os.PathLike[str], *, against: str | os.PathLike[str] | None = None, **options: Any
) -> DataInspection:
    """Look at a data file: columns, labels, lengths in tokens, repeated texts, and what training would read.

    What is not given is taken as the file makes it likely, and named in `likely`.

    Args:
        source: path of a .csv, .tsv, .jsonl, .json, .xlsx or .parquet file.
        against: another file, whose texts are looked for in this one.
        **options: those of `InspectOptions` and `ReadOptions`.

    Returns:
        What was found.

    Raises:
        DataError: when the file or a column cannot be read.
        ConfigError: when an option is out of its range, or goes with other files.

    Example:
        >>> print(inspect_data("data.csv", max_length=64))  # doctest: +SKIP
    """
    asked, given = filled(InspectOptions, None, options), filled(ReadOptions, None, options)
    opened = _opened(Path(source), asked, given)
    lengths, notes = _length_counts(asked)
    bad, texts, vocabulary = BadRows("skip"), TextCollector(), opened.vocabulary(asked.label_delimiter)
    for chunk in as_lists(opened.rows(bad, vocabulary)):
        own, pairs = [row.texts[0] for row in chunk], [row.texts[1] for row in chunk] if opened.text.pair else None
        texts.add([row.number for row in chunk], own, pairs, [row.labels or () for row in chunk])
        if vocabulary is not None:
            vocabulary.count([number for row in chunk for number in row.labels])
        if lengths is not None:
            lengths.add(own, pairs)
    shared = None if against is None else _shared(opened, given, texts, Path(against))
    return _inspection(opened, asked, _Seen(bad, texts, vocabulary, lengths, notes), shared)


class _Opened(NamedTuple):
    """A file with what is read of it; `likely` names what was not given."""

    file: SourceFile
    likely: list[str]
    columns: list[str]
    text: TextColumns
    labels: list[str]
    several: bool

    def vocabulary(self, delimiter: str | None) -> LabelVocabulary | None:
        """The labels, to be collected; None where there are none."""
        rules = ANY if self.several or len(self.labels) > 1 or delimiter is not None else ONE
        return LabelVocabulary(rules, self.labels, delimiter=delimiter) if self.labels else None

    def rows(self, bad: BadRows, vocabulary: LabelVocabulary | None = None) -> Iterator[Any]:
        """The rows that can be used, with the numbers of their labels."""
        labels = self.labels if vocabulary is not None else ()
        read = vocabulary.numbers if vocabulary is not None else None
        return usable_rows(open_file(self.file, self.text, labels), bad, self.text, read)


class _Seen(NamedTuple):
    """What was collected of the rows."""

    bad: BadRows
    texts: TextCollector
    vocabulary: LabelVocabulary | None
    lengths: LengthCounts | None
    notes: list[str]


def _opened(path: Path, asked: InspectOptions, given: ReadOptions) -> _Opened:
    options, likely = likely_options(path, given)
    file = source_of(path, options)
    copying = format_of(file).copying
    if copying is None:
        suffixes = ", ".join(suffix for suffix, form in FORMATS.items() if form.copying is not None)
        raise DataError(f"{path} must end in one of {suffixes} to be inspected; got {path.name!r}.")
    columns = copying.columns(file, byte_lines(file))
    known = [name for name in columns if columns.count(name) == 1]
    sample = [row for _, row in itertools.islice(stream_rows(file, known, ""), FIRST_ROWS) if isinstance(row, dict)]
    text = asked.text_column or likely_text_column(known, sample)
    if text is None:
        raise DataError(f"{path} has no column of texts; it has {', '.join(map(repr, columns)) or 'none'}.")
    others = [name for name in known if name not in (text, asked.text_pair_column)]
    labels = _given_columns(asked.label_column) or likely_label_columns(others, sample)
    found = [*likely, *([] if asked.text_column or text in TEXT_COLUMNS else ["text_column"])]
    if asked.label_column is None:
        # Of several that could be it, none is taken.
        labels = labels if len(labels) == 1 else []
        found += ["label_column"] if labels and labels[0] not in LABEL_COLUMNS else []
    several = any(holds_several([row.get(name) for row in sample]) for name in labels)
    return _Opened(file, found, columns, TextColumns(text, asked.text_pair_column), labels, several)


def _given_columns(columns: str | Sequence[str] | None) -> list[str]:
    return [columns] if isinstance(columns, str) else list(columns or ())


def _length_counts(asked: InspectOptions) -> tuple[LengthCounts | None, list[str]]:
    """Counts lengths by the encoder's tokenizer; nothing, with a note, where the default one is not there."""
    try:
        return LengthCounts(str(asked.encoder or DEFAULT_ENCODER), asked.max_length), []
    except ConfigError as error:
        if asked.encoder is not None or asked.max_length is not None:
            raise
        return None, [f"Lengths are not counted: {error} Or name another tokenizer: encoder=DIR (--encoder DIR)."]


def _inspection(opened: _Opened, asked: InspectOptions, seen: _Seen, shared: "_Shared | None") -> DataInspection:
    names, counts, notes = _labels_of(seen.vocabulary)
    texts, rules = seen.texts, _rules(seen.vocabulary, names)
    num_repeated, equal, unequal = texts.groups()
    shown = [int(group[0]) for group in (*equal[:MOST_EXAMPLES], *unequal[:MOST_EXAMPLES])]
    told = _Examples(opened, seen, shown if shared is None else [*shown, *shared.places[:MOST_EXAMPLES].tolist()])
    return DataInspection(
        source=str(opened.file.path),
        format=format_of(opened.file).title,
        options=opened.file.options.changed(),
        likely=opened.likely,
        columns=opened.columns,
        text_column=opened.text.text,
        text_pair_column=opened.text.pair,
        label_columns=opened.labels,
        num_texts=len(texts.rows),
        unusable=seen.bad.to_dict(),
        task=None if rules is None else rules.task,
        labels=dict(sorted(zip(names, counts, strict=True), key=lambda item: -item[1])),
        positive_label=names[1] if rules is ONE_OF_TWO else None,
        lengths=None if seen.lengths is None else seen.lengths.facts(),
        num_empty=texts.num_empty,
        num_repeated=num_repeated,
        repeated=[told.equal(places) for places in equal[:MOST_EXAMPLES]],
        num_unequal=len(unequal),
        unequal=[told.equal(places) for places in unequal[:MOST_EXAMPLES]],
        overlap=None if shared is None else Overlap(shared.source, len(shared.places), told.texts_of(shared.places)),
        notes=[*seen.notes, *notes],
        command=_command(opened, asked, rules, skips=bool(seen.bad.count)),
    )


def _labels_of(vocabulary: LabelVocabulary | None) -> tuple[list[str], list[int], list[str]]:
    """The names of the labels, how many texts have each, and what is odd about them."""
    if vocabulary is None:
        return [], [], []
    names, counts = list(vocabulary.names), vocabulary.counts
    notes = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            vocabulary.check()
        except (DataError, ConfigError) as error:
            notes.append(f"train refuses these labels: {error}")
        if not vocabulary.rules.several:
            warn_of_imbalance({SINGLE_HEAD: counts}, {SINGLE_HEAD: names})
    return names, counts.tolist(), notes + [str(one.message) for one in told]


def _rules(vocabulary: LabelVocabulary | None, names: Sequence[str]) -> LabelRules | None:
    """How many labels a text and the task have, by what was found."""
    if vocabulary is None or not names:
        return None
    if vocabulary.rules.several:
        return ANY
    return ONE_OF_TWO if len(names) == ONE_OF_TWO.most else ONE


class _Shared(NamedTuple):
    """The places of the texts that are in another file."""

    source: str
    places: np.ndarray


def _shared(opened: _Opened, given: ReadOptions, texts: TextCollector, other: Path) -> _Shared:
    options = likely_options(other, given).options
    file = source_of(other, options)
    found = TextCollector()
    for chunk in as_lists(usable_rows(open_file(file, opened.text), BadRows("skip"), opened.text)):
        pairs = [row.texts[1] for row in chunk] if opened.text.pair else None
        found.add([], [row.texts[0] for row in chunk], pairs, [])
    return _Shared(str(other), np.flatnonzero(np.isin(texts.all_keys, found.all_keys)))


class _Examples:
    """Texts that are shown: they are read once more, since not all of them are kept."""

    def __init__(self, opened: _Opened, seen: _Seen, places: Sequence[int]) -> None:
        self.seen = seen
        wanted = {seen.texts.rows[place]: place for place in places}
        self.texts: dict[int, str] = {}
        for row in opened.rows(BadRows("skip")) if wanted else ():
            if row.number in wanted:
                self.texts[wanted[row.number]] = cut_text(row.texts[0])
                if len(self.texts) == len(wanted):
                    break

    def texts_of(self, places: np.ndarray) -> list[str]:
        """The first few texts."""
        return [self.texts[place] for place in places[:MOST_EXAMPLES].tolist()]

    def equal(self, places: np.ndarray) -> EqualTexts:
        """A group of equal texts with its rows and labels."""
        texts, vocabulary = self.seen.texts, self.seen.vocabulary
        different = texts.different_labels(places)
        named = [] if vocabulary is None else [[vocabulary.name_of(one) for one in numbers] for numbers in different]
        return EqualTexts(
            self.texts[int(places[0])], [texts.rows[place] for place in places[:MOST_ROWS].tolist()], named
        )


def _command(opened: _Opened, asked: InspectOptions, rules: LabelRules | None, *, skips: bool) -> list[str]:
    """The words of the command that trains on the file."""
    if rules is None:
        return []
    words = ["kerasbert", "train", opened.file.path, "--task", rules.task, "--output", "model"]
    words += opened.file.options.flags()
    said = {
        "--text-column": None if opened.text.text in TEXT_COLUMNS else opened.text.text,
        "--text-pair-column": opened.text.pair,
        "--label-column": None if opened.labels == [rules.usual_column] else ",".join(opened.labels),
        "--label-delimiter": asked.label_delimiter,
        "--encoder": asked.encoder,
        "--max-length": asked.max_length,
        "--on-error": "skip" if skips else None,
    }
    return words + [word for flag, value in said.items() if value is not None for word in (flag, str(value))]
