"""What `Predictor.score_files` and `kerasbert score` write, option by option."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from kerasbert._core.checks import check_bool, check_choice, check_int, shorten
from kerasbert.production.shard_writers import WRITERS

INPUT_FORMATS = ("csv", "jsonl", "tsv", "txt")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """What is written of the predictions of files.

    Args:
        format: what the shards are: `"jsonl"`, `"csv"` or `"parquet"`.
        keep: columns of the data that are written with each prediction, such as id,text. None: the text.
        rows_per_shard: rows of the data that a shard answers, >= 1; what a killed process had not finished of one is done again.
        input_format: what standard input holds: `"csv"`, `"jsonl"`, `"tsv"`, or `"txt"`, a text a line. None: txt.
        reject: whether the labels of texts that are out of scope are left empty, and their scores written.
        abstain: whether the labels of texts that a person should look at are left empty.
        coverage: share of texts whose sets of labels hold the true one, which are written too. None: no sets.
        top: scores that are written of each head, the highest first, >= 0. None: those of all labels.

    Raises:
        ConfigError: when an option is out of its range.
        TypeError: when an option has the wrong type.
    """

    format: str = dataclasses.field(default="jsonl", metadata={"choices": tuple(WRITERS)})
    keep: Sequence[str] | None = None
    rows_per_shard: int = 50_000
    input_format: str | None = dataclasses.field(default=None, metadata={"choices": INPUT_FORMATS})
    reject: bool = False
    abstain: bool = False
    coverage: float | None = None
    top: int | None = None

    def __post_init__(self) -> None:
        check_choice("format", self.format, WRITERS)
        check_int("rows_per_shard", self.rows_per_shard, 1)
        if self.input_format is not None:
            check_choice("input_format", self.input_format, INPUT_FORMATS)
        check_bool("reject", self.reject)
        check_bool("abstain", self.abstain)
        if self.top is not None:
            check_int("top", self.top, 0)
        if self.keep is not None:
            are_names = not isinstance(self.keep, str) and all(isinstance(name, str) for name in self.keep)
            if not are_names:
                raise TypeError(f"`keep` must be a list of column names; got {shorten(self.keep)}.")
            # The way to fill a field of a frozen dataclass.
            object.__setattr__(self, "keep", tuple(dict.fromkeys(self.keep)))

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of `answered_rows`."""
        return {"reject": self.reject, "abstain": self.abstain, "coverage": self.coverage, "top": self.top}

    def keeps_text(self, text_column: str) -> bool:
        """Whether the text is written."""
        return self.keep is None or text_column in self.keep

    def other_columns(self, text_column: str) -> list[str]:
        """The kept columns but that of the text."""
        return [name for name in self.keep or () if name != text_column]
