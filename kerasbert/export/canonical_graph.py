"""Name what a SavedModel holds alike in every process, so that equal classifiers give equal bytes.

TensorFlow numbers functions, tables and loops with one counter for each process, which also counts what was traced before.
Here the numbers are replaced by their ranks, functions are sorted by their new names, the configuration of the process is
forgotten, and the random identifier of the fingerprint becomes a hash of the model.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

MODEL_FILE, FINGERPRINT_FILE = "saved_model.pb", "fingerprint.pb"
NUMBERED = re.compile(r"(.*_)(\d+)", re.DOTALL)
# In the names of nodes and gradients: loops and their arguments, what fills a table, gradients of custom functions.
INSIDE = re.compile(r"(?<![A-Za-z0-9])(while_(?:cond_|body_)?|key_value_init|CustomGradient-)(\d+)")
# Attributes whose value is a number of this kind, with a name or bare: of a table, a capture, a gradient.
NUMBER_ATTRIBUTES = ("shared_name", "_user_specified_name", "_gradient_op_type")
# Threads, devices and options of the optimiser, in every call of a function.
CONFIGURATION = "config_proto"
ATTRIBUTE = re.compile(r"(CustomGradient-)?(\d+)")


def make_canonical(saved: Any) -> None:
    """Rename and sort the functions of a `SavedModel` message in place; what it computes stays the same."""
    for graph in saved.meta_graphs:
        library = graph.graph_def.library
        ranks = _ranks(graph, [function.signature.name for function in library.function])
        names = {function.signature.name: _renumbered(function.signature.name, ranks) for function in library.function}
        _forget_process(graph)
        _rewrite(graph, partial(_renamed, names, ranks), ranks)
        _sort(library.function, lambda function: function.signature.name)
        _sort(library.registered_gradients, lambda gradient: gradient.registered_op_type)


def write_fingerprint(folder: Path) -> None:
    """Write the fingerprint of a SavedModel as it lies in its folder, with an identifier that depends on it alone."""
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    found = fingerprint_pb2.FingerprintDef.FromString(fingerprinting.CreateFingerprintDef(str(folder)))
    digest = hashlib.sha256((folder / MODEL_FILE).read_bytes()).digest()
    found.uuid = str(int.from_bytes(digest[:16], "big"))
    (folder / FINGERPRINT_FILE).write_bytes(found.SerializeToString(deterministic=True))


def _forget_process(graph: Any) -> None:
    """Clear how TensorFlow was configured where the graph was traced; whoever loads it has a configuration of its own."""
    for message in _messages(graph):
        attributes: Any = getattr(message, "attr", None)
        if hasattr(attributes, "items") and CONFIGURATION in attributes:
            attributes[CONFIGURATION].s = b""


def _sort(messages: Any, key: Callable[[Any], str]) -> None:
    ordered = [_copy(one) for one in sorted(messages, key=key)]
    del messages[:]
    messages.extend(ordered)


def _copy(message: Any) -> Any:
    return type(message).FromString(message.SerializeToString())


def _ranks(graph: Any, names: list[str]) -> dict[str, str]:
    """Return each number of the process -> its rank among those of this graph, both as digits."""
    numbers = {match[2] for name in names if (match := NUMBERED.fullmatch(name))}
    for text in _strings(graph):
        numbers.update(number for _, number in INSIDE.findall(text))
    for attribute in _numbered_attributes(graph):
        numbers.add(ATTRIBUTE.fullmatch(attribute.s.decode())[2])  # type: ignore[index]
    return {number: str(rank) for rank, number in enumerate(sorted(numbers, key=int))}


def _renumbered(name: str, ranks: dict[str, str]) -> str:
    match = NUMBERED.fullmatch(name)
    return f"{match[1]}{ranks[match[2]]}" if match else name


def _renamed(names: dict[str, str], ranks: dict[str, str], text: str) -> str:
    return names.get(text) or INSIDE.sub(lambda match: match[1] + ranks[match[2]], text)


def _messages(message: Any) -> Iterator[Any]:
    """Iterate over a message and all messages inside it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if _is_map(field):
            inner = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        else:
            inner = value if field.is_repeated else (value,)
        for one in inner:
            yield from _messages(one)


def _numbered_attributes(graph: Any) -> Iterator[Any]:
    """Iterate over the attributes of nodes, functions and arguments that hold a number."""
    for message in _messages(graph):
        attributes: Any = getattr(message, "attr", None)
        if hasattr(attributes, "items"):
            found = (attributes[key] for key in NUMBER_ATTRIBUTES if key in attributes)
            yield from (one for one in found if ATTRIBUTE.fullmatch(one.s.decode(errors="replace")))


def _is_map(field: Any) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _strings(graph: Any) -> Iterator[str]:
    for message in _messages(graph):
        for field, value in message.ListFields():
            if field.type == field.TYPE_STRING:
                yield from value if field.is_repeated else (value,)


def _rewrite(graph: Any, rename: Callable[[str], str], ranks: dict[str, str]) -> None:
    for attribute in _numbered_attributes(graph):
        prefix, number = ATTRIBUTE.fullmatch(attribute.s.decode()).groups(default="")  # type: ignore[union-attr]
        attribute.s = f"{prefix}{ranks[number]}".encode()
    for message in _messages(graph):
        for field, value in message.ListFields():
            if _is_map(field):
                _rename_keys(field, value, rename)
            elif field.type == field.TYPE_STRING and field.is_repeated:
                value[:] = [rename(one) for one in value]
            elif field.type == field.TYPE_STRING:
                setattr(message, field.name, rename(value))


def _rename_keys(field: Any, entries: Any, rename: Callable[[str], str]) -> None:
    """Rename the keys of a map that are names, and its values where they are."""
    key_field, value_field = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    if key_field.type != key_field.TYPE_STRING:
        return
    if value_field.type == value_field.TYPE_STRING:
        renamed = {rename(key): rename(value) for key, value in entries.items()}
        entries.clear()
        entries.update(renamed)
        return
    moved = [key for key in entries if rename(key) != key]
    values = {rename(key): entries[key] for key in moved}
    if value_field.message_type is not None:
        values = {key: _copy(value) for key, value in values.items()}
    for key in moved:
        del entries[key]
    for key, value in values.items():
        if value_field.message_type is None:
            entries[key] = value
        else:
            entries[key].CopyFrom(value)
