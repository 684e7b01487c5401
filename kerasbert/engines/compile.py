"""`compile_for_inference`: a trained classifier that computes in ONNX Runtime or OpenVINO."""

import dataclasses
import importlib.util
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from kerasbert._core.checks import check_choice, check_number, check_texts
from kerasbert._core.errors import ConfigError, KerasbertWarning
from kerasbert._core.manifest import sha256_of
from kerasbert.classifiers.fingerprint import weights_fingerprint
from kerasbert.engines.calibration import Calibration
from kerasbert.engines.compiled import CompiledEngine
from kerasbert.engines.engine_file import EngineFacts
from kerasbert.engines.graph import float32_graph, write_graph
from kerasbert.engines.runtimes import RUNTIMES, check_engine, check_precision, version_of
from kerasbert.engines.settings import AGREEMENT, FASTEST, FLOAT32, PRECISIONS
from kerasbert.export.comparison import folder_size, texts_to_compare
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of

CONVERTERS = ("onnx", "tf2onnx")


def compile_for_inference(
    classifier: ClassifierLike,
    engine: str | None,
    *,
    precision: str = FLOAT32,
    threads: int | None = None,
    texts: Sequence[str] | None = None,
    text_pairs: Sequence[str] | None = None,
    agreement: float = AGREEMENT,
) -> TrainedClassifier:
    """Return a classifier that gives the same answers from an inference engine.

    The model is converted to ONNX, with one input of any batch and length, and compared with Keras. Everything that is asked
    of the classifier afterwards, labels, probabilities and vectors, is computed there; `save` writes the engine's file beside
    the weights, and `kerasbert.load(folder, engine=...)` and `kerasbert predict --engine` take it from there. What trains
    the classifier on goes back to Keras.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`, that reads each text as one row of tokens.
        engine: `"openvino"`, `"onnxruntime"`, or None for Keras.
        precision: what products are computed in. `"float32"`; `"bfloat16"` and `"int8"`, where the engine has them on this
            processor; or `"fastest"`, which takes of these the one that is measured to be fastest here among those that
            agree.
        threads: that compute, >= 1; None leaves their number to the engine.
        texts: real texts, as they will come, of which at least 189 must get the same labels to prove the default `agreement`;
            needed for a lower precision than float32. None takes a few made ones.
        text_pairs: their second texts, for a classifier trained on pairs.
        agreement: share of texts that must get the same labels in a lower precision, in [0, 1]: the lower limit of its 95 %
            interval (Wilson).

    Returns:
        A `TrainedClassifier` with all parts of the one given. `engine.facts.report` of it has `texts`, `largest_difference`,
        `different_decisions`, `agreement`, `runtime`, `size_bytes` and, where several precisions were timed,
        `texts_per_second` and `latency_p50_ms` of each under `measured`.

    Raises:
        ArtifactError: when probabilities, or labels in the precision asked for, differ too much.
        ConfigError: when the engine is not installed, the processor lacks the precision, an argument is out of its range, or
            the classifier cannot be converted.
        DataError: when a text cannot be used.

    Example:
        >>> fast = compile_for_inference(classifier, "openvino", precision="fastest", texts=texts)  # doctest: +SKIP
        >>> fast.predict(["where is my parcel"])  # doctest: +SKIP
        array(['shipping'], dtype=object)
    """
    trained = dataclasses.replace(trained_of(classifier), engine=None)
    if engine is None:
        return trained
    given = None if texts is None else check_texts("texts", texts)
    _check_arguments(trained, engine, precision, threads, given)
    texts = texts_to_compare(given)
    tokens: Any = trained.tokenizer.encode(texts, text_pairs)
    limit = check_number("agreement", agreement, 0, 1)
    calibration = Calibration(trained, tokens, trained.probabilities_of(tokens), limit)
    compiler = Compiler(calibration, engine, threads)
    chosen = compiler.fastest() if precision == FASTEST else compiler.one(precision)
    return dataclasses.replace(trained, engine=chosen)


