"""Every hidden state of BERT, inside and outside a functional model."""

import keras
import numpy as np

import kerasbert as kb


def main() -> tuple[int, tuple]:
    """Return how many hidden states there are, and the shape of a model's output that reads the third."""
    encoder = kb.TFBertModel.from_pretrained("all-MiniLM-L6-v2", num_hidden_layers=3)
    arrays = kb.TextEncoder.from_pretrained("all-MiniLM-L6-v2").encode(["Where is my parcel?"])
    input_ids = arrays.input_ids[np.newaxis]
    states = encoder(input_ids=input_ids).hidden_states

    inputs = keras.Input((None,), dtype="int32", name="input_ids")
    third = encoder(inputs).hidden_states[2]
    model = keras.Model(inputs, keras.layers.GlobalMaxPooling1D()(third))
    return len(states), tuple(model(input_ids).shape)


if __name__ == "__main__":
    print(main())
