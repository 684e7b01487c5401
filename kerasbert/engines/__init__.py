"""`kb.engines`: a trained classifier in an inference engine, ONNX Runtime or OpenVINO."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.engines.compile import compile_for_inference as compile_for_inference
    from kerasbert.engines.saved import EngineClassifier as EngineClassifier
    from kerasbert.engines.saved import open_with_engine as open_with_engine
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
