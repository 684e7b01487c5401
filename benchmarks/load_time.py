"""`kb.load` and the first prediction, over importing TensorFlow and building the same model bare.

    python benchmarks/load_time.py SAVED_FOLDER

Both sides run in fresh processes, in turn; seconds are printed, and the median ratio of five rounds.
"""

import sys
import time
from pathlib import Path

from _sides import compare

START = time.perf_counter()


def run_load(folder: str) -> float:
    """Seconds from the start of Python to the first answer."""
    import kerasbert as kb

    kb.load(folder).predict(["Where is my parcel?"])
    return time.perf_counter() - START


def run_bare(folder: str) -> float:
    """Seconds to import TensorFlow and build the model with fresh weights."""
    import tensorflow  # noqa: F401

    import kerasbert as kb
    from kerasbert._core.json_files import read_json_object
    from kerasbert.saving.rebuild import BUILDERS

    description = read_json_object(Path(folder) / "classifier.json")
    arguments = description["arguments"]
    arguments["encoder"] = kb.BertConfig.from_dict(arguments["encoder"])
    BUILDERS[description["builder"]](**arguments, compile=False)
    return time.perf_counter() - START


if __name__ == "__main__":
    compare({"load and predict": run_load, "bare": run_bare}, sys.argv[1:2], unit="s", rounds=5)
