"""`ScoreInputs`: the files of a run, and the columns that are read of them."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert._core.errors import ConfigError, DataError
from kerasbert.production.settings import ScoreSettings
from kerasbert.reading._files import SourceFile, StandardInput
from kerasbert.reading.class_labels import class_names
from kerasbert.reading.formats import check_options
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.readers import TextColumns
from kerasbert.reading.row_stream import check_source
from kerasbert.reading.sources import find_sources

# What stands for standard input among files.
DASH = "-"
PARQUET = ".parquet"


@dataclasses.dataclass(frozen=True)
class ScoreInputs:
    """What is read.

    Args:
        files: the files, in their order.
        columns: of the texts.
        settings: what is written.
    """

    files: Sequence[SourceFile]
    columns: TextColumns
    settings: ScoreSettings

    @classmethod
    def find(cls, files: Any, columns: TextColumns, settings: ScoreSettings, options: ReadOptions) -> "ScoreInputs":
        """Find the files that paths and patterns name, and refuse those that cannot be read.

        Raises:
            ConfigError: when an option does not go with the files.
            DataError: when there is no such file, one is empty or lacks a column.
        """
        listed = [files] if isinstance(files, (str, os.PathLike)) else files
        if isinstance(listed, Sequence) and DASH in map(str, listed):
            if len(listed) > 1:
                raise ConfigError("`files` must be '-' alone for standard input; got other files beside it.")
            ending = f".{settings.input_format or 'txt'}"
            given = StandardInput(options=options, ending=ending)
            check_options(given)
            return cls([given], columns, settings)
        if settings.input_format is not None:
            raise ConfigError(
                f"`input_format` goes with '-', standard input; the names of files say their format. Got "
                f"{settings.input_format!r}."
            )
        inputs = cls(find_sources(files, options, plain=True), columns, settings)
        for file in inputs.files:
            if not file.size:
                raise DataError(f"{file.path} is empty (0 bytes); leave it out.")
            check_source(file, inputs.wanted, columns.text)
        return inputs

    @property
    def kept(self) -> list[str]:
        """The columns that are written beside the predictions, but that of the text."""
        return self.settings.other_columns(self.columns.text)

    @property
    def wanted(self) -> list[str]:
        """All columns that are read."""
        return list(dict.fromkeys([*self.columns.names, *self.kept]))

    @property
    def is_standard_input(self) -> bool:
        """Whether the rows come from standard input, which is read once."""
        return isinstance(self.files[0], StandardInput)

    def facts(self) -> dict[str, Any]:
        """What decides, beside files and classifier, what is written, as plain data."""
        written = dataclasses.asdict(self.settings)
        written["keep"] = None if self.settings.keep is None else list(self.settings.keep)
        return {"text_column": self.columns.text, "text_pair_column": self.columns.pair, **written}

    def kept_types(self) -> Mapping[str, Any]:
        """The types that kept columns have in all of the files, which then are Parquet, as `pyarrow` names them."""
        if self.settings.format != PARQUET[1:] or any(file.suffix != PARQUET for file in self.files):
            return {}
        from pyarrow import parquet, types

        from kerasbert.reading._parquet import features_of

        schemas = [(file, parquet.read_schema(file.path)) for file in self.files]
        found: dict[str, Any] = {}
        for name in self.kept:
            own = []
            for file, schema in schemas:
                kind = schema.field(name).type
                is_class = name in class_names(features_of(schema.metadata, file.path))
                own.append(None if is_class else kind.value_type if types.is_dictionary(kind) else kind)
            if own[0] is not None and all(kind == own[0] for kind in own):
                found[name] = own[0]
        return found
