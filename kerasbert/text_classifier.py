"""`TextClassifier`: raw text in, label names out. It ties the rooms together."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np

from kerasbert._core.checks import check_bool, check_choice, check_int, check_number, shorten
from kerasbert._core.errors import ArtifactError, ConfigError, DataError, DivergedError, KerasbertWarning
from kerasbert._core.names import CONFIG_FILE, DEFAULT_ENCODER
from kerasbert._core.resolve import resolve_encoder
from kerasbert.bundle import CLASSIFIER_FILE, HEAD_TASKS, Bundle, load_bundle, precision, save_bundle
from kerasbert.classifiers.builders import (
    HEAD_LEARNING_RATE,
    LEARNING_RATE,
    SINGLE_HEAD,
    build_binary,
    build_multiclass,
    build_multilabel,
    build_multitask,
)
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.hierarchical import build_hierarchical
from kerasbert.classifiers.layerwise import build_layerwise
from kerasbert.classifiers.pretrained import read_classifier
from kerasbert.classifiers.windows import WINDOW_POOLINGS
from kerasbert.data.batch_source import BatchSource
from kerasbert.data.batches import Batches, make_batches
from kerasbert.data.guards import label_counts, warn_of_cut_texts, warn_of_imbalance, warn_of_overlap
from kerasbert.data.hierarchy import Hierarchy, collect_subclasses, encode_hierarchy, parse_tree
from kerasbert.data.label_kinds import INTEGERS, NAMES, classes_as, label_kind, labels_as
from kerasbert.data.labels import (
    collect_label_names,
    encode_binary,
    encode_class_ids,
    encode_multi_hot,
    labels_without_examples,
)
from kerasbert.data.prediction_batches import prediction_batches
from kerasbert.data.splits import split_indices
from kerasbert.data.stream import held_out_rows, stream_batches
from kerasbert.data.token_cache import TokenCache
from kerasbert.data.tokens import TextEncoder, longest_text
from kerasbert.data.windows import WINDOW_BUDGET, long_texts_of
from kerasbert.encoders.checkpoints import read_config
from kerasbert.estimator import Estimator
from kerasbert.evaluation.confidence import bootstrap_intervals
from kerasbert.evaluation.level_decisions import decide_levels, score_hierarchy
from kerasbert.evaluation.scores import score_predictions
from kerasbert.evaluation.thresholds import tune_thresholds
from kerasbert.model_card import model_card
from kerasbert.subclasses.secondary import build_secondary, train_secondary
from kerasbert.training.finetune import finetune
from kerasbert.training.rate_test import RateTest, find_learning_rate
from kerasbert.training.resume import EVERY

PREDICTION_BATCH = 64
# Ten times the highest rate of Devlin et al., "BERT", 2019, appendix A.3.
HIGH_LEARNING_RATE = 5e-4
TASKS = ("binary", "multiclass", "multilabel", "multitask", "hierarchical")
SEVERAL_HEADS = ("multitask", "hierarchical")
# Builder parameters that a layerwise classifier has no use for.
LAYERWISE_WITHOUT = ("combine", "combine_first", "window_pooling")
# What `fit` hands on to the builder as it is.
BUILDER_PARAMETERS = (
    "encoder",
    "layers",
    "combine",
    "combine_first",
    "pooling",
    "hidden_units",
    "dropout",
    "max_length",
)
ENCODE = {"binary": encode_binary, "multiclass": encode_class_ids, "multilabel": encode_multi_hot}


class TextClassifier(Estimator):
    """A BERT classifier that takes texts and gives label names, in scikit-learn's manner.

    Constructor arguments are only stored; `fit` checks them, builds the model, trains it by the recipe of `finetune`
    and, for labels that are not exclusive, tunes decision thresholds on validation data.

    Args:
        task: `"binary"`, `"multiclass"`, `"multilabel"`, `"multitask"` or `"hierarchical"`.
        heads: for a multi-task classifier head name -> the task of that head.
        subclasses: for a hierarchical classifier class -> its subclasses, see `build_hierarchical`; None collects them.
        multilabel: for a hierarchical classifier: whether a text may have several classes and subclasses.
        level_weights: for a hierarchical classifier: see `build_hierarchical`.
        label_names: labels in the order wanted, (negative, positive) for a binary task; None collects and sorts them.
        encoder: name or folder of a checkpoint.
        layers: see `build_multiclass`.
        combine: see `build_multiclass`.
        combine_first: see `build_multiclass`.
        layerwise: whether each layer gets a classifier of its own and they vote, see `build_layerwise`; `layers` are then
            the voters, None for the output of every block.
        pooling: see `build_multiclass`.
        hidden_units: see `build_multiclass`.
        dropout: see `build_multiclass`; 0 switches off the encoder's too.
        max_length: longest text in tokens; longer ones are cut and counted. None means 128.
        long_texts: what becomes of longer ones: `"truncate"`, `"head_tail"` or `"windows"`, see `LongTexts`.
        window_overlap: see `LongTexts`.
        window_pooling: `"mean"`, `"max"` or `"attention"`, what reads the vectors of a text's windows.
        window_budget: see `LongTexts`.
        epochs: passes over the training data, >= 1; None takes 8, 4 or 2 by the size of the data, see `default_epochs`.
        batch_size: texts in a step, >= 1.
        learning_rate: peak rate of the encoder.
        head_learning_rate: peak rate of the head.
        patience: epochs without improvement before stopping.
        validation_fraction: share held out for validation when `fit` gets none, in [0, 1); None means 0.1 where
            thresholds are tuned (multi-label heads) and 0 elsewhere, because every text counts.
        precision: Keras dtype policy, `"float32"`, `"mixed_bfloat16"` or `"mixed_float16"`.
        seed: of the split, the order, the new weights and the dropout.
        balance: what is done for rare labels, see `finetune`.
        label_smoothing: share of each label that is spread over the others, see `finetune`.
        sampling: whether rows of rare labels come more often, see `make_batches`.
        optimization: arguments of `Optimization` by name: schedule, frozen parts, rates by layer and more.
        warm_start: whether `fit` of a trained classifier trains it on, with its labels, instead of beginning anew.
        progress: whether to show progress on standard error.

    Example:
        >>> classifier = TextClassifier("binary", encoder="all-MiniLM-L6-v2", epochs=1, progress=False)
        >>> _ = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4)
        >>> classifier.predict_proba(["good"]).shape
        (1, 2)
    """

    tokens_: TextEncoder

    def __init__(
        self,
        task: str = "multiclass",
        *,
        heads: Mapping[str, str] | None = None,
        subclasses: Mapping[str, Any] | None = None,
        multilabel: bool = False,
        level_weights: Sequence[float] | None = None,
        label_names: Sequence[str] | None = None,
        encoder: str | os.PathLike[str] = DEFAULT_ENCODER,
        layers: int | Sequence[int] | None = None,
        combine: str = "concat",
        combine_first: bool = False,
        layerwise: bool = False,
        pooling: str = "mean",
        hidden_units: Sequence[int] = (),
        dropout: float = 0.1,
        max_length: int | None = None,
        long_texts: str = "truncate",
        window_overlap: int | None = None,
        window_pooling: str = "mean",
        window_budget: int = WINDOW_BUDGET,
        epochs: int | None = None,
        batch_size: int = 32,
        learning_rate: float = LEARNING_RATE,
        head_learning_rate: float = HEAD_LEARNING_RATE,
        patience: int = 2,
        validation_fraction: float | None = None,
        precision: str = "float32",
        seed: int = 0,
        balance: str | None = None,
        label_smoothing: float | None = None,
        sampling: str | None = None,
        optimization: Mapping[str, Any] | None = None,
        warm_start: bool = False,
        progress: bool = True,
    ) -> None:
        self.task = task
        self.heads = heads
        self.subclasses = subclasses
        self.multilabel = multilabel
        self.level_weights = level_weights
        self.label_names = label_names
        self.encoder = encoder
        self.layers = layers
        self.combine = combine
        self.combine_first = combine_first
        self.layerwise = layerwise
        self.pooling = pooling
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.max_length = max_length
        self.long_texts = long_texts
        self.window_overlap = window_overlap
        self.window_pooling = window_pooling
        self.window_budget = window_budget
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.head_learning_rate = head_learning_rate
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.precision = precision
        self.seed = seed
        self.balance = balance
        self.label_smoothing = label_smoothing
        self.sampling = sampling
        self.optimization = optimization
        self.warm_start = warm_start
        self.progress = progress
        self.metrics_: dict[str, Any] = {}

    def fit(
        self,
        texts: Sequence[str],
        labels: Any,
        *,
        text_pairs: Sequence[str] | None = None,
        validation: tuple | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = EVERY,
        resume: bool | None = None,
        log_dir: str | os.PathLike[str] | None = None,
        strategy: Any = "auto",
    ) -> Self:
        """Build and train.

        Args:
            texts: n texts.
            labels: n labels: names or integers; for a multi-label task lists of names or an array (n, C) of 0 and 1;
                head name -> labels for a multi-task one; level name -> labels,
                `{"class": [...], "subclass": [...]}`, for a hierarchical one, where a subclass that is not known is None.
            text_pairs: n second texts, read together with the first ones.
            validation: `(texts, labels)` or `(texts, labels, text_pairs)` to choose the best epoch and thresholds on.
            checkpoint_dir: folder that keeps the training while it runs, so that the same call goes on where it was
                killed, see `finetune`.
            checkpoint_every: batches from one checkpoint to the next.
            resume: whether to go on, see `finetune`.
            log_dir: folder for `history.csv`, curves and events for TensorBoard, see `finetune`.
            strategy: the devices, see `finetune`.

        Returns:
            The classifier itself, with `model_`, `tokens_`, `thresholds_` and `history_`.

        Raises:
            ArtifactError: when a checkpoint cannot be written, or none that is there is whole.
            ConfigError: when a constructor argument is out of its range, the checkpoints are of another training, or
                the devices of the strategy do not exist.
            DataError: when a text or a label cannot be used; the message names its row.
            DivergedError: when the loss is no longer a number; `model_` keeps the weights from before that batch, and the
                classifier can be saved.
            TypeError: when an argument has the wrong type.
        """
        self._check_arguments()
        keras.utils.set_random_seed(self.seed)
        # The tokenizer and the labels first: a mistake in the data is told before an encoder is loaded.
        trains_on = self.warm_start and self.__sklearn_is_fitted__()
        tokens = self.tokens_ if trains_on else self._new_tokens()
        cells = labels if self.task in SEVERAL_HEADS else {SINGLE_HEAD: labels}
        names = self._own_names() if trains_on else self._collect_names(cells)
        if not trains_on:
            self.label_kinds_ = {head: self._kind(cells[head]) for head in cells}
        encoded = self._encode(names, cells)
        ids = tokens.encode(texts, text_pairs)
        _check_rows(encoded, len(ids))
        self._warn(tokens, ids, (texts, text_pairs), validation)
        self._warn_of_labels(names, encoded, validation is not None)
        train, held_out = self._hold_out(tokens, names, (ids, encoded), validation)
        self.data_ = {
            **_describe_data(train, held_out, names),
            "validation_given": validation is not None,
            "pairs": text_pairs is not None,
            "max_length": tokens.max_length,
        }
        self.tokens_ = tokens
        if not trains_on:
            self.model_ = self._build(names)
        if not self.dropout:
            self.model_.switch_off_dropout()
        ids, encoded = train
        running = {
            "checkpoint_dir": checkpoint_dir,
            "checkpoint_every": checkpoint_every,
            "resume": resume,
            "log_dir": log_dir,
            "strategy": strategy,
        }
        self._train(ids, encoded, held_out, running)
        return self

    def fit_cache(
        self,
        cache: TokenCache,
        *,
        validation: tuple | None = None,
        token_budget: int | None = None,
        max_steps: int | None = None,
        augment: Mapping[str, float] | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = EVERY,
        resume: bool | None = None,
        log_dir: str | os.PathLike[str] | None = None,
        strategy: Any = "auto",
    ) -> Self:
        """Build and train from a token cache of any size; memory does not grow with it.

        Args:
            cache: from `prepare_tokens` or `open_cache`, made with this classifier's task, encoder and length. Its labels
                are names.
            validation: as for `fit`, in memory. Without, `validation_fraction` holds out at most 10,000 rows of the cache.
            token_budget: most tokens of a batch, padding included; None: such that an average batch has 32 texts.
            max_steps: batches after which training ends; None: no limit. Without `epochs` as many passes as it needs.
            augment: what is done to the tokens of training texts, such as `{"mask": 0.1, "drop": 0.05, "swap": 0.05}`.
            checkpoint_dir: see `fit`.
            checkpoint_every: see `fit`.
            resume: see `fit`.
            log_dir: see `fit`.
            strategy: see `fit`.

        Returns:
            The classifier itself, as from `fit`.

        Raises:
            ArtifactError: when a checkpoint cannot be written, or none that is there is whole.
            DivergedError: when the loss is no longer a number; the message names rows of the cache, counted from 0.
            ConfigError: when the cache was made for another task, encoder or length, or an argument is out of its range.
            DataError: when validation data cannot be used.
        """
        self._check_arguments()
        keras.utils.set_random_seed(self.seed)
        tokens = TextEncoder.from_folder(
            resolve_encoder(self.encoder),
            max_length=self.max_length or cache.max_length,
            long_texts=long_texts_of(self.get_params()),
        )
        self._check_cache(cache, tokens)
        names = {head: cached.names for head, cached in cache.heads.items()}
        self.label_kinds_ = dict.fromkeys(names, NAMES)
        rows, held_out = self._hold_out_of(cache, tokens, names, validation)
        train = stream_batches(
            cache,
            token_budget=token_budget,
            seed=self.seed,
            sampling=self.sampling,
            augment=augment,
            held_out=rows,
        )
        self.data_ = {
            "num_texts": cache.num_rows - (0 if rows is None else len(rows)),
            "num_held_out": 0 if held_out is None else len(held_out[0]),
            "num_cut": cache.num_cut,
            "labels": {head: list(cached.counts) for head, cached in cache.heads.items()},
            "validation_given": validation is not None,
            "pairs": cache.facts["text_pair"] is not None,
            "max_length": tokens.max_length,
        }
        self.tokens_ = tokens
        self.model_ = self._build(names)
        if not self.dropout:
            self.model_.switch_off_dropout()
        self._training_rows: np.ndarray | None = None
        running = {
            "checkpoint_dir": checkpoint_dir,
            "checkpoint_every": checkpoint_every,
            "resume": resume,
            "log_dir": log_dir,
            "strategy": strategy,
        }
        self._train_on(train, held_out, running, max_steps)
        self._note_padding(sorted(train.shapes), train.padding, cache.num_cut)
        return self

    def find_learning_rate(
        self, texts: Sequence[str], labels: Any, *, text_pairs: Sequence[str] | None = None, steps: int = 100
    ) -> RateTest:
        """Train a fresh model for some batches at ever higher rates; see `kerasbert.find_learning_rate`.

        Args:
            texts: n texts.
            labels: n labels, as for `fit`.
            text_pairs: n second texts.
            steps: batches, >= 10.

        Returns:
            Rates and losses, with a suggestion and a picture. The classifier stays untrained.

        Raises:
            ConfigError: when an argument is out of its range.
            DataError: when a text or a label cannot be used.
        """
        self._check_arguments()
        keras.utils.set_random_seed(self.seed)
        self.tokens_ = TextEncoder.from_folder(
            resolve_encoder(self.encoder), max_length=self.max_length, long_texts=long_texts_of(self.get_params())
        )
        cells = labels if self.task in SEVERAL_HEADS else {SINGLE_HEAD: labels}
        names = self._collect_names(cells)
        encoded = self._encode(names, cells)
        train = self._batches(self.tokens_.encode(texts, text_pairs), encoded, shuffle=True)
        ratio = self.head_learning_rate / self.learning_rate
        return find_learning_rate(self._build(names), train, steps=steps, head_ratio=ratio)

    def add_subclasses(
        self,
        texts: Sequence[str],
        labels: Mapping[str, Any],
        *,
        text_pairs: Sequence[str] | None = None,
        epochs: int = 30,
    ) -> "TextClassifier":
        """A hierarchical classifier with this one's classes, whose subclasses are learned on its frozen features.

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
        self._check_fitted()
        tree = parse_tree(self.subclasses or collect_subclasses(labels["class"], labels["subclass"]))
        encoded = encode_hierarchy(labels, tree)
        ids = self.tokens_.encode(texts, text_pairs)
        batches = make_batches(ids, encoded, batch_size=PREDICTION_BATCH, pad_id=self.tokens_.pad_id)
        own = {name: value for name, value in self.get_params().items() if name not in ("task", "label_names")}
        result = TextClassifier("hierarchical", **{**own, "subclasses": tree.to_tree()})
        result.model_ = build_secondary(self.model_, tree.to_tree())
        history = train_secondary(result.model_, batches, epochs=epochs, seed=self.seed)
        result.history_ = {name: [float(value) for value in values] for name, values in history.history.items()}
        result.tokens_ = self.tokens_
        result.label_kinds_ = dict.fromkeys(result.model_.heads, NAMES)
        result.thresholds_ = {
            level: np.full(layer.head_task.units, 0.5) for level, layer in result.model_.heads.items()
        }
        return result

    def predict_proba(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Probabilities of the labels.

        Args:
            texts: n texts; an empty list gives an empty result.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Float32 (n, C), columns in the order of `classes_`; (n, 2) for a binary task; a dict by head for a
            multi-task one.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        probabilities = self._probabilities(texts, text_pairs)
        columns = {
            head: np.concatenate([1 - values, values], axis=1) if self._tasks()[head] == "binary" else values
            for head, values in probabilities.items()
        }
        return columns if len(columns) > 1 or SINGLE_HEAD not in columns else columns[SINGLE_HEAD]

    def predict(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Label names, by the stored thresholds.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Array of n names, or integers where the labels of `fit` were integers; for a multi-label task a list of n
            lists of names, or an array (n, C) of 0 and 1 where `fit` got one; a dict by head for a multi-task one.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        decisions = self.decide_all(self._probabilities(texts, text_pairs))
        named = {
            head: labels_as(self.label_kinds_[head], self.model_.heads[head].label_names, values)
            for head, values in decisions.items()
        }
        return named if len(named) > 1 or SINGLE_HEAD not in named else named[SINGLE_HEAD]

    def evaluate(
        self,
        texts: Sequence[str],
        labels: Any,
        text_pairs: Sequence[str] | None = None,
        *,
        intervals: bool = False,
    ) -> dict[str, Any]:
        """Accuracy, and precision, recall, F1, average precision and ROC AUC per label, micro, macro and weighted.

        Args:
            texts: n texts.
            labels: as for `fit`.
            text_pairs: n second texts.
            intervals: whether to give, under `intervals`, where scores lie with 95 % confidence; see
                `bootstrap_intervals`.

        Returns:
            See `score_predictions`; for a multi-task classifier a dict of these by head; for a hierarchical one by
            level, over the texts whose label is known there, and under `hierarchy` what `score_hierarchy` gives.

        Raises:
            DataError: when a text or label cannot be used.
        """
        return self.evaluate_probabilities(self._probabilities(texts, text_pairs), labels, intervals=intervals)

    def evaluate_probabilities(
        self, probabilities: Mapping[str, np.ndarray], labels: Any, *, intervals: bool = False
    ) -> dict[str, Any]:
        """As `evaluate`, of probabilities that were computed elsewhere, such as by an exported model.

        Args:
            probabilities: head name -> (n, units), one unit for a binary head.
            labels: as for `fit`.
            intervals: see `evaluate`.

        Returns:
            As `evaluate`.

        Raises:
            DataError: when a label cannot be used.
        """
        cells = labels if len(self._tasks()) > 1 or SINGLE_HEAD not in self._tasks() else {SINGLE_HEAD: labels}
        names = {head: layer.label_names for head, layer in self.model_.heads.items()}
        if self.model_.hierarchy is not None:
            return self._evaluate_levels(probabilities, cells, intervals)
        encoded = encode_labels(self._tasks(), names, cells)
        scores = {
            head: _score(
                self._tasks()[head], (encoded[head], self.decide(head, values), values), names[head], intervals
            )
            for head, values in probabilities.items()
        }
        return scores if len(scores) > 1 or SINGLE_HEAD not in scores else scores[SINGLE_HEAD]

    def score(self, texts: Sequence[str], labels: Any) -> float:
        """Accuracy, as scikit-learn's classifiers give it; of a multi-task classifier the mean over the heads, of a
        hierarchical one the share of texts that are right at every level."""
        scores = self.evaluate(texts, labels)
        scores = scores.get("hierarchy", scores)
        return scores["accuracy"] if "accuracy" in scores else float(np.mean([s["accuracy"] for s in scores.values()]))

    def decide(self, head: str, probabilities: np.ndarray) -> np.ndarray:
        """Decisions of one head: class ids (n,) of a multi-class head, else 0 or 1 of shape (n, C)."""
        if self._tasks()[head] == "multiclass":
            return probabilities.argmax(axis=1)
        return (probabilities >= self.thresholds_[head]).astype(np.int64)

    def decide_all(self, probabilities: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Decisions of all heads, see `decide`; those of a hierarchical classifier go from the class down."""
        hierarchy = self.model_.hierarchy
        if hierarchy is None:
            return {head: self.decide(head, values) for head, values in probabilities.items()}
        return decide_levels(
            probabilities, hierarchy.hierarchy, multilabel=hierarchy.multilabel, thresholds=self.thresholds_
        )

    def _evaluate_levels(
        self, probabilities: Mapping[str, np.ndarray], cells: Any, intervals: bool = False
    ) -> dict[str, Any]:
        hierarchy, multilabel = self.model_.hierarchy.hierarchy, self.model_.hierarchy.multilabel  # type: ignore
        encoded = encode_hierarchy(cells, hierarchy, multilabel=multilabel)
        decided = self.decide_all(probabilities)
        scores: dict[str, Any] = {}
        for level, names in zip(hierarchy.levels, hierarchy.names, strict=True):
            known = (encoded[level].reshape(len(encoded[level]), -1) >= 0).all(axis=1)
            task = "multilabel" if multilabel else "multiclass"
            parts = tuple(part[level][known] for part in (encoded, decided, probabilities))
            scores[level] = _score(task, parts, names, intervals)
        scores["hierarchy"] = score_hierarchy(encoded, decided, hierarchy, multilabel=multilabel)
        return scores

    def encode_labels(self, labels: Any) -> dict[str, np.ndarray]:
        """Labels as the arrays that the heads train on, by head; `labels` as for `fit`."""
        names = {head: layer.label_names for head, layer in self.model_.heads.items()}
        return encode_labels(self._tasks(), names, {SINGLE_HEAD: labels} if SINGLE_HEAD in names else labels)

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
        settings = {
            name: value
            for name, value in self.get_params().items()
            if name not in ("heads", "label_names", "subclasses")
        }
        settings["encoder"] = os.fspath(settings["encoder"])
        settings["label_kinds"] = self.label_kinds_
        settings["history"] = getattr(self, "history_", {})
        settings["data"] = getattr(self, "data_", {})
        return Bundle(self.model_, self.tokens_, self.thresholds_, settings, dict(metrics or {}))

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: str | os.PathLike[str],
        *,
        max_length: int | None = None,
        problem_type: str | None = None,
    ) -> Self:
        """Load a classifier that was fine-tuned with transformers: encoder, head, label names and problem type.

        A `BertForSequenceClassification`, `DistilBert...`, `Roberta...` or `ElectraForSequenceClassification` is read, in
        every format of weights that an encoder is. `fit` trains it on (`warm_start` is set).

        Args:
            name_or_folder: a folder that `save_pretrained` wrote, here or in transformers, or a name of the hub.
            max_length: longest text in tokens; None for the tokenizer's `model_max_length`, at most all positions.
            problem_type: `"single_label_classification"` or `"multi_label_classification"` where `config.json` does not
                say it or is wrong.

        Returns:
            The classifier, ready to predict, train on, save and export.

        Raises:
            ConfigError: when it is nowhere to be had, of another kind or family, or a regression.
            CheckpointError: when its weights are malformed or do not fit its config.

        Example:
            >>> classifier = TextClassifier.from_pretrained("distilbert-base-uncased-emotion")  # doctest: +SKIP
            >>> classifier.predict(["what a day"])  # doctest: +SKIP
            array(['joy'], dtype=object)
        """
        folder = resolve_encoder(name_or_folder)
        if max_length is None:
            positions = read_config(folder).max_length
            max_length = min(longest_text(folder, positions), positions)
        read = read_classifier(folder, max_length=max_length, problem_type=problem_type)
        task, names = read.model.head.head_task.task, list(read.model.head.label_names)
        own = {name: value for name, value in read.arguments.items() if name in cls.parameter_names()}
        classifier = cls(task, label_names=names, encoder=name_or_folder, max_length=max_length, warm_start=True, **own)
        classifier.model_ = read.model
        classifier.tokens_ = TextEncoder.from_folder(folder, max_length=max_length)
        classifier.thresholds_ = {SINGLE_HEAD: read.thresholds}
        classifier.label_kinds_ = {SINGLE_HEAD: NAMES}
        return classifier

    def save_pretrained(self, folder: str | os.PathLike[str], **options: Any) -> Any:
        """Write a folder for PyTorch: transformers' `AutoModelForSequenceClassification` loads it where the head is its own.

        The head is transformers' own with `pooling="pooler"` for BERT and RoBERTa; with `pooling="cls"` and one hidden
        layer as wide as the encoder for all four families. Any other head is written beside the encoder, and the folder's
        `README.md` holds the PyTorch code that puts both together.

        Args:
            folder: the folder to appear.
            **options: `overwrite`, `texts` and `labels`, see `kerasbert.export.hugging_face.save_pretrained`.

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
            **options: `overwrite`, `texts` and `labels`, see `kerasbert.export.onnx_model.export_onnx`.

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
            **options: `version`, `texts`, `dtype` and `warmup`, see `kerasbert.export.saved_model.export_saved_model`.

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
            **options: `texts`, `labels`, `calibration` and `overwrite`, see `kerasbert.export.tflite.export_tflite`.

        Returns:
            The file as `path`, and the `report`.

        Raises:
            ArtifactError: when the folder cannot be written, or the model differs from this classifier.
            ConfigError: when an option cannot be used or the classifier is not trained yet.
        """
        from kerasbert.export.tflite import export_tflite

        return export_tflite(self, folder, quantize=quantize, length=length, **options)

    @property
    def classes_(self) -> Any:
        """Label names in the order of the probabilities' columns; a dict by head for a multi-task classifier."""
        self._check_fitted()
        names = {
            head: classes_as(self.label_kinds_[head], layer.label_names) for head, layer in self.model_.heads.items()
        }
        return names if SINGLE_HEAD not in names else names[SINGLE_HEAD]

    def _check_arguments(self) -> None:
        check_choice("task", self.task, TASKS)
        check_bool("warm_start", self.warm_start)
        if check_bool("layerwise", self.layerwise) and not self._can_be_layerwise():
            raise ConfigError(
                "`layerwise` must be False with several heads, windows or a combination: every layer votes for itself."
            )
        check_choice("window_pooling", self.window_pooling, WINDOW_POOLINGS)
        if self.epochs is not None:
            check_int("epochs", self.epochs, 1)
        check_int("batch_size", self.batch_size, 1)
        check_int("seed", self.seed, 0, 2**32 - 1)
        if self.validation_fraction is not None:
            check_number("validation_fraction", self.validation_fraction, 0, 1, open_maximum=True)
        if self.task != "hierarchical" and (self.subclasses or self.multilabel or self.level_weights):
            raise ConfigError(
                f"`subclasses`, `multilabel` and `level_weights` go with task 'hierarchical'; got task {self.task!r}."
            )
        if (self.task == "multitask") != bool(self.heads):
            raise ConfigError(
                f"`heads` must be a dict of head name -> task for a multi-task classifier and None for others; got "
                f"{shorten(self.heads)} with task {self.task!r}."
            )

    def _can_be_layerwise(self) -> bool:
        combined = self.combine != "concat" or self.combine_first
        return self.task not in SEVERAL_HEADS and self.long_texts != "windows" and not combined

    def _head_tasks(self) -> dict[str, str]:
        if self.task == "hierarchical":
            return self._tasks()
        if self.task != "multitask":
            return {SINGLE_HEAD: self.task}
        return {name: check_choice(f"heads[{name!r}]", task, HEAD_TASKS) for name, task in (self.heads or {}).items()}

    def _new_tokens(self) -> TextEncoder:
        folder, long_texts = resolve_encoder(self.encoder), long_texts_of(self.get_params())
        return TextEncoder.from_folder(folder, max_length=self.max_length, long_texts=long_texts)

    def _own_names(self) -> Any:
        if self.model_.hierarchy is not None:
            return self.model_.hierarchy.hierarchy
        return {head: layer.label_names for head, layer in self.model_.heads.items()}

    def _collect_names(self, cells: Any) -> Any:
        if self.task == "hierarchical":
            return self._collect_tree(cells)
        if not isinstance(cells, Mapping) or set(cells) != set(self._head_tasks()):
            raise DataError(
                f"`labels` must be a dict with the heads {', '.join(self._head_tasks())}; got {shorten(cells)}."
            )
        if self.label_names is not None and self.task != "multitask":
            return {SINGLE_HEAD: tuple(self.label_names)}
        return {head: _enough(task, collect_label_names(cells[head])) for head, task in self._head_tasks().items()}

    def _kind(self, cells: Any) -> str:
        kind = label_kind(cells)
        # Integers with names given apart are positions in them, and what goes out are the names.
        return NAMES if kind == INTEGERS and (self.label_names is not None or self.task == "hierarchical") else kind

    def _collect_tree(self, cells: Any) -> Hierarchy:
        if self.subclasses is not None:
            return parse_tree(self.subclasses)
        if not isinstance(cells, Mapping) or set(cells) != {"class", "subclass"}:
            raise DataError(
                f"`labels` must be a dict with the levels class, subclass (give `subclasses` for more levels); got "
                f"{shorten(cells)}."
            )
        return parse_tree(collect_subclasses(cells["class"], cells["subclass"], multilabel=self.multilabel))

    def _warn(self, tokens: TextEncoder, ids: Any, texts: tuple, validation: tuple | None) -> None:
        if self.learning_rate > HIGH_LEARNING_RATE:
            warnings.warn(
                f"`learning_rate` {self.learning_rate:g} is likely to destroy what the encoder learned in pretraining: "
                f"BERT is fine-tuned at 2e-5 to 5e-5, small encoders at up to {LEARNING_RATE:g}, the default. "
                f"`head_learning_rate` is the one for the new head.",
                KerasbertWarning,
                stacklevel=3,
            )
        if tokens.long_texts.way == "truncate" and ids.num_truncated * 2 > len(ids):
            some = slice(None, None, max(len(ids) // 1000, 1))
            lengths = tokens.full_lengths(*[list(part)[some] for part in texts if part is not None])
            warn_of_cut_texts(ids.num_truncated, lengths, len(ids), tokens.max_length)
        if validation is not None:
            warn_of_overlap(texts[0], validation[0], texts[1], *validation[2:])

    def _warn_of_labels(self, names: Any, encoded: Mapping[str, np.ndarray], validation_given: bool) -> None:
        if not isinstance(names, Hierarchy):
            _warn_of_absent(encoded, names)
        if self.balance is None and self.sampling is None:
            untuned = {head: encoded[head] for head in self._untuned(validation_given)}
            warn_of_imbalance(untuned, _names_by_head(names))

    def _hold_out(self, tokens: TextEncoder, names: Any, data: tuple, validation: tuple | None) -> tuple[tuple, Any]:
        """What is trained on, and what is held out: token arrays and labels by head each; the second may be None."""
        ids, encoded = data
        self._training_rows = np.arange(len(ids))
        if validation is not None:
            return data, self._encode_validation(tokens, names, validation)
        if not self._fraction():
            return data, None
        parts = split_indices(next(iter(encoded.values())), self._fraction(), seed=self.seed)
        self._training_rows = np.asarray(parts[0])
        kept, out = [(ids.take(rows), {head: array[rows] for head, array in encoded.items()}) for rows in parts]
        return kept, out

    def _untuned(self, validation_given: bool) -> list[str]:
        """The heads whose thresholds are not chosen on validation data."""
        tunes = validation_given or bool(self._fraction())
        if self.task == "hierarchical":
            return [] if tunes and self.multilabel else list(self.label_kinds_)
        return [head for head, task in self._head_tasks().items() if not (tunes and task == "multilabel")]

    def _fraction(self) -> float:
        if self.validation_fraction is not None:
            return self.validation_fraction
        multilabel = self.multilabel if self.task == "hierarchical" else "multilabel" in self._head_tasks().values()
        return 0.1 if multilabel else 0.0

    def _encode_validation(self, tokens: TextEncoder, names: Any, validation: tuple) -> tuple:
        texts, labels, *pairs = validation
        cells = labels if self.task in SEVERAL_HEADS else {SINGLE_HEAD: labels}
        encoded = self._encode(names, cells)
        if not isinstance(names, Hierarchy):
            _warn_of_absent(encoded, names, "validation", "how well it is told is not judged")
        return tokens.encode(texts, *pairs), encoded

    def _encode(self, names: Any, cells: Any) -> dict[str, np.ndarray]:
        if isinstance(names, Hierarchy):
            return encode_hierarchy(cells, names, multilabel=self.multilabel)
        return encode_labels(self._head_tasks(), names, cells)

    def _build(self, names: Any) -> Classifier:
        shared = {name: getattr(self, name) for name in BUILDER_PARAMETERS}
        shared["window_pooling"] = self.window_pooling if self.long_texts == "windows" else None
        with precision(self.precision):
            if self.layerwise:
                own = {name: value for name, value in shared.items() if name not in LAYERWISE_WITHOUT}
                head = HEAD_TASKS[self.task](list(names[SINGLE_HEAD]))
                return build_layerwise(head, **{**own, "layers": shared["layers"] or "all"}, compile=False)
            if self.task == "hierarchical":
                tree: dict[str, Any] = {"multilabel": self.multilabel, "level_weights": self.level_weights}
                return build_hierarchical(names.to_tree(), **tree, **shared, compile=False)
            if self.task == "binary":
                return build_binary(label_names=names[SINGLE_HEAD], **shared, compile=False)
            if self.task == "multiclass":
                return build_multiclass(names[SINGLE_HEAD], **shared, compile=False)
            if self.task == "multilabel":
                return build_multilabel(names[SINGLE_HEAD], **shared, compile=False)
            heads = {head: HEAD_TASKS[task](list(names[head])) for head, task in self._head_tasks().items()}
            return build_multitask(heads, **shared, compile=False)

    def _check_cache(self, cache: TokenCache, tokens: TextEncoder) -> None:
        if self.task == "hierarchical":
            raise ConfigError("`task` must not be 'hierarchical' with a token cache; train from the files in memory.")
        found = {head: cached.task for head, cached in cache.heads.items()}
        if found != self._head_tasks():
            raise ConfigError(f"The token cache was made for {found}; this classifier is for {self._head_tasks()}.")
        if self.label_names is not None and tuple(self.label_names) != cache.heads[SINGLE_HEAD].names:
            raise ConfigError(
                f"`label_names` must be those of the token cache, {shorten(cache.heads[SINGLE_HEAD].names)}; got "
                f"{shorten(tuple(self.label_names))}. Prepare it again with these."
            )
        own = {"encoder": tokens.fingerprint, "max_length": tokens.max_length, "long_texts": tokens.long_texts.way}
        for name, there in zip(own, ("vocabulary", "max_length", "long_texts"), strict=True):
            if cache.facts[there] != own[name]:
                raise ConfigError(
                    f"The token cache {str(cache.folder)!r} was made with another `{name}` "
                    f"({shorten(cache.facts[there], 20)} instead of {shorten(own[name], 20)}); prepare it again, or give that one."
                )

    def _hold_out_of(
        self, cache: TokenCache, tokens: TextEncoder, names: Any, validation: tuple | None
    ) -> tuple[np.ndarray | None, Any]:
        """The rows of a cache that are held out, and what is held out; both may be None."""
        if validation is not None:
            return None, self._encode_validation(tokens, names, validation)
        if not self._fraction():
            return None, None
        rows = held_out_rows(cache.num_rows, self._fraction(), seed=self.seed)
        return rows, cache.read(rows)

    def _train(self, ids: Any, encoded: dict, held_out: tuple | None, running: dict[str, Any]) -> None:
        train = self._batches(ids, encoded, shuffle=True)
        self._train_on(train, held_out, running)
        self._note_padding(list(train.shapes), train.padding, ids.num_truncated)

    def _note_padding(self, shapes: list, padding: float, cut: int) -> None:
        self.padding_: dict[str, Any] = {"shapes": shapes, "padding": float(padding), "cut": int(cut)}

    def _train_on(
        self, train: BatchSource, held_out: tuple | None, running: dict[str, Any], max_steps: int | None = None
    ) -> None:
        validation = None if held_out is None else self._batches(*held_out)
        self.thresholds_ = {head: np.full(layer.head_task.units, 0.5) for head, layer in self.model_.heads.items()}
        try:
            history = finetune(
                self.model_,
                train,
                validation,
                epochs=self.epochs,
                max_steps=max_steps,
                learning_rate=self.learning_rate,
                head_learning_rate=self.head_learning_rate,
                patience=self.patience,
                balance=self.balance,
                label_smoothing=self.label_smoothing,
                optimization=self.optimization,
                progress=self.progress,
                **running,
            )
        except DivergedError as error:
            if self._training_rows is None:
                raise
            raise error.renumbered(self._training_rows.tolist()) from error
        self.history_ = {name: [float(value) for value in values] for name, values in history.history.items()}
        if held_out is not None:
            scores = self._run(held_out[0])
            for head, task in self._head_tasks().items():
                if task == "multilabel":
                    known = (held_out[1][head] >= 0).all(axis=1)
                    if known.any():
                        self.thresholds_[head] = tune_thresholds(held_out[1][head][known], scores[head][known])

    def _batches(self, ids: Any, encoded: dict, shuffle: bool = False) -> Batches:
        labels = encoded if list(encoded) != [SINGLE_HEAD] else encoded[SINGLE_HEAD]
        return make_batches(
            ids,
            labels,
            batch_size=self.batch_size,
            shuffle=shuffle,
            seed=self.seed,
            sampling=self.sampling if shuffle else None,
            pad_id=self.tokens_.pad_id,
        )

    def _probabilities(self, texts: Sequence[str], text_pairs: Sequence[str] | None) -> dict[str, np.ndarray]:
        self._check_fitted()
        return self._run(self.tokens_.encode(texts, text_pairs))

    def _run(self, ids: Any) -> dict[str, np.ndarray]:
        heads = self.model_.heads
        results = {head: np.zeros((len(ids), layer.head_task.units), "float32") for head, layer in heads.items()}
        if not len(ids):
            return results
        output, order = self._forward(ids)
        for head in heads:
            results[head][order] = output[head] if isinstance(output, dict) else output
        return results

    def _forward(self, ids: Any) -> tuple[Any, Any]:
        """The model's output for token arrays, and the rows that it belongs to."""
        if ids.fits_one_batch(PREDICTION_BATCH):
            # One batch is done before `predict` has traced its graph.
            output = self.model_(ids.padded(self.tokens_.pad_id), training=False)
            return keras.tree.map_structure(keras.ops.convert_to_numpy, output), slice(None)
        # XLA compiles anew for each length, so that a model that it runs keeps to a few.
        batches = prediction_batches(ids, pad_id=self.tokens_.pad_id, fixed_lengths=self.model_.jit_compile)
        return self.model_.predict(batches.dataset, verbose=0), batches.order

    def _tasks(self) -> dict[str, str]:
        self._check_fitted()
        return {head: layer.head_task.task for head, layer in self.model_.heads.items()}


def load(folder: str | os.PathLike[str]) -> TextClassifier:
    """Load a classifier that `TextClassifier.save` or `kerasbert train` wrote.

    Needs no network and imports neither transformers nor torch. Every file is checked against the folder's manifest.

    Args:
        folder: the saved folder.

    Returns:
        The classifier, ready to predict.

    Raises:
        ArtifactError: when the folder is missing, was changed or cut, or is of a newer format.

    Example:
        >>> load("no/such/folder")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.ArtifactError: Saved model 'no/such/folder' is not a folder; give the folder that `save` \
or `train` wrote.
    """
    if not (Path(folder) / CLASSIFIER_FILE).is_file() and (Path(folder) / CONFIG_FILE).is_file():
        raise ArtifactError(
            f"{str(folder)!r} is a folder of transformers; kerasbert.TextClassifier.from_pretrained({str(folder)!r}) loads "
            f"a classifier of theirs."
        )
    bundle = load_bundle(folder)
    known = {name: value for name, value in bundle.settings.items() if name in TextClassifier.parameter_names()}
    classifier = TextClassifier(**known)
    tasks = {head: layer.head_task.task for head, layer in bundle.model.heads.items()}
    if bundle.model.hierarchy is not None:
        classifier.subclasses = bundle.model.hierarchy.hierarchy.to_tree()
    elif SINGLE_HEAD not in tasks:
        classifier.heads = tasks
    classifier.model_ = bundle.model
    classifier.tokens_ = bundle.tokens
    classifier.thresholds_ = bundle.thresholds
    classifier.history_ = bundle.settings.get("history", {})
    classifier.data_ = bundle.settings.get("data", {})
    kinds = bundle.settings.get("label_kinds", {})
    classifier.label_kinds_ = {head: kinds.get(head, NAMES) for head in tasks}
    classifier.metrics_ = bundle.metrics
    return classifier


def open_classifier(folder: str | os.PathLike[str]) -> TextClassifier:
    """Load a saved classifier or, where the folder is one of transformers, a classifier of theirs.

    Args:
        folder: written by `save`, `train` or `save_pretrained`.

    Returns:
        The classifier.

    Raises:
        ArtifactError: as `load`.
        ConfigError: as `TextClassifier.from_pretrained`.
        CheckpointError: as `TextClassifier.from_pretrained`.
    """
    folder = Path(folder)
    is_foreign = not (folder / CLASSIFIER_FILE).is_file() and (folder / CONFIG_FILE).is_file()
    return TextClassifier.from_pretrained(folder) if is_foreign else load(folder)


def _enough(task: str, names: Sequence[str]) -> tuple[str, ...]:
    if len(names) < 2 and task != "multilabel":
        raise DataError(
            f"`labels` must hold at least two different labels; got {shorten(list(names))}. Give texts of another label, "
            f"or name both with label_names."
        )
    return tuple(names)


def _score(task: str, parts: tuple, names: Sequence[str], intervals: bool) -> dict[str, Any]:
    labels, decided, probabilities = parts
    scores = score_predictions(task, labels, decided, names, probabilities)
    if intervals and len(labels):
        scores["intervals"] = bootstrap_intervals(task, labels, decided, num_labels=len(names))
    return scores


def _names_by_head(names: Any) -> Mapping[str, Sequence[str]]:
    return dict(zip(names.levels, names.names, strict=True)) if isinstance(names, Hierarchy) else names


def _describe_data(train: tuple, held_out: tuple | None, names: Any) -> dict[str, Any]:
    ids, encoded = train
    sizes = {head: len(labels) for head, labels in _names_by_head(names).items()}
    return {
        "num_texts": len(ids),
        "num_held_out": 0 if held_out is None else len(held_out[0]),
        "num_cut": int(ids.num_truncated),
        "labels": {head: label_counts(array, sizes[head]).tolist() for head, array in encoded.items()},
    }


def _check_rows(encoded: Mapping[str, np.ndarray], num_texts: int) -> None:
    for array in encoded.values():
        if len(array) != num_texts:
            raise DataError(f"`labels` must have one row for each text; got {len(array)} for {num_texts} texts.")


def _warn_of_absent(
    encoded: Mapping[str, np.ndarray],
    names: Mapping[str, Sequence[str]],
    split: str = "training",
    outcome: str = "it will hardly ever be predicted",
) -> None:
    for head, array in encoded.items():
        absent = labels_without_examples(array, names[head])
        if absent:
            where = "" if head == SINGLE_HEAD else f" of head {head!r}"
            warnings.warn(f"no {split} text has the label{where} {shorten(absent)}; {outcome}.", stacklevel=3)


def encode_labels(
    tasks: Mapping[str, str], names: Mapping[str, Sequence[str]], cells: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Label cells of every head as the arrays that its task trains on.

    Args:
        tasks: head name -> task.
        names: head name -> label names.
        cells: head name -> n label cells.

    Returns:
        Head name -> float32 (n, 1) for a binary head, int32 (n,) for a multi-class one, float32 (n, C) for a multi-label
        one.

    Raises:
        DataError: when a label cannot be used; the message names its row.
    """
    return {head: ENCODE[task](cells[head], names[head]) for head, task in tasks.items()}
