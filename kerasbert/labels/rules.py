"""How many labels a text has, and how many a head knows: all that the reading of labels knows of a task."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class LabelRules:
    """The number of labels, of a text and in all.

    Args:
        task: name of the task, for messages.
        fewest: least number of different labels.
        most: greatest number of different labels; None: any.
        several: whether a text may have any number of labels; else it has exactly one.
    """

    task: str
    fewest: int
    most: int | None = None
    several: bool = False

    @property
    def wanted(self) -> str:
        """The number of different labels, in words."""
        number = ("one", "two")[self.fewest - 1]
        return number if self.most == self.fewest else f"at least {number}"

    @property
    def usual_column(self) -> str:
        """The label column of a file where none is named."""
        return "labels" if self.several else "label"


ONE_OF_TWO = LabelRules("binary", 2, 2)
ONE = LabelRules("multiclass", 2)
ANY = LabelRules("multilabel", 1, several=True)
# One level of a hierarchy with one class a text; the tree checks the number of its labels.
LEVEL = LabelRules("hierarchical", 1)
