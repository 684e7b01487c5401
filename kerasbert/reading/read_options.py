"""How data files are read where their names do not say it: encoding, delimiter, header, quotes, sheet.

What can be followed depends on the format; the table of formats says which options each follows.
"""

import codecs
import dataclasses
from typing import Any

from kerasbert._core.checks import check_bool, check_choice, shorten
from kerasbert._core.errors import ConfigError

UTF_8 = "utf-8"
# What readers look for in bytes.
SEPARATORS = '\n\r\t ,;|"{}[]\\09az'
TAB = "\t"
# How a tab is written where it cannot be typed.
TABS = ("tab", "\\t")
CSV_QUOTES = "csv"
NO_QUOTES = "none"
QUOTINGS = (CSV_QUOTES, NO_QUOTES)
# What may separate cells, in words.
DELIMITERS = {",": "commas", ";": "semicolons", TAB: "tabs", "|": "bars"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadOptions:
    r"""How data files are read where their names do not say it; an option that a file's format cannot follow is refused.

    Args:
        encoding: encoding of text files, such as `"cp1252"` (Windows, Excel) or `"latin-1"`.
        delimiter: what separates the cells of a .csv or .tsv file, such as `";"` or `"tab"`. None: the ending of the name
            says it.
        header: whether the first row of a .csv, .tsv or .xlsx file names the columns; else their names are their
            numbers, from 1.
        quoting: what a quote is in a .csv or .tsv file: `"csv"`, which opens a cell at its start, or `"none"`, a plain
            character.
        sheet: sheet of an .xlsx file. None: the only one.

    Raises:
        ConfigError: when an option is out of its range.
        TypeError: when an option has the wrong type.

    Example:
        >>> ReadOptions(delimiter="tab", encoding="Latin-1")
        ReadOptions(encoding='iso8859-1', delimiter='\t', header=True, quoting='csv', sheet=None)
    """

    encoding: str = UTF_8
    delimiter: str | None = None
    header: bool = True
    quoting: str = dataclasses.field(default=CSV_QUOTES, metadata={"choices": QUOTINGS})
    sheet: str | None = None

    def __post_init__(self) -> None:
        # The way to fill a field of a frozen dataclass.
        object.__setattr__(self, "encoding", check_encoding(self.encoding))
        object.__setattr__(self, "delimiter", check_delimiter(self.delimiter))
        check_bool("header", self.header)
        check_choice("quoting", self.quoting, QUOTINGS)
        if self.sheet is not None and not isinstance(self.sheet, str):
            raise TypeError(
                f"`sheet` must be the name of a sheet; got {shorten(self.sheet)} of {type(self.sheet).__name__}."
            )

    def changed(self) -> dict[str, Any]:
        """The options that are not their defaults, by name."""
        values = {name: getattr(self, name) for name in READ_OPTIONS}
        return {name: value for name, value in values.items() if value != getattr(DEFAULTS, name)}

    def flags(self) -> list[str]:
        """The words of a command line that say these options."""
        found = []
        for name, value in self.changed().items():
            if name == "header":
                found.append("--no-header")
            else:
                found += [f"--{name}", "tab" if value == TAB else value]
        return found

    def words(self) -> str:
        """What is not as the name of a file says, in words; empty where all is."""
        said = {
            "encoding": f"in {self.encoding}",
            "delimiter": f"with {delimiter_in_words(self.delimiter or '')} between cells",
            "header": "without a header, so that columns are named by their numbers",
            "quoting": "with quotes as plain characters",
            "sheet": f"from the sheet {self.sheet!r}",
        }
        return ", ".join(said[name] for name in self.changed())


READ_OPTIONS = tuple(field.name for field in dataclasses.fields(ReadOptions))


def delimiter_in_words(delimiter: str) -> str:
    """Such as `semicolons`."""
    return DELIMITERS.get(delimiter, repr(delimiter))


def delimiter_option(delimiter: str) -> str:
    """How an option says a delimiter, in Python and in the command."""
    name = "tab" if delimiter == TAB else delimiter
    return f"delimiter={name!r} (--delimiter {name if name.isalnum() else repr(name)})"


def check_delimiter(delimiter: Any) -> str | None:
    r"""The one character that separates cells, a tab for `"tab"` and `"\\t"`."""
    accepted = "`delimiter` must be one character such as ';', or 'tab'"
    if delimiter is None:
        return None
    if not isinstance(delimiter, str):
        raise TypeError(f"{accepted}; got {shorten(delimiter)} of {type(delimiter).__name__}.")
    mark = TAB if delimiter in TABS else delimiter
    if len(mark) != 1 or mark in '"\r\n\0' or "\ud800" <= mark <= "\udfff":
        raise ConfigError(f"{accepted}, and no quote or line end; got {shorten(delimiter)}.")
    return mark


def check_encoding(encoding: str) -> str:
    """The name that Python gives to an encoding in which a data file may be, such as `"cp1252"`."""
    if not isinstance(encoding, str):
        raise TypeError(
            f"`encoding` must be a name such as 'utf-8'; got {shorten(encoding)} of {type(encoding).__name__}."
        )
    try:
        name = codecs.lookup(encoding).name
        found = SEPARATORS.encode(name)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"`encoding` must be one that Python knows, such as 'latin-1' or 'cp1252'; got {encoding!r}."
        ) from error
    if name == "utf-8-sig":
        return UTF_8
    if found != SEPARATORS.encode("ascii"):
        raise ConfigError(f"`encoding` must keep ASCII as it is; got {encoding!r}. Save the file as UTF-8.")
    return name


DEFAULTS = ReadOptions()
