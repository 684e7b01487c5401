"""Follow one text through the package: from the command `train` to the loss, and from `predict` of a classifier to the model.

A tiny classifier is trained and used while every call of the package's functions is traced. TensorFlow runs
eagerly, so that batches can be looked into. The walk ends at the model and, in training, at the loss; calls inside them are
not followed. A file passes the text on if one of its functions

- holds the text when it calls what leads to the end, or
- returns the text to a function that passes it on, or stores it in an object of that function.

To hold the text is to hold it as a string, as token ids, or in a pipeline of `tf.data`. What only looks at it, such as a check
that returns nothing, does not pass it on. The wrapper that a decorator puts around a function is part of that function. The
model is listed where the walk meets it, but is not a file to count: it is all layers of a classifier.

A return is a step to a room that the text had left before. `cli`, `text_classifier` and the `TrainedClassifier` of `saving` call the
other rooms in turn, and the helpers of `_core` serve all of them, so steps to these do not count.
"""

import contextlib
import dataclasses
import io
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent / "kerasbert"
MARKED = "red blue green yellow red red blue"
OTHERS = ("blue red", "green yellow", "yellow yellow blue", "green green")
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue", "green", "yellow")
MARKED_IDS = [WORDS.index(word) for word in MARKED.split()]
BETWEEN = ("_core", "cli", "saving", "text_classifier")
# The ends of a walk; the model is one, whatever its layers.
MODEL, LOSS = "the model", "the loss"
DEPTH, WIDTH = 5, 400
TEXT, IDS, PIPELINE, NO_FORM = (frozenset(name) for name in (["text"], ["ids"], ["pipeline"], []))


@dataclasses.dataclass
class Call:
    """A traced call.

    Args:
        file: of the called function, relative to the package.
        holds: whether it received the text, or a call in it returned it.
        returns: whether it returned the text, or stored it in an argument such as `self`.
        ends: whether it is the model or the loss, or leads there.
        calls: the calls in it.
    """

    file: str
    holds: bool = False
    returns: bool = False
    ends: bool = False
    calls: list["Call"] = dataclasses.field(default_factory=list)

    def passing(self, leads: bool) -> Iterator["Call"]:
        """The calls in this one that pass the text on, and it, where `leads`."""
        passes = leads and (self.returns or (self.holds and self.ends))
        if passes:
            yield self
        for call in self.calls:
            if self.file != MODEL or call.file == LOSS:
                yield from call.passing(call.ends or (passes and call.returns))


@dataclasses.dataclass(frozen=True)
class Walk:
    """The files that pass the text on and the rooms they are in, in the order of the calls."""

    files: list[str]
    rooms: list[str]

    @classmethod
    def of(cls, root: Call) -> "Walk":
        """The walk below a call."""
        files = [call.file for call in root.passing(root.ends)]
        rooms = [file.split("/")[0] for file in files if not file.startswith((*BETWEEN, MODEL, LOSS))]
        steps = [room for room, before in zip(rooms, [None, *rooms], strict=False) if room != before]
        return cls(list(dict.fromkeys(files)), steps)

    @property
    def num_files(self) -> int:
        """How many files pass the text on."""
        return len(self.files) - self.files.count(MODEL)

    @property
    def num_returns(self) -> int:
        """How often the text comes back to a room that it had left."""
        return len(self.rooms) - len(set(self.rooms))


def forms(value: Any, depth: int = DEPTH) -> frozenset[str]:
    """The forms in which a value holds the marked text: as text, as ids, in a pipeline."""
    if isinstance(value, (str, bytes)):
        text = value if isinstance(value, str) else value.decode("utf-8", "replace")
        return TEXT if MARKED in text else NO_FORM
    if value is None or isinstance(value, (bool, int, float, type)) or depth == 0:
        return NO_FORM
    kind = f"{type(value).__module__}.{type(value).__name__}"
    if kind.startswith("tensorflow.python.data."):
        return PIPELINE
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _forms_of_array(value)
    if isinstance(value, (list, tuple)) and _is_marked(value):
        return IDS
    return NO_FORM.union(*(forms(part, depth - 1) for part in _parts(value, kind)))


def _parts(value: Any, kind: str) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())[:WIDTH]
    if isinstance(value, (list, tuple)):
        return list(value[:WIDTH])
    is_own = kind.startswith("kerasbert.") and not kind.endswith(".Tokenizer")
    return list(getattr(value, "__dict__", {}).values()) if is_own else []


