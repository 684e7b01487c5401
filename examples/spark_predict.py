"""Predict data files with Spark, without Beam: each Python worker of an executor holds the classifier.

pip install 'pyspark>=4.0,<5'   # and a Java runtime
spark-submit --master 'local[2]' examples/spark_predict.py --model models/intents --files data/a.jsonl --output predictions
"""

import argparse
import functools
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession


@functools.cache
def loaded(folder: str) -> Any:
    """The classifier of a Python worker, loaded once; Spark keeps its workers from task to task."""
    # A worker for each core: so one thread of TensorFlow in each, set before it starts.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    import kerasbert as kb

    return kb.load(folder).trained_


def predict(frames: Iterator[pd.DataFrame], folder: str) -> Iterator[pd.DataFrame]:
    """Add columns to each frame: the labels of its texts, and the probabilities of all labels."""
    for frame in frames:
        labels, probabilities = loaded(folder).predict_with_proba(frame["text"].tolist())
        # Several of a multi-label classifier, else one.
        yield frame.assign(labels=[np.atleast_1d(own).tolist() for own in labels], scores=probabilities.tolist())


def main(arguments: Sequence[str]) -> None:
    """Read JSON lines, predict them on the cluster that Spark was submitted to, and write Parquet files."""
    parser = argparse.ArgumentParser(description="Predict data files with Spark.")
    parser.add_argument("--model", required=True, help="folder of the classifier, which every executor has")
    parser.add_argument("--files", required=True, nargs="+", help="files of JSON lines with the key `text`")
    parser.add_argument("--output", required=True, help="new folder of the predictions")
    parser.add_argument("--partitions", type=int, default=2, help="parts of the rows; some times the number of cores")
    own = parser.parse_args(arguments)
    spark = SparkSession.builder.appName("kerasbert").getOrCreate()
    # Workers import this file, so that what they have loaded stays with them; what is in `__main__` is sent for each task.
    spark.sparkContext.addPyFile(__file__)
    from spark_predict import predict

    # Texts that a worker gets at a time: they are sorted by length, so that many are better.
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 4096)
    rows = spark.read.json(own.files).select("text").repartition(own.partitions)
    schema = "text string, labels array<string>, scores array<double>"
    rows.mapInPandas(functools.partial(predict, folder=own.model), schema).write.parquet(own.output)


if __name__ == "__main__":
    main(sys.argv[1:])
