"""Saved classifiers and exports behind one door, for the commands that judge."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kerasbert.cli.options import refuse_useless
from kerasbert.cli.starting import load_classifier, load_with_engine, start_tensorflow

if TYPE_CHECKING:
    from kerasbert.export.artefacts import Artefact
    from kerasbert.saving.trained_classifier import TrainedClassifier


def opener(
    context: typer.Context,
    engine: str | None,
    threads: int | None,
    otherwise: Callable[[Path], Any] = load_classifier,
    *,
    refused: Sequence[str] = (),
) -> Callable[[Path], Any]:
    """Return what opens a saved classifier: in an engine, or in TensorFlow as `otherwise` does.

    Args:
        refused: options that an engine cannot follow.

    Raises:
        typer.BadParameter: when there are threads and no engine, or an option that it cannot follow.
    """
    if engine is None:
        refuse_useless(context, {"threads": "goes with --engine"})
        return otherwise
    refuse_useless(context, dict.fromkeys(refused, "goes without --engine"))
    return partial(load_with_engine, engine=engine, threads=threads)


def open_to_judge(context: typer.Context, path: Path) -> "TrainedClassifier | Artefact":
    """Load a saved classifier, or open an export in its own runtime.

    Raises:
        typer.BadParameter: when the command line has an option that an export cannot follow.
    """
    from kerasbert.export.description import is_export

    if not is_export(path):
        return load_classifier(path)
    refuse_useless(context, {"report": "goes with a saved classifier, whose model the report describes"})
    start_tensorflow()
    from kerasbert.export.artefacts import open_artefact

    return open_artefact(path)
