"""Training a classifier from a token cache, which may be larger than memory."""

import os
from typing import Any, Self

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert.batches.rows import held_out_rows
from kerasbert.batches.stream import stream_batches
from kerasbert.batches.token_cache import TokenCache
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.labels.counts import label_counts
from kerasbert.labels.hierarchy import Hierarchy, parse_tree
from kerasbert.labels.kinds import NAMES
from kerasbert.text_classifier.guards import warn_of_cached_texts, warn_of_labels
from kerasbert.text_classifier.labels import checked_validation, names_of
from kerasbert.text_classifier.training import Trainer
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.training.determinism import keeps_random_state
from kerasbert.training.resume import EVERY


class CacheTrainer(Trainer):
    """What a `TextClassifier` does to become trained from a token cache."""

    @keeps_random_state
    def fit_cache(
        self,
        cache: TokenCache,
        *,
        validation: tuple | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = EVERY,
        resume: bool | None = None,
        log_dir: str | os.PathLike[str] | None = None,
        strategy: Any = "auto",
    ) -> Self:
        """Build and train from a token cache of any size; memory does not grow with it.

        With `warm_start` a trained classifier is trained on, as by `fit`.

        Args:
            cache: from `prepare_tokens` or `open_cache`, made with this classifier's task, encoder and length. Its labels
                are names.
            validation: as for `fit`, in memory. Without, `validation_fraction` holds out rows of the cache, as of texts in memory.
            checkpoint_dir: see `fit`.
            checkpoint_every: see `fit`.
            resume: see `fit`.
            log_dir: see `fit`.
            strategy: see `fit`.

        Returns:
            The classifier itself, as from `fit`.

        Raises:
            ArtifactError: when a checkpoint cannot be written, or none that is there is whole.
            DivergedError: when the loss is no longer a number; the message names rows of the cache, counted from 1.
            ConfigError: when the cache was made for another task, encoder, length or, to train on, other labels, or an
                argument is out of its range.
            DataError: when validation data cannot be used.
        """
        self.check_arguments()
        keras.utils.set_random_seed(self.seed)
        validation = checked_validation(validation)
        trains_on = self.warm_start and self.__sklearn_is_fitted__()
        tokens = self.tokenizer_ if trains_on else self.new_tokenizer(cache.max_length)
        self._check_cache(cache, tokens)
        names = cache.names
        if trains_on:
            self._check_names(cache)
        else:
            self.label_kinds_ = dict.fromkeys(cache.heads, NAMES)
        warn_of_cached_texts(cache, validation)
        counts = {head: np.array(cached.counts) for head, cached in cache.heads.items()}
        warn_of_labels(self, names, counts, self._untuned(validation is not None))
        rows, held_out = self._hold_out_of(cache, tokens, names, validation)
        train = stream_batches(
            cache,
            token_budget=self.token_budget,
            batch_size=None if self.token_budget else self.batch_size,
            seed=self.seed,
            sampling=self.sampling,
            augment=self.augment,
            held_out=rows,
        )
        self.data_ = {
            "num_texts": cache.num_rows - (0 if rows is None else len(rows)),
            "num_held_out": 0 if held_out is None else len(held_out[0]),
            "num_cut": cache.num_cut,
            "labels": {
                head: _trained_counts(cached, None if rows is None else held_out[1][head])
                for head, cached in cache.heads.items()
            },
            "validation_given": validation is not None,
            "pairs": cache.facts["text_pair"] is not None,
            "max_length": tokens.max_length,
        }
        self._begin_model(tokens, names, trains_on)
        self._training_rows = None
        self._train(
            train,
            held_out,
            None,
            checkpoint_dir=checkpoint_dir,
            checkpoint_every=checkpoint_every,
            resume=resume,
            log_dir=log_dir,
            strategy=strategy,
        )
        self._note_padding(sorted(train.shapes), train.padding, cache.num_cut)
        return self

    def _check_cache(self, cache: TokenCache, tokens: Tokenizer) -> None:
        found = {head: cached.task for head, cached in cache.heads.items()}
        wanted = dict.fromkeys(found, self.task) if self.task == "hierarchical" else self.head_tasks()
        if found != wanted:
            raise ConfigError(f"The token cache was made for {found}; this classifier is for {wanted}.")
        if cache.hierarchy is not None:
            self._check_tree(cache.hierarchy)
        elif self.label_names is not None and tuple(self.label_names) != cache.heads[SINGLE_HEAD].names:
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

    def _check_names(self, cache: TokenCache) -> None:
        known = names_of(self.model_)
        if cache.names != known:
            raise ConfigError(
                f"The token cache must have the labels of the classifier that is trained on (`warm_start`), "
                f"{shorten(known)}; got {shorten(cache.names)}. Prepare it again with these, or set `warm_start` to False."
            )

    def _check_tree(self, tree: Hierarchy) -> None:
        if self.level_task == "multilabel":
            raise ConfigError(
                "`level_task` must be 'multiclass' with a token cache of a hierarchy, whose texts have one class each; train from "
                "memory with `fit`."
            )
        if self.subclasses is not None and parse_tree(self.subclasses) != tree:
            raise ConfigError(
                "`subclasses` must be those of the token cache; leave them out, or prepare it again with these."
            )

    def _hold_out_of(
        self, cache: TokenCache, tokens: Tokenizer, names: Any, validation: tuple | None
    ) -> tuple[np.ndarray | None, Any]:
        """The rows of a cache that are held out, and what is held out; both may be None."""
        if validation is not None:
            return None, self._encode_validation(tokens, names, validation)
        if not self.held_out_share():
            return None, None
        rows = held_out_rows(cache, self.held_out_share(), seed=self.seed)
        return rows, cache.read(rows)


def _trained_counts(cached: Any, held_out: np.ndarray | None) -> list[int]:
    """How many texts of a cache have each label, those apart that are held out of it."""
    counts = np.array(cached.counts)
    return (counts if held_out is None else counts - label_counts(held_out, len(counts))).tolist()
