"""What the tests of whole pipelines share: a few data files, a run of them, and what it has to give."""

import gzip
import json

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions

# What pipelines of this process gave, by the name under which it is kept: a step is unpickled, and this name stays the same.
FOUND = {}
TEXTS = ["good card", "bad parcel!", "thanks", "lost parcel ?"]


def keep(name):
    """A step that keeps elements in `FOUND[name]`, in no order."""
    FOUND[name] = []
    return f"Keep {name}" >> beam.ParDo(_Keep(name))


class _Keep(beam.DoFn):
    def __init__(self, name):
        self.name = name

    def process(self, element):
        FOUND[self.name].append(element)


def write_data(folder):
    """Write four texts in three files of different formats, and two rows that cannot be used."""
    (folder / "a.jsonl").write_text('{"text": "good card", "id": 7}\n{"text": null, "id": 8}\n')
    (folder / "b.csv").write_text("id,text\n9,bad parcel!\n")
    (folder / "c.jsonl.gz").write_bytes(
        gzip.compress(b'{"text": "thanks", "id": null}\nbroken\n{"text": "lost parcel ?", "id": 4}\n')
    )
    return folder


def run(transform, *options):
    """Run a transform on the local runner, or on the one that the options name."""
    with beam.Pipeline(options=PipelineOptions([*(options or ["--runner=FnApiRunner"])])) as pipeline:
        pipeline | transform


def rows_of(folder, name):
    files = sorted(folder.glob(f"{name}-*.jsonl"))
    assert files
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def check_rows(rows, classifier):
    assert sorted(row["text"] for row in rows) == sorted(TEXTS)
    for row in rows:
        assert row["labels"] == [classifier.predict([row["text"]])[0]]
        expected = classifier.predict_proba([row["text"]])[0]
        np.testing.assert_allclose(list(row["scores"].values()), expected, atol=1e-6)
