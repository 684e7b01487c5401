"""BERT text classifiers in Keras 3, from hidden states to production.

    import kerasbert as kb

    model = kb.build_multilabel(num_labels=10)  # a functional keras.Model: compile, fit, save as always

Here are builders, models, tasks, errors and the main functions. The rest is in namespaces, each name in one place:

    kb.callbacks   kb.data      kb.encoders     kb.engines      kb.evaluation    kb.export       kb.extraction
    kb.layers      kb.losses    kb.metrics      kb.monitoring   kb.optimizers    kb.production   kb.saving
    kb.subclasses  kb.tasks     kb.training

Importing registers the package's classes, so that `keras.models.load_model` knows them.
"""

import sys
from typing import TYPE_CHECKING

from kerasbert._core.errors import ArtifactError as ArtifactError
from kerasbert._core.errors import CheckpointError as CheckpointError
from kerasbert._core.errors import ConfigError as ConfigError
from kerasbert._core.errors import DataError as DataError
from kerasbert._core.errors import DivergedError as DivergedError
from kerasbert._core.errors import KerasBertError as KerasBertError
from kerasbert._core.errors import KerasbertWarning as KerasbertWarning
from kerasbert._core.errors import NotFittedError as NotFittedError
from kerasbert._core.errors import UnsafeArtifactError as UnsafeArtifactError
from kerasbert._core.errors import WorkerLostError as WorkerLostError
from kerasbert._core.lazy import lazy_names
from kerasbert._version import __version__ as __version__

if TYPE_CHECKING:
    from kerasbert import callbacks as callbacks
    from kerasbert import data as data
    from kerasbert import encoders as encoders
    from kerasbert import engines as engines
    from kerasbert import evaluation as evaluation
    from kerasbert import export as export
    from kerasbert import extraction as extraction
    from kerasbert import layers as layers
    from kerasbert import losses as losses
    from kerasbert import metrics as metrics
    from kerasbert import monitoring as monitoring
    from kerasbert import optimizers as optimizers
    from kerasbert import production as production
    from kerasbert import subclasses as subclasses
    from kerasbert import tasks as tasks
    from kerasbert import training as training
    from kerasbert.caching.cache import PredictionCache as PredictionCache
    from kerasbert.classifiers.builders import build_binary as build_binary
    from kerasbert.classifiers.builders import build_head as build_head
    from kerasbert.classifiers.builders import build_multiclass as build_multiclass
    from kerasbert.classifiers.builders import build_multilabel as build_multilabel
    from kerasbert.classifiers.builders import build_multitask as build_multitask
    from kerasbert.classifiers.classifier import Classifier as Classifier
    from kerasbert.classifiers.hierarchical import build_hierarchical as build_hierarchical
    from kerasbert.classifiers.layerwise import build_layerwise as build_layerwise
    from kerasbert.encoders.config import BertConfig as BertConfig
    from kerasbert.encoders.families import TFBertModel as TFBertModel
    from kerasbert.encoders.families import TFDistilBertModel as TFDistilBertModel
    from kerasbert.encoders.families import TFElectraModel as TFElectraModel
    from kerasbert.encoders.families import TFRobertaModel as TFRobertaModel
    from kerasbert.evaluation.early_exit import predict_early as predict_early
    from kerasbert.evaluation.explain import explain as explain
    from kerasbert.evaluation.layer_scores import score_layers as score_layers
    from kerasbert.evaluation.probe import probe as probe
    from kerasbert.evaluation.report.writing import write_report as write_report
    from kerasbert.extraction.extract import extract_features as extract_features
    from kerasbert.monitoring.drift_monitor import DriftMonitor as DriftMonitor
    from kerasbert.production.predictor import Predictor as Predictor
    from kerasbert.saving.trained_classifier import TrainedClassifier as TrainedClassifier
    from kerasbert.subclasses.discovery import discover_subclasses as discover_subclasses
    from kerasbert.subclasses.secondary import build_secondary as build_secondary
    from kerasbert.subclasses.secondary import train_secondary as train_secondary
    from kerasbert.tasks.binary import Binary as Binary
    from kerasbert.tasks.multiclass import Multiclass as Multiclass
    from kerasbert.tasks.multilabel import Multilabel as Multilabel
    from kerasbert.text_classifier import TextClassifier as TextClassifier
    from kerasbert.text_classifier import load as load
    from kerasbert.text_classifier import truncate as truncate
    from kerasbert.training.determinism import make_deterministic as make_deterministic
    from kerasbert.training.finetune import finetune as finetune
    from kerasbert.training.learning_rate_finder import find_learning_rate as find_learning_rate
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)

    def _register() -> None:
        """Load what registers classes, which is all that `keras.models.load_model` knows."""
        for name in ("build_binary", "build_hierarchical", "build_layerwise", "layers", "losses", "metrics"):
            __getattr__(name)
        from kerasbert.classifiers.pretrained_ways import READ, WRITE, offer
        from kerasbert.optimizers.schedules import WarmupDecay  # noqa: F401

        offer(READ, "kerasbert.saving.pretrained", "load_model")
        offer(WRITE, "kerasbert.export.model_folder", "save_model")

    # The command loads Keras when it needs it.
    if "kerasbert_command" not in sys.modules:
        _register()
