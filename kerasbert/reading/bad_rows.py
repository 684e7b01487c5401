"""What is done with rows that cannot be used: stop at the first, or leave them out, counted and listed."""

from pathlib import Path
from typing import Any

from kerasbert._core.checks import check_choice
from kerasbert._core.errors import DataError

POLICIES = ("skip", "stop")
NUM_KEPT = 20
HINT = " on_error='skip' (--on-error skip) leaves such rows out."


class BadRows:
    """Counts and lists rows that cannot be used.

    Args:
        on_error: `"stop"` raises at the first one, `"skip"` leaves it out.
        listing: file to which every one is written, a line each; None: none.
        hint: way out that a message ends with.
    """

    def __init__(self, on_error: str = "stop", listing: Path | None = None, *, hint: str = HINT) -> None:
        self.on_error = check_choice("on_error", on_error, POLICIES)
        self.listing = listing
        self.hint = hint
        self.count = 0
        #: The first few, in words.
        self.first: list[str] = []

    def add(self, place: str, error: Exception) -> None:
        """Take a row that cannot be used; the place is left out where the error says it."""
        words = f"{place}: {error}" if place and not str(error).startswith(place) else str(error)
        if self.on_error == "stop":
            kind = TypeError if isinstance(error, TypeError) else DataError
            raise kind(f"{words}{self.hint}") from error
        self.count += 1
        if len(self.first) < NUM_KEPT:
            self.first.append(words)
        if self.listing is not None:
            with open(self.listing, "a", encoding="utf-8") as stream:
                stream.write(words.replace("\n", " ") + "\n")

    def describe(self) -> str:
        """How many there were, and the first of them, in words."""
        rows = "1 row was" if self.count == 1 else f"{self.count:,} rows were"
        return f"{rows} left out, such as {self.first[0]}" if self.count else "no row was left out"

    def to_dict(self) -> dict[str, Any]:
        """The count and the first few, as plain data."""
        return {"count": self.count, "first": self.first}
