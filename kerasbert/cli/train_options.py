"""Refuse options of `train` that nothing would read for the data at hand.

Data is read into memory, streamed from files through a token cache that is made of them, or streamed from a token cache
that is there already.
"""

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import typer

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.token_cache import TokenCache, is_cache
from kerasbert.cli.data import cached_delimiter, cached_label_columns
from kerasbert.cli.options import Task, given
from kerasbert.cli.reading import parse_layers
from kerasbert.cli.streams import is_stream

SEVERAL_HEADS = (Task.multitask, Task.hierarchical)


class Way(enum.Enum):
    """How the training data is read."""

    memory = "memory"
    stream = "stream"
    cache = "cache"


@dataclasses.dataclass(frozen=True)
class Situation:
    """What decides which options are of use.

    Args:
        task: of the classifier.
        way: how the training data is read.
        long_texts: what becomes of long ones.
        num_layers: hidden states that are read; layerwise counts as one.
        has_validation: whether there is validation data, given or held out.
        validation_given: whether it is given.
        token_budget: the option.
    """

    task: Task
    way: Way
    long_texts: str = "truncate"
    num_layers: int = 1
    has_validation: bool = False
    validation_given: bool = False
    token_budget: int | None = None


class Rule(NamedTuple):
    """Options that are useless together.

    Args:
        options: names of parameters.
        is_useless: whether nothing reads them in a situation.
        reason: what they go with, behind the name of the option.
    """

    options: tuple[str, ...]
    is_useless: Callable[[Situation], bool]
    reason: str


RULES = (
    Rule(("multilabel", "level_weights"), lambda s: s.task is not Task.hierarchical, "goes with --task hierarchical"),
    Rule(
        ("multilabel",),
        lambda s: s.task is Task.hierarchical and s.way is not Way.memory,
        "reads its data into memory; give one file of less than 500 MB, without --stream, --cache, --max-steps, --token-budget and "
        "--augment",
    ),
    Rule(
        ("label_names",),
        lambda s: s.task in SEVERAL_HEADS,
        "goes with --task binary, multiclass or multilabel",
    ),
    Rule(
        ("labels",),
        lambda s: s.task is Task.multitask,
        "goes with one head; --head NAME=COLUMN:TASK names the columns of several",
    ),
    Rule(
        ("window_overlap", "window_pooling", "max_windows_per_batch"),
        lambda s: s.long_texts != "windows",
        "goes with --long-texts windows",
    ),
    Rule(
        ("combine", "combine_before_pooling"),
        lambda s: s.num_layers < 2,
        "goes with several --layers, such as --layers=-2,-1, and without --layerwise",
    ),
    Rule(("cache",), lambda s: s.way is Way.cache, "goes with data files; DATA is a folder of tokens already"),
    Rule(
        ("encoding", "on_error"),
        lambda s: s.way is Way.cache and not s.validation_given,
        "goes with data files; the rows of a folder of tokens were read by `kerasbert prepare`",
    ),
    Rule(
        ("batch_size",),
        lambda s: s.token_budget is not None,
        "goes without --token-budget, which says how many tokens a batch has",
    ),
    Rule(("validation_fraction",), lambda s: s.validation_given, "goes without --validation"),
    Rule(
        ("patience",),
        lambda s: not s.has_validation,
        "goes with --validation or --validation-fraction, by which an epoch is judged",
    ),
)


def way_of(data: Sequence[str], *, streaming: bool) -> Way:
    """How training data is read.

    Args:
        data: the files, patterns or folder.
        streaming: whether an option asks for a stream.

    Returns:
        The way.
    """
    if len(data) == 1 and is_cache(data[0]):
        return Way.cache
    return Way.stream if streaming or is_stream(data) else Way.memory


def situation_of(options: Mapping[str, Any], heads: Mapping[str, tuple[str, str]] | None, way: Way) -> Situation:
    """What decides which options are of use.

    Args:
        options: of the command, by the names of its parameters.
        heads: name -> (column, task), for several heads.
        way: how the data is read.

    Returns:
        The situation.
    """
    tasks = [task for _, task in heads.values()] if heads else [options["task"].value]
    is_multilabel = "multilabel" in tasks or options["multilabel"]
    share = options["validation_fraction"]
    share = share if share is not None else float(is_multilabel)
    return Situation(
        options["task"],
        way,
        options["long_texts"],
        1 if options["layerwise"] else len(parse_layers(options["layers"]) or [-1]),
        options["validation"] is not None or share > 0,
        options["validation"] is not None,
        options["token_budget"],
    )


def asked_of_cache(context: typer.Context, heads: Mapping[str, tuple[str, str]] | None) -> dict[str, Any]:
    """What stands on the command line of how texts are read, as `check_reading` takes it.

    Args:
        context: of the command.
        heads: name -> (column, task), for several heads.

    Returns:
        Name of an option -> its value, None where it was left out.
    """
    names = ("text", "text_pair", "label_delimiter", "labels")
    asked = {name: context.params[name] if given(context, name) else None for name in names}
    return {**asked, "labels": asked["labels"].split(",") if asked["labels"] else None, "heads": heads}


def useless_options(situation: Situation) -> dict[str, str]:
    """What `refuse_useless` takes: name of a parameter -> what the option goes with.

    Args:
        situation: of the training.

    Returns:
        The options that nothing reads.

    Example:
        >>> sorted(useless_options(Situation(Task.binary, Way.memory, "windows", 2, True)))
        ['level_weights', 'multilabel']
    """
    return {name: rule.reason for rule in RULES if rule.is_useless(situation) for name in rule.options}


def check_reading(cache: TokenCache, asked: Mapping[str, Any]) -> None:
    """Refuse to read the texts of a token cache otherwise than they were when it was made.

    Args:
        cache: the token cache.
        asked: what stands on the command line of `text`, `text_pair`, `label_delimiter`, `labels` (columns) and `heads`
            (name -> (column, task)); None where nothing does.

    Raises:
        typer.BadParameter: naming the option and what the cache was made with.
    """
    heads = {name: (head.columns[0], head.task) for name, head in cache.heads.items()}
    made: dict[str, Any] = {"text": cache.facts["text"], "text_pair": cache.facts["text_pair"]}
    made |= {"label_delimiter": cached_delimiter(cache), "labels": cached_label_columns(cache)}
    made["heads"] = None if SINGLE_HEAD in heads else heads
    flags = {"heads": "--head"}
    for name, value in asked.items():
        if value is not None and value != made[name]:
            flag = flags.get(name, "--" + name.replace("_", "-"))
            raise typer.BadParameter(
                f"{flag} differs from that of `kerasbert prepare`, {_shown(made[name])}; leave it out, or prepare the tokens "
                f"again."
            )


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={column}:{task}" for name, (column, task) in value.items())
    return ",".join(value) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
