"""Predict data files with Ray Data, without Beam: an actor for each core holds the classifier.

pip install 'ray[data]>=2.50,<3'
python examples/ray_predict.py --model models/intents --files data/a.jsonl --output predictions
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import ray

import kerasbert as kb


class Predictor:
    """An actor: loads the classifier once, and answers batches of rows."""

    def __init__(self, folder: str) -> None:
        self.trained = kb.load(folder).trained_

    def __call__(self, rows: dict[str, np.ndarray]) -> dict[str, Any]:
        """Add columns to a batch: the labels of each text, and the probabilities of all labels."""
        labels, probabilities = self.trained.predict_with_proba(rows["text"].tolist())
        # Several of a multi-label classifier, else one.
        return {**rows, "labels": [np.atleast_1d(own).tolist() for own in labels], "scores": probabilities.tolist()}


def main(arguments: Sequence[str]) -> None:
    """Read JSON lines, predict them on the cluster that `ray.init` finds or starts, and write Parquet files."""
    parser = argparse.ArgumentParser(description="Predict data files with Ray Data.")
    parser.add_argument("--model", required=True, help="folder of the classifier, which every node has")
    parser.add_argument("--files", required=True, nargs="+", help="files of JSON lines with the key `text`")
    parser.add_argument("--output", required=True, help="new folder of the predictions")
    parser.add_argument("--actors", type=int, help="processes that hold the classifier; else all cores but one")
    own = parser.parse_args(arguments)
    # An actor for each core: so one thread of TensorFlow in each.
    ray.init(runtime_env={"env_vars": {"TF_NUM_INTRAOP_THREADS": "1"}}, ignore_reinit_error=True)
    # Reading and writing need a core that no actor holds.
    actors = own.actors or max(1, int(ray.cluster_resources()["CPU"]) - 1)
    rows = ray.data.read_json(own.files, lines=True)
    predicted = rows.map_batches(
        Predictor,
        fn_constructor_args=[own.model],
        batch_size=4096,
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=1,
    )
    predicted.write_parquet(own.output)


if __name__ == "__main__":
    main(sys.argv[1:])