class Compiler:
    """Makes the engines of a classifier, one for each precision.

    Args:
        calibration: the classifier, and texts to compare on.
        engine: name of the engine.
        threads: of the engine.
    """

    def __init__(self, calibration: Calibration, engine: str, threads: int | None) -> None:
        self.calibration, self.engine, self.threads = calibration, engine, threads
        self._graph = float32_graph(calibration.trained)
        self._weights = weights_fingerprint(calibration.trained.model)

    def make(self, precision: str) -> CompiledEngine:
        """Make the engine of a precision, with a report of how it compares."""
        trained, folder = self.calibration.trained, Path(tempfile.mkdtemp(prefix="kerasbert-engine-"))
        try:
            file = folder / "model.onnx"
            write_graph(self._graph, file, self.engine, precision)
            report = {"runtime": f"{self.engine} {version_of(self.engine)}", "size_bytes": folder_size(folder)}
            facts = EngineFacts(self.engine, precision, sha256_of(file), self._weights, report)
            made = CompiledEngine(
                file,
                facts,
                trained.outputs,
                pad_id=trained.tokenizer.pad_id,
                threads=self.threads,
                model=trained.model,
                is_temporary=True,
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        report.update(self.calibration.compare(made))
        return made

    def one(self, precision: str) -> CompiledEngine:
        """Make the engine that is asked for; refuse it where it differs, warn where float32 is as fast."""
        exact = self._exact()
        if precision == FLOAT32:
            return exact
        made = self.make(precision)
        self.calibration.check(precision, made.facts.report)
        seconds = self._measure([exact, made])
        if seconds[1] >= seconds[0]:
            warnings.warn(
                f"{self.engine} is not faster in {precision} than in float32 on this machine: "
                f"{made.facts.report['measured']}; precision='fastest' takes the fastest.",
                KerasbertWarning,
                stacklevel=3,
            )
        return made

    def fastest(self) -> CompiledEngine:
        """Make the engines of all precisions that there are; return the fastest of those that agree."""
        exact = self._exact()
        others = [self.make(one) for one in RUNTIMES[self.engine].precisions() if one != FLOAT32]
        agreeing = [exact, *(one for one in others if self.calibration.agrees(one.facts.report))]
        seconds = self._measure(agreeing)
        return agreeing[seconds.index(min(seconds))]

    def _exact(self) -> CompiledEngine:
        exact = self.make(FLOAT32)
        self.calibration.check(FLOAT32, exact.facts.report)
        return exact

    def _measure(self, engines: list[CompiledEngine]) -> list[float]:
        """Time engines and put the times of all into the report of each; return the seconds of all texts."""
        times = self.calibration.time(engines)
        measured = {one.facts.precision: own for one, own in zip(engines, times, strict=True)}
        for one in engines:
            one.facts.report["measured"] = measured
        return [1 / own["texts_per_second"] for own in times]


def _check_arguments(
    trained: TrainedClassifier, engine: str, precision: str, threads: int | None, texts: Sequence[str] | None
) -> None:
    check_choice("precision", precision, PRECISIONS)
    check_engine(engine, threads)
    missing = [name for name in CONVERTERS if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"To make an engine's file takes {' and '.join(missing)}; run pip install 'kerasbert[{engine}]'. A saved one needs "
            f"none."
        )
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"An engine is made by Keras on TensorFlow; it runs on {keras.backend.backend()}.")
    if precision not in (FLOAT32, FASTEST):
        check_precision(engine, precision)
    if precision != FLOAT32 and not texts:
        raise ConfigError(
            f"`texts` must be real texts for precision={precision!r}, to see whether they get the same labels; got None. Give some "
            f"hundred, or take precision='float32'."
        )
    if trained.model.windows is not None:
        raise ConfigError(
            "`long_texts` must be 'truncate' or 'head_tail' for an engine, which reads each text as one row of tokens; this "
            "classifier reads windows, in Keras."
        )
