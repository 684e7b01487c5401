"""Raw text in, label names out: settings, prediction, training, training from a cache, `TextClassifier`, each over the last."""

from kerasbert.text_classifier.classifier import TextClassifier as TextClassifier
from kerasbert.text_classifier.loading import load as load
from kerasbert.text_classifier.loading import open_classifier as open_classifier
