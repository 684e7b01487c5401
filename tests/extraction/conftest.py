import pytest

import kerasbert as kb

TEXTS = ["good card !", "bad", "where is my parcel ?", "", "thanks", "late late late lost", "refund my card please"]


@pytest.fixture(scope="session")
def texts():
    return list(TEXTS)


@pytest.fixture(scope="session")
def expected(tiny_folder):
    """Every hidden state of every text alone, without padding: the vectors by (layer, pooling)."""
    import numpy as np

    encoder = kb.TFBertModel.from_pretrained(tiny_folder)
    tokens = kb.data.Tokenizer.from_folder(tiny_folder, max_length=40)
    rules = {
        "mean": lambda rows: rows.mean(0),
        "cls": lambda rows: rows[0],
        "last": lambda rows: rows[-1],
        "max": lambda rows: rows.max(0),
    }
    vectors = {}
    for text in TEXTS:
        ids = tokens.encode([text]).input_ids[None]
        for layer, state in enumerate(encoder(ids).hidden_states):
            for name, rule in rules.items():
                vectors.setdefault((layer, name), []).append(rule(keras_to_numpy(state)[0]))
    return {cell: np.stack(rows) for cell, rows in vectors.items()}


def keras_to_numpy(value):
    import keras

    return keras.ops.convert_to_numpy(value)
