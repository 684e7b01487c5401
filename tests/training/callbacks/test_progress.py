import numpy as np

from kerasbert import build_binary, finetune
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.training.callbacks.progress import Progress


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
