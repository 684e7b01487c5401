"""A token cache, which may be larger than memory, as training data."""

from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.stream import StreamBatches, stream_batches
from kerasbert.batches.token_cache import TokenCache
from kerasbert.labels.hierarchy import Hierarchy, parse_tree
from kerasbert.labels.kinds import NAMES
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.outputs import Outputs, ReadLabels
from kerasbert.text_classifier.settings import Settings
from kerasbert.text_classifier.training_data import TrainingData
from kerasbert.tokenization.tokenizer import Tokenizer


class CachedTexts(TrainingData):
    """A token cache, from `prepare_tokens` or `open_cache`."""

    def __init__(self, cache: TokenCache) -> None:
        self.cache = cache
        self.max_length = cache.max_length
        self.pairs = cache.facts["text_pair"] is not None
        self.rows = cache
        self.pad_id = cache.pad_id

    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        outputs = _cached_outputs(self.cache, settings)
        if before is not None and outputs != before.outputs:
            known = before.outputs.hierarchy or before.outputs.label_names
            raise ConfigError(
                f"The token cache must have the labels of the classifier that is trained on (`warm_start`), "
                f"{shorten(known)}; got {shorten(self.cache.names)}. Prepare it again with these, or set `warm_start` to "
                f"False."
            )
        self.labels = ReadLabels(outputs, {}, dict.fromkeys(self.cache.heads, NAMES))

    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        facts, folder = self.cache.facts, str(self.cache.folder)
        own = {"encoder": tokenizer.fingerprint, "max_length": tokenizer.max_length}
        own["long_texts"] = tokenizer.long_texts.way
        for name, there in zip(own, ("vocabulary", "max_length", "long_texts"), strict=True):
            if facts[there] != own[name]:
                raise ConfigError(
                    f"The token cache {folder!r} was made with another `{name}` ({shorten(facts[there], 20)} instead of "
                    f"{shorten(own[name], 20)}); prepare it again, or give that one."
                )

    @property
    def text_keys(self) -> np.ndarray | None:
        return self.cache.text_keys

    def batches(self, settings: Settings, devices: Any) -> StreamBatches:
        return stream_batches(
            self.cache,
            token_budget=settings.token_budget,
            batch_size=None if settings.token_budget else settings.batch_size,
            seed=settings.seed,
            sampling=settings.sampling,
            augment=settings.augment,
            held_out=self.held_out_rows,
        )


def _cached_outputs(cache: TokenCache, settings: Settings) -> Outputs:
    """Return what a classifier predicts that is trained from a token cache."""
    plan, found = settings.plan(), {head: cached.task for head, cached in cache.heads.items()}
    wanted = {head: task.name for head, task in plan.tasks.items()}
    if plan.has_levels:
        wanted = dict.fromkeys(found, settings.task)
    if found != wanted:
        raise ConfigError(f"The token cache was made for {found}; this classifier is for {wanted}.")
    if cache.hierarchy is not None:
        _check_tree(cache.hierarchy, settings)
    elif settings.label_names is not None and tuple(settings.label_names) != cache.heads[SINGLE_HEAD].names:
        raise ConfigError(
            f"`label_names` must be those of the token cache, {shorten(cache.heads[SINGLE_HEAD].names)}; got "
            f"{shorten(tuple(settings.label_names))}. Prepare it again with these."
        )
    return plan.outputs(cache.names)


def _check_tree(tree: Hierarchy, settings: Settings) -> None:
    if settings.level_task != DEFAULT_LEVEL_TASK:
        raise ConfigError(
            f"`level_task` must be {DEFAULT_LEVEL_TASK!r} with a token cache of a hierarchy, whose texts have one class each; train from "
            "memory with `fit`."
        )
    if settings.subclasses is not None and parse_tree(settings.subclasses) != tree:
        raise ConfigError(
            "`subclasses` must be those of the token cache; leave them out, or prepare it again with these."
        )
