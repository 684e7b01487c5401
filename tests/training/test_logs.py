import csv

import pytest

from kerasbert import finetune, make_batches
from kerasbert.training.logs import draw_curves


def lines_of(folder):
    return list(csv.DictReader((folder / "history.csv").open()))


def train(toy_model, toy_batches, folder, **options):
    held_out = make_batches(toy_batches.tokens, toy_batches.labels, batch_size=8)
    return finetune(
        toy_model(), toy_batches, held_out, epochs=3, patience=9, log_dir=folder, progress=False, **options
    ).history


def test_history_curves_and_events(toy_model, toy_batches, tmp_path):
    history = train(toy_model, toy_batches, tmp_path / "logs")
    lines = lines_of(tmp_path / "logs")
    assert [line["epoch"] for line in lines] == ["1", "2", "3"]
    for name in ("loss", "val_loss", "accuracy"):
        assert [float(line[name]) for line in lines] == pytest.approx(history[name], abs=1e-6)
    assert float(lines[0]["seconds"]) > 0 and float(lines[-1]["learning_rate"]) == 0.0
    assert (tmp_path / "logs" / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "logs" / "train").glob("events.out.tfevents.*"))
    assert list((tmp_path / "logs" / "validation").glob("events.out.tfevents.*"))


def test_a_resumed_training_has_each_epoch_once(toy_model, toy_batches, tmp_path):
    import keras

    class Fail(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise RuntimeError

    place = {"checkpoint_dir": tmp_path / "run"}
    with pytest.raises(RuntimeError):
        train(toy_model, toy_batches, tmp_path / "logs", callbacks=[Fail()], **place)
    train(toy_model, toy_batches, tmp_path / "logs", **place)
    assert [line["epoch"] for line in lines_of(tmp_path / "logs")] == ["1", "2", "3"]


def test_no_lines_draw_nothing(tmp_path):
    draw_curves([], tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()
