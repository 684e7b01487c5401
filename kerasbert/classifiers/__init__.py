"""From hidden states to probabilities: layer selection, pooling, heads, and the builders that put them together."""

from kerasbert.classifiers.builders import build_binary as build_binary
from kerasbert.classifiers.builders import build_multiclass as build_multiclass
from kerasbert.classifiers.builders import build_multilabel as build_multilabel
from kerasbert.classifiers.builders import build_multitask as build_multitask
from kerasbert.classifiers.classifier import Classifier as Classifier
from kerasbert.classifiers.head import ClassificationHead as ClassificationHead
