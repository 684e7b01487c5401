"""How `Classifier.save_pretrained` and `from_pretrained` reach the rooms that write and read such folders.

Those rooms lie to the right of the classifiers, and import them; so they offer their functions here when they are imported,
which `import kerasbert` does.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
WRITE, READ = "write", "read"
_OFFERED: dict[str, Callable[..., Any]] = {}


def offers(way: str) -> Callable[[Function], Function]:
    """Decorator: the function writes or reads a classifier's model in a folder of transformers."""

    def decorate(function: Function) -> Function:
        _OFFERED[way] = function
        return function

    return decorate


def offered(way: str) -> Callable[..., Any]:
    """Return the function that was offered for a way."""
    return _OFFERED[way]
