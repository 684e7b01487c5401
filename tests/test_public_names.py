"""Every public name stands in one place, and every type that a public function returns can be imported."""

import inspect
import re
import subprocess
import sys
import typing

import pytest
from public_names import BY_NAMESPACE, NAMESPACES, PUBLIC, TOP, is_own

import kerasbert as kb


def test_the_namespaces_are_those_of_the_docstring():
    assert set(re.findall(r"kb\.([a-z]+)\b(?!\()", kb.__doc__)) == set(NAMESPACES)


def test_a_name_stands_in_one_place():
    places = [(name, place) for place, names in (BY_NAMESPACE | {"": TOP}).items() for name in names]
    assert len({name for name, _ in places}) == len(places)


def public_callables():
    for name, value in PUBLIC.items():
        if inspect.isclass(value):
            members = inspect.getmembers_static(value)
            yield from ((f"{name}.{member}", getter(one)) for member, one in members if is_public(member, one))
        else:
            yield name, value


def is_public(member, one):
    return member[0] != "_" and is_own(getter(one))


def getter(member):
    """The function behind a method, a property or a class method."""
    for part in ("fget", "__func__", "func"):
        member = getattr(member, part, None) or member
    return inspect.unwrap(member) if callable(member) else member


def own_types(hint):
    """The classes of this package in a type hint, also inside of others."""
    if inspect.isclass(hint) and hint.__module__.startswith("kerasbert."):
        yield hint
    for part in typing.get_args(hint):
        yield from own_types(part)


@pytest.mark.parametrize(
    "name, function", list(public_callables()), ids=lambda value: value if type(value) is str else ""
)
def test_what_is_returned_can_be_imported(name, function):
    scope = vars(sys.modules[function.__module__])
    hint = typing.get_type_hints(function, {**PUBLIC, **scope}).get("return")
    assert not [one for one in own_types(hint) if one not in PUBLIC.values()]


def test_import_loads_no_optional_package():
    code = (
        "import sys, kerasbert; sys.exit(any(n in sys.modules for n in ('transformers', 'torch', 'tf2onnx', 'jinja2')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
