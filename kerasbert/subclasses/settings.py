"""Names of what a discovery writes, told before Keras is loaded."""

PAGE_FILE = "subclasses.html"
TEXTS_FILE = "texts.html"


def column_names(column: str) -> list[str]:
    """Return the names of the columns that a discovery adds to the data."""
    return [column, f"{column}_distance", f"{column}_borderline", f"{column}_other"]
