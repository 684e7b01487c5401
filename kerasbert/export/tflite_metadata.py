"""TFLite metadata: what MediaPipe and other clients read from the file itself, in the public schema of version 1.5.

No maintained package writes them, so the tables are written with `flatbuffers`: each is a list of fields, whose numbers are
their places in `metadata_schema.fbs`. Vocabulary and labels are appended to the file as an uncompressed zip.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from kerasbert._core.errors import ArtifactError
from kerasbert._core.names import SINGLE_HEAD, VOCABULARY_FILE
from kerasbert._version import __version__
from kerasbert.export.tflite_graph import TFLITE_INPUTS

METADATA_NAME = "TFLITE_METADATA"
RUNTIME_NAME = b"min_runtime_version"
METADATA_IDENTIFIER, MODEL_IDENTIFIER = b"M001", b"TFL3"
# Of the reader: the version that brought the BERT tokenizer.
MINIMUM_READER = "1.1.0"
# What the older Task Library looks for in the metadata of a classifier with one output; it crashes where there is none.
SINGLE_OUTPUT = "probability"
AXIS_LABELS, VOCABULARY = 2, 5
FEATURE_PROPERTIES, SCORE_THRESHOLDING, BERT_TOKENIZER = 1, 3, 4
# What the runtimes map into memory must lie where vector instructions can read it.
BYTES_ALIGNMENT = 16
INPUT_DESCRIPTIONS = (
    "Token ids of the text: [CLS], WordPiece tokens, [SEP], then zeros.",
    "1 where there is a token, 0 where there is padding.",
    "0 everywhere: the model reads single texts.",
)


class HeadMetadata(NamedTuple):
    """The metadata of one output.

    Args:
        name: of the output.
        description: in a sentence.
        labels: in the order of the scores.
        threshold: below which no label is chosen; None where scores alone do not decide.
        labels_file: under which the labels are attached.
    """

    name: str
    description: str
    labels: Sequence[str]
    threshold: float | None
    labels_file: str


def add_metadata(
    model: bytes, *, description: str, heads: Sequence[HeadMetadata], attached: Mapping[str, bytes]
) -> bytes:
    """Put metadata into a TFLite model, and its inputs and outputs into a fixed order under fixed names.

    Args:
        model: from `convert`.
        description: of the model, in a sentence.
        heads: one for each output, in the order that the outputs will have.
        attached: file name -> content of what is attached besides the labels; `vocab.txt` must be among them.

    Raises:
        ArtifactError: when the model holds an op that is not built in.
    """
    content = schema.ModelT.InitFromPackedBuf(bytearray(model))
    refuse_custom_ops(content)
    _fix_places(content, [head.name for head in heads])
    content.description = description
    content.buffers.append(_buffer(_metadata(description, heads, attached)))
    entry = schema.MetadataT(name=METADATA_NAME, buffer=len(content.buffers) - 1)
    content.metadata = [*(content.metadata or []), entry]
    builder = _Builder(len(model) + 2**16)
    builder.Finish(content.Pack(builder), file_identifier=MODEL_IDENTIFIER)
    labels = {head.labels_file: "".join(label + "\n" for label in head.labels).encode() for head in heads}
    return _with_files(bytes(builder.Output()), {**attached, **labels})


def minimum_runtime(model: bytes) -> str:
    """Return the oldest TensorFlow Lite that has all ops of a model in their versions, as the converter noted it."""
    content = schema.Model.GetRootAs(model, 0)
    entries = [content.Metadata(index) for index in range(content.MetadataLength())]
    found = [entry.Buffer() for entry in entries if entry.Name() == RUNTIME_NAME]
    return content.Buffers(found[0]).DataAsNumpy().tobytes().rstrip(b"\0").decode() if found else "not stated"


def refuse_custom_ops(content: Any) -> None:
    """Raise an ArtifactError for a model (`schema.ModelT`) with ops that are not built in, which phones lack."""
    custom = sorted({code.customCode.decode() for code in content.operatorCodes if code.customCode})
    if custom:
        raise ArtifactError(
            f"The model needs ops that are not built into LiteRT: {', '.join(custom)}. Choose another activation or "
            f"pooling; nothing was written."
        )


class _Builder(flatbuffers.Builder):
    """Aligns vectors of bytes, which hold the weights, as TensorFlow's own writer does."""

    def StartVector(self, element_size: int, count: int, alignment: int) -> Any:  # noqa: N802 - flatbuffers' name
        return super().StartVector(element_size, count, BYTES_ALIGNMENT if element_size == 1 else alignment)


def _buffer(content: bytes) -> Any:
    return schema.BufferT(data=np.frombuffer(content, dtype=np.uint8))


def _fix_places(content: Any, outputs: Sequence[str]) -> None:
    """Order inputs as `TFLITE_INPUTS` and outputs as the heads, and name the tensors, for clients by tensor name."""
    signature, graph = content.signatureDefs[0], content.subgraphs[0]
    _move_inputs_first(signature, graph)
    for maps, names, field in ((signature.inputs, TFLITE_INPUTS, "inputs"), (signature.outputs, outputs, "outputs")):
        places = {one.name.decode(): one.tensorIndex for one in maps}
        for name in names:
            graph.tensors[places[name]].name = name
        setattr(graph, field, [places[name] for name in names])


