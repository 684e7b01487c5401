"""Options of commands, drawn from the dataclasses that declare them: flags, types, defaults and help."""

import dataclasses
import enum
import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from kerasbert._core.checks import check_choice, suggestion
from kerasbert._core.options import NONE, Option, alternatives, options_of
from kerasbert.cli.options import given
from kerasbert.cli.reading import Heads, parse_heads
from kerasbert.saving.settings_file import read_settings
from kerasbert.tasks.plans import ALL_TASKS

Function = TypeVar("Function", bound=Callable[..., Any])
COLLECTIONS = (Sequence, Mapping)
NUMBERS: dict[Any, str] = {int: "whole numbers", float: "numbers"}


@dataclasses.dataclass(frozen=True)
class Settled:
    """The values of a command's options: from the command line, else from a settings file, else the defaults.

    Args:
        values: name -> value.
        given: names that stand on the command line or in the settings file.
    """

    values: dict[str, Any]
    given: frozenset[str]

    @property
    def task(self) -> str:
        """The task, which has no default on the command line.

        Raises:
            typer.BadParameter: when it is missing.
        """
        if "task" not in self.given:
            raise typer.BadParameter(f"Missing option '--task': one of {', '.join(ALL_TASKS)}.")
        return check_choice("task", self.values["task"], ALL_TASKS)

    @property
    def heads(self) -> Heads | None:
        """The heads of a multi-task classifier, see `parse_heads`."""
        return parse_heads(self.task, self.values["head"])


def settle(context: typer.Context, *classes: type, config: Path | None = None) -> Settled:
    """Settle the values of the options that dataclasses declare.

    Args:
        config: a settings file.

    Raises:
        ConfigError: when the settings file cannot be read.
        typer.BadParameter: when the text of an option cannot be read.
    """
    options = options_of(*classes)
    written = {} if config is None else read_settings(config, options)
    written |= {name: value_of(one, context.params[name]) for name, one in options.items() if given(context, name)}
    return Settled({name: one.default for name, one in options.items()} | written, frozenset(written))


def draws_options(panels: Mapping[str, type], *, only: Sequence[str] | None = None) -> Callable[[Function], Function]:
    """Decorator: put the options that dataclasses declare in the place of a command's `**options`.

    Args:
        panels: title of a panel of the help -> dataclass.
        only: names to take; None takes all.
    """

    def decorate(command: Function) -> Function:
        signature = inspect.signature(command)
        parameters = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        for panel, declaring in panels.items():
            parameters += [_parameter(one, panel) for one in command_options(declaring, only=only).values()]
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return decorate


def command_options(*classes: type, only: Sequence[str] | None = None) -> dict[str, Option]:
    """Return the options of dataclasses that a command line can say, by name."""
    options = options_of(*classes, only=only)
    return {name: one for name, one in options.items() if one.metadata.get("command", True)}


def flag_of(name: str) -> str:
    """Return the flag of an option, such as `--batch-size`."""
    return "--" + name.replace("_", "-")


def help_of(option: Option) -> str:
    """Return the help of an option: the first clause of its docstring, with flags for names."""
    text = _as_flags(re.split(r"; |\. |\,? see |\.$", option.text)[0])
    unsaid = [choice for choice in _choices(option) if choice not in text]
    text += f", or {', '.join(unsaid)}" if unsaid else ""
    text += f", such as {example}" if (example := option.metadata.get("example")) else ""
    text += f", or {NONE}" if option.takes_none else ""
    return text[0].upper() + text[1:] + (". Required." if option.metadata.get("required") else ".")


def default_of(option: Option) -> str | None:
    """Return what a docstring says that None is, for the help."""
    found = re.search(r"\bNone: (.+?)(?:, see .+?)?(?:[.;](?:\s|$))", option.text)
    return _as_flags(found[1]) if found else None


def value_of(option: Option, value: Any) -> Any:
    """Convert the value of an option that stands on the command line.

    Raises:
        typer.BadParameter: when its text cannot be read.
    """
    if isinstance(value, enum.Enum):
        return value.value
    if not isinstance(value, str) or not _is_text(option):
        return value
    if value == NONE and option.takes_none:
        return None
    for accepted in sorted(alternatives(option.type), key=_rank):
        try:
            return check_choices(option, _read(accepted, value))
        except ValueError:
            continue
    raise typer.BadParameter(f"{flag_of(option.name)} must be {_words(option)}; got {value!r}.")


