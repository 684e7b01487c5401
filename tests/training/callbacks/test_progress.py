import numpy as np

from kerasbert import Multilabel, build_binary, build_layerwise, finetune
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.training.callbacks.progress import Progress, fitted_line


def test_every_epoch_leaves_a_line(tiny_config, capsys):
    batches = make_batches(TokenArrays.from_lists([[2, 5, 3]] * 4), np.ones((4, 1), "float32"), batch_size=2)
    finetune(build_binary(encoder=tiny_config), batches, epochs=3)
    lines = [line for line in capsys.readouterr().err.splitlines() if "loss" in line and " s " in line]
    assert [line.strip()[:9] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]


def test_nothing_is_told_of_a_loss_before_there_is_one():
    bar = Progress(steps=2, epochs=1, num_examples=4, num_tokens=None, padding=None)
    bar.on_train_begin()
    assert bar.bar.tasks[0].fields["state"] == "tracing the first step"
    bar.on_epoch_begin(0)
    bar.on_train_batch_begin(0)
    bar.on_train_batch_end(0, {"loss": 0.25})
    assert bar.bar.tasks[0].fields["state"].endswith("texts/s  loss 0.2500")
    bar.on_train_end()


def test_an_epoch_of_a_layerwise_model_fits_a_line(tiny_config, capsys):
    labels = np.eye(2, dtype="float32")[[0, 1, 0, 1]]
    batches = make_batches(TokenArrays.from_lists([[2, 5, 3]] * 4), labels, batch_size=2)
    finetune(build_layerwise(Multilabel(["a", "b"]), encoder=tiny_config, layers=(0, 1)), batches, batches, epochs=2)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch")]
    assert len(lines) == 2 and all(len(line) <= 80 and "layer" not in line for line in lines)
    assert all("  loss " in line and "  val_loss " in line and "  val_macro_f1 " in line for line in lines)


def test_the_highest_ranks_are_left_out():
    parts = [(0, "epoch 1/3"), (3, "9 texts/s"), (4, "5 tokens/s"), (0, "loss 1")]
    assert fitted_line(parts, None) == fitted_line(parts, 40) == "epoch 1/3  9 texts/s  5 tokens/s  loss 1"
    assert fitted_line(parts, 39) == "epoch 1/3  9 texts/s  loss 1"
    assert fitted_line(parts, 5) == "epoch 1/3  loss 1"
