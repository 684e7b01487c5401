"""Saved classifiers and exports behind one door, for the commands that judge."""

from pathlib import Path

import typer

from kerasbert.cli.options import refuse_useless
from kerasbert.export.artefacts import Artefact, open_artefact
from kerasbert.export.description import is_export
from kerasbert.saving.trained_classifier import TrainedClassifier, trained_of
from kerasbert.text_classifier import load


def open_to_judge(context: typer.Context, path: Path) -> TrainedClassifier | Artefact:
    """Load a saved classifier, or open an export in its own runtime.

    Raises:
        typer.BadParameter: when the command line has an option that an export cannot follow.
    """
    if not is_export(path):
        return trained_of(load(path))
    refuse_useless(context, {"report": "goes with a saved classifier, whose model the report describes"})
    return open_artefact(path)
