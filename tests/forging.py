"""Changes of a JSON file, one value at a time, and folders in which a file is changed and the manifest agrees."""

import copy
import json
import shutil

from kerasbert._core.files import atomic_dir_write

VALUES = [
    None,
    True,
    -1,
    0,
    2**40,
    10**30,
    1.5,
    "",
    "\x1b[31mred\n",
    "a" * 1000,
    [],
    [[[]]],
    ["a", "a"],
    {},
    {"a": {"b": {}}},
]
MISSING = object()


def places(value, path=()):
    """The path of every value in some plain data."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, one in items:
        yield from places(one, (*path, key))


def changed(content, path, value):
    """A copy of plain data in which one value is another, or missing."""
    content = copy.deepcopy(content)
    where = content
    for key in path[:-1]:
        where = where[key]
    if value is MISSING:
        del where[path[-1]]
    else:
        where[path[-1]] = value
    return content


def mutations(content):
    """Every change of every value of a JSON object: (path, value, the changed object)."""
    for path in places(content):
        if path:
            for value in [*VALUES, MISSING]:
                yield path, value, changed(content, path, value)


def forge(source, target, name, content):
    """A copy of a folder with another file, and a manifest that agrees."""
    kind = json.loads((source / "manifest.json").read_text())["kind"]
    shutil.rmtree(target, ignore_errors=True)
    with atomic_dir_write(target, kind=kind) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("manifest.json"))
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
    return target
