"""Refuse options of a training that nothing would read for the data at hand."""

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import typer

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.token_cache import TokenCache, is_cache
from kerasbert.cli.command_options import Settled, flag_of
from kerasbert.cli.data import cached_delimiter, cached_label_columns
from kerasbert.cli.streams import is_stream
from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.reading.read_options import READ_OPTIONS
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.levels import LEVEL_TASKS
from kerasbert.tasks.several import MULTITASK
from kerasbert.tasks.table import TASKS

# Level tasks of which a text may have several labels.
INDEPENDENT = [name for name, level in LEVEL_TASKS.items() if not level.exclusive]
*FIRST, LAST = TASKS


class Way(enum.Enum):
    """How training data is read: into memory, from files through a token cache made of them, or from a token cache."""

    memory = "memory"
    stream = "stream"
    cache = "cache"


@dataclasses.dataclass(frozen=True)
class Situation:
    """What decides which options are of use.

    Args:
        num_layers: hidden states that are read; layerwise counts as one.
        has_validation: whether there is validation data, given or held out.
    """

    task: str
    way: Way
    level_task: str = DEFAULT_LEVEL_TASK
    long_texts: str = "truncate"
    num_layers: int = 1
    has_validation: bool = False
    validation_given: bool = False
    token_budget: int | None = None


class Rule(NamedTuple):
    """Options that nothing reads in some situations; `reason` says what they go with."""

    options: tuple[str, ...]
    is_useless: Callable[[Situation], bool]
    reason: str


RULES = (
    Rule(
        ("level_task", "level_weights", "class_scores"),
        lambda s: s.task != HIERARCHICAL,
        f"goes with --task {HIERARCHICAL}",
    ),
    Rule(
        ("level_task",),
        lambda s: s.task == HIERARCHICAL and s.level_task in INDEPENDENT and s.way is not Way.memory,
        f"{' or '.join(INDEPENDENT)} reads its data into memory; give one file of less than 500 MB, without --stream, "
        "--cache, --max-steps, --token-budget and --augment",
    ),
    Rule(("label_names",), lambda s: s.task not in TASKS, f"goes with --task {', '.join(FIRST)} or {LAST}"),
    Rule(
        ("label_column",),
        lambda s: s.task == MULTITASK,
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
        ("on_error", *READ_OPTIONS),
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
        ("calibrate",),
        lambda s: not s.has_validation,
        "goes with --validation or --validation-fraction, whose texts show how far probabilities can be believed",
    ),
    Rule(
        ("out_of_scope",),
        lambda s: not s.has_validation,
        "goes with --validation or --validation-fraction, whose texts show how far apart texts in scope are",
    ),
    Rule(
        ("patience",),
        lambda s: not s.has_validation,
        "goes with --validation or --validation-fraction, by which an epoch is judged",
    ),
    Rule(
        ("reference",),
        lambda s: not s.has_validation or (s.way is not Way.memory and not s.validation_given),
        "goes with --validation, whose texts it is made of",
    ),
)


def way_of(data: Sequence[str], *, streaming: bool) -> Way:
    """Tell how training data is read; `streaming`: an option asks for a stream."""
    if len(data) == 1 and is_cache(data[0]):
        return Way.cache
    return Way.stream if streaming or is_stream(data) else Way.memory


def situation_of(settled: Settled, way: Way, *, validation_given: bool = False) -> Situation:
    """Return what decides which of a command's options are of use."""
    options, task = settled.values, settled.task
    tasks = [own for _, own in (settled.heads or {}).values()] or [task, options["level_task"]]
    held_out = options["validation_fraction"]
    if held_out is None:
        held_out = any(TASKS[own].tunes_thresholds for own in tasks if own in TASKS)
    layers = options["layers"]
    return Situation(
        task,
        way,
        level_task=options["level_task"],
        long_texts=options["long_texts"],
        num_layers=len(layers) if isinstance(layers, Sequence) and not options["layerwise"] else 1,
        has_validation=validation_given or held_out > 0,
        validation_given=validation_given,
        token_budget=options["token_budget"],
    )


def useless_options(situation: Situation) -> dict[str, str]:
    """Return the argument of `refuse_useless`: parameter name -> what the option goes with."""
    return {name: rule.reason for rule in RULES if rule.is_useless(situation) for name in rule.options}


def check_reading(cache: TokenCache, settled: Settled) -> None:
    """Refuse to read the texts of a token cache otherwise than they were when it was made.

    Raises:
        typer.BadParameter: naming the option and what the cache was made with.
    """
    heads = {name: (head.columns[0], head.task) for name, head in cache.heads.items()}
    made: dict[str, Any] = {"text_column": cache.facts["text"], "text_pair_column": cache.facts["text_pair"]}
    made |= {"label_delimiter": cached_delimiter(cache), "label_column": ",".join(cached_label_columns(cache))}
    asked = {name: settled.values[name] for name in made if name in settled.given}
    made["head"], asked["head"] = None if SINGLE_HEAD in heads else heads, settled.heads
    for name, value in asked.items():
        if value is not None and value != made[name]:
            raise typer.BadParameter(
                f"{flag_of(name)} differs from that of `kerasbert prepare`, {_shown(made[name])}; leave it out, or prepare the "
                f"tokens again."
            )


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={column}:{task}" for name, (column, task) in value.items())
    return "none" if value is None else str(value)
