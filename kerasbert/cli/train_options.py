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
from kerasbert.cli.command_options import Settled, flag_of
from kerasbert.cli.data import cached_delimiter, cached_label_columns
from kerasbert.cli.options import Task
from kerasbert.cli.reading import Heads
from kerasbert.cli.streams import is_stream
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.multilabel import Multilabel

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
        level_task: of a hierarchical classifier.
        long_texts: what becomes of long ones.
        num_layers: hidden states that are read; layerwise counts as one.
        has_validation: whether there is validation data, given or held out.
        validation_given: whether it is given.
        token_budget: the option.
    """

    task: Task
    way: Way
    level_task: str = DEFAULT_LEVEL_TASK
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
    Rule(
        ("level_task", "level_weights", "class_scores"),
        lambda s: s.task is not Task.hierarchical,
        "goes with --task hierarchical",
    ),
    Rule(
        ("level_task",),
        lambda s: s.task is Task.hierarchical and s.level_task == Multilabel.name and s.way is not Way.memory,
        f"{Multilabel.name} reads its data into memory; give one file of less than 500 MB, without --stream, --cache, --max-steps, --token-budget and "
        "--augment",
    ),
    Rule(
        ("label_names",),
        lambda s: s.task in SEVERAL_HEADS,
        "goes with --task binary, multiclass or multilabel",
    ),
    Rule(
        ("label_column",),
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


def situation_of(
    task: Task, options: Mapping[str, Any], heads: Heads | None, way: Way, *, validation_given: bool = False
) -> Situation:
    """What decides which options are of use.

    Args:
        task: of the classifier.
        options: of the command, by name.
        heads: name -> (column, task), for several heads.
        way: how the data is read.
        validation_given: whether there is validation data.

    Returns:
        The situation.
    """
    tasks = [own for _, own in heads.values()] if heads else [task.value, options["level_task"]]
    share = options["validation_fraction"]
    share = share if share is not None else float(Multilabel.name in tasks)
    layers = options["layers"]
    num_layers = len(layers) if isinstance(layers, Sequence) else 1
    return Situation(
        task,
        way,
        level_task=options["level_task"],
        long_texts=options["long_texts"],
        num_layers=1 if options["layerwise"] else num_layers,
        has_validation=validation_given or share > 0,
        validation_given=validation_given,
        token_budget=options["token_budget"],
    )


def asked_of_cache(settled: Settled, heads: Heads | None) -> dict[str, Any]:
    """What is asked of how texts are read, as `check_reading` takes it.

    Args:
        settled: options of the command.
        heads: name -> (column, task), for several heads.

    Returns:
        Name of an option -> its value, None where it was left out.
    """
    names = ("text_column", "text_pair_column", "label_delimiter", "label_column")
    asked = {name: settled.values[name] if name in settled.given else None for name in names}
    columns = asked["label_column"]
    return {**asked, "label_column": columns.split(",") if columns else None, "head": heads}


def useless_options(situation: Situation) -> dict[str, str]:
    """What `refuse_useless` takes: name of a parameter -> what the option goes with.

    Args:
        situation: of the training.

    Returns:
        The options that nothing reads.

    Example:
        >>> sorted(useless_options(Situation(Task.binary, Way.memory, num_layers=2, long_texts="windows", has_validation=True)))
        ['class_scores', 'level_task', 'level_weights']
    """
    return {name: rule.reason for rule in RULES if rule.is_useless(situation) for name in rule.options}


def check_reading(cache: TokenCache, asked: Mapping[str, Any]) -> None:
    """Refuse to read the texts of a token cache otherwise than they were when it was made.

    Args:
        cache: the token cache.
        asked: what is said of `text_column`, `text_pair_column`, `label_delimiter`, `label_column` (columns) and `head`
            (name -> (column, task)); None where nothing is.

    Raises:
        typer.BadParameter: naming the option and what the cache was made with.
    """
    heads = {name: (head.columns[0], head.task) for name, head in cache.heads.items()}
    made: dict[str, Any] = {"text_column": cache.facts["text"], "text_pair_column": cache.facts["text_pair"]}
    made |= {"label_delimiter": cached_delimiter(cache), "label_column": cached_label_columns(cache)}
    made["head"] = None if SINGLE_HEAD in heads else heads
    for name, value in asked.items():
        if value is not None and value != made[name]:
            raise typer.BadParameter(
                f"{flag_of(name)} differs from that of `kerasbert prepare`, {_shown(made[name])}; leave it out, or prepare the tokens "
                f"again."
            )


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={column}:{task}" for name, (column, task) in value.items())
    return ",".join(value) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
