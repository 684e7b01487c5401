"""`ClassifierHandler`: what Beam's `RunInference` needs of a saved classifier."""

import os
from collections.abc import Iterable, Sequence
from typing import Any, final

from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from kerasbert._core.checks import check_bool, check_int, shorten
from kerasbert._core.encoder_folders import explain_folder
from kerasbert._core.errors import ArtifactError, KerasBertError
from kerasbert._core.files import verify_manifest
from kerasbert._core.names import MANIFEST_FILE
from kerasbert._core.staging import recover_folder
from kerasbert.production.batch_options import batch_options, pair_length, text_length
from kerasbert.production.beam.stores import as_address, is_remote, local_folder
from kerasbert.production.served_classifier import Example, RefusedClassifier, ServedClassifier
from kerasbert.reading.readers import check_text
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.saving.inspection import check_is_folder, outputs_of

# What a model is watched by: files of a saved folder, which stand for the folder.
STANDS_FOR_FOLDER = (MANIFEST_FILE, CLASSIFIER_FILE)
LabelNames = dict[str, tuple[str, ...]]


@final
class ClassifierHandler(ModelHandler[Example, PredictionResult, Any]):
    """Runs a saved classifier on raw texts in `RunInference`; keyed texts go through Beam's `KeyedModelHandler`.

    It holds the path of the folder and plain options; each worker process loads the model once, and its threads share it.
    The folder is checked where the pipeline is built. A `PredictionResult` has the text as `example`, a plain value as
    `inference` (see `plain_answers`) and the folder of the model that answered as `model_id`.

    A model that comes by side input is given as its folder, or as the `manifest.json` in it, which `WatchFilePattern` can
    watch. One that cannot be used, or that has other labels, answers nothing: its batches fail with the reason.

    Args:
        folder: written by `TextClassifier.save` or `kerasbert train`: a local path that every worker has, or an address
            that Beam's file systems read, such as `gs://bucket/intents`.
        text_pairs: whether elements are pairs of texts, `(text, second text)`, for a classifier trained on pairs.
        accept_new_labels: whether a model that comes by side input may have other labels.
        top: how many scores of a text are kept of each head, the highest first, none at 0; None keeps all.
        min_batch_size: fewest texts in a batch, where a bundle has as many; 2,048 if None.
        max_batch_size: most texts in a batch; 8,192 if None. Between both Beam seeks the size that is fastest.
        max_batch_weight: most characters in a batch, in place of both sizes.
        max_batch_duration_secs: seconds that a stream waits for a batch to fill, across bundles.
        batch_bucket_boundaries: ascending numbers of characters at which texts part into batches of their own; goes with
            `max_batch_duration_secs`.
        large_model: whether the processes of a machine share one model, for one that does not fit its memory several times.
        num_threads: threads of TensorFlow in a worker process; 1 where there is a process for each core. None leaves it.

    Raises:
        ArtifactError: when the folder is no saved classifier, was changed or cut.
        ConfigError: when an option is out of its range, or cannot be followed beside another.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        text_pairs: bool = False,
        accept_new_labels: bool = False,
        top: int | None = None,
        min_batch_size: int | None = None,
        max_batch_size: int | None = None,
        max_batch_weight: int | None = None,
        max_batch_duration_secs: float | None = None,
        batch_bucket_boundaries: Sequence[int] | None = None,
        large_model: bool = False,
        num_threads: int | None = None,
    ) -> None:
        self.text_pairs = check_bool("text_pairs", text_pairs)
        options = batch_options(
            pair_length if text_pairs else text_length,
            min_batch_size=min_batch_size,
            max_batch_size=max_batch_size,
            max_batch_weight=max_batch_weight,
            max_batch_duration_secs=max_batch_duration_secs,
            batch_bucket_boundaries=batch_bucket_boundaries,
        )
        threads = (
            {} if num_threads is None else {"TF_NUM_INTRAOP_THREADS": str(check_int("num_threads", num_threads, 1))}
        )
        super().__init__(**options, large_model=check_bool("large_model", large_model), env_vars=threads)
        self._accept_new_labels = check_bool("accept_new_labels", accept_new_labels)
        self._top = None if top is None else check_int("top", top, 0)
        self._folder = as_address(os.fspath(folder))
        self._update: str | None = None
        self.label_names = read_label_names(self._folder)

    def load_model(self) -> ServedClassifier | RefusedClassifier:
        """Load the model: the first one, or the one that came by side input."""
        if self._update is None:
            return self._load(self._folder)
        try:
            self._check_labels(self._update)
            return self._load(self._update)
        except KerasBertError as error:
            return RefusedClassifier(str(error), self._update)

    def run_inference(
        self, batch: Sequence[Example], model: Any, inference_args: dict[str, Any] | None = None
    ) -> Iterable[PredictionResult]:
        """Answer a batch.

        Raises:
            ArtifactError: when the model that came by side input was refused.
            DataError: when a text cannot be used.
            TypeError: when an element is no text, or no pair of texts.
        """
        for element in batch:
            check_element(element, self.text_pairs)
        model_id = model.model_id()
        return [PredictionResult(*both, model_id) for both in zip(batch, model.answers(batch), strict=True)]

    def update_model_path(self, model_path: str | None = None) -> None:
        """Take the folder of a new model, or a file that stands for it; Beam then calls `load_model`."""
        if model_path:
            parent, _, name = model_path.rpartition("/")
            self._update = parent if name in STANDS_FOR_FOLDER else model_path

    def validate_inference_args(self, inference_args: dict[str, Any] | None) -> None:
        """Refuse arguments of `RunInference` for the model, which takes none."""
        if inference_args:
            raise TypeError(
                f"`inference_args` must be None: a classifier takes texts alone; got {shorten(inference_args)}."
            )

    def get_num_bytes(self, batch: Sequence[Example]) -> int:
        """The size of a batch, for Beam's metrics."""
        texts = (text for element in batch for text in ((element,) if isinstance(element, str) else element))
        return sum(len(text.encode()) for text in texts)

    def get_metrics_namespace(self) -> str:
        """Where Beam's metrics of this handler stand."""
        return "kerasbert"

    def _load(self, folder: str) -> ServedClassifier:
        with local_folder(folder) as here:
            return ServedClassifier.load(here, folder, self._top)

    def _check_labels(self, folder: str) -> None:
        """Refuse a model of other labels: what reads the predictions may know the old ones only."""
        new = read_label_names(folder)
        if new == self.label_names or self._accept_new_labels:
            return
        raise ArtifactError(
            f"The new model {folder!r} has other labels than {self._folder!r} ({difference(self.label_names, new)}); start "
            f"the pipeline anew with it, or pass accept_new_labels=True."
        )


