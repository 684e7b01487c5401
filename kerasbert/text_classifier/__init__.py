"""`TextClassifier`: raw text in, label names out."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.text_classifier.classifier import TextClassifier as TextClassifier
    from kerasbert.text_classifier.loading import load as load
    from kerasbert.text_classifier.truncation import truncate as truncate
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
