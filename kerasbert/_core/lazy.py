"""Public names of a package that are imported when they are first asked for."""

import ast
import importlib
import itertools
import sys
from collections.abc import Callable
from typing import Any

# What an `__init__.py` needs itself; `dir` does not list it.
HELPERS = {"TYPE_CHECKING", "_register", "lazy_names", "sys"}


def lazy_names(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return the `__getattr__`, `__dir__` and `__all__` of a package whose names load when they are asked for.

    The names are declared once, for type checkers as for Python: they are those that the package imports under
    `if TYPE_CHECKING:` of its own `__init__.py`.

    Args:
        package: `__name__` of the package.

    Example:
        >>> _, _, names = lazy_names("kerasbert.optimizers")
        >>> names
        ['AdamW', 'WarmupDecay']
    """
    places = _declared(package)

    def load(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, member = places[name]
        value = importlib.import_module(module) if member is None else getattr(importlib.import_module(module), member)
        vars(sys.modules[package])[name] = value
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places} - HELPERS)

    return load, names, list(places)


def _declared(package: str) -> dict[str, tuple[str, str | None]]:
    """Name -> the module that holds it and its name there; None where it is a module itself."""
    source = vars(sys.modules[package])["__spec__"].loader.get_source(package)
    blocks = [node.body for node in ast.parse(source).body if isinstance(node, ast.If)]
    found: dict[str, tuple[str, str | None]] = {}
    for line in itertools.chain(*blocks):
        if isinstance(line, ast.ImportFrom) and line.module:
            for one in line.names:
                is_module = line.module == package
                place = (f"{package}.{one.name}", None) if is_module else (line.module, one.name)
                found[one.asname or one.name] = place
    return found
