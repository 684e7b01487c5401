"""`CompiledEngine`: the ONNX file of a classifier in an engine, which answers batches of token ids."""

import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.manifest import sha256_of
from kerasbert.batches.prediction import planned_inputs
from kerasbert.caching.fixed_state import FixedState
from kerasbert.engines.engine_file import MODEL_FILE, EngineFacts, write_facts
from kerasbert.engines.runtimes import RUNTIMES, version_of
from kerasbert.export.onnx_runtime import PROBABILITIES, VECTORS, output_name
from kerasbert.saving.engine import Engine
from kerasbert.tasks.outputs import Outputs
from kerasbert.tokenization.token_arrays import TokenArrays

if TYPE_CHECKING:
    from kerasbert.classifiers.classifier import Classifier


@final
class CompiledEngine(Engine):
    """A classifier's ONNX file, opened in an engine. It may be called from several threads.

    Args:
        file: the ONNX file.
        facts: what is known of it.
        outputs: what the heads predict.
        pad_id: id that fills up a text.
        threads: that compute; None leaves their number to the engine.
        model: the classifier's model, whose weights it has; None where it answers alone.
        is_temporary: whether the folder of the file goes when the engine does.
    """

    def __init__(
        self,
        file: Path,
        facts: EngineFacts,
        outputs: Outputs,
        *,
        pad_id: int,
        threads: int | None = None,
        model: "Classifier | None" = None,
        is_temporary: bool = False,
    ) -> None:
        self.file, self.facts, self.pad_id, self.threads = file, facts, pad_id, threads
        if is_temporary:
            weakref.finalize(self, shutil.rmtree, file.parent, ignore_errors=True)
        self._units = {head: task.units for head, task in outputs.tasks.items()}
        self._compute, self._wanted = RUNTIMES[facts.engine].open(file, facts.precision, threads)
        self._model: Callable[[], Any] = (lambda: None) if model is None else weakref.ref(model)
        self._watched = [] if model is None else _biases_of_heads(model)
        self._seen = self._values()
        program = [facts.engine, version_of(facts.engine), facts.precision]
        self._state = FixedState({"engine": program, "file": facts.sha256})

    @property
    def state(self) -> FixedState:
        """See `Engine.state`."""
        return self._state

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.facts.engine!r}, precision={self.facts.precision!r}, threads={self.threads})"
        )

    def run(self, tokens: TokenArrays) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """See `Engine.run`."""
        parts: dict[str, np.ndarray] = {}
        for rows, inputs in planned_inputs(tokens, self.pad_id):
            given = self._compute({name: inputs[name].astype(np.int64) for name in self._wanted})
            for name, values in given.items():
                if name not in parts:
                    parts[name] = np.zeros((len(tokens), values.shape[1]), "float32")
                parts[name][rows] = values
        # Of a binary head the graph gives both labels.
        return {
            head: parts[output_name(head, PROBABILITIES)][:, -units:] for head, units in self._units.items()
        }, parts[VECTORS]

    def is_of(self, model: Any) -> bool:
        """See `Engine.is_of`."""
        return self._model() is model

    def check_fresh(self) -> None:
        """See `Engine.check_fresh`; it looks at the biases of the heads, which every training changes."""
        if self._values() != self._seen:
            raise ConfigError(
                f"The weights of the classifier have changed since compile_for_inference({self.facts.engine!r}, ...), and the "
                f"engine has the old ones; call it again, or compile_for_inference(None) to go on in Keras."
            )

    def write(self, folder: Path) -> None:
        """See `Engine.write`."""
        from kerasbert.classifiers.fingerprint import weights_fingerprint

        model = self._model()
        if model is not None and weights_fingerprint(model) != self.facts.weights:
            raise ArtifactError(
                f"The weights of the classifier have changed since compile_for_inference({self.facts.engine!r}, ...); call it "
                f"again before you save, or compile_for_inference(None) to save without an engine."
            )
        target = folder / MODEL_FILE
        target.parent.mkdir()
        if not self.file.is_file() or sha256_of(self.file) != self.facts.sha256:
            raise ArtifactError(
                f"The engine's file {str(self.file)!r} was changed or removed; compile the classifier again."
            )
        shutil.copyfile(self.file, target)
        write_facts(self.facts, folder)

    def _values(self) -> list[bytes]:
        return [weight.numpy().tobytes() for weight in self._watched]


def _biases_of_heads(model: "Classifier") -> list[Any]:
    of_encoder = {id(weight) for weight in model.encoder.weights}
    return [
        weight
        for weight in model.weights
        if id(weight) not in of_encoder and len(weight.shape) == 1 and "seed_generator" not in weight.path
    ]
