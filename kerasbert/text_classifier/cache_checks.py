"""Whether a token cache fits the classifier that is to be trained from it."""

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.token_cache import TokenCache
from kerasbert.labels.hierarchy import Hierarchy, parse_tree
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.outputs import Outputs
from kerasbert.text_classifier.settings import Settings
from kerasbert.tokenization.tokenizer import Tokenizer


def check_cache(cache: TokenCache, tokenizer: Tokenizer) -> None:
    """Refuse a cache of texts that were tokenized otherwise."""
    own = {"encoder": tokenizer.fingerprint, "max_length": tokenizer.max_length, "long_texts": tokenizer.long_texts.way}
    own["prompt"] = tokenizer.prompt
    for name, there in zip(own, ("vocabulary", "max_length", "long_texts", "prompt"), strict=True):
        # Older caches know no prompt.
        found = cache.facts.get(there, "")
        if found != own[name]:
            raise ConfigError(
                f"The token cache {str(cache.folder)!r} was made with another `{name}` ({shorten(found, 20)} "
                f"instead of {shorten(own[name], 20)}); prepare it again, or give that one."
            )


def cached_outputs(cache: TokenCache, settings: Settings, before: TrainedClassifier | None) -> Outputs:
    """The outputs of a classifier that is trained from a token cache: those of `before` where there is one."""
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
    outputs = plan.outputs(cache.names)
    if before is not None and outputs != before.outputs:
        known = before.outputs.hierarchy or before.outputs.label_names
        raise ConfigError(
            f"The token cache must have the labels of the classifier that is trained on (`warm_start`), {shorten(known)}; "
            f"got {shorten(cache.names)}. Prepare it again with these, or set `warm_start` to False."
        )
    return outputs


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