def check_choices(option: Option, value: Any) -> Any:
    """Return a value of which no text is other than the declared choices of its option.

    Raises:
        typer.BadParameter: with the choices, and the near miss.
    """
    choices = _choices(option)
    for one in value if isinstance(value, list) else [value]:
        if choices and isinstance(one, str) and one not in choices:
            accepted = f"{flag_of(option.name)} must be one of {', '.join(choices)}; got {one!r}."
            raise typer.BadParameter(accepted + suggestion(one, choices))
    return value


def _parameter(option: Option, panel: str) -> inspect.Parameter:
    """Return the parameter from which typer makes an option of a command."""
    flags, default = flag_of(option.name), option.default
    shown: Any = default_of(option) or True
    if bool in alternatives(option.type):
        flags += f"/--no-{flags[2:]}"
    if option.metadata.get("required"):
        default, shown = None, False
    elif _is_text(option) and default is not None:
        default, shown = None, ",".join(map(str, default)) if isinstance(default, tuple) else str(default)

    def check(value: Any) -> Any:
        return value if value is None or _is_text(option) else check_choices(option, value)

    info = typer.Option(flags, help=help_of(option), show_default=shown or False, rich_help_panel=panel, callback=check)
    annotation: Any = Annotated[_command_type(option), info]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _command_type(option: Option) -> Any:
    if option.metadata.get("repeated"):
        return list[str] | None
    kind = _enum_of(option) or _plain_type(option) or str
    is_plain = option.default is not None and not _is_text(option) and not option.metadata.get("required")
    return kind if is_plain else kind | None


def _choices(option: Option) -> Sequence[str]:
    choices: Any = () if _enum_of(option) else option.metadata.get("choices", ())
    return tuple(choices() if callable(choices) else choices)


def _enum_of(option: Option) -> type[enum.Enum] | None:
    return next((one for one in alternatives(option.type) if inspect.isclass(one) and issubclass(one, enum.Enum)), None)


def _plain_type(option: Option) -> type | None:
    """The one type that the command line reads by itself; None where a text is read here."""
    members = [one for one in alternatives(option.type) if one in (bool, int, float, str)]
    others = [one for one in alternatives(option.type) if typing.get_origin(one) in COLLECTIONS]
    if option.takes_none or others or len(members) > 1:
        return None
    return members[0] if members else str


def _is_text(option: Option) -> bool:
    """Whether a value is a text on the command line that is read here."""
    return _plain_type(option) is None and not option.metadata.get("repeated")


def _read(accepted: Any, text: str) -> Any:
    origin, inner = typing.get_origin(accepted), typing.get_args(accepted)
    if origin is Sequence:
        return [_read(inner[0], part) for part in text.split(",")]
    if origin is Mapping:
        return {name.strip(): _read(inner[1], value) for name, value in (part.split("=") for part in text.split(","))}
    return accepted(text)


def _rank(accepted: Any) -> int:
    """Lists are tried first, and texts, which everything is, last."""
    return 0 if typing.get_origin(accepted) in COLLECTIONS else {int: 1, float: 2}.get(accepted, 3)


def _words(option: Option) -> str:
    """What is accepted."""
    example = option.metadata.get("example")
    accepted = alternatives(option.type)
    kinds = [*accepted, *(inner for one in accepted for inner in typing.get_args(one)[:1])]
    words = [NUMBERS[kind] for kind in dict.fromkeys(kinds) if kind in NUMBERS]
    words += [f"such as {example}"] if example else []
    return " ".join(words) + (f" or {NONE}" if option.takes_none else "")


def _as_flags(text: str) -> str:
    """Without the marks of code: names of options become flags, texts lose their quotes."""
    text = re.sub(r'`"([^`"]*)"`', r"\1", text)
    return re.sub(r"`([^`]+)`", lambda code: flag_of(code[1]) if code[1].isidentifier() else code[1], text)
