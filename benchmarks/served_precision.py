"""Exported SavedModels of one classifier in turns, on the threads of TensorFlow: served_precision.py DATA VERSION_FOLDER...

Prints for each what a batch of 1 and of 32 raw texts takes, the median over all texts of DATA, and the ratio to the first.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

BATCHES = (1, 32)
CALLS = 30
WARM_UP = 5


def timed(ask, batch):
    """Seconds of one answer."""
    start = time.perf_counter()
    ask(text=batch)["probabilities"].numpy()
    return time.perf_counter() - start


def main(data, *folders):
    """Time all folders in turns and print a line for each."""
    from kerasbert.reading.readers import read_examples

    texts = list(read_examples(data, text_column="text").texts)
    models = {folder: tf.saved_model.load(folder) for folder in folders}
    for size in BATCHES:
        seconds = {folder: [] for folder in folders}
        for call in range(WARM_UP + CALLS):
            first = call * size % (len(texts) - size)
            batch = tf.constant(texts[first : first + size])
            for folder, model in models.items():
                seconds[folder].append(timed(model.signatures["serving_default"], batch))
        half = {folder: statistics.median(values[WARM_UP:]) * 1000 for folder, values in seconds.items()}
        for folder, value in half.items():
            print(f"{folder}, {size} texts: {value:.1f} ms, ratio {value / half[folders[0]]:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
