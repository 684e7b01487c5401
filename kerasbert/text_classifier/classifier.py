"""`TextClassifier`: parameters, `fit`, and the trained classifier that comes of it."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np

from kerasbert._core.options import explains_options, filled, takes_options
from kerasbert.batches.token_cache import TokenCache
from kerasbert.caching.cache import PredictionCache, check_cache
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.given_pooling import pooling_from
from kerasbert.export.comparison import Export
from kerasbert.export.hub import Pushed
from kerasbert.objectives.scores import Scores
from kerasbert.reading.examples import Examples
from kerasbert.saving.model_states import classifier_state
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
from kerasbert.uncertainty.abstention import Abstention
from kerasbert.uncertainty.calibration import Calibration
from kerasbert.uncertainty.fitted import one_of
from kerasbert.uncertainty.folding import undo_calibration
from kerasbert.uncertainty.out_of_scope import KEEP, OutOfScope
from kerasbert.uncertainty.sets import PredictionSets

# What `fit` takes of `RunSettings`; `verbose` is an argument of the classifier, and batches of any length are not compiled.
RUNNING = ("checkpoint_dir", "checkpoint_every", "resume", "log_dir", "strategy")


@explains_options
class TextClassifier(Settings):
    """A BERT classifier that takes texts and gives label names, in scikit-learn's manner.

    Constructor arguments are only stored; `fit` checks them, builds the model, trains it by the recipe of `finetune`
    and, for labels that are not exclusive, tunes decision thresholds on validation data.

    Args:
        **options: those of `TaskSettings`, `ModelSettings`, `BatchSettings`, `TrainingSettings`, `CalibrationSettings` and
            `MonitoringSettings`,
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
        cache = self.trained_.cache if self.__sklearn_is_fitted__() else None
        before = self.trained_ if self.warm_start and self.__sklearn_is_fitted__() else None
        run = filled(RunSettings, None, {**options, "verbose": self.verbose})
        fitting = prepare_fitting(self, given, before=before, validation=validation, strategy=run.strategy)
        if before is not None:
            # What is trained on are the weights that were trained.
            undo_calibration(before.model, before.uncertainty)
        self.trained_ = fitting.untrained
        self.trained_ = dataclasses.replace(run_fitting(self, fitting, run), cache=cache)
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

    def use_cache(self, cache: PredictionCache | None) -> Self:
        """Keep the results of texts from now on, so that none is computed twice; see `PredictionCache`.

        All that answers texts with this classifier goes through it: `predict`, `predict_proba`, `evaluate` and the rest.
        `fit` goes on with it, and `save` does not write it.

        Args:
            cache: the cache, which several classifiers may share; None: compute every text.

        Returns:
            The classifier itself.

        Raises:
            ConfigError: when the model has a layer of your own that is not registered, or whose source cannot be read.
            NotFittedError: when the classifier is not trained yet.
            TypeError: when it is no cache.
        """
        trained = dataclasses.replace(trained_of(self), cache=check_cache(cache))
        if cache is not None:
            # Refuses what cannot be told apart.
            classifier_state(trained.model)
        self.trained_ = trained
        return self

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

    def predict(
        self,
        texts: Sequence[str],
        text_pairs: Sequence[str] | None = None,
        *,
        reject: bool = False,
        abstain: bool = False,
    ) -> Any:
        """Predict labels by the thresholds.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.
            reject: whether a text that is out of scope gets None instead of labels, in every head; see `fit_out_of_scope`.
            abstain: whether a text that a person should look at gets None, in the heads that are unsure; see
                `fit_abstention`.

        Returns:
            Array of n names, or integers where the labels of `fit` were integers; for a multi-label task a list of n
            lists of names, or an array (n, C) of 0 and 1 where `fit` got one; a dict by head for several heads. With `reject`
            or `abstain` an object array of names or numbers, or a list of n lists or rows, with None among them.

        Raises:
            ConfigError: when nothing was fitted to reject or to abstain by.
            DataError: when a text cannot be used.
            NotFittedError: when the classifier is not trained yet.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return trained_of(self).predict(texts, text_pairs, reject=reject, abstain=abstain)

    def predict_with_proba(
        self,
        texts: Sequence[str],
        text_pairs: Sequence[str] | None = None,
        *,
        reject: bool = False,
        abstain: bool = False,
    ) -> tuple[Any, Any]:
        """Return what `predict` and `predict_proba` do, from one pass of the texts through the model.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.
            reject: see `predict`; probabilities are given all the same.
            abstain: see `predict`.

        Returns:
            Labels, and their probabilities.

        Raises:
            ConfigError, DataError, NotFittedError, TypeError: as `predict`.
        """
        return trained_of(self).predict_with_proba(texts, text_pairs, reject=reject, abstain=abstain)

    def fit_out_of_scope(
        self,
        texts: Sequence[str],
        labels: Any,
        *,
        validation: Any,
        text_pairs: Sequence[str] | None = None,
        out_of_scope_texts: Any = None,
        keep: float = KEEP,
        layers: Sequence[int] | None = None,
        max_neighbours: int = 15_000,
    ) -> OutOfScope:
        """Learn to tell texts that belong to none of the labels; see docs/out_of_scope.md.

        The score of a text is a weighted sum of the energy of each head's logits, of its Mahalanobis distance to the nearest
        label in the last hidden state, and of its distance to the nearest reference text in several hidden states. Texts out
        of scope are not needed; where there are some, a logistic regression weighs, and the similarity to them counts too.
        Calibrating drops what was fitted.

        Args:
            texts: n reference texts, at least one of every label, such as those that were trained on.
            labels: as for `fit`.
            validation: texts in scope that were not trained on, at least keep / (1 - keep); of pairs a tuple of texts and
                second texts.
            text_pairs: n second texts.
            out_of_scope_texts: at least 10 texts that belong to no label, or such a tuple; None: there are none.
            keep: share of texts in scope that is to be kept, in (0, 1), from which the threshold follows.
            layers: hidden states to read, counted from the embeddings or negative from the last; None: the last, the embeddings
                and two between them.
            max_neighbours: reference texts that are kept for each hidden state, >= 1: a byte for each number.

        Returns:
            What was fitted, which `save` keeps.

        Raises:
            ConfigError: when a number is out of its range.
            DataError: when a text or label cannot be used, a label has no text, texts are too few, or the validation texts were
                trained on.
            NotFittedError: when the classifier is not trained yet.
            TypeError: when an argument has the wrong type.

        Example:
            >>> classifier.fit_out_of_scope(texts, labels, validation=other_texts)  # doctest: +SKIP
            OutOfScope(threshold=1.93, keep=0.95, 95 % interval 0.942 to 0.957 on 3,000 texts, 11.9 MB)

        Reference:
            Liu et al., "Energy-based Out-of-distribution Detection", 2020; Lee et al., "A Simple Unified Framework for Detecting
            Out-of-Distribution Samples and Adversarial Attacks", 2018; Sun et al., "Out-of-Distribution Detection with Deep
            Nearest Neighbors", 2022.
        """
        self.trained_ = trained_of(self).with_out_of_scope(
            texts,
            labels,
            text_pairs,
            validation=validation,
            out_of_scope_texts=out_of_scope_texts,
            keep=keep,
            layers=layers,
            max_neighbours=max_neighbours,
        )
        return one_of(OutOfScope, self.trained_.uncertainty)

    def out_of_scope_score(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> np.ndarray:
        """Score how far texts are from all that the classifier has labels for; `fit_out_of_scope` first.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            (n,): 0 is the mean of texts in scope, higher is farther out.

        Raises:
            ConfigError: when nothing was fitted, or it was fitted on other weights.
            DataError, NotFittedError, TypeError: as `predict`.
        """
        return trained_of(self).out_of_scope_score(texts, text_pairs)

    def evaluate_out_of_scope(self, texts: Any, out_of_scope_texts: Any, **options: Any) -> dict[str, Any]:
        """Evaluate how well the score tells texts out of scope, which are the positive class, from texts in scope.

        Args:
            texts: texts in scope, at least one; of pairs a tuple of texts and second texts.
            out_of_scope_texts: texts that belong to no label, at least one, or such a tuple.
            **options: those of `score_detection`.

        Returns:
            `auroc`, `auprc`, `fpr_at_95`, and the shares `kept` and `rejected` at the threshold; see `score_detection`.

        Raises:
            ConfigError, DataError, NotFittedError, TypeError: as `out_of_scope_score`.
        """
        return trained_of(self).evaluate_out_of_scope(texts, out_of_scope_texts, **options)

    def fit_abstention(
        self,
        texts: Sequence[str],
        labels: Any,
        *,
        text_pairs: Sequence[str] | None = None,
        precision: float = 0.95,
        sure: float = 0.95,
    ) -> Abstention:
        """Choose the confidence below which a person should look, so that the predictions above it are right often enough.

        With probability `sure` over the choice of these texts, at least the share `precision` of the predictions that are
        answered is right; see `promise_precision`. Of independent labels all have to be right, of a hierarchy those of every
        level, where the text is answered as a whole. Several heads have a threshold each. Calibrating drops what was fitted.

        Args:
            texts: n texts that were not trained on; at least log(1 - sure) / log(precision).
            labels: as for `fit`.
            text_pairs: n second texts.
            precision: the wanted share of right predictions among those that are answered, in (0, 1).
            sure: confidence of the promise, in (0, 1).

        Returns:
            What was fitted, which `save` keeps.

        Raises:
            ConfigError: when a share is out of its range.
            DataError: when a text or label cannot be used, the texts are too few or bear the precision out nowhere, or were
                trained on.
            NotFittedError: when the classifier is not trained yet.

        Reference:
            Angelopoulos et al., "Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control", 2022.
        """
        self.trained_ = trained_of(self).with_abstention(texts, labels, text_pairs, precision=precision, sure=sure)
        return one_of(Abstention, self.trained_.uncertainty)

    def fit_calibration(
        self, texts: Sequence[str], labels: Any, *, text_pairs: Sequence[str] | None = None, always: bool = False
    ) -> Calibration:
        """Scale the logits so that the probabilities can be believed; no decision changes.

        A multi-class head gets one temperature, a binary head and each label of a multi-label one a scale and a shift, each
        level of a hierarchy its own. The last layers of the model are scaled, so that whatever is saved, exported or computed
        from it is calibrated too. An earlier calibration is replaced, and prediction sets are dropped. Training on
        (`warm_start`) begins from the weights that were trained. See docs/uncertainty.md.

        Args:
            texts: n texts that were not trained on, at least 50 with a known label.
            labels: as for `fit`.
            text_pairs: n second texts.
            always: whether to calibrate in any case; else where the texts, each judged by what the others say, show a gain with
                95 % confidence.

        Returns:
            What was fitted, with calibration error, Brier score and log loss before and after.

        Raises:
            ConfigError: when the classifier is layerwise.
            DataError: when a text or a label cannot be used, the texts are too few or say nothing of a head, or the classifier
                was trained on them.
            NotFittedError: when the classifier is not trained yet.

        Example:
            >>> classifier.fit_calibration(texts, labels)  # doctest: +SKIP
            Calibrated on 1,540 texts: labels
            labels: ECE 0.0466 -> 0.0175, Brier 0.0971 -> 0.0951, log loss 0.2761 -> 0.2478

        Reference:
            Guo et al., "On Calibration of Modern Neural Networks", 2017; Platt, "Probabilistic Outputs for Support Vector
            Machines", 1999.
        """
        self.trained_ = trained_of(self).calibrated(texts, labels, text_pairs, always=always)
        return one_of(Calibration, self.trained_.uncertainty)

    def fit_sets(
        self,
        texts: Sequence[str],
        labels: Any,
        *,
        text_pairs: Sequence[str] | None = None,
        method: str = "lac",
        each_label: bool = False,
    ) -> PredictionSets:
        """Learn from texts what `predict_set` needs to keep its promise: how well their true labels scored.

        Args:
            texts: n texts that were not trained on, and are like those to come. They can promise a coverage of n / (n + 1) at
                most.
            labels: as for `fit`.
            text_pairs: n second texts.
            method: how exclusive labels are scored: `"lac"`, the smallest sets; `"aps"` or `"raps"`, sets that grow with the
                doubt about a text. See `label_scores`.
            each_label: whether the promise is kept for the texts of each label by themselves, which takes so many texts of
                each; else on average over the texts.

        Returns:
            What was fitted, which `save` keeps.

        Raises:
            ConfigError: when there is no such method.
            DataError: when a text or a label cannot be used, none has a label (with `each_label`, a label no text), or the
                classifier was trained on them.
            NotFittedError: when the classifier is not trained yet.
        """
        self.trained_ = trained_of(self).with_sets(texts, labels, text_pairs, method=method, each_label=each_label)
        return self.trained_.prediction_sets

    def predict_set(
        self,
        texts: Sequence[str],
        text_pairs: Sequence[str] | None = None,
        *,
        coverage: float = 0.95,
        empty: bool = False,
    ) -> Any:
        """Predict sets of labels that hold the true one for at least this share of texts; fit them first, by `fit_sets`.

        Of independent labels a set holds, in the mean over texts, at least this share of a text's true labels. In a hierarchy
        each level keeps the promise, and with a label its parents are in their sets.

        Args:
            texts: n texts, like those of `fit_sets`.
            text_pairs: n second texts, for a classifier trained on pairs.
            coverage: the promise, in (0, 1).
            empty: whether a set of exclusive labels may be empty, which makes the coverage exact where the classifier is right
                more often than asked; else it holds at least the most probable label.

        Returns:
            A list of n lists of labels, the most probable first; a dict by head for several heads.

        Raises:
            ConfigError: when no sets are fitted, or the coverage is out of its range or more than so few texts can promise.
            DataError, NotFittedError, TypeError: as `predict`.

        Reference:
            Angelopoulos and Bates, "A Gentle Introduction to Conformal Prediction and Distribution-Free Uncertainty
            Quantification", 2021.
        """
        return trained_of(self).predict_set(texts, text_pairs, coverage=coverage, empty=empty)

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
            See `score_predictions`, and under `sets` what `PredictionSets.measure` gives where they are fitted; for several heads a dict of these by head; for a hierarchical classifier by level, over
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

    def compile_for_inference(self, engine: str | None, **options: Any) -> Self:
        """Compute predictions in an inference engine from now on; `fit` goes back to Keras.

        Args:
            engine: `"openvino"`, `"onnxruntime"`, or None for Keras.
            **options: `precision`, `threads`, `texts`, `text_pairs` and `agreement`, see `kb.engines.compile_for_inference`.

        Returns:
            The classifier itself.

        Raises:
            ArtifactError: when the engine gives other probabilities, or other labels in the precision asked for.
            ConfigError: when the engine is not installed, an option cannot be used, or the classifier cannot be converted.
            NotFittedError: when the classifier is not trained yet.
        """
        from kerasbert.engines.compile import compile_for_inference

        self.trained_ = compile_for_inference(self, engine, **options)
        return self

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
