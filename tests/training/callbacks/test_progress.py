import numpy as np

from kerasbert import build_binary, finetune
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays


def test_every_epoch_leaves_a_line(tiny_config, capsys):
    batches = make_batches(TokenArrays.from_lists([[2, 5, 3]] * 4), np.ones((4, 1), "float32"), batch_size=2)
    finetune(build_binary(encoder=tiny_config), batches, epochs=3)
    lines = [line for line in capsys.readouterr().err.splitlines() if "loss" in line and " s " in line]
    assert [line.strip()[:9] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
