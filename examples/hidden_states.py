"""Every hidden state of BERT, inside and outside a functional model."""

import keras

import kerasbert as kb


def main() -> tuple[int, tuple]:
    """Return how many hidden states there are, and the shape of a model's output that reads the third."""
    encoder = kb.TFBertModel.from_pretrained("all-MiniLM-L6-v2", num_hidden_layers=3)
    tokens = kb.data.Tokenizer.from_pretrained("all-MiniLM-L6-v2")
    batch = tokens(["Where is my parcel?"])
    states = encoder(batch).hidden_states

    inputs = keras.Input((None,), dtype="int32", name="input_ids")
    third = encoder(inputs).hidden_states[2]
    model = keras.Model(inputs, keras.layers.GlobalMaxPooling1D()(third))
    return len(states), tuple(model(batch["input_ids"]).shape)


if __name__ == "__main__":
    print(main())
