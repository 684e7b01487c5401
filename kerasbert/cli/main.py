"""Run the command, show errors and return the exit code."""

import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kerasbert._core.errors import KerasBertError
from kerasbert._version import __version__
from kerasbert.cli import (  # noqa: F401  the commands
    calibrate,
    compile,
    doubt,
    evaluate,
    explain,
    export,
    find_learning_rate,
    inspect,
    layers,
    monitor,
    predict,
    prepare,
    probe,
    score,
    subclasses,
    train,
)
from kerasbert.cli.options import app, say
from kerasbert.cli.standard_streams import open_streams, output_error
from kerasbert.cli.usage_errors import show_usage_error
from kerasbert.training.checkpoints.signals import TrainingStopped

INTERRUPTED = 130
# Packages whose versions decide what a model does.
TOLD_PACKAGES = ("tensorflow", "keras")


def _show_version(asked: bool) -> None:
    if asked:
        import importlib.metadata
        import platform

        others = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in TOLD_PACKAGES)
        print(f"kerasbert {__version__} ({others}, Python {platform.python_version()})")
        raise typer.Exit


@app.callback()
def kerasbert(
    version: Annotated[
        bool, typer.Option("--version", help="Show the versions and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """BERT text classifiers: train on a file, judge, predict."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        arguments: without the program's name; None takes them from the command line.

    Returns:
        0 done, 1 refused or failed, 2 wrong usage, 3 done with something to look at, 130 or 143 stopped by a signal.
    """
    with warnings.catch_warnings(), open_streams():
        warnings.showwarning = _show_warning  # type: ignore[assignment]
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    command = typer.main.get_command(app)
    try:
        code = command.main(args=None if arguments is None else list(arguments), standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (KerasBertError, TypeError) as error:
        say(f"Error: {error}")
        return 1
    except OSError as error:
        _show_system_error(error)
        return 1
    except TrainingStopped as stopped:
        say(str(stopped))
        return int(stopped.code or 0)
    except (KeyboardInterrupt, typer.Abort):
        say("Interrupted.")
        return INTERRUPTED
    except Exception as error:
        if not hasattr(error, "exit_code"):
            raise
        show_usage_error(error)
        return int(error.exit_code)


def _show_system_error(error: OSError) -> None:
    words = output_error(error)
    if words is None:
        file = "" if error.filename is None else f"{error.filename!r}: "
        words = f"{file}{error.strerror or error}. Look whether it is there, may be read or written, and has room."
    if words:
        say(f"Error: {words}")


def _show_warning(message: Any, category: Any, filename: str, *rest: Any) -> None:
    if "kerasbert" in filename or "kerasbert" in str(getattr(category, "__module__", "")):
        say(f"Note: {message}")
