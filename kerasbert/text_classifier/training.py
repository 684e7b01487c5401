"""Training a classifier from texts in memory."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import ConfigError, DivergedError
from kerasbert._core.names import RATE_KEY
from kerasbert._core.options import changed_options
from kerasbert.batches.memory import LONGEST, Batches, make_batches
from kerasbert.batches.rows import MemoryRows, held_out_rows
from kerasbert.batches.source import BatchSource
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.classifiers.classifier import Classifier
from kerasbert.labels.hierarchy import Hierarchy, level_names, parse_tree
from kerasbert.labels.kinds import NAMES
from kerasbert.labels.level_labels import collect_subclasses, encode_hierarchy, read_levels
from kerasbert.objectives.thresholds import tune_thresholds
from kerasbert.reading.data_checks import warn_of_absent_labels
from kerasbert.subclasses.secondary import build_secondary, train_secondary
from kerasbert.text_classifier.guards import counts_by_head, warn_of_labels, warn_of_memory_texts
from kerasbert.text_classifier.labels import (
    check_rows,
    checked_validation,
    describe_data,
    names_of,
    read_classifier_labels,
)
from kerasbert.text_classifier.prediction import PREDICTION_BATCH, Predictor
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.training.determinism import keeps_random_state
from kerasbert.training.devices import as_strategy, needs_static_shapes
from kerasbert.training.finetune import finetune
from kerasbert.training.learning_rate_finder import LearningRateFinder, find_learning_rate
from kerasbert.training.logs import RateLog
from kerasbert.training.resume import EVERY


class Trainer(Predictor):
    """What a `TextClassifier` does to become trained."""

    # Row numbers of `fit` that are trained on; None: those of the token cache itself.
    _training_rows: np.ndarray | None

    @keeps_random_state
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
            The classifier itself, with `model_`, `tokenizer_`, `thresholds_` and `history_`.

        Raises:
            ArtifactError: when a checkpoint cannot be written, or none that is there is whole.
            ConfigError: when a constructor argument is out of its range, the checkpoints are of another training, or
                the devices of the strategy do not exist.
            DataError: when a text or a label cannot be used; the message names its row.
            DivergedError: when the loss is no longer a number; `model_` keeps the weights from before that batch, and the
                classifier can be saved.
            TypeError: when an argument has the wrong type.
        """
        self.check_arguments()
        self._refuse_cache_options()
        keras.utils.set_random_seed(self.seed)
        # Labels and texts first: a mistake in the data is told before an encoder is loaded.
        texts = check_texts("texts", texts)
        text_pairs = None if text_pairs is None else check_texts("text_pairs", text_pairs)
        validation = checked_validation(validation)
        trains_on = self.warm_start and self.__sklearn_is_fitted__()
        names, encoded, kinds = read_classifier_labels(self, labels, names_of(self.model_) if trains_on else None)
        tokens = self.tokenizer_ if trains_on else self.new_tokenizer()
        if not trains_on:
            self.label_kinds_ = kinds
        ids = tokens.encode(texts, text_pairs)
        check_rows(encoded, len(ids))
        warn_of_memory_texts(tokens, ids, (texts, text_pairs), validation)
        warn_of_labels(self, names, counts_by_head(encoded, names), self._untuned(validation is not None))
        train, held_out = self._hold_out(tokens, names, (ids, encoded), validation)
        self.data_ = {
            **describe_data(train, held_out, names),
            "validation_given": validation is not None,
            "pairs": text_pairs is not None,
            "max_length": tokens.max_length,
        }
        self._begin_model(tokens, names, trains_on)
        ids, encoded = train
        devices = as_strategy(strategy)
        lengths = self._padded_lengths(devices)
        batches = self._batches(tokens, ids, encoded, lengths=lengths, shuffle=True)
        self._train(
            batches,
            held_out,
            lengths,
            checkpoint_dir=checkpoint_dir,
            checkpoint_every=checkpoint_every,
            resume=resume,
            log_dir=log_dir,
            strategy=devices,
        )
        self._note_padding(list(batches.shapes), batches.padding, ids.num_truncated)
        return self

    @keeps_random_state
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
        tokens = self.new_tokenizer()
        names, encoded, _ = read_classifier_labels(self, labels)
        train = self._batches(tokens, tokens.encode(texts, text_pairs), encoded, shuffle=True)
        return find_learning_rate(self.build(names), train, self, steps=steps)

    @keeps_random_state
    def add_subclasses(
        self,
        texts: Sequence[str],
        labels: Mapping[str, Any],
        *,
        text_pairs: Sequence[str] | None = None,
        epochs: int = 30,
    ) -> Self:
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
        tree = parse_tree(self.subclasses) if self.subclasses is not None else None
        cells = read_levels(labels, level_names(2) if tree is None else tree.levels, several=False)
        tree = tree or parse_tree(collect_subclasses(*cells.values()))
        encoded = encode_hierarchy(cells, tree)
        ids = self.tokenizer_.encode(texts, text_pairs)
        batches = make_batches(ids, encoded, batch_size=PREDICTION_BATCH, pad_id=self.tokenizer_.pad_id)
        own = {name: value for name, value in self.get_params().items() if name not in ("task", "label_names")}
        result = type(self)("hierarchical", **{**own, "subclasses": tree.to_tree()})
        result.model_ = build_secondary(self.model_, tree.to_tree())
        history = train_secondary(result.model_, batches, epochs=epochs, seed=self.seed)
        result.history_ = _plain(history)
        result.tokenizer_ = self.tokenizer_
        result.label_kinds_ = dict.fromkeys(result.model_.heads, NAMES)
        result.thresholds_ = _halves(result.model_)
        return result

    def _refuse_cache_options(self) -> None:
        changed = next(changed_options(self, ("token_budget", "augment")), None)
        if changed is not None:
            raise ConfigError(
                f"`{changed}` goes with a token cache, from `prepare_tokens`; got {shorten(getattr(self, changed))} with texts."
            )

    def _hold_out(self, tokens: Tokenizer, names: Any, data: tuple, validation: tuple | None) -> tuple[tuple, Any]:
        """What is trained on, and what is held out: token arrays and labels by head each; the second may be None."""
        ids, encoded = data
        self._training_rows = np.arange(len(ids))
        if validation is not None:
            return data, self._encode_validation(tokens, names, validation)
        if not self.held_out_share():
            return data, None
        rows = MemoryRows(ids, encoded)
        held_out = held_out_rows(rows, self.held_out_share(), seed=self.seed)
        self._training_rows = np.delete(self._training_rows, held_out)
        return rows.read(self._training_rows), rows.read(held_out)

    def _untuned(self, validation_given: bool) -> list[str]:
        """The heads whose thresholds are not chosen on validation data."""
        tunes = validation_given or bool(self.held_out_share())
        if self.task == "hierarchical":
            return [] if tunes and self.level_task == "multilabel" else list(self.label_kinds_)
        return [head for head, task in self.head_tasks().items() if not (tunes and task == "multilabel")]

    def _encode_validation(self, tokens: Tokenizer, names: Any, validation: tuple) -> tuple:
        """Token arrays and labels by head of what `checked_validation` gives."""
        texts, labels, pairs = validation
        encoded = read_classifier_labels(self, labels, names).arrays
        ids = tokens.encode(texts, pairs)
        check_rows(encoded, len(ids), "validation")
        if not isinstance(names, Hierarchy):
            warn_of_absent_labels(
                counts_by_head(encoded, names), names, "validation", "how well it is told is not judged"
            )
        return ids, encoded

    def _padded_lengths(self, devices: Any) -> str | None:
        """Pad to the batch's longest text unless XLA compiles per length or texts are windowed."""
        compiled = keras.backend.backend() != "tensorflow" or needs_static_shapes(devices)
        return None if compiled or self.long_texts == "windows" else LONGEST

    def _note_padding(self, shapes: list, padding: float, cut: int) -> None:
        self.padding_: dict[str, Any] = {"shapes": shapes, "padding": float(padding), "cut": int(cut)}

    def _begin_model(self, tokens: Tokenizer, names: Any, trains_on: bool) -> None:
        """Build the model to train, or go on with the one that there is."""
        self.tokenizer_ = tokens
        if not trains_on:
            self.model_ = self.build(names)
        elif not self.dropout:
            self.model_.switch_off_dropout()

    def _train(self, train: BatchSource, held_out: tuple | None, lengths: str | None, **running: Any) -> None:
        validation = None if held_out is None else self._batches(self.tokenizer_, *held_out, lengths=lengths)
        self.thresholds_ = _halves(self.model_)
        rates = RateLog()
        try:
            history = finetune(
                self.model_,
                train,
                validation,
                self,
                callbacks=[rates],
                verbose=self.verbose,
                **running,
            )
        except DivergedError as error:
            if self._training_rows is None:
                raise
            raise error.renumbered(self._training_rows.tolist()) from error
        self.history_ = _plain(history)
        if rates.rates:
            self.history_[RATE_KEY] = rates.rates
        if held_out is not None:
            self._tune_thresholds(*held_out)

    def _tune_thresholds(self, ids: Any, encoded: Mapping[str, np.ndarray]) -> None:
        scores = self._run(ids)
        for head, task in self._tasks().items():
            if task == "multilabel":
                known = (encoded[head] >= 0).all(axis=1)
                if known.any():
                    self.thresholds_[head] = tune_thresholds(encoded[head][known], scores[head][known])

    def _batches(
        self, tokens: Tokenizer, ids: Any, encoded: dict, *, lengths: str | None = None, shuffle: bool = False
    ) -> Batches:
        labels = encoded if list(encoded) != [SINGLE_HEAD] else encoded[SINGLE_HEAD]
        return make_batches(
            ids,
            labels,
            batch_size=self.batch_size,
            shuffle=shuffle,
            seed=self.seed,
            lengths=lengths,
            sampling=self.sampling if shuffle else None,
            pad_id=tokens.pad_id,
            by_length=not shuffle,
        )


def _halves(model: Classifier) -> dict[str, np.ndarray]:
    """Thresholds that nothing has tuned."""
    return {head: np.full(layer.head_task.units, 0.5) for head, layer in model.heads.items()}


def _plain(history: keras.callbacks.History) -> dict[str, list[float]]:
    return {name: [float(value) for value in values] for name, values in history.history.items()}
