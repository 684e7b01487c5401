"""`push_to_hub`: a trained classifier as a repository of the Hugging Face hub."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from kerasbert._core.checks import check_bool, shorten
from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert.export.hugging_face import save_pretrained
from kerasbert.saving.trained_classifier import ClassifierLike, trained_of

MESSAGE = "Upload a text classifier"


class Pushed(NamedTuple):
    """What lies on the hub now.

    Args:
        url: of the repository.
        private: whether only its owner sees it.
        commit: identifier of the commit.
    """

    url: str
    private: bool
    commit: str


def push_to_hub(
    classifier: ClassifierLike,
    repo_id: str,
    *,
    private: bool = True,
    message: str = MESSAGE,
    token: str | None = None,
    **options: Any,
) -> Pushed:
    """Write a trained classifier as `save_pretrained` does, proven and with its card, and upload it.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`.
        repo_id: of the repository, `"NAME"` or `"OWNER/NAME"`; it is made where there is none.
        private: whether a repository that is made is private; one that is there stays as it is.
        message: of the commit.
        token: of the hub; None for that of `hf auth login` or of the environment variable `HF_TOKEN`.
        **options: `texts`, `labels` and `allow_loss` of `save_pretrained`.

    Returns:
        Where it lies, and who may see it.

    Raises:
        ArtifactError: when the hub refuses it, or the export differs from the classifier.
        ConfigError: when `repo_id` is no name of a repository, or the classifier has no form for the hub.

    Example:
        >>> push_to_hub(classifier, "me/intents").private  # doctest: +SKIP
        True
    """
    check_repo_id(repo_id)
    check_bool("private", private)
    with tempfile.TemporaryDirectory(prefix="kerasbert-") as parent:
        exported = save_pretrained(trained_of(classifier), Path(parent) / "model", **options)
        return push_folder(exported.path, repo_id, private=private, message=message, token=token)


def push_folder(
    folder: Path, repo_id: str, *, private: bool = True, message: str = MESSAGE, token: str | None = None
) -> Pushed:
    """Upload a folder that `save_pretrained` wrote; arguments and errors are those of `push_to_hub`."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(token=token)
    try:
        name = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
        commit = api.upload_folder(repo_id=name, folder_path=str(folder), commit_message=message)
        return Pushed(f"{api.endpoint}/{name}", bool(api.repo_info(name).private), str(commit.oid))
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error) if token is None else str(error).replace(token, "...")
        # The chain would show the request, and with it the token.
        raise ArtifactError(
            f"{repo_id!r} could not be pushed to the hub: {reason}. Log in with `hf auth login` or set HF_TOKEN to a token "
            f"that may write."
        ) from None


def check_repo_id(repo_id: str) -> None:
    """Raise a ConfigError unless it is the name of a repository."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise ConfigError(
            f"`repo_id` must be 'NAME' or 'OWNER/NAME', such as 'me/intents'; got {shorten(repo_id)}."
        ) from error
