"""The help of commands: panels in which no option's name is cut, with defaults and an example, and no markup in any text."""

import enum
import inspect
import shutil
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import typer.core

from kerasbert._core.options import alternatives

WIDEST = 100
# Commands that stand above the others.
FIRST = ("train", "evaluate", "predict", "inspect")
# What stands for a value, by its type.
VALUES = {int: "INT", float: "NUMBER", Path: "PATH", str: "TEXT"}


class Command(typer.core.TyperCommand):
    """A command that shows its help as panels; its epilog is an example."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The parts of the line `Usage:` after the name."""
        return ["[OPTIONS]", *(_argument_name(one) for one in self.params if _is_argument(one))]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        arguments = [one for one in self.params if _is_argument(one)]
        panels = {"Arguments": [_row(one, self) for one in arguments]} if arguments else {}
        for one in self.get_params(ctx):
            if not _is_argument(one):
                panels.setdefault(getattr(one, "rich_help_panel", None) or "Options", []).append(_row(one, self))
        formatter.write(_page(self.get_usage(ctx), self.help or "", panels, self.epilog))


class Group(typer.core.TyperGroup):
    """A group of commands that shows its help as panels; its epilog is an example."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands, first those that everybody needs."""
        names = super().list_commands(ctx)
        return [name for name in FIRST if name in names] + [name for name in names if name not in FIRST]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        found = [self.get_command(ctx, name) for name in self.list_commands(ctx)]
        commands = [(one.name or "", _first_sentence(one.help or "")) for one in found if one is not None]
        options = [_row(one, self) for one in self.get_params(ctx)]
        formatter.write(
            _page(self.get_usage(ctx), self.help or "", {"Commands": commands, "Options": options}, self.epilog)
        )


def add_command(
    group: typer.Typer, name: str | None = None, *, example: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: make a function a command of a group.

    Args:
        group: the app, or a group of commands in it.
        name: of the command; None: the function's.
        example: a line, or several, that people can try.
    """
    return group.command(name, cls=Command, epilog=example)


def _page(usage: str, text: str, panels: dict[str, list[tuple[str, str]]], example: str | None) -> str:
    """Render the help, with colours where standard output is a terminal."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.panel import Panel
    from rich.text import Text

    console = Console(width=min(shutil.get_terminal_size((80, 24)).columns, WIDEST))
    # A line break in a docstring is none in the help, a paragraph is.
    paragraphs = [" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n")]
    width = max((len(line) for rows in panels.values() for names, _ in rows for line in names.split("\n")), default=0)
    with console.capture() as captured:
        console.print(Padding(Text(usage, "bold"), (0, 1)))
        console.print(Padding(Text("\n\n".join(paragraphs)), (1, 1)))
        for title, rows in panels.items():
            console.print(Panel(_table(rows, width), title=title, title_align="left", border_style="dim"))
        if example:
            lines = Text(inspect.cleandoc(example), "green", overflow="fold")
            console.print(Panel(lines, title="Example", title_align="left", border_style="dim"))
    return captured.get()


def _table(rows: Iterable[tuple[str, str]], width: int) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(min_width=width, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    for names, text in rows:
        told, bracket, default = text.partition(" [default: ")
        table.add_row(Text(names, "cyan"), Text.assemble(told, (bracket + default, "dim")))
    return table


def _row(parameter: Any, command: Any) -> tuple[str, str]:
    """The names of an argument or option, and what it is."""
    default = _default(parameter)
    told = f"[default: {default}]" if default else ""
    if _is_argument(parameter):
        return _argument_name(parameter), " ".join(filter(None, (parameter.help, told)))
    names = ", ".join(sorted(parameter.opts, key=len)) + (
        f"\n{parameter.secondary_opts[0]}" if parameter.secondary_opts else ""
    )
    value = _value(parameter, command)
    names = f"{names} {value}" if value else names
    is_required = parameter.required and "Required." not in (parameter.help or "")
    parts = [parameter.help or "", "Required." if is_required else "", told]
    return names, " ".join(filter(None, parts))


def _value(parameter: Any, command: Any) -> str:
    """What stands for the value of an option; empty for a flag."""
    if parameter.metavar:
        return str(parameter.metavar)
    found = inspect.signature(command.callback).parameters.get(parameter.name) if command.callback else None
    annotation = getattr(found, "annotation", bool)
    accepted = typing.get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation
    for kind in alternatives(accepted):
        inner = typing.get_args(kind)[0] if typing.get_origin(kind) is list else kind
        if inspect.isclass(inner) and issubclass(inner, enum.Enum):
            return "|".join(str(one.value) for one in inner)
        if inner in VALUES:
            return VALUES[inner]
    return ""


def _default(parameter: Any) -> str:
    shown = parameter.show_default
    if isinstance(shown, str):
        return shown
    value = parameter.default
    if not shown or value is None or callable(value) or parameter.required:
        return ""
    if isinstance(value, bool):
        return ("yes" if value else "no") if parameter.secondary_opts else ""
    if isinstance(value, enum.Enum):
        return str(value.value)
    return ",".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


def _is_argument(parameter: Any) -> bool:
    return not any(name.startswith("-") for name in parameter.opts)


def _argument_name(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required or name.startswith("[") else f"[{name}]"


def _first_sentence(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
