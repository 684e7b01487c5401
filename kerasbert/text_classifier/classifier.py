"""`TextClassifier`: parameters, `fit`, and the trained classifier that comes of it."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np

from kerasbert._core.options import explains_options, filled, takes_options
from kerasbert.batches.token_cache import TokenCache
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.given_pooling import pooling_from
from kerasbert.export.comparison import Export
from kerasbert.export.hub import Pushed
from kerasbert.objectives.scores import Scores
from kerasbert.reading.examples import Examples
from kerasbert.saving.pretrained import load_pretrained
from kerasbert.saving.trained_classifier import TrainedClassifier, trained_of
from kerasbert.subclasses.secondary import add_subclasses
from kerasbert.tasks.several import MULTITASK
from kerasbert.text_classifier.fitting import prepare_fitting, run_fitting, run_learning_rate_finder, training_data
from kerasbert.text_classifier.labels import Validation
from kerasbert.text_classifier.settings import Settings, plain_settings
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.training.determinism import kept_random_state
from kerasbert.training.learning_rate_finder import LearningRateFinder
from kerasbert.training.settings import RunSettings

# What `fit` takes of `RunSettings`; `verbose` is an argument of the classifier, and batches of any length are not compiled.
RUNNING = ("checkpoint_dir", "checkpoint_every", "resume", "log_dir", "strategy")


@explains_options
class TextClassifier(Settings):
    """A BERT classifier that takes texts and gives label names, in scikit-learn's manner.

    Constructor arguments are only stored; `fit` checks them, builds the model, trains it by the recipe of `finetune`
    and, for labels that are not exclusive, tunes decision thresholds on validation data.

    Args:
        **options: those of `TaskSettings`, `ModelSettings`, `BatchSettings`, `TrainingSettings` and `MonitoringSettings`,
            `warm_start` and `verbose`.

    Example:
        >>> classifier = TextClassifier(encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> _ = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4)
        >>> classifier.predict_proba(["good"]).shape
        (1, 2)
    """

    trained_: TrainedClassifier
    _padding: dict[str, Any]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "trained_")

    @kept_random_state()
    @takes_options(RunSettings, only=RUNNING)
    def fit(
        self,
        data: Sequence[str] | Examples | TokenCache,
        labels: Any = None,
        *,
        text_pairs: Sequence[str] | None = None,
        validation: Validation | None = None,
        **options: Any,
    ) -> Self:
        """Build and train; with `warm_start` a trained classifier is trained on.

        Args:
            data: n texts; or `Examples`, from `read_examples`; or a token cache of any size, from `prepare_tokens` or
                `open_cache`, made with this classifier's task, encoder and length.
            labels: n labels: names or integers; for a multi-label task lists of names or an array (n, C) of 0 and 1; head
                name -> labels for a multi-task one; level name -> labels, `{"class": [...], "subclass": [...]}`, for a
                hierarchical one, where an unknown subclass is None. None: those of the examples or of the token cache.
            text_pairs: n second texts, read together with the first ones.
            validation: `(texts, labels)` or `(texts, labels, text_pairs)` to choose the best epoch and thresholds on.
                Without, `validation_fraction` is held out.
            **options: those of `RunSettings` that say where it runs and what is kept of it, see `finetune`.

        Returns:
            The classifier itself, which holds a `TrainedClassifier` as `trained_`.

        Raises:
            ArtifactError: when a checkpoint cannot be written, or none that is there is whole.
            ConfigError: when an argument is out of its range or does not go with the data, the token cache was made for
                another task, encoder or length, the checkpoints are of another training, or the devices do not exist.
            DataError: when a text or a label cannot be used; the message names its row.
            DivergedError: when the loss is no longer a number; `trained_` keeps the weights from before that batch.
            TypeError: when an argument has the wrong type.
        """
        self.check_arguments()
        keras.utils.set_random_seed(self.seed)
        given = training_data(data, labels, text_pairs, settings=self)
        before = self.trained_ if self.warm_start and self.__sklearn_is_fitted__() else None
        run = filled(RunSettings, None, {**options, "verbose": self.verbose})
        fitting = prepare_fitting(self, given, before=before, validation=validation, strategy=run.strategy)
        self.trained_ = fitting.untrained
        self.trained_ = run_fitting(self, fitting, run)
        self._padding = fitting.padding
        return self

    @kept_random_state()
    def find_learning_rate(
        self, texts: Sequence[str], labels: Any, *, text_pairs: Sequence[str] | None = None, steps: int = 100
    ) -> LearningRateFinder:
        """Train a fresh model for some batches at ever higher rates; see `kerasbert.find_learning_rate`.

        Args:
            texts: n texts.
            labels: n labels, as for `fit`.
            text_pairs: n second texts.
            steps: batches, >= 10.

        Returns:
            Rates and losses, with a suggestion and a picture. The classifier stays untrained.

        Raises:
            ConfigError: when an argument is out of its range, or one such as `ema` is given, which a range test with a
                schedule of its own does not follow.
            DataError: when a text or a label cannot be used.
        """
        self.check_arguments()
        keras.utils.set_random_seed(self.seed)
        return run_learning_rate_finder(self, texts, labels, text_pairs, steps=steps)

    @kept_random_state()
    def add_subclasses(
        self,
        texts: Sequence[str],
        labels: Mapping[str, Any],
        *,
        text_pairs: Sequence[str] | None = None,
        epochs: int = 30,
    ) -> Self:
        """Learn subclasses on this classifier's frozen features, for a hierarchical classifier with the same classes.

        Args:
            texts: n texts.
            labels: level name -> n labels, as for `fit` of a hierarchical classifier; the classes must be this one's.
            text_pairs: n second texts.
            epochs: passes over the features, which are computed once.

        Returns:
            A new classifier, whose P(class) is this one's; this one stays as it is.

        Raises:
            ConfigError: when this classifier is not a trained multi-class one, or its classes differ.
            DataError: when a text or a label cannot be used.
        """
        trained = add_subclasses(
            trained_of(self),
            texts,
            labels,
            text_pairs=text_pairs,
            subclasses=self.subclasses,
            epochs=epochs,
            seed=self.seed,
        )
        return type(self).from_trained(trained)

    @property
    def model_(self) -> Classifier:
        """The trained model."""
        return trained_of(self).model

    @property
    def tokenizer_(self) -> Tokenizer:
        """The tokenizer of the model."""
        return trained_of(self).tokenizer

    @property
    def thresholds_(self) -> Mapping[str, np.ndarray]:
        """Head name -> decision thresholds."""
        return trained_of(self).thresholds

    @property
    def label_kinds_(self) -> Mapping[str, str]:
        """Head or level name -> how its labels were written."""
        return trained_of(self).label_kinds

    @property
    def history_(self) -> Mapping[str, list[float]]:
        """Name -> a number for each epoch."""
        return trained_of(self).history

    @property
    def data_(self) -> Mapping[str, Any]:
        """Numbers of training texts and of each label."""
        return trained_of(self).data

    @property
    def metrics_(self) -> Mapping[str, Any]:
        """What was measured, as `save` keeps it."""
        return trained_of(self).metrics

    @property
    def padding(self) -> Mapping[str, Any]:
        """Of the last `fit`: padded lengths `shapes`, share of `padding` among the tokens, number of texts `cut`."""
        return self._padding

    @property
    def classes_(self) -> Any:
        """Labels in the order of the probabilities' columns; a dict by head for several heads."""
        return trained_of(self).classes

    def predict_proba(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Predict the probabilities of the labels.

        Args:
            texts: n texts; an empty list gives an empty result.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Float32 (n, C), columns in the order of `classes_`; (n, 2) for a binary task; a dict by head for several heads.

        Raises:
            DataError: when a text cannot be used.
            NotFittedError: when the classifier is not trained yet.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return trained_of(self).predict_proba(texts, text_pairs)

    def predict(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Predict labels by the thresholds.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Array of n names, or integers where the labels of `fit` were integers; for a multi-label task a list of n
            lists of names, or an array (n, C) of 0 and 1 where `fit` got one; a dict by head for several heads.

        Raises:
            DataError: when a text cannot be used.
            NotFittedError: when the classifier is not trained yet.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return trained_of(self).predict(texts, text_pairs)

    def predict_with_proba(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> tuple[Any, Any]:
        """Return what `predict` and `predict_proba` do, from one pass of the texts through the model.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Labels, and their probabilities.

        Raises:
            DataError, NotFittedError, TypeError: as `predict`.
        """
        return trained_of(self).predict_with_proba(texts, text_pairs)

    def evaluate(
        self, texts: Sequence[str], labels: Any, text_pairs: Sequence[str] | None = None, *, intervals: bool = False
    ) -> Scores:
        """Evaluate: accuracy, and precision, recall, F1, average precision and ROC AUC per label, micro, macro and weighted.

        Args:
            texts: n texts.
            labels: as for `fit`.
            text_pairs: n second texts.
            intervals: whether to give, under `intervals`, 95 % confidence intervals, see `bootstrap_intervals`.

        Returns:
            See `score_predictions`; for several heads a dict of these by head; for a hierarchical classifier by level, over
            the texts whose label is known there, and under `hierarchy` what `score_hierarchy` gives.

        Raises:
            DataError: when a text or label cannot be used.
            NotFittedError: when the classifier is not trained yet.
        """
        return trained_of(self).evaluate(texts, labels, text_pairs, intervals=intervals)

    def score(self, texts: Sequence[str], labels: Any) -> float:
        """Return the accuracy, as scikit-learn's classifiers do; for several heads their mean, for a hierarchy that of all levels at once."""
        return trained_of(self).outputs.accuracy(self.evaluate(texts, labels))

    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Write the classifier as a folder of plain data; `kerasbert.load` reads it back anywhere.

        Args:
            folder: the folder to appear, written beside and renamed when whole.
            overwrite: whether an existing saved classifier may be replaced.
            metrics: plain data to keep in `metrics.json`; None keeps those that it was loaded with.

        Raises:
            ArtifactError: when the folder cannot be written or a weight is no number.
            NotFittedError: when the classifier is not trained yet.
        """
        trained = dataclasses.replace(trained_of(self), settings=plain_settings(self))
        trained.save(folder, overwrite=overwrite, metrics=metrics)

    @classmethod
    def from_trained(cls, trained: TrainedClassifier) -> Self:
        """Wrap a trained classifier in an estimator, with the settings that it keeps."""
        classifier = cls()
        known = classifier.get_params()
        classifier.set_params(**{name: value for name, value in trained.settings.items() if name in known})
        if isinstance(classifier.pooling, Mapping):
            classifier.pooling = pooling_from(classifier.pooling)
        if trained.outputs.hierarchy is not None:
            classifier.subclasses = trained.outputs.hierarchy.to_tree()
        elif trained.task == MULTITASK:
            classifier.heads = trained.model.head_tasks
        classifier.trained_ = trained
        return classifier

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
        return cls.from_trained(
            load_pretrained(
                name_or_folder,
                max_length=max_length,
                problem_type=problem_type,
                tokenizer=tokenizer,
                split_special_tokens=split_special_tokens,
            )
        )

    def save_pretrained(self, folder: str | os.PathLike[str], **options: Any) -> Export:
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

    def push_to_hub(self, repo_id: str, **options: Any) -> Pushed:
        """Write a folder as `save_pretrained` does, and upload it with its card to the Hugging Face hub, private by default.

        Args:
            repo_id: of the repository, `"NAME"` or `"OWNER/NAME"`; it is made where there is none.
            **options: `private`, `message`, `token`, `texts`, `labels` and `allow_loss`, see `kerasbert.export.hub.push_to_hub`.

        Returns:
            `url`, `private` and `commit` of what lies on the hub now.

        Raises:
            ArtifactError: when the hub refuses it, or PyTorch gives other probabilities.
            ConfigError: when `repo_id` is no name of a repository or the classifier is not trained yet.
        """
        from kerasbert.export.hub import push_to_hub

        return push_to_hub(self, repo_id, **options)

    def export_onnx(self, folder: str | os.PathLike[str], **options: Any) -> Export:
        """Write `onnx/model.onnx`, from token ids to logits or probabilities, with tokenizer and labels beside it.

        Args:
            folder: the folder to appear.
            **options: `scores`, `quantize`, `opset`, `overwrite`, `texts`, `labels` and `allow_loss`, see
                `kerasbert.export.onnx_model.export_onnx`.

        Returns:
            The folder as `path`, and the `report` of the comparison with this classifier.

        Raises:
            ArtifactError: when the folder cannot be written, or ONNX Runtime gives other probabilities.
            ConfigError: when a package is missing, an option cannot be used or the classifier is not trained yet.
        """
        from kerasbert.export.onnx_model import export_onnx

        return export_onnx(self, folder, **options)

    def export_saved_model(self, folder: str | os.PathLike[str], **options: Any) -> Export:
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
        self, folder: str | os.PathLike[str], *, quantize: str = "none", length: int | str | None = None, **options: Any
    ) -> Export:
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
