"""`TextClassifier`: raw text in, label names out."""

from kerasbert.text_classifier.classifier import TextClassifier as TextClassifier
from kerasbert.text_classifier.loading import load as load
from kerasbert.text_classifier.truncation import truncate as truncate