def _move_inputs_first(signature: Any, graph: Any) -> None:
    """Give the inputs the tensors 0, 1, 2: MediaPipe takes the place of an input for that of its tensor."""
    places = {one.name.decode(): one.tensorIndex for one in signature.inputs}
    first = [places[name] for name in TFLITE_INPUTS]
    order = first + [place for place in range(len(graph.tensors)) if place not in first]
    # -1, an optional input that an op does without, stays -1.
    moved = np.append(np.argsort(order), -1).astype(np.int32)
    graph.tensors = [graph.tensors[place] for place in order]
    for op in graph.operators:
        for field in ("inputs", "outputs", "intermediates"):
            if getattr(op, field) is not None:
                setattr(op, field, moved[np.asarray(getattr(op, field), dtype=np.int64)])
    for one in (*signature.inputs, *signature.outputs):
        one.tensorIndex = int(moved[one.tensorIndex])


def _metadata(description: str, heads: Sequence[HeadMetadata], attached: Mapping[str, bytes]) -> bytes:
    tables = _Tables()
    vocabulary = tables.file(VOCABULARY_FILE, "One token a line; line n, counted from 0, is token n.", VOCABULARY)
    tokenizer = tables.process_unit(BERT_TOKENIZER, tables.table([(0, tables.vector([vocabulary]))]))
    inputs = [tables.tensor(*texts) for texts in zip(TFLITE_INPUTS, INPUT_DESCRIPTIONS, strict=True)]
    others = [tables.file(name, "How the scores are decided on.", 0) for name in attached if name != VOCABULARY_FILE]
    fields = [
        (0, tables.text("kerasbert")),
        (1, tables.text(description)),
        (2, tables.vector(inputs)),
        (3, tables.vector([_output(tables, head) for head in heads])),
        (4, tables.vector(others)),
        (5, tables.vector([tokenizer])),
    ]
    graph = tables.table(fields)
    root = tables.table(
        [
            (0, tables.text("Text classifier")),
            (1, tables.text(description)),
            (2, tables.text(f"kerasbert {__version__}")),
            (3, tables.vector([graph])),
            (7, tables.text(MINIMUM_READER)),
        ]
    )
    return tables.finish(root)


def _output(tables: "_Tables", head: HeadMetadata) -> int:
    labels = tables.file(head.labels_file, "The labels, in the order of the scores.", AXIS_LABELS)
    units = []
    if head.threshold is not None:
        # Just below the threshold, so that a score which reaches it is never lost to rounding.
        limit = np.nextafter(np.float32(head.threshold), np.float32(-1))
        units.append(tables.process_unit(SCORE_THRESHOLDING, tables.table([(0, float(limit))])))
    name = SINGLE_OUTPUT if head.name == SINGLE_HEAD else head.name
    return tables.tensor(name, head.description, labels, units)


class _Tables:
    """Write tables of the metadata schema; every method returns the place of what it wrote."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)

    def text(self, value: str) -> int:
        return int(self.builder.CreateString(value))

    def vector(self, places: Sequence[int]) -> int:
        self.builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            self.builder.PrependUOffsetTRelative(place)
        return int(self.builder.EndVector())

    def table(self, fields: Sequence[tuple[int, Any]], kinds: Sequence[int] = ()) -> int:
        """Write a table: field number -> place of what it refers to, or a float; fields in `kinds` are single bytes."""
        self.builder.StartObject(max((number for number, _ in fields), default=-1) + 1)
        for number, value in fields:
            if isinstance(value, float):
                self.builder.PrependFloat32Slot(number, value, 0.0)
            elif number in kinds:
                self.builder.PrependUint8Slot(number, value, 0)
            else:
                self.builder.PrependUOffsetTRelativeSlot(number, value, 0)
        return int(self.builder.EndObject())

    def file(self, name: str, description: str, kind: int) -> int:
        return self.table([(0, self.text(name)), (1, self.text(description)), (2, kind)], kinds=[2])

    def process_unit(self, kind: int, options: int) -> int:
        return self.table([(0, kind), (1, options)], kinds=[0])

    def tensor(self, name: str, description: str, labels: int | None = None, process_units: Sequence[int] = ()) -> int:
        content = self.table([(0, FEATURE_PROPERTIES), (1, self.table([]))], kinds=[0])
        fields = [(0, self.text(name)), (1, self.text(description)), (3, content)]
        if process_units:
            fields.append((4, self.vector(process_units)))
        if labels is not None:
            fields.append((6, self.vector([labels])))
        return self.table(fields)

    def finish(self, root: int) -> bytes:
        self.builder.Finish(root, file_identifier=METADATA_IDENTIFIER)
        return bytes(self.builder.Output())


def _with_files(model: bytes, files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO(model)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            # A ZipInfo of its own has no date of today.
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()
