import json

import pytest

from kerasbert import DivergedError, cli, load

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps({"text": text, "label": "xyzy"[i % 4]}) + "\n" for i, text in enumerate(TEXTS)))
    return file


def test_the_last_good_weights_are_saved_and_the_rows_are_those_of_the_file(
    data, tiny_folder, tmp_path, monkeypatch, capsys
):
    def diverge(*arguments, **options):
        raise DivergedError("The loss became nan", 0, 1, [0, 2])

    monkeypatch.setattr("kerasbert.text_classifier.fitting.finetune", diverge)
    output = tmp_path / "model"
    code = cli.main(
        [
            *("train", str(data), "--task", "multiclass", "--output", str(output), "--encoder", str(tiny_folder)),
            *("--validation-fraction", "0.5", "--quiet"),
        ]
    )
    said = capsys.readouterr().err
    assert code == 1 and not output.exists()
    assert "The loss became nan in epoch 1 at batch 2, which holds rows" in said
    # Of the 24 rows half are held out, so that the third of the rest is not row 2 unless nothing was.
    named = said.split("which holds rows ")[1].split(" (counted")[0]
    assert all(1 <= int(row) <= 24 for row in named.split(", "))
    kept = load(tmp_path / "model.unfinished" / "last_good")
    assert kept.predict(["good card"])[0] in ("x", "y", "z")
