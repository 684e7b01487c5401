"""The public surface: what stands at the top level, and what in the namespaces."""

import inspect

import kerasbert as kb

NAMESPACES = "callbacks data encoders engines evaluation export extraction layers losses metrics monitoring optimizers production saving subclasses tasks training".split()


def is_own(value):
    return callable(value) and getattr(value, "__module__", "").startswith("kerasbert.")


def listed(module):
    """The names that a module lists itself, classes and functions of this package only."""
    values = {name: getattr(module, name) for name in dir(module) if name[0] != "_"}
    return {name: value for name, value in values.items() if is_own(value)}


TOP = listed(kb)
BY_NAMESPACE = {name: listed(getattr(kb, name)) for name in NAMESPACES}
PUBLIC = TOP | {name: value for names in BY_NAMESPACE.values() for name, value in names.items()}


def is_error(value):
    return inspect.isclass(value) and issubclass(value, Exception)
