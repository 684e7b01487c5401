"""The tokenizer in the graph and the `tokenizers` library on the same texts, on two threads: graph_tokenizer.py DATA [BATCH]."""

import os
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "2"

from _sides import compare

ROUNDS = 5


def seconds_per_text(encode, batches):
    """Microseconds for each text, the best of some rounds."""
    encode(batches[0])
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for batch in batches:
            encode(batch)
        best = min(best, time.perf_counter() - start)
    return best / sum(map(len, batches)) * 1e6


def read(data, batch):
    """The tokenizer, and the texts of a file in batches."""
    from kerasbert.data import Tokenizer
    from kerasbert.reading.readers import read_examples

    texts, size = list(read_examples(data, text_column="text").texts), int(batch)
    return Tokenizer.from_pretrained("all-MiniLM-L6-v2"), [texts[i : i + size] for i in range(0, len(texts), size)]


def graph(data, batch="32"):
    """Time the ops of an exported graph."""
    import tensorflow as tf

    from kerasbert.tokenization.graph_tokenizer import GraphTokenizer

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    tokens, batches = read(data, batch)
    spec = tf.TensorSpec([None], tf.string)
    encode = tf.function(GraphTokenizer(tokens).__call__, input_signature=[spec], autograph=False)
    return seconds_per_text(lambda texts: encode(tf.constant(texts))["input_ids"].numpy(), batches)


def library(data, batch="32"):
    """Time the library, with truncation and padding."""
    tokens, batches = read(data, batch)
    tokenizer = tokens.backend
    tokenizer.enable_truncation(tokens.max_length)
    tokenizer.enable_padding()
    return seconds_per_text(tokenizer.encode_batch, batches)


if __name__ == "__main__":
    compare(
        {"graph": graph, "library": library}, sys.argv[-2:] if "--side" in sys.argv else sys.argv[1:], unit="us a text"
    )
