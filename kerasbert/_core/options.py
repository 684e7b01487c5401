"""Options that are declared once: a field of a dataclass, explained under `Args:` of its docstring.

Functions, `TextClassifier` and the command take the name, the type, the default and the explanation from there.
"""

import dataclasses
import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, TypeVar

from kerasbert._core.checks import shorten, suggest_keywords

Settings = TypeVar("Settings")
Function = TypeVar("Function", bound=Callable[..., Any])
# None where it can be written only as a text: on the command line, in a settings file.
NONE = "none"
PLAIN_TYPES: dict[type, str] = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


@dataclasses.dataclass(frozen=True)
class Option:
    """One declared option: a field, with what its docstring says of it."""

    name: str
    type: Any
    default: Any
    text: str
    metadata: Mapping[str, Any]

    @property
    def takes_none(self) -> bool:
        """Whether None is a value beside the default, which `NONE` stands for where there is no None."""
        return self.default is not None and NoneType in typing.get_args(self.type)


def options_of(*classes: type, only: Sequence[str] | None = None) -> dict[str, Option]:
    """The options that dataclasses declare, by name, in the order of the fields."""
    found = {}
    for declaring in classes:
        types, texts = typing.get_type_hints(declaring, include_extras=True), explanations(declaring)
        for field in dataclasses.fields(declaring):
            if only is None or field.name in only:
                text = texts.get(field.name, "")
                found[field.name] = Option(field.name, types[field.name], field.default, text, field.metadata)
    return found


def explanations(declaring: type) -> dict[str, str]:
    """What the docstrings of a class and its bases say under `Args:`, by name."""
    found = {}
    for base in reversed(declaring.__mro__):
        found.update(_arguments_in(vars(base).get("__doc__") or ""))
    return found


def takes_options(*classes: type, only: Sequence[str] | None = None) -> Callable[[Function], Function]:
    """Decorator: a function's `**options` are the options that dataclasses declare.

    They stand in its signature and, in the place of `**options`, in its docstring; an unknown name is refused.
    """

    def decorate(function: Function) -> Function:
        options = options_of(*classes, only=only).values()
        signature = inspect.signature(function)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        added = [
            inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type)
            for one in options
        ]
        function.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
        function.__doc__ = _explained(function.__doc__ or "", options_of(*classes, only=only))
        return suggest_keywords(function)

    return decorate


def explains_options(declaring: type[Settings]) -> type[Settings]:
    """Class decorator: put the explanations of all inherited options in the place of `**options` of the docstring."""
    own = _arguments_in(declaring.__doc__ or "")
    inherited = {name: one for name, one in options_of(declaring).items() if name not in own}
    declaring.__doc__ = _explained(declaring.__doc__ or "", inherited)
    return declaring


def filled(declaring: type[Settings], base: Any, options: Mapping[str, Any]) -> Settings:
    """An instance of a dataclass with the values of `base`, and over them those of `options` that are its own."""
    names = [field.name for field in dataclasses.fields(declaring)]  # type: ignore[arg-type]
    values = {} if base is None else {name: getattr(base, name) for name in names}
    return declaring(**{**values, **{name: options[name] for name in names if name in options}})


def changed_options(settings: Any, names: Sequence[str]) -> Iterator[str]:
    """The names of those options that differ from their defaults."""
    defaults = {field.name: field.default for field in dataclasses.fields(settings)}
    return (name for name in names if getattr(settings, name) != defaults[name])


def check_type(name: str, value: object, accepted: Any) -> None:
    """Refuse plain data that is of another type than an option."""
    if not _is_of(value, accepted):
        raise TypeError(f"`{name}` must be {_words(accepted)}; got {shorten(value)}.")


def alternatives(accepted: Any) -> tuple[Any, ...]:
    """The members of a union but None, or the type itself."""
    members = typing.get_args(accepted) if typing.get_origin(accepted) in (UnionType, typing.Union) else (accepted,)
    return tuple(one for one in members if one is not NoneType)


def _is_of(value: object, accepted: Any) -> bool:
    if value is None:
        return NoneType in typing.get_args(accepted)
    for one in alternatives(accepted):
        origin, inner = typing.get_origin(one), typing.get_args(one)
        if origin is Sequence and isinstance(value, (list, tuple)):
            if all(_is_of(part, inner[0]) for part in value):
                return True
        elif origin is Mapping and isinstance(value, Mapping):
            if inner[1] is Any or all(_is_of(part, inner[1]) for part in value.values()):
                return True
        elif one is float and isinstance(value, (int, float)) and not isinstance(value, bool):
            return True
        elif one in PLAIN_TYPES and type(value) is one:
            return True
    return False


def _words(accepted: Any) -> str:
    words = []
    for one in alternatives(accepted):
        origin, inner = typing.get_origin(one), typing.get_args(one)
        if origin is Sequence:
            words.append(f"a list, each {_words(inner[0])}")
        elif origin is Mapping:
            words.append("a table")
        elif one in PLAIN_TYPES:
            words.append(PLAIN_TYPES[one])
    return " or ".join(words)


def _arguments_in(docstring: str) -> dict[str, str]:
    """Name -> text of the section `Args:`."""
    section = re.search(r"^Args:\n((?:    .*\n|\s*\n)+)", inspect.cleandoc(docstring) + "\n", re.MULTILINE)
    if section is None:
        return {}
    entries = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", section[1], re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def _explained(docstring: str, options: Mapping[str, Option]) -> str:
    """A docstring with an entry for each option in the place of `**options`."""
    lines = [
        textwrap.fill(f"{one.name}: {one.text}", 120, initial_indent=" " * 4, subsequent_indent=" " * 8)
        for one in options.values()
    ]
    text = inspect.cleandoc(docstring)
    return re.sub(r"^    \*\*options: .*(?:\n        .*)*", lambda _: "\n".join(lines), text, flags=re.MULTILINE)
