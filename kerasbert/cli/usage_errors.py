"""Wrong usage: what is accepted, and the near miss."""

import re
from typing import Any

from kerasbert._core.checks import suggestion
from kerasbert.cli.options import say

CHOICE = re.compile(r"(?:Value error, )?'(?P<value>.*)' is not one of (?P<accepted>'.*')\.?", re.DOTALL)


def show_usage_error(error: Any) -> None:
    """Write the usage of the command and what is wrong to standard error."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return
    if context is not None:
        say(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n")
    say(f"Error: {tell_usage_error(error)}")


def tell_usage_error(error: Any) -> str:
    """Return the message of an error that typer raised, or a command for it, in the form of all messages here.

    Args:
        error: with `format_message`, as errors of click and of typer have it.
    """
    option = getattr(error, "option_name", None)
    if option is not None and hasattr(error, "possibilities"):
        context = error.ctx
        known = [name for one in context.command.get_params(context) for name in (*one.opts, *one.secondary_opts)]
        return f"No such option: {option}.{suggestion(option, [name for name in known if name.startswith('--')])}"
    parameter, message = getattr(error, "param", None), str(getattr(error, "message", ""))
    if parameter is None:
        return str(error.format_message()).removeprefix("Invalid value: ")
    flag = max(parameter.opts, key=len)
    found = CHOICE.fullmatch(message)
    if found is not None:
        accepted = re.findall(r"'([^']*)'", found["accepted"])
        return f"{flag} must be one of {', '.join(accepted)}; got {found['value']!r}.{suggestion(found['value'], accepted)}"
    return message if message.startswith(flag) else str(error.format_message())
