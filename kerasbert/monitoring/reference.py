"""The reference of a classifier: the profile of texts that it was judged on, kept in its folder."""

import dataclasses
import datetime
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, ConfigError, DataError
from kerasbert._core.files import verify_manifest
from kerasbert._core.json_files import check_form, is_count
from kerasbert._core.locks import read_locked
from kerasbert._core.names import SINGLE_HEAD
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert.monitoring.profile import Profile
from kerasbert.monitoring.profile_bytes import profile_from_bytes, profile_to_bytes
from kerasbert.saving.inspection import check_is_folder, read_attachment, read_classifier_file

if TYPE_CHECKING:
    from kerasbert.monitoring.profiler import LabelledTexts, Profiler
    from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier

REFERENCE_FILE = "reference.safetensors"
# Texts of a reference; of more, those with the smallest keys, which is a random sample.
MOST_TEXTS = 10_000
# Labels of a head that the model card lists with their shares.
CARD_LABELS = 10
FACTS_FORM = {"made": str, "source": str, "num_available": is_count}
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@final
@dataclasses.dataclass(frozen=True)
class Reference:
    """What a classifier was like on the texts that it was judged on: what later texts are compared with.

    Args:
        profile: of the texts.
        made: the day, such as `"2026-01-31"`, in UTC.
        source: what the texts were, such as `"validation data"`.
        num_available: texts that there were; of more than 10,000 a random sample is profiled.
    """

    profile: Profile
    made: str
    source: str
    num_available: int

    def to_bytes(self) -> bytes:
        """Return the content of its file."""
        facts = {"made": self.made, "source": self.source, "num_available": self.num_available}
        return profile_to_bytes(self.profile, facts)

    @classmethod
    def from_bytes(cls, content: bytes, origin: str) -> "Reference":
        """Read the content of a file; `origin` is for messages.

        Raises:
            ArtifactError: when it is cut or changed.
        """
        profile, facts = profile_from_bytes(content, origin)
        check_form(facts, FACTS_FORM, origin)
        if not DAY.fullmatch(facts["made"]):
            raise ArtifactError(f"{origin}: `made` must be a day such as '2026-01-31'; got {shorten(facts['made'])}.")
        if not profile.num_rows:
            raise ArtifactError(f"{origin} is of no text; make it again: {HOW_TO_MAKE}.")
        return cls(profile, **{name: facts[name] for name in FACTS_FORM})


HOW_TO_MAKE = "kerasbert monitor DIR DATA --make-reference, with labelled texts of the kind that it was trained for"


def make_reference(
    classifier: "ClassifierLike",
    texts: Sequence[str],
    labels: Any = None,
    text_pairs: Sequence[str] | None = None,
    *,
    source: str = "texts that were given",
    keep_texts: bool = False,
) -> Reference:
    """Profile texts as the reference of a classifier; it costs a prediction of at most 10,000 of them.

    Args:
        classifier: a trained one.
        texts: n texts that it was not trained on, of the kind that it is to work on.
        labels: as for `TextClassifier.fit`, without which neither the shares of labels nor the accuracy can be corrected.
        text_pairs: n second texts.
        source: what the texts are, for people.
        keep_texts: whether the texts whose vectors are sampled are kept in plain sight.

    Returns:
        The reference; `with_reference` attaches it to the classifier.

    Raises:
        DataError: when there is no text, or a text or a label cannot be used.
        NotFittedError: when the classifier is not trained yet.

    Example:
        >>> reference = make_reference(classifier, texts, labels)  # doctest: +SKIP
        >>> with_reference(classifier, reference).save("models/intents", overwrite=True)  # doctest: +SKIP
    """
    from kerasbert.monitoring.profiler import Profiler

    profiler = Profiler(classifier, keep_texts=keep_texts)
    return reference_from(profiler, profiler.read(texts, labels, text_pairs), source)


def reference_from(profiler: "Profiler", read: "LabelledTexts", source: str) -> Reference:
    """Profile texts that were read; see `make_reference`."""
    if not read.texts:
        raise DataError("`texts` must hold at least one text for a reference; got none.")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Reference(profiler.profile_read(read.smallest(MOST_TEXTS)), today, source, len(read.texts))


def with_reference(classifier: "ClassifierLike", reference: Reference) -> "TrainedClassifier":
    """Return a trained classifier with a reference, which its folder and its model card hold from now on.

    Args:
        classifier: a trained one; it stays as it is.
        reference: of this classifier.

    Returns:
        A copy that shares the model.

    Raises:
        ConfigError: when the reference is of another classifier.

    Example:
        >>> watched = with_reference(classifier, make_reference(classifier, texts, labels))  # doctest: +SKIP
    """
    from kerasbert.saving.parts import Attachment
    from kerasbert.saving.trained_classifier import trained_of

    trained = trained_of(classifier)
    check_fits(reference, trained)
    attachment = Attachment(reference.to_bytes(), told_of_reference(reference))
    return dataclasses.replace(trained, attachments={**trained.attachments, REFERENCE_FILE: attachment})


