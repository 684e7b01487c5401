"""Folders often mistaken for a checkpoint: recognise them and say what to give instead."""

import re
from pathlib import Path

from kerasbert._core.checks import shorten

ADAPTER_FILE = "adapter_config.json"
CONFIG_FILES = ("config.json", "bert_config.json")
TRAINER_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
TRANSFORMER_MODULE = re.compile(r"\d+_Transformer")


def explain_folder(folder: Path) -> str | None:
    """What a folder without a checkpoint is, and what to give instead; None where that is not known.

    Args:
        folder: of a kind that programs around transformers write.

    Returns:
        A sentence or two that begin with the folder.

    Example:
        >>> explain_folder(Path("no/such/folder")) is None
        True
    """
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
            f"{str(folder / modules[0])!r}."
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
    """Recognise an adapter of PEFT, which holds only what was added to another model's weights."""
    return (
        f"{str(folder)!r} holds a PEFT adapter ({ADAPTER_FILE}), which is no whole model. Where PEFT is installed, merge it: "
        f"AutoPeftModelForSequenceClassification.from_pretrained(folder).merge_and_unload().save_pretrained(merged); save the "
        f"tokenizer there too, and give the folder `merged`."
    )
