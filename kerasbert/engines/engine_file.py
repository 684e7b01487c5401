"""What a saved classifier keeps of its engine, read without TensorFlow.

engine/model.onnx    the model in the engine's form
engine/engine.json   which engine and precision it is for, and how it compares with the classifier
"""

import dataclasses
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.json_files import check_form, is_count, read_json_object
from kerasbert.engines.settings import ENGINES, FASTEST, PRECISIONS

FOLDER = "engine"
MODEL_FILE, FACTS_FILE = f"{FOLDER}/model.onnx", f"{FOLDER}/engine.json"
VERSION_KEY, VERSION = "format_version", 1
FORM = {
    VERSION_KEY: is_count,
    "engine": str,
    "precision": str,
    "sha256": str,
    "weights": str,
    "report": dict,
}


@dataclasses.dataclass(frozen=True)
class EngineFacts:
    """What is known of an engine.

    Args:
        engine: `"openvino"` or `"onnxruntime"`.
        precision: `"float32"`, `"bfloat16"` or `"int8"`.
        sha256: of its ONNX file.
        weights: fingerprint of the weights that it was made from.
        report: how it compares with the classifier, see `compile_for_inference`.
    """

    engine: str
    precision: str
    sha256: str
    weights: str
    report: dict[str, Any]


def read_facts(folder: Path, engine: str) -> EngineFacts:
    """Read what a saved classifier keeps of its engine.

    Raises:
        ArtifactError: when it has none, one of another kind, or a malformed one.
    """
    file = folder / FACTS_FILE
    if not file.is_file():
        raise ArtifactError(
            f"{str(folder)!r} holds no engine; make one with `kerasbert compile {folder} --engine {engine}`, or in Python with "
            f"classifier.compile_for_inference({engine!r}) and save."
        )
    try:
        content = read_json_object(file)
    except ConfigError as error:
        raise ArtifactError(f"{str(file)!r} cannot be read: {error}") from error
    check_form(content, FORM, repr(str(file)))
    if content[VERSION_KEY] != VERSION:
        raise ArtifactError(
            f"{str(file)!r} has {VERSION_KEY} {content[VERSION_KEY]}, and this kerasbert reads {VERSION}; compile it again."
        )
    for name, known in (("engine", ENGINES), ("precision", set(PRECISIONS) - {FASTEST})):
        if content[name] not in known:
            raise ArtifactError(
                f"{str(file)!r} must have `{name}`, one of {sorted(known)}; got {shorten(content[name])}."
            )
    if content["engine"] != engine:
        raise ArtifactError(
            f"{str(folder)!r} holds an engine for {content['engine']!r}; got engine={engine!r}. Take that one, or make another "
            f"with `kerasbert compile {folder} --engine {engine}`."
        )
    return EngineFacts(**{name: value for name, value in content.items() if name != VERSION_KEY})


def write_facts(facts: EngineFacts, folder: Path) -> None:
    """Write what `read_facts` reads."""
    from kerasbert.saving.writing import write_json

    write_json(folder / FACTS_FILE, {VERSION_KEY: VERSION, **dataclasses.asdict(facts)})