def reference_of(classifier: "ClassifierLike") -> Reference:
    """Return the reference of a trained classifier.

    Args:
        classifier: a trained one.

    Returns:
        Its reference.

    Raises:
        ArtifactError: when it cannot be read.
        ConfigError: when there is none, or it is of another classifier.

    Example:
        >>> reference_of(kb.load("models/intents")).profile.num_rows  # doctest: +SKIP
        3000
    """
    from kerasbert.saving.trained_classifier import trained_of

    trained = trained_of(classifier)
    if REFERENCE_FILE not in trained.attachments:
        raise ConfigError(f"The classifier has no reference to compare with; make one: {HOW_TO_MAKE}.")
    content = trained.attachments[REFERENCE_FILE].content
    reference = Reference.from_bytes(content, f"The reference {REFERENCE_FILE!r}")
    check_fits(reference, trained)
    return reference


def read_reference(folder: str | os.PathLike[str]) -> Reference | None:
    """Read the reference of a saved classifier without loading its model; needs no TensorFlow.

    Args:
        folder: that `TextClassifier.save` or `kerasbert train` wrote.

    Returns:
        The reference; None where the folder has none.

    Raises:
        ArtifactError: when the folder is no saved classifier, was changed or cut, or the file cannot be read.

    Example:
        >>> read_reference("models/intents").made  # doctest: +SKIP
        '2026-01-31'
    """
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    check_is_folder(folder)
    return read_locked(folder, lambda: _read(folder))


def has_reference(folder: str | os.PathLike[str]) -> bool | None:
    """Return whether a saved classifier has a reference, by its description alone; None where there is no such folder."""
    try:
        return REFERENCE_FILE in read_classifier_file(Path(folder)).get("attachments", {})
    except ArtifactError:
        return None


def check_fits(reference: Reference, trained: "TrainedClassifier") -> None:
    """Refuse the reference of another classifier.

    Raises:
        ConfigError: saying what differs, as far as the reference tells.
    """
    from kerasbert.saving.fingerprint import fingerprint_of

    told, own = reference.profile, fingerprint_of(trained)
    if told.fingerprint == own:
        return
    labels = {name: head.label_names for name, head in told.heads.items()}
    if labels != trained.outputs.label_names:
        what = f"its labels are {_listed(labels)}, those of the classifier {_listed(trained.outputs.label_names)}"
    elif len(told.token_counts) != trained.tokenizer.vocabulary_size:
        what = "it was made with another tokenizer"
    else:
        what = "weights, tokenizer or thresholds have changed since"
    raise ConfigError(
        f"The reference is of another classifier ({told.fingerprint[:12]} instead of {own[:12]}): {what}. Make it again: "
        f"{HOW_TO_MAKE}."
    )


def told_of_reference(reference: Reference) -> str:
    """Return the section of the model card: texts, day, lengths, labels and how large the file is."""
    from kerasbert.saving.card import as_markdown

    profile = reference.profile
    sample = "" if profile.num_rows == reference.num_available else f", drawn from {reference.num_available:,}"
    lines = [
        f"- {profile.num_rows:,} texts{sample}: {as_markdown(reference.source)}, profiled on {reference.made}",
        f"- lengths in tokens: half have at most {profile.length_quantile(0.5)}, 95 % at most {profile.length_quantile(0.95)}; "
        f"{profile.truncated_share:.1%} are cut",
        f"- {profile.unknown_share:.2%} of their tokens stand for unknown words",
        f"- vectors of {len(profile.sample):,} texts{'' if profile.sample.texts is None else ', with their words'}",
    ]
    for name, head in profile.heads.items():
        known = head.num_labelled
        counts, total, kind = (
            (head.num_true, known, "labels") if known else (head.num_predicted, profile.num_rows, "predictions")
        )
        order = np.argsort(-counts, kind="stable")[:CARD_LABELS]
        shares = ", ".join(f"{as_markdown(head.label_names[place])} {counts[place] / total:.1%}" for place in order)
        more = len(counts) - len(order)
        where = "" if name == SINGLE_HEAD else f" of {as_markdown(name)}"
        lines.append(f"- {kind}{where}: {shares}{f' and {more} more' if more else ''}")
        if known:
            lines.append(
                f"- right on {head.num_right / known:.1%} of the {known:,} texts{where} whose labels are known"
            )
    intro = (
        f"`kerasbert monitor DIR DATA` compares new texts with the profile in `{REFERENCE_FILE}`, which was made of:"
    )
    return "## Reference for monitoring\n\n" + "\n".join([intro, "", *lines])


def _read(folder: Path) -> Reference | None:
    verify_manifest(folder)
    if REFERENCE_FILE not in read_classifier_file(folder).get("attachments", {}):
        return None
    return Reference.from_bytes(read_attachment(folder, REFERENCE_FILE), repr(str(folder / REFERENCE_FILE)))


def _listed(labels: Any) -> str:
    names = [name for own in labels.values() for name in own]
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
