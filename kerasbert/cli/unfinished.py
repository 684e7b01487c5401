"""The folder `OUTPUT.unfinished`, which holds the checkpoints of a training until its classifier is saved."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasbert._core.errors import ArtifactError
from kerasbert._core.files import check_output
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.training.checkpoints.checkpoint import FINISHED, CheckpointFolder

if TYPE_CHECKING:
    from kerasbert.text_classifier import TextClassifier


def unfinished_folder(output: Path) -> Path:
    """Return the folder beside an output."""
    output = output.absolute()
    return output.with_name(f"{output.name}.unfinished")


def is_perhaps_saved(output: Path) -> bool:
    """Whether a run may have been killed between saving its classifier and removing the folder beside it."""
    unfinished = unfinished_folder(output)
    return (output / CLASSIFIER_FILE).is_file() and FINISHED in CheckpointFolder(unfinished).names()


def save_unless_saved(
    classifier: "TextClassifier", output: Path, metrics: dict[str, Any], *, overwrite: bool, perhaps_saved: bool
) -> None:
    """Save a classifier, unless the run that was resumed had saved it; then remove its checkpoints.

    Args:
        perhaps_saved: from `is_perhaps_saved`, before the training.

    Raises:
        ArtifactError: when the output holds another classifier, or cannot be written.
    """
    from kerasbert.saving.folder import holds_weights_of
    from kerasbert.saving.trained_classifier import trained_of

    if not (perhaps_saved and holds_weights_of(output, trained_of(classifier).model)):
        classifier.save(output, overwrite=overwrite, metrics=metrics)
    remove_unfinished(output)


def remove_unfinished(output: Path) -> None:
    """Remove what a run wrote beside its output, but nothing that somebody else put there."""
    unfinished = unfinished_folder(output)
    if unfinished.is_dir():
        CheckpointFolder(unfinished).dispose()


def check_train_output(output: Path, *, overwrite: bool, resume: bool | None = None) -> bool:
    """Return whether the run that is resumed has perhaps saved its classifier; else refuse an existing output.

    Raises:
        ArtifactError: as `check_output`.
    """
    try:
        check_output(output, overwrite, kind="classifier")
    except ArtifactError:
        if resume is not False and is_perhaps_saved(output):
            return True
        raise
    return False
