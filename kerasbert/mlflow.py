"""An MLflow flavour: a classifier in a run or a registry, loaded back as such or as a pyfunc that takes raw text.

A model holds the folder that `TextClassifier.save` writes, plain data; nothing is pickled. Needs `pip install
'kerasbert[mlflow]'`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.tracking.artifact_utils import _download_artifact_from_uri
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import ArtifactError, DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert._version import __version__
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of
from kerasbert.text_classifier import TextClassifier, load

FLAVOR_NAME = "kerasbert"
FOLDER = "classifier"
TEXT = "text"


def save_model(
    classifier: ClassifierLike,
    path: str | os.PathLike[str],
    *,
    mlflow_model: Model | None = None,
    signature: ModelSignature | None = None,
    pip_requirements: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a trained classifier as a folder in MLflow's form.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`, of single texts.
        path: the folder to appear.
        mlflow_model: what `log_model` hands over.
        signature: None for `signature_of(classifier)`.
        pip_requirements: None for this version of kerasbert.
        metadata: entries for the `MLmodel` file.

    Raises:
        ArtifactError: when the folder exists.
        NotFittedError: when the classifier is not trained yet.
    """
    trained, folder = trained_of(classifier), Path(path)
    if folder.exists():
        raise ArtifactError(
            f"`path` must be a folder that is not there yet; {str(folder)!r} exists. Choose another name."
        )
    model = mlflow_model or Model()
    model.signature = signature or signature_of(trained)
    if metadata:
        model.metadata = {**(model.metadata or {}), **metadata}
    folder.mkdir(parents=True)
    trained.save(folder / FOLDER)
    requirements = list(pip_requirements or [f"kerasbert=={__version__}", "pandas"])
    (folder / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="utf-8")
    mlflow.pyfunc.add_to_model(model, loader_module=__name__, data=FOLDER)
    model.add_flavor(FLAVOR_NAME, kerasbert_version=__version__, data=FOLDER, task=trained.task)
    model.save(str(folder / MLMODEL_FILE_NAME))


def log_model(classifier: ClassifierLike, name: str = "classifier", **options: Any) -> Any:
    """Log a trained classifier as a model of the active run.

    Args:
        classifier: as for `save_model`.
        name: of the model in the run.
        **options: `registered_model_name` and others of `mlflow.models.Model.log`, and those of `save_model`.

    Returns:
        MLflow's `ModelInfo`, whose `model_uri` `load_model` takes.
    """
    import kerasbert.mlflow

    return Model.log(artifact_path=None, name=name, flavor=kerasbert.mlflow, classifier=classifier, **options)


def load_model(model_uri: str, dst_path: str | None = None) -> TextClassifier:
    """Load a classifier that `save_model` or `log_model` wrote.

    Args:
        model_uri: such as `"runs:/RUN/classifier"`, `"models:/NAME/1"`, or a folder.
        dst_path: where to download it; None for a temporary folder.

    Raises:
        ArtifactError: when it is no model of this flavour, or was changed.
    """
    folder = Path(_download_artifact_from_uri(artifact_uri=model_uri, output_path=dst_path))
    flavors = Model.load(str(folder)).flavors
    if FLAVOR_NAME not in flavors:
        raise ArtifactError(
            f"{model_uri!r} must be a model of the flavour {FLAVOR_NAME!r}; it has {', '.join(flavors) or 'none'}. Load it "
            f"with mlflow.pyfunc.load_model."
        )
    return load(folder / FOLDER)


def signature_of(classifier: ClassifierLike) -> ModelSignature:
    """Return the signature of a pyfunc: a column of texts in; `labels` and `probabilities` out, of several heads each.

    Probabilities are in the order of the label names.
    """
    outputs = []
    for head in trained_of(classifier).model.heads:
        outputs += [
            ColSpec(Array(DataType.string), _column(head, "labels")),
            ColSpec(Array(DataType.double), _column(head, "probabilities")),
        ]
    return ModelSignature(inputs=Schema([ColSpec(DataType.string, TEXT)]), outputs=Schema(outputs))


class TextModel:
    """What MLflow's pyfunc calls: texts in, labels and probabilities out."""

    def __init__(self, trained: TrainedClassifier) -> None:
        self.trained = trained

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Predict a table, a column or a list of texts; a table must have the column `text`.

        Returns:
            A table with a row for each text: `labels`, a list, and `probabilities`, a list in the order of the label names;
            of several heads `HEAD_labels` and `HEAD_probabilities`.

        Raises:
            DataError: when the table lacks the column, or a text cannot be used.
        """
        if isinstance(model_input, pd.DataFrame):
            if TEXT not in model_input.columns:
                raise DataError(f"The input must have a column {TEXT!r}; got {shorten(list(model_input.columns))}.")
            model_input = model_input[TEXT]
        labels, probabilities = self.trained.predict_with_proba(check_texts(TEXT, model_input))
        if not isinstance(probabilities, dict):
            labels, probabilities = {SINGLE_HEAD: labels}, {SINGLE_HEAD: probabilities}
        columns: dict[str, list[Any]] = {}
        for head, values in probabilities.items():
            names = self.trained.model.heads[head].label_names
            columns[_column(head, "labels")] = [_names(row, names) for row in labels[head]]
            columns[_column(head, "probabilities")] = values.astype(float).tolist()
        return pd.DataFrame(columns)


def _load_pyfunc(path: str) -> TextModel:
    """Load the model of a pyfunc; MLflow looks for this name."""
    return TextModel(trained_of(load(path)))


def _column(head: str, field: str) -> str:
    return field if head == SINGLE_HEAD else f"{head}_{field}"


def _names(labels: Any, names: Sequence[str]) -> list[str]:
    if isinstance(labels, list):
        return list(map(str, labels))
    if getattr(labels, "ndim", 0):
        return [name for name, flag in zip(names, labels, strict=True) if flag]
    return [str(labels)]