def _forms_of_array(value: Any) -> frozenset[str]:
    try:
        array = value.numpy() if hasattr(value, "numpy") else value
        flat = array.ravel()[:4096].tolist()
    except Exception:
        return NO_FORM  # a symbolic tensor
    if array.dtype.kind in "iu":
        return IDS if _is_marked(flat) else NO_FORM
    return forms(flat, 2) if array.dtype.kind in "OSU" else NO_FORM


def _is_marked(values: Any) -> bool:
    if not values or not isinstance(values[0], int):
        return False
    size = len(MARKED_IDS)
    return any(list(values[start : start + size]) == MARKED_IDS for start in range(len(values) - size + 1))


class Tracer:
    """A profile function that builds the tree of the package's calls; those of other threads hang below `root` too."""

    def __init__(self) -> None:
        self.root = Call("")
        self._stacks: dict[int, list[tuple[Call, list[frozenset[str]]]]] = {}

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        name = frame.f_code.co_filename
        if event not in ("call", "return") or not name.startswith(str(PACKAGE)) or is_wrapper(frame.f_code):
            return
        stack = self._stacks.setdefault(threading.get_ident(), [(self.root, [])])
        received = [forms(value) for value in arguments(frame)]
        if event == "call":
            call = make_call(Path(name).relative_to(PACKAGE).as_posix(), frame.f_code.co_name, any(received))
            stack[-1][0].calls.append(call)
            stack.append((call, received))
        elif len(stack) > 1:
            call, before = stack.pop()
            stored = any(now - then for now, then in zip(received, before, strict=True))
            call.returns = call.file not in (MODEL, LOSS) and (stored or bool(forms(argument)))
            caller = stack[-1][0]
            caller.holds = caller.holds or call.returns
            caller.ends = caller.ends or call.ends


def make_call(file: str, function: str, holds: bool) -> Call:
    """The call of a function, or the end of the walk."""
    if is_loss(file, function):
        return Call(LOSS, holds=True, ends=True)
    if holds and file.startswith(("classifiers/", "encoders/")):
        return Call(MODEL, holds=True, ends=True)
    return Call(file, holds)


def is_wrapper(code: Any) -> bool:
    """Whether some code is that of a function which a decorator returns: it takes whatever the decorated one takes."""
    return (
        "<locals>" in code.co_qualname and code.co_argcount == code.co_kwonlyargcount == 0 and code.co_flags & 12 == 12
    )


def is_loss(file: str, function: str) -> bool:
    """Whether a function is the one that Keras calls of a loss."""
    return file in ("objectives/losses.py", "objectives/levels.py") and function == "call"


def arguments(frame: Any) -> Iterator[Any]:
    """The values that a call received."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    return (frame.f_locals.get(name) for name in code.co_varnames[:count])


def follow(work: Callable[[], None]) -> Walk:
    """Run some work in which every call of the package is traced."""
    tracer = Tracer()
    threading.setprofile(tracer)
    sys.setprofile(tracer)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return Walk.of(tracer.root)


def make_encoder(folder: Path) -> None:
    """Write a toy encoder whose vocabulary is `WORDS`."""
    import kerasbert as kb

    config = kb.BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    kb.TFBertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"})
    )


def run_command(*arguments: object) -> None:
    """Run the command in this process, without its output."""
    from kerasbert import cli

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
        code = cli.main([str(argument) for argument in arguments])
    if code:
        raise SystemExit(told.getvalue())


def both_walks() -> tuple[Walk, Walk]:
    """Train a tiny classifier by the command and let it label the marked text.

    Returns:
        The walk of training and that of prediction.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    import kerasbert as kb

    tf.config.run_functions_eagerly(True)
    tf.data.experimental.enable_debug_mode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_encoder(folder / "encoder")
        rows = [(MARKED, "a"), *((text, "ab"[index % 2]) for index, text in enumerate(OTHERS))]
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        (folder / "train.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        training = follow(
            lambda: run_command(
                "train",
                folder / "train.jsonl",
                "--task",
                "multiclass",
                "--encoder",
                folder / "encoder",
                "--epochs",
                1,
                "--output",
                folder / "saved",
            )  # fmt: skip
        )
        classifier = kb.load(folder / "saved")
        prediction = follow(lambda: classifier.predict([MARKED]))
    return training, prediction


if __name__ == "__main__":
    for title, walk in zip(("training", "prediction"), both_walks(), strict=True):
        print(f"{title}: {walk.num_files} files, {walk.num_returns} returns")
        print(f"  {' '.join(walk.files)}\n  {' -> '.join(walk.rooms)}")
