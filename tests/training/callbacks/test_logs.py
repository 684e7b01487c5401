import csv

import pytest
import tensorflow as tf

from kerasbert import ArtifactError, finetune
from kerasbert.data import make_batches
from kerasbert.training.callbacks.logs import RateLog, draw_curves, make_logs


def lines_of(folder):
    return list(csv.DictReader((folder / "history.csv").open()))


def events(folder, tag):
    """What TensorFlow's own reader finds."""
    (file,) = folder.glob("events.out.tfevents.*")
    read = [value for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value]
    return [value.simple_value for value in read if value.tag == tag]


def train(toy_model, toy_batches, folder, **options):
    held_out = make_batches(toy_batches.token_arrays, toy_batches.labels, batch_size=8)
    return finetune(
        toy_model(), toy_batches, held_out, epochs=3, patience=9, log_dir=folder, verbose=False, **options
    ).history


def test_history_curves_and_events(toy_model, toy_batches, tmp_path):
    rates = RateLog()
    history = train(toy_model, toy_batches, tmp_path / "logs", callbacks=[rates])
    lines = lines_of(tmp_path / "logs")
    assert [line["epoch"] for line in lines] == ["1", "2", "3"]
    for name in ("loss", "val_loss", "accuracy"):
        assert [float(line[name]) for line in lines] == pytest.approx(history[name], abs=1e-6)
    assert float(lines[0]["seconds"]) > 0 and float(lines[-1]["learning_rate"]) == 0.0
    assert rates.rates == [float(line["learning_rate"]) for line in lines]
    assert (tmp_path / "logs" / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert events(tmp_path / "logs" / "train", "epoch_loss") == pytest.approx(history["loss"], abs=1e-6)
    assert events(tmp_path / "logs" / "validation", "epoch_loss") == pytest.approx(history["val_loss"], abs=1e-6)


def test_a_resumed_training_has_each_epoch_once(toy_model, toy_batches, tmp_path):
    import keras

    class Fail(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise RuntimeError

    place = {"checkpoint_dir": tmp_path / "run"}
    with pytest.raises(RuntimeError):
        train(toy_model, toy_batches, tmp_path / "logs", callbacks=[RateLog(), Fail()], **place)
    rates = RateLog()
    train(toy_model, toy_batches, tmp_path / "logs", callbacks=[rates], **place)
    assert rates.rates == [float(line["learning_rate"]) for line in lines_of(tmp_path / "logs")]
    assert [line["epoch"] for line in lines_of(tmp_path / "logs")] == ["1", "2", "3"]


def test_no_lines_draw_nothing(tmp_path):
    draw_curves([], tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()


OTHERS = {"history.csv": "day,sales\n", "curves.png": "a picture of mine"}


@pytest.mark.parametrize(("name", "content"), OTHERS.items(), ids=OTHERS)
def test_files_of_somebody_else_are_not_written_over(name, content, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(ArtifactError, match=f"{name}' exists and was not written by kerasbert"):
        make_logs(tmp_path)
    assert (tmp_path / name).read_text() == content
