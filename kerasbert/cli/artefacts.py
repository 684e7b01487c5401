"""Saved classifiers and exports behind one door, for the commands that judge."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kerasbert.cli.options import refuse_useless
from kerasbert.cli.starting import load_classifier, start_tensorflow

if TYPE_CHECKING:
    from kerasbert.export.artefacts import Artefact
    from kerasbert.saving.trained_classifier import TrainedClassifier


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