def read_label_names(folder: str) -> LabelNames:
    """The label names of a saved classifier by head, from its description; a local folder is verified whole.

    Raises:
        ArtifactError: when it is no saved classifier, was changed or cut.
    """
    with local_folder(folder, [CLASSIFIER_FILE]) as here:
        if not is_remote(folder):
            recover_folder(here)
            check_is_folder(here)
            if not (here / CLASSIFIER_FILE).is_file():
                raise ArtifactError(
                    explain_folder(here)
                    or f"Saved model {folder!r} holds no {CLASSIFIER_FILE}; give the folder that `save` or `train` wrote."
                )
            verify_manifest(here)
        return outputs_of(here).label_names


def difference(old: LabelNames, new: LabelNames) -> str:
    """How the labels of a model differ from those of another, in words."""
    if old.keys() != new.keys():
        return f"its heads are {', '.join(new)} instead of {', '.join(old)}"
    words = []
    for head, names in new.items():
        lacks, adds = sorted(set(old[head]) - set(names)), sorted(set(names) - set(old[head]))
        words += [f"it lacks {shorten(lacks)}"] if lacks else []
        words += [f"it adds {shorten(adds)}"] if adds else []
    return ", ".join(words) or "they are in another order"


def check_element(element: Any, text_pairs: bool) -> None:
    """Refuse an element that is no text or, with `text_pairs`, no pair of texts.

    Raises:
        DataError: when a text holds half of a surrogate pair.
        TypeError: when it is something else.
    """
    is_pair = isinstance(element, tuple) and len(element) == 2
    if text_pairs and not is_pair:
        raise TypeError(
            f"An element must be a pair of texts, as text_pairs=True says; got {shorten(element)} of type "
            f"{type(element).__name__}."
        )
    if not text_pairs and not isinstance(element, str):
        hint = " A pair of texts needs text_pairs=True; a keyed text, Beam's KeyedModelHandler." if is_pair else ""
        raise TypeError(f"An element must be a text; got {shorten(element)} of type {type(element).__name__}.{hint}")
    for name, text in zip(("text", "text_pair"), element if text_pairs else (element,), strict=False):
        check_text(text, name, "An element", "error")
