"""Trains on one device and on two logical CPUs, and prints how far the results are apart, as JSON.

A script of its own, because logical devices are settled before TensorFlow starts.
"""

import json
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import kerasbert as kb
from kerasbert.tokenization.token_arrays import TokenArrays

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

CONFIG = kb.BertConfig(
    vocab_size=30,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=40,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)
FOLDER = tempfile.TemporaryDirectory()
LENGTHS = np.random.default_rng(0).integers(1, 9, size=49)
ROWS = [[2, *((np.arange(n) * 7 + row) % 25 + 5).tolist(), 3] for row, n in enumerate(LENGTHS)]
CLASSES = np.array([row % 3 for row in range(49)], "int32")
FLAGS = np.eye(3, 2, dtype="float32")[CLASSES]


def multiclass():
    return kb.build_multiclass(3, encoder=CONFIG, dropout=0.0)


def multitask():
    heads = {"topic": kb.Multiclass(3), "flags": kb.Multilabel(2)}
    return kb.build_multitask(heads, encoder=CONFIG, dropout=0.0)


def windows():
    return kb.build_multiclass(3, encoder=CONFIG, dropout=0.0, window_pooling="attention")


def own_model():
    """A functional model of two inputs beside the texts, and of a number for each text and each token."""
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {
        prefix + name: keras.Input((None,), dtype="int32", name=prefix + name)
        for prefix in ("", "b_")
        for name in names
    }
    encoder = kb.TFBertModel(CONFIG, add_pooling_layer=False)
    states, others = (
        encoder({name: inputs[prefix + name] for name in names}).last_hidden_state for prefix in ("", "b_")
    )
    number = inputs["number"] = keras.Input((1,), name="number")
    whole = keras.layers.Concatenate()([states[:, 0], others[:, 0], number])
    outputs = {"whole": keras.layers.Dense(1)(whole), "tokens": keras.layers.Dense(2, activation="softmax")(states)}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", {"whole": "mse", "tokens": "sparse_categorical_crossentropy"}, metrics={"whole": ["mae"]})
    return model


def window_arrays():
    from kerasbert.tokenization.long_texts import WindowArrays

    counts = np.arange(49) % 3 + 1
    parts = [[2, 5 + row % 20, 6 + part, 3] for row, count in enumerate(counts) for part in range(count)]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return WindowArrays(TokenArrays.from_lists(parts), offsets, np.zeros(49, bool), 20)


def shards():
    """Batches of 3 to 14 texts from TFRecord shards, of which the last is odd."""
    folder = Path(tempfile.mkdtemp(dir=FOLDER.name))
    words = [f"w{number}" for number in range(25)]
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]) + "\n")
    rows = [
        {"text": " ".join(words[token - 5] for token in row[1:-1]), "label": f"c{label}"}
        for row, label in zip(ROWS, CLASSES.tolist(), strict=True)
    ]
    for part in range(2):
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[part::2]))
    cache = kb.data.prepare_tokens(folder / "*.jsonl", folder / "tokens", task="multiclass", encoder=folder)
    return kb.data.stream_batches(cache, token_budget=60)


# What to build, on which texts and labels, how; 49 rows in batches of 12 leave one row for the last batch.
CASES = {
    "heads, accumulation and averages": (
        multitask,
        None,
        {"topic": CLASSES, "flags": FLAGS},
        {"balance": "balanced", "gradient_accumulation_steps": 3, "ema": 0.9, "epochs": 3},
    ),
    "frozen": (multiclass, None, CLASSES, {"freeze": "encoder", "epochs": 2}),
    "windows": (windows, window_arrays(), CLASSES, {"epochs": 2}),
    "a user's model": (
        own_model,
        None,
        {"whole": CLASSES.astype("float32"), "tokens": (np.arange(12) % 2)[None].repeat(49, 0)},
        {"epochs": 2, "lengths": [12], "other_inputs": {"number": LENGTHS, "b": TokenArrays.from_lists(ROWS[::-1])}},
    ),
    "stream": (multiclass, "stream", CLASSES, {"epochs": 2}),
    "frozen stream": (multiclass, "stream", CLASSES, {"freeze": "encoder", "epochs": 2}),
}


def train(case, strategy):
    build, tokens, labels, options = CASES[case]
    own = {name: options[name] for name in ("lengths", "other_inputs") if name in options}
    options = {name: value for name, value in options.items() if name not in own}
    arrays = TokenArrays.from_lists(ROWS) if tokens is None or tokens == "stream" else tokens
    keras.utils.set_random_seed(1)
    model = build()
    batches = (
        shards() if tokens == "stream" else kb.data.make_batches(arrays, labels, batch_size=12, shuffle=True, **own)
    )
    held_out = kb.data.make_batches(arrays, labels, batch_size=12, **own)
    # A norm of the gradients far below what they have, so that every step is clipped.
    history = kb.finetune(
        model,
        batches,
        held_out,
        learning_rate=1e-3,
        global_clipnorm=0.05,
        patience=9,
        strategy=strategy,
        verbose=False,
        **options,
    ).history
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()]), history


def apart(case):
    start = train(case, "one")
    (one, history), (two, other) = start, train(case, "mirrored")
    figures = [np.max(np.abs(np.subtract(history[name], other[name]))) for name in history]
    return {
        "weights": float(np.abs(one - two).max()),
        "history": float(max(figures)),
        "same names": list(history) == list(other),
    }


if __name__ == "__main__":
    print(json.dumps({case: apart(case) for case in sys.argv[1:] or CASES}))
