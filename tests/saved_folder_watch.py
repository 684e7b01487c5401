"""Load hostile saved folders under an audit hook, and print what was seen as one line of JSON.

python -m saved_folder_watch SAVED FOLDER
"""

import json
import pickle
import shutil
import sys
import warnings
from pathlib import Path

from encoders.checkpoints.watch import Watch, control

import kerasbert as kb
from kerasbert import KerasBertError
from kerasbert._core.files import atomic_dir_write


class Payload:
    """What a pickle would run."""

    def __reduce__(self):
        return (open, ("sentinel", "w"))


def pickled(folder):
    (folder / "model.safetensors").write_bytes(pickle.dumps(Payload()))


def described(**changes):
    """A change of classifier.json."""

    def spoil(folder):
        file = folder / "classifier.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    return spoil


def elsewhere(folder):
    file = folder / "tokenizer_config.json"
    file.write_text(
        json.dumps({"do_lower_case": True, "vocab_file": "/etc/passwd", "auto_map": {"AutoTokenizer": "evil.X"}})
    )


def linked(folder):
    (folder / "vocab.txt").unlink(missing_ok=True)
    (folder / "vocab.txt").symlink_to("/etc/passwd")


HOSTILE = {
    "pickle as weights": pickled,
    "builder of another module": described(builder="os.system", arguments={"command": "touch sentinel"}),
    "encoder elsewhere": described(arguments={"encoder": "/etc", "num_classes": ["a", "b"]}),
    "encoder on a hub": described(arguments={"encoder": "evil/model", "num_classes": ["a", "b"]}),
    "precision that imports": described(
        precision={"module": "os", "class_name": "system", "config": {"command": "true"}}
    ),
    "vocabulary elsewhere": elsewhere,
    "link as vocabulary": linked,
}


def forge(saved, folder, spoil):
    """A copy of a saved folder that is spoilt, with a manifest that agrees."""
    with atomic_dir_write(folder, kind="classifier") as beside:
        for file in saved.iterdir():
            if file.name != "manifest.json":
                shutil.copy(file, beside / file.name)
        spoil(beside)


def outcome(folder):
    """`"loaded"`, or the name of our error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            kb.load(folder)
        except KerasBertError as error:
            return type(error).__name__
    return "loaded"


def main(saved, root):
    watch = Watch(root)
    events = watch.during(control)
    folders = {name: root / str(number) for number, name in enumerate(HOSTILE)}
    for name, spoil in HOSTILE.items():
        forge(saved, folders[name], spoil)
    # Once without the hook, because a refusal may import what a good folder does not.
    outcomes = {name: outcome(folder) for name, folder in folders.items()}
    seen = {name: watch.during(lambda folder=folder: outcome(folder)) for name, folder in folders.items()}
    print(json.dumps({"outcomes": outcomes, "seen": {name: what for name, what in seen.items() if what},
                      "control": events, "sentinel": Path("sentinel").exists()}))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
