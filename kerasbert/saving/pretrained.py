"""Load a classifier in a folder of transformers, whether transformers or an export of ours wrote it."""

import os
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert._core.errors import ConfigError
from kerasbert._core.locks import read_locked
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.pretrained import read_classifier
from kerasbert.encoders.checkpoints import read_config
from kerasbert.saving.exported_folder import is_exported, read_exported
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tokenization.given_tokenizers import as_tokenizer
from kerasbert.tokenization.tokenizer import Tokenizer


def load_pretrained(
    name_or_folder: str | os.PathLike[str],
    *,
    max_length: int | None = None,
    problem_type: str | None = None,
    tokenizer: Any = None,
    split_special_tokens: bool | None = None,
) -> TrainedClassifier:
    """Load a classifier of transformers, see `TextClassifier.from_pretrained`; not compiled, its settings train it on."""
    name, folder = os.fspath(name_or_folder), resolve_encoder(name_or_folder)

    def read() -> TrainedClassifier:
        config = read_config(folder)
        tokens = as_tokenizer(
            folder if tokenizer is None else tokenizer,
            positions=config.max_length,
            max_length=max_length,
            split_special_tokens=split_special_tokens,
        )
        tokens.check_fits(config.vocab_size, repr(str(folder)))
        if is_exported(folder):
            if problem_type is not None:
                raise ConfigError(
                    f"`problem_type` must be None for {str(folder)!r}, which kerasbert exported with its task; got "
                    f"{shorten(problem_type)}."
                )
            return read_exported(folder, tokens, name)
        return _standard(name, folder, tokens, problem_type)

    return read_locked(folder, read)


def load_model(name_or_folder: str | os.PathLike[str], **options: Any) -> Classifier:
    """Load a classifier's model, see `Classifier.from_pretrained`; its options are those of `load_pretrained`."""
    return load_pretrained(name_or_folder, **options).model


def _standard(name: str, folder: Path, tokenizer: Tokenizer, problem_type: str | None) -> TrainedClassifier:
    read = read_classifier(folder, max_length=tokenizer.max_length, problem_type=problem_type)
    head = read.model.head
    own = {"task": head.task.name, "label_names": list(head.label_names), "encoder": name}
    settings = {**read.arguments, **own, "max_length": tokenizer.max_length, "warm_start": True}
    return TrainedClassifier(
        read.model,
        tokenizer,
        thresholds={head.name: read.thresholds},
        label_kinds={head.name: read.label_kind},
        settings=settings,
        metrics=read.metrics,
        data=read.data,
    )
