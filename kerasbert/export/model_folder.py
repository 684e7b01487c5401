"""`save_pretrained` of a builder's model: the export of a classifier whose thresholds are the usual ones."""

import os
from typing import Any

from kerasbert._core.errors import ConfigError
from kerasbert.classifiers.classifier import Classifier
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tokenization.given_tokenizers import as_tokenizer


def save_model(model: Classifier, folder: str | os.PathLike[str], *, tokenizer: Any, **options: Any) -> None:
    """Write a model, see `Classifier.save_pretrained`."""
    from kerasbert.export.hugging_face import save_pretrained

    if model.windows is not None:
        raise ConfigError(
            "A folder of transformers holds models that read a text at once, and this one reads windows; build it without "
            "`window_pooling`, or save it as Keras does: model.save('model.keras')."
        )
    # It cuts texts where the model does, or earlier if it did so before.
    tokens = as_tokenizer(tokenizer, positions=model.max_length)
    tokens.check_fits(model.encoder.config.vocab_size, "The model")
    save_pretrained(TrainedClassifier(model, tokens), folder, **options)
