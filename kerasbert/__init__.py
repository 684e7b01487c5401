"""BERT text classifiers in Keras 3, from hidden states to production.

    import kerasbert as kb

    model = kb.build_multilabel(num_labels=10)  # a functional keras.Model: compile, fit, save as always

Importing registers the package's classes, so that `keras.models.load_model` knows them.
"""

from kerasbert import losses as losses
from kerasbert import metrics as metrics
from kerasbert._core.errors import ArtifactError as ArtifactError
from kerasbert._core.errors import CheckpointError as CheckpointError
from kerasbert._core.errors import ConfigError as ConfigError
from kerasbert._core.errors import DataError as DataError
from kerasbert._core.errors import DivergedError as DivergedError
from kerasbert._core.errors import KerasBertError as KerasBertError
from kerasbert._core.errors import KerasbertWarning as KerasbertWarning
from kerasbert._core.errors import NotFittedError as NotFittedError
from kerasbert._core.errors import UnsafeArtifactError as UnsafeArtifactError
from kerasbert._version import __version__ as __version__
from kerasbert.batches.memory import make_batches as make_batches
from kerasbert.batches.prepare_tokens import prepare_tokens as prepare_tokens
from kerasbert.batches.stream import stream_batches as stream_batches
from kerasbert.batches.token_cache import open_cache as open_cache
from kerasbert.classifiers.builders import build_binary as build_binary
from kerasbert.classifiers.builders import build_head as build_head
from kerasbert.classifiers.builders import build_multiclass as build_multiclass
from kerasbert.classifiers.builders import build_multilabel as build_multilabel
from kerasbert.classifiers.builders import build_multitask as build_multitask
from kerasbert.classifiers.classifier import Classifier as Classifier
from kerasbert.classifiers.combining import AttentionCombination as AttentionCombination
from kerasbert.classifiers.combining import WeightedCombination as WeightedCombination
from kerasbert.classifiers.hierarchical import build_hierarchical as build_hierarchical
from kerasbert.classifiers.layerwise import build_layerwise as build_layerwise
from kerasbert.classifiers.layerwise import truncate as truncate
from kerasbert.classifiers.pooling import AttentionPooling as AttentionPooling
from kerasbert.classifiers.pooling import FirstTokenPooling as FirstTokenPooling
from kerasbert.classifiers.pooling import LastTokenPooling as LastTokenPooling
from kerasbert.classifiers.pooling import MaxPooling as MaxPooling
from kerasbert.classifiers.pooling import MeanPooling as MeanPooling
from kerasbert.classifiers.pooling import MultiHeadAttentionPooling as MultiHeadAttentionPooling
from kerasbert.classifiers.pooling import PoolerPooling as PoolerPooling
from kerasbert.classifiers.votes import LayerVotes as LayerVotes
from kerasbert.classifiers.windows import WindowPooling as WindowPooling
from kerasbert.encoders.config import BertConfig as BertConfig
from kerasbert.encoders.families import TFBertModel as TFBertModel
from kerasbert.encoders.families import TFDistilBertModel as TFDistilBertModel
from kerasbert.encoders.families import TFElectraModel as TFElectraModel
from kerasbert.encoders.families import TFRobertaModel as TFRobertaModel
from kerasbert.evaluation.baseline import score_baseline as score_baseline
from kerasbert.evaluation.confidence import bootstrap_intervals as bootstrap_intervals
from kerasbert.evaluation.early_exit import EarlyExit as EarlyExit
from kerasbert.evaluation.early_exit import predict_early as predict_early
from kerasbert.evaluation.explain import Explanation as Explanation
from kerasbert.evaluation.explain import explain as explain
from kerasbert.evaluation.layer_scores import LayerReport as LayerReport
from kerasbert.evaluation.layer_scores import score_layers as score_layers
from kerasbert.evaluation.probe import probe as probe
from kerasbert.evaluation.probe_report import ProbeReport as ProbeReport
from kerasbert.extraction.extract import extract_features as extract_features
from kerasbert.extraction.features import ExtractedFeatures as ExtractedFeatures
from kerasbert.labels.encode import collect_label_names as collect_label_names
from kerasbert.labels.encode import encode_binary as encode_binary
from kerasbert.labels.encode import encode_class_ids as encode_class_ids
from kerasbert.labels.encode import encode_multi_hot as encode_multi_hot
from kerasbert.labels.hierarchy import Hierarchy as Hierarchy
from kerasbert.labels.hierarchy import parse_tree as parse_tree
from kerasbert.labels.level_labels import collect_subclasses as collect_subclasses
from kerasbert.labels.level_labels import encode_hierarchy as encode_hierarchy
from kerasbert.objectives.level_decisions import decide_levels as decide_levels
from kerasbert.objectives.level_decisions import score_hierarchy as score_hierarchy
from kerasbert.optimizers import AdamW as AdamW
from kerasbert.reading.readers import read_examples as read_examples
from kerasbert.report import write_report as write_report
from kerasbert.subclasses.agreement import score_agreement as score_agreement
from kerasbert.subclasses.discovery import discover_subclasses as discover_subclasses
from kerasbert.subclasses.secondary import build_secondary as build_secondary
from kerasbert.subclasses.secondary import train_secondary as train_secondary
from kerasbert.tasks.head_tasks import Binary as Binary
from kerasbert.tasks.head_tasks import Multiclass as Multiclass
from kerasbert.tasks.head_tasks import Multilabel as Multilabel
from kerasbert.text_classifier import TextClassifier as TextClassifier
from kerasbert.text_classifier import load as load
from kerasbert.tokenization.augmentation import Augmentation as Augmentation
from kerasbert.tokenization.long_texts import LongTexts as LongTexts
from kerasbert.tokenization.tokenizer import Tokenizer as Tokenizer
from kerasbert.training.average_checkpoint import AverageModelCheckpoint as AverageModelCheckpoint
from kerasbert.training.determinism import make_deterministic as make_deterministic
from kerasbert.training.finetune import finetune as finetune
from kerasbert.training.learning_rate_finder import LearningRateFinder as LearningRateFinder
from kerasbert.training.learning_rate_finder import find_learning_rate as find_learning_rate
from kerasbert.training.settings import RunSettings as RunSettings
from kerasbert.training.settings import TrainingSettings as TrainingSettings
from kerasbert.training.time_stopping import TimeStopping as TimeStopping
