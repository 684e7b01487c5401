"""The programs that run an ONNX file: how each is opened, and what it can compute on this processor."""

import importlib.metadata
import importlib.util
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_choice, check_int
from kerasbert._core.errors import ConfigError
from kerasbert.engines.settings import BFLOAT16, ENGINES, FLOAT32, INT8, ONNX_RUNTIME, OPENVINO
from kerasbert.export.onnx_runtime import open_session

# Inputs by name -> outputs by name.
Run = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]
# Numbers of the hidden states that share a scale where they are rounded to 8 bits.
QUANTIZATION_GROUP = "128"


class Runtime(NamedTuple):
    """A program that runs ONNX files.

    Args:
        open: opens a file to compute in a precision, on some threads; None leaves their number to the program. Returns
            what runs it, and the names of its inputs.
        precisions: those that it has on this processor.
    """

    open: Callable[[Path, str, int | None], tuple[Run, list[str]]]
    precisions: Callable[[], list[str]]


def check_engine(engine: str, threads: int | None) -> None:
    """Refuse an engine that is unknown, a number of threads below 1, and an engine whose package is missing.

    Raises:
        ConfigError: saying what there is, or how to install it.
        TypeError: when `threads` is no integer.
    """
    check_choice("engine", engine, ENGINES)
    if threads is not None:
        check_int("threads", threads, 1)
    if importlib.util.find_spec(engine) is None:
        raise ConfigError(f"`engine` {engine!r} is not installed; run pip install 'kerasbert[{engine}]'.")


def check_precision(engine: str, precision: str) -> None:
    """Refuse a precision that an engine lacks on this processor.

    Raises:
        ConfigError: saying what there is.
    """
    available = RUNTIMES[engine].precisions()
    if precision not in available:
        raise ConfigError(
            f"`precision` must be one that {engine} has on this processor, {', '.join(map(repr, available))}, or 'fastest'; "
            f"got {precision!r}."
        )


def version_of(engine: str) -> str:
    """Return the version of an engine's package."""
    return importlib.metadata.version(engine)


def _open_onnx_runtime(file: Path, precision: str, threads: int | None) -> tuple[Run, list[str]]:
    session = open_session(file, threads)
    outputs = [one.name for one in session.get_outputs()]

    def run(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(outputs, session.run(outputs, dict(inputs)), strict=True))

    return run, [one.name for one in session.get_inputs()]


def _open_openvino(file: Path, precision: str, threads: int | None) -> tuple[Run, list[str]]:
    import openvino

    core = openvino.Core()
    in_float32 = precision == FLOAT32 or BFLOAT16 not in _openvino_precisions()
    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32" if in_float32 else "bf16",
        **({"DYNAMIC_QUANTIZATION_GROUP_SIZE": QUANTIZATION_GROUP} if precision == INT8 else {}),
        **({} if threads is None else {"INFERENCE_NUM_THREADS": threads}),
    }
    model = core.compile_model(str(file), "CPU", settings)
    outputs = [one.get_any_name() for one in model.outputs]
    # A request computes for one thread at a time.
    of_thread = threading.local()

    def run(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if not hasattr(of_thread, "request"):
            of_thread.request = model.create_infer_request()
        values = of_thread.request.infer(dict(inputs)).to_tuple()
        # Its memory is used again by the next call.
        return {name: np.array(value) for name, value in zip(outputs, values, strict=True)}

    return run, [one.get_any_name() for one in model.inputs]


def _onnx_runtime_precisions() -> list[str]:
    return [FLOAT32, INT8]


def _openvino_precisions() -> list[str]:
    import openvino

    able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return [precision for precision, name in ((FLOAT32, "FP32"), (BFLOAT16, "BF16"), (INT8, "INT8")) if name in able]


RUNTIMES = {
    ONNX_RUNTIME: Runtime(_open_onnx_runtime, _onnx_runtime_precisions),
    OPENVINO: Runtime(_open_openvino, _openvino_precisions),
}
