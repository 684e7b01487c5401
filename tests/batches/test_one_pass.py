"""From rows to batches by the names of `kb.data`."""

import kerasbert.data


def test_one_pass_from_rows_to_batches(toy_folder):
    data = kerasbert.data
    examples = data.read_examples(
        [{"text": "hello a", "label": "x"}, {"text": "b", "label": "y"}], label_columns="label"
    )
    names = data.collect_label_names(examples.labels["label"])
    labels = data.encode_binary(examples.labels["label"], names)
    batches = data.make_batches(data.Tokenizer.from_folder(toy_folder).encode(examples.texts), labels)
    inputs, seen = next(iter(batches.dataset))
    assert inputs["input_ids"].numpy().tolist() == [[2, 5, 10, 3], [2, 11, 3, 0]]
    assert seen.numpy().tolist() == [[0.0], [1.0]]
