import os
import subprocess
import sys

import pytest

from kerasbert import ConfigError
from kerasbert._core import process

SCRIPT = """
import os, sys
import numpy as np
import kerasbert as kb

config = kb.BertConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
ids = np.array([[2, 5, 3]] * 3, "int32")
inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
model = kb.build_binary(encoder=config)
model.predict(inputs, verbose=0)
ways = {
    "predict": lambda: model.predict(inputs, verbose=0),
    "call": lambda: model(inputs),
    "fit": lambda: model.fit(inputs, np.ones((3, 1)), verbose=0),
    "encoder": lambda: kb.TFBertModel(config),
    "finetune": lambda: kb.finetune(model, None),
}
if os.fork() == 0:
    for name, way in ways.items():
        try:
            way()
        except kb.ConfigError as error:
            print(name, error, flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_is_told_instead_of_hanging():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120)
    told = [line for line in result.stdout.splitlines() if "was forked from it, where tensorflow would hang" in line]
    assert [line.split()[0] for line in told] == ["predict", "call", "fit", "encoder", "finetune"], result.stderr[
        -2000:
    ]
    assert "gunicorn without --preload" in told[0] and "get_context('spawn')" in told[0]


def test_the_process_that_used_models_first_goes_on(monkeypatch):
    monkeypatch.setattr(process, "_first_used_in", [])
    process.check_process("tensorflow")
    process.note_process()
    process.check_process("tensorflow")
    monkeypatch.setattr("os.getpid", lambda: -1)
    process.check_process("torch")
    with pytest.raises(ConfigError, match="before this one, -1, was forked from it, where jax would hang"):
        process.check_process("jax")
