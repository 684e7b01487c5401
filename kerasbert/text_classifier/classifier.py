"""`TextClassifier`: raw text in, label names out. It ties the rooms together."""

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from kerasbert._core.checks import shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert._core.errors import ConfigError
from kerasbert._core.locks import read_locked
from kerasbert._core.options import explains_options
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.classifiers.pretrained import read_classifier
from kerasbert.encoders.checkpoints import read_config
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.labels.kinds import NAMES, kind_for
from kerasbert.saving.bundle import Bundle, save_bundle
from kerasbert.saving.card import model_card
from kerasbert.saving.exported_bundle import is_exported, read_exported
from kerasbert.text_classifier.cache_training import CacheTrainer
from kerasbert.tokenization.given_tokenizers import as_tokenizer


@explains_options
class TextClassifier(CacheTrainer):
    """A BERT classifier that takes texts and gives label names, in scikit-learn's manner.

    Constructor arguments are only stored; `fit` checks them, builds the model, trains it by the recipe of `finetune`
    and, for labels that are not exclusive, tunes decision thresholds on validation data.

    Args:
        **options: those of `TaskSettings`, `ModelSettings`, `BatchSettings` and `TrainingSettings`, `warm_start` and `verbose`.

    Example:
        >>> classifier = TextClassifier("binary", encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> _ = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4)
        >>> classifier.predict_proba(["good"]).shape
        (1, 2)
    """

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False, metrics: Mapping | None = None) -> None:
        """Write the classifier as a folder of plain data; `kerasbert.load` reads it back anywhere.

        Args:
            folder: the folder to appear, written beside and renamed when whole.
            overwrite: whether an existing saved classifier may be replaced.
            metrics: plain data to keep in `metrics.json`.

        Raises:
            ArtifactError: when the folder cannot be written.
            ConfigError: when the classifier is not trained yet.
        """
        bundle = self.bundle(metrics)
        save_bundle(bundle, folder, overwrite=overwrite, card=model_card(bundle))

    def bundle(self, metrics: Mapping | None = None) -> Bundle:
        """All that is saved of the classifier: model, tokenizer, thresholds, settings and `metrics`.

        Raises:
            ConfigError: when the classifier is not trained yet.
        """
        self._check_fitted()
        settings = {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}
        settings["encoder"] = os.fspath(self.encoder)
        if self.label_names is not None:
            settings["label_names"] = [str(name) for name in self.label_names]
        if self.subclasses is not None:
            settings["subclasses"] = parse_tree(self.subclasses).to_tree()
        settings["label_kinds"] = self.label_kinds_
        settings["history"] = getattr(self, "history_", {})
        settings["data"] = getattr(self, "data_", {})
        return Bundle(self.model_, self.tokenizer_, self.thresholds_, settings, dict(metrics or {}))

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: str | os.PathLike[str],
        *,
        max_length: int | None = None,
        problem_type: str | None = None,
        tokenizer: Any = None,
        split_special_tokens: bool | None = None,
    ) -> Self:
        """Load a classifier that was fine-tuned with transformers: encoder, head, label names and problem type.

        A `BertForSequenceClassification`, `DistilBert...`, `Roberta...` or `ElectraForSequenceClassification` is read, in
        every format of weights that an encoder is, and any folder that `save_pretrained` of this class wrote. `fit` trains
        it on (`warm_start` is set).

        Args:
            name_or_folder: a folder that `save_pretrained` wrote, here or in transformers, or a name of the hub.
            max_length: longest text in tokens; None for the tokenizer's `model_max_length`, at most all positions.
            problem_type: `"single_label_classification"` or `"multi_label_classification"` where `config.json` does not
                say it or is wrong.
            tokenizer: name or folder of another one, a `Tokenizer`, or a tokenizer of `tokenizers` or transformers; None
                for the folder's own.
            split_special_tokens: whether a special token such as `[SEP]` that a text spells stays text; None as the
                folder says, see `Tokenizer.from_folder`.

        Returns:
            The classifier, ready to predict, train on, save and export.

        Raises:
            ConfigError: when it is nowhere to be had, of another kind or family, or a regression.
            CheckpointError: when its weights are malformed or do not fit its config.
            TypeError: when `tokenizer` is of another kind.

        Example:
            >>> classifier = TextClassifier.from_pretrained("distilbert-base-uncased-emotion")  # doctest: +SKIP
            >>> classifier.predict(["what a day"])  # doctest: +SKIP
            array(['joy'], dtype=object)
        """
        folder = resolve_encoder(name_or_folder)
        given = (max_length, problem_type, tokenizer, split_special_tokens)
        return read_locked(folder, lambda: cls._from_folder(name_or_folder, folder, *given))

    @classmethod
    def _from_folder(
        cls,
        name_or_folder: str | os.PathLike[str],
        folder: Path,
        max_length: int | None,
        problem_type: str | None,
        tokenizer: Any,
        split_special_tokens: bool | None,
    ) -> Self:
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
            return cls.from_bundle(read_exported(folder, tokens, os.fspath(name_or_folder)))
        read = read_classifier(folder, max_length=tokens.max_length, problem_type=problem_type)
        task, names = read.model.head.head_task.task, list(read.model.head.label_names)
        own = {name: value for name, value in read.arguments.items() if name in cls().get_params()}
        length = tokens.max_length
        classifier = cls(task, label_names=names, encoder=name_or_folder, max_length=length, warm_start=True, **own)
        classifier.model_, classifier.tokenizer_ = read.model, tokens
        classifier.thresholds_ = {SINGLE_HEAD: read.thresholds}
        classifier.label_kinds_ = {SINGLE_HEAD: read.label_kind}
        classifier.metrics_, classifier.data_ = read.metrics, read.data
        return classifier

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> Self:
        """The classifier that a bundle describes, trained and with all settings that it keeps.

        Args:
            bundle: the parts of a saved or exported folder.
        """
        known = {name: value for name, value in bundle.settings.items() if name in cls().get_params()}
        classifier = cls(**known)
        tasks = bundle.model.head_tasks
        if bundle.model.hierarchy is not None:
            classifier.subclasses = bundle.model.hierarchy.hierarchy.to_tree()
        elif SINGLE_HEAD not in tasks:
            classifier.heads = tasks
        classifier.model_ = bundle.model
        classifier.tokenizer_ = bundle.tokens
        classifier.thresholds_ = bundle.thresholds
        classifier.history_ = bundle.settings.get("history", {})
        classifier.data_ = bundle.settings.get("data", {})
        kinds = bundle.settings.get("label_kinds", {})
        classifier.label_kinds_ = {
            head: kind_for(kinds.get(head, NAMES), layer.label_names) for head, layer in bundle.model.heads.items()
        }
        classifier.metrics_ = bundle.metrics
        return classifier

    def save_pretrained(self, folder: str | os.PathLike[str], **options: Any) -> Any:
        """Write a folder for PyTorch: transformers' `AutoModelForSequenceClassification` loads it where the head is its own.

        The head is transformers' own with `pooling="pooler"` for BERT and RoBERTa; with `pooling="cls"` and one hidden
        layer as wide as the encoder for all four families. Any other head becomes a model of its own, whose PyTorch code lies in
        the folder and is run with `trust_remote_code=True`. `kerasbert.load` and `from_pretrained` read every such folder back.

        Args:
            folder: the folder to appear.
            **options: `overwrite`, `texts`, `labels` and `allow_loss`, see `kerasbert.export.hugging_face.save_pretrained`.

        Returns:
            The folder as `path`, and the `report` of the comparison with this classifier.

        Raises:
            ArtifactError: when the folder cannot be written, or PyTorch gives other probabilities.
            ConfigError: when the classifier is not trained yet, or reads texts in windows.
        """
        from kerasbert.export.hugging_face import save_pretrained

        return save_pretrained(self, folder, **options)

    def export_onnx(self, folder: str | os.PathLike[str], **options: Any) -> Any:
        """Write `model.onnx`, from token ids to probabilities, with the tokenizer and the labels beside it.

        Args:
            folder: the folder to appear.
            **options: `overwrite`, `texts`, `labels` and `allow_loss`, see `kerasbert.export.onnx_model.export_onnx`.

        Returns:
            The folder as `path`, and the `report` of the comparison with this classifier.

        Raises:
            ArtifactError: when the folder cannot be written, or ONNX Runtime gives other probabilities.
            ConfigError: when a package is missing or the classifier is not trained yet.
        """
        from kerasbert.export.onnx_model import export_onnx

        return export_onnx(self, folder, **options)

    def export_saved_model(self, folder: str | os.PathLike[str], **options: Any) -> Any:
        """Write `FOLDER/VERSION/` for TF Serving and plain TensorFlow: raw text in, label names out.

        Args:
            folder: of all versions of this model, such as `saved_models/NAME`.
            **options: `version`, `texts`, `labels`, `dtype`, `warmup` and `allow_loss`, see
                `kerasbert.export.saved_model.export_saved_model`.

        Returns:
            The version folder as `path`, and the `report` of the comparison with this classifier.

        Raises:
            ArtifactError: when the version exists or cannot be written, or the model differs from this classifier.
            ConfigError: when an option cannot be used or the classifier is not trained yet.
        """
        from kerasbert.export.saved_model import export_saved_model

        return export_saved_model(self, folder, **options)

    def export_tflite(
        self,
        folder: str | os.PathLike[str],
        *,
        quantize: str = "none",
        length: int | str | None = None,
        **options: Any,
    ) -> Any:
        """Write `FOLDER/model.tflite` for phones: MediaPipe's TextClassifier takes raw text with it as it is.

        Args:
            folder: to appear; it holds the file, a card and the report of the comparison with this classifier.
            quantize: `"none"`, `"float16"`, `"dynamic"` or `"int8"`.
            length: of the inputs in tokens, at most this classifier's `max_length`, the default; or `"dynamic"`.
            **options: `texts`, `labels`, `calibration`, `overwrite` and `allow_loss`, see
                `kerasbert.export.tflite.export_tflite`.

        Returns:
            The file as `path`, and the `report`.

        Raises:
            ArtifactError: when the folder cannot be written, or the model differs from this classifier.
            ConfigError: when an option cannot be used or the classifier is not trained yet.
        """
        from kerasbert.export.tflite import export_tflite

        return export_tflite(self, folder, quantize=quantize, length=length, **options)
