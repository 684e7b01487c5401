"""Saved folders that were changed, by accident or on purpose: the same answer or our error, and nothing else."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasbert as kb
from kerasbert import KerasBertError
from kerasbert._core.files import atomic_dir_write

TEXTS = ["good parcel", "bad card !"]


@pytest.fixture(scope="module")
def saved(tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults") / "model"
    classifier = kb.TextClassifier("multilabel", encoder=tiny_folder, epochs=1, verbose=False)
    classifier.fit(["good", "bad", "lost", "late"] * 4, [["a"], ["b"], ["a", "b"], []] * 4).save(folder)
    return folder


@pytest.fixture(scope="module")
def expected(saved):
    return kb.load(saved).predict_proba(TEXTS)


def flip(file, generator, last=None):
    """Turn one random bit of a file over."""
    content = bytearray(file.read_bytes())
    position = generator.randrange(min(len(content), last or len(content)))
    content[position] ^= 1 << generator.randrange(8)
    file.write_bytes(content)


def test_every_flipped_bit_is_told_or_harmless(saved, expected, tmp_path):
    generator, refused = random.Random(0), 0
    files = sorted(file.name for file in saved.iterdir())
    for number in range(600):
        folder = tmp_path / "copy"
        shutil.copytree(saved, folder)
        flip(folder / files[number % len(files)], generator)
        try:
            probabilities = kb.load(folder).predict_proba(TEXTS)
        except KerasBertError:
            refused += 1
        else:
            np.testing.assert_array_equal(probabilities, expected)
        shutil.rmtree(folder)
    # Every flip but those in the white space of the manifest.
    assert refused > 580


def forge(saved, folder, name, generator):
    """A copy with one bit turned over in a file, and a manifest that agrees."""
    with atomic_dir_write(folder, kind="classifier") as beside:
        for file in saved.iterdir():
            if file.name != "manifest.json":
                shutil.copy(file, beside / file.name)
        # The description of a safetensors file and of a tokenizer stands at its beginning.
        flip(beside / name, generator, 3000)


@pytest.mark.parametrize("name", ["classifier.json", "metrics.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.filterwarnings("ignore")
def test_a_forged_folder_gets_our_error_or_loads(name, saved, tmp_path):
    generator, refused = random.Random(1), 0
    for number in range(12):
        folder = tmp_path / str(number)
        forge(saved, folder, name, generator)
        try:
            probabilities = kb.load(folder).predict_proba(TEXTS)
        except KerasBertError:
            refused += 1
        else:
            assert np.isfinite(probabilities).all()
    assert refused or name == "metrics.json"


@pytest.fixture(scope="module")
def watched(saved, tmp_path_factory):
    """What a process saw that loads hostile folders under an audit hook."""
    folder = tmp_path_factory.mktemp("hostile")
    command = [sys.executable, "-m", "saved_folder_watch", str(saved), str(folder)]
    finished = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads(finished.stdout.splitlines()[-1])


def test_hostile_folders_touch_nothing_outside(watched):
    assert watched["seen"] == {}
    assert not watched["sentinel"]
    assert set(watched["control"]) >= {"open", "subprocess.Popen"}


def test_hostile_folders_are_refused(watched):
    harmless = {"vocabulary elsewhere"}
    refused = {name for name, outcome in watched["outcomes"].items() if outcome != "loaded"}
    assert refused >= set(watched["outcomes"]) - harmless
