"""What a folder of sentence-transformers says beside its encoder: pooling, longest text, prompts.

modules.json                        the steps from a text to its vector; one of them is the pooling
1_Pooling/config.json               which tokens the vector is made of
sentence_bert_config.json           the longest text in tokens
config_sentence_transformers.json   prompts: texts put in front of each text, and which one is the default
"""

import dataclasses
import functools
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.encoder_folders import pinned_length
from kerasbert._core.errors import ConfigError, UnsafeArtifactError
from kerasbert._core.files import checked_member
from kerasbert._core.json_files import read_json_array, read_json_object
from kerasbert._core.names import DEFAULT_MAX_LENGTH, DEFAULT_POOLING
from kerasbert._core.paths import check_inside

MODULES_FILE = "modules.json"
POOLING_CONFIG = "config.json"
PROMPTS_FILE = "config_sentence_transformers.json"
# The same file under the names that it had over the years; the first one counts.
LENGTH_FILES = tuple(
    f"sentence_{family}_config.json"
    for family in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
# What sentence-transformers calls a pooling -> what it is called here.
POOLINGS = {"cls": "cls", "lasttoken": "last", "max": "max", "mean": "mean"}
# Older files have a flag for each; sentence-transformers takes the mean where they are silent about it.
FLAG, FLAG_END, MEAN_FLAG = "pooling_mode_", "_tokens", "pooling_mode_mean_tokens"
# Modules that change nothing of what a classifier reads: the encoder itself, unit length, dropout.
FOLLOWED = ("Transformer", "Pooling", "Normalize", "Dropout")
SHORTEST = 3


@dataclasses.dataclass(frozen=True)
class SentenceFolder:
    """What a folder of sentence-transformers says; the default of each field where it, or another folder, says nothing.

    Args:
        folder: its path, for messages.
        pooling: `"mean"`, `"cls"`, `"max"` or `"last"`.
        other_pooling: a pooling that is none of these.
        max_length: longest text in tokens.
        prompts: name -> text put in front of each text.
        prompt: the default one, empty for none.
        pools_prompt: whether the tokens of a prompt count in the pooling.
        lowers_case: whether texts are put into lower case before they are tokenized.
        left_out: names of the modules that are not followed.
    """

    folder: str = ""
    pooling: str | None = None
    other_pooling: str | None = None
    max_length: int | None = None
    prompts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    prompt: str = ""
    pools_prompt: bool = True
    lowers_case: bool = False
    left_out: tuple[str, ...] = ()

    def default_pooling(self) -> str:
        """Return the pooling to take where none is asked for.

        Raises:
            ConfigError: when the folder names one that is not known here, and the mean would give other vectors.
        """
        if self.other_pooling is None:
            return self.pooling or DEFAULT_POOLING
        raise ConfigError(
            f"{self.folder!r} names the pooling {self.other_pooling!r}, which is not followed here. Choose one with "
            f"`pooling`, such as pooling='mean', or give a layer of your own (kb.layers.Pooling)."
        )

    def prompt_of(self, prompt: str | None) -> str:
        """Return the text to put in front of each text.

        Args:
            prompt: what is asked for: a text, the name of a prompt of the folder, `""` for none; None: the default one.

        Raises:
            ConfigError: when the default one is to be left out of the pooling, which is not done here.
            TypeError: when it is no text.
        """
        if prompt is None:
            if self.prompt and not self.pools_prompt:
                raise ConfigError(
                    f"{self.folder!r} leaves its prompt {shorten(self.prompt)} out of the pooling, which is not followed "
                    f"here. Give prompt='' for no prompt, or the prompt itself, whose tokens are pooled then."
                )
            return self.prompt
        if not isinstance(prompt, str):
            raise TypeError(f"`prompt` must be a text, such as 'query: '; got {shorten(prompt)}.")
        return self.prompts.get(prompt, prompt)


NOTHING_SAID = SentenceFolder()


def read_sentence_folder(folder: str | os.PathLike[str]) -> SentenceFolder:
    """Read what a folder says; one without `modules.json` says nothing.

    Raises:
        ConfigError: when one of the files is malformed.
        UnsafeArtifactError: when a module or a link leads out of the folder.
    """
    folder = Path(folder)
    if not os.path.lexists(folder / MODULES_FILE):
        return NOTHING_SAID
    modules = _modules(folder)
    pooling = _pooling_of(folder, modules)
    length, lowers_case = _length_of(folder)
    prompts, prompt = _prompts_of(folder)
    return SentenceFolder(
        folder=str(folder),
        **pooling,
        max_length=pinned_length(folder) or length,
        prompts=prompts,
        prompt=prompt,
        lowers_case=lowers_case,
        left_out=tuple(path or kind for kind, path in modules if kind not in FOLLOWED and "Pooling" not in kind),
    )


def tell_defaults(said: SentenceFolder, **taken: Any) -> None:
    """Say on standard error, in one line and once, what a folder gave and what of it is not followed.

    Args:
        said: by the folder.
        **taken: name of an option -> value that came from the folder, or None; usual values are not told.
    """
    usual = {"pooling": DEFAULT_POOLING, "max_length": DEFAULT_MAX_LENGTH, "prompt": ""}
    parts = [f"{name} {value!r}" for name, value in taken.items() if value is not None and value != usual.get(name)]
    others = [name for name in said.prompts if said.prompts[name]]
    if "prompt" in taken and not taken["prompt"] and others:
        parts.append(f"no prompt (it has {', '.join(map(repr, others))})")
    if "pooling" in taken and said.left_out:
        parts.append(f"not followed: {', '.join(said.left_out)}")
    if parts:
        _say_once(
            f"kerasbert: {said.folder!r} is a folder of sentence-transformers; taken from it: {', '.join(parts)}."
        )


@functools.cache
def _say_once(line: str) -> None:
    print(line, file=sys.stderr)


def _modules(folder: Path) -> list[tuple[str, str]]:
    """Return class name and path of each module, in order."""
    file = checked_member(folder, MODULES_FILE)
    found = []
    for module in read_json_array(file):
        kind, path = (module.get(key) for key in ("type", "path")) if isinstance(module, Mapping) else (None, None)
        if not isinstance(kind, str) or not isinstance(path, str):
            raise ConfigError(f"{str(file)!r} must hold modules, each with `type` and `path`; got {shorten(module)}.")
        found.append((kind.rpartition(".")[2], path))
    return found


def _pooling_of(folder: Path, modules: list[tuple[str, str]]) -> dict[str, Any]:
    found = [(kind, path) for kind, path in modules if "Pooling" in kind]
    if not found:
        return {}
    kind, path = found[-1]
    if len(found) > 1 or kind != "Pooling":
        return {"other_pooling": " and ".join(kind for kind, _ in found)}
    if not os.path.lexists(_inner_folder(folder, path) / POOLING_CONFIG):
        return {"other_pooling": f"of {path}/{POOLING_CONFIG}, which is missing"}
    file = checked_member(_inner_folder(folder, path), POOLING_CONFIG)
    values = read_json_object(file)
    modes = _modes(values, file)
    known = POOLINGS.get(modes[0]) if len(modes) == 1 else None
    named = {"pooling": known} if known else {"other_pooling": " + ".join(modes) or "none"}
    return {**named, "pools_prompt": values.get("include_prompt", True) is not False}


def _inner_folder(folder: Path, path: str) -> Path:
    """Return the folder of a module; it lies in the folder itself, and so does what a link names."""
    if not path or path in (".", "..") or Path(path).name != path or "\\" in path or "\0" in path:
        raise UnsafeArtifactError(
            f"{str(folder / MODULES_FILE)!r}: the path of a module must be the bare name of a folder in it; got "
            f"{shorten(path)}."
        )
    check_inside(folder, folder / path)
    return folder / path


def _modes(values: Mapping[str, Any], file: Path) -> list[str]:
    """Return the poolings that a config names, several where their vectors are concatenated."""
    mode = values.get("pooling_mode")
    if mode is not None:
        listed = mode if isinstance(mode, list) else [mode]
        if not listed or not all(isinstance(one, str) for one in listed):
            raise ConfigError(f"{str(file)!r}: `pooling_mode` must be a name, such as 'mean'; got {shorten(mode)}.")
        return [one.lower() for one in listed]
    flags = {MEAN_FLAG: True, **{key: value for key, value in values.items() if key.startswith(FLAG)}}
    wrong = next((key for key, value in flags.items() if not isinstance(value, bool)), None)
    if wrong is not None:
        raise ConfigError(f"{str(file)!r}: `{wrong}` must be true or false; got {shorten(flags[wrong])}.")
    short = {f"{FLAG}cls_token": "cls", f"{FLAG}max{FLAG_END}": "max", MEAN_FLAG: "mean"}
    return [short.get(key, key.removeprefix(FLAG)) for key, value in flags.items() if value]


def _length_of(folder: Path) -> tuple[int | None, bool]:
    """Return the longest text in tokens, and whether texts are put into lower case."""
    name = next((name for name in LENGTH_FILES if os.path.lexists(folder / name)), None)
    if name is None:
        return None, False
    file = checked_member(folder, name)
    values = read_json_object(file)
    length = values.get("max_seq_length")
    if length is not None and (isinstance(length, bool) or not isinstance(length, int) or length < SHORTEST):
        raise ConfigError(
            f"{str(file)!r}: `max_seq_length` must be an integer of at least {SHORTEST}; got {shorten(length)}. Pass "
            f"max_length to choose one."
        )
    return length, values.get("do_lower_case") is True


def _prompts_of(folder: Path) -> tuple[dict[str, str], str]:
    """Return the prompts by name, and the default one."""
    if not os.path.lexists(folder / PROMPTS_FILE):
        return {}, ""
    file = checked_member(folder, PROMPTS_FILE)
    values = read_json_object(file)
    prompts, name = values.get("prompts") or {}, values.get("default_prompt_name")
    if not isinstance(prompts, Mapping) or not all(isinstance(text, str) for text in prompts.values()):
        raise ConfigError(f"{str(file)!r}: `prompts` must be texts by name; got {shorten(prompts)}.")
    if name is not None and name not in prompts:
        raise ConfigError(
            f"{str(file)!r}: `default_prompt_name` must be one of {', '.join(map(repr, prompts)) or 'none'}; got "
            f"{shorten(name)}."
        )
    return dict(prompts), "" if name is None else prompts[name]
