"""How `Classifier.save_pretrained` and `from_pretrained` reach the rooms that write and read such folders.

Those rooms lie to the right of the classifiers, and import them; so `import kerasbert` tells where their functions are, and
they load when they are called.
"""

import importlib
from collections.abc import Callable
from typing import Any

WRITE, READ = "write", "read"
_PLACES: dict[str, tuple[str, str]] = {}


def offer(way: str, module: str, function: str) -> None:
    """Tell which function writes or reads a classifier's model in a folder of transformers."""
    _PLACES[way] = (module, function)


def offered(way: str) -> Callable[..., Any]:
    """Return the function that was offered for a way."""
    module, function = _PLACES[way]
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
