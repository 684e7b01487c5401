"""Every public name stands in one place, and every type that a public function returns can be imported."""

import ast
import importlib
import importlib.util
import inspect
import re
import sys
import types
import typing
from pathlib import Path

import keras
import pytest
from public_names import BY_NAMESPACE, NAMESPACES, PUBLIC, TOP, is_own

import kerasbert as kb

ROOT = Path(__file__).parent.parent
# Types of packages that only type checkers import.
OF_OTHERS = {
    "ClassifierLike": typing.Any,
    "FastTokenizer": typing.Any,
    "keras": keras,
    "pandas": types.SimpleNamespace(DataFrame=typing.Any),
}
SCRIPTS = [*ROOT.glob("benchmarks/*.py"), *ROOT.glob("examples/**/*.py")]


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
    hint = typing.get_type_hints(function, {**OF_OTHERS, **PUBLIC, **scope}).get("return")
    assert not [one for one in own_types(hint) if one not in PUBLIC.values()]


def names_used(script):
    """The modules and names of the package that a script imports, or reads as `kb.a.b`."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kerasbert"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and re.fullmatch(r"kb(\.\w+)+", ast.unparse(node)):
            yield ast.unparse(node).replace("kb.", "kerasbert.", 1)


def exists(name):
    if name.startswith("kerasbert.beam.") and importlib.util.find_spec("apache_beam") is None:
        return True  # tests/production/beam has it, where Beam is installed
    owner, _, last = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ImportError:
        return hasattr(importlib.import_module(owner), last) if owner.islower() else True
    return True


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_use_names_that_exist(script):
    assert not [name for name in names_used(script) if not exists(name)]


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_use_names_that_exist(page):
    used = [name[1:].split(".") for name in re.findall(r"\bkb((?:\.\w+)+)", page.read_text(encoding="utf-8"))]
    assert not [name for name in used if not reachable(name)]


def reachable(names):
    found = kb
    for name in names:
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True
