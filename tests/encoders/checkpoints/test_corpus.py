"""Every malformed checkpoint gets its own error, in this process and in one that watches what is touched."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kerasbert import TFBertModel

from . import corpus
from .corpus import CASES, SENTINEL, make_good

# Under the address limit of a service, and far below what any of the bombs claims.
MOST_GROWTH_MB = 200


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_malformed_checkpoint(case, tmp_path):
    if case.needs:
        pytest.importorskip(case.needs)
    make_good(tmp_path)
    case.spoil(tmp_path)
    with pytest.raises(case.error, match=case.message):
        TFBertModel.from_pretrained(tmp_path)
    assert not (tmp_path / SENTINEL).exists()


def test_good_folder_loads(tmp_path):
    make_good(tmp_path)
    assert TFBertModel.from_pretrained(tmp_path).config == corpus.CONFIG


def test_corpus_is_whole():
    groups = {name: len(getattr(corpus, name.upper())) for name in corpus.COUNTS}
    assert groups == corpus.COUNTS
    assert sum(groups.values()) == len(CASES), "two cases have one name"


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """What a process saw that loads every malformed folder under an audit hook."""
    folder = tmp_path_factory.mktemp("watched")
    command = [sys.executable, "-m", "encoders.checkpoints.watch", str(folder)]
    tests = Path(__file__).parents[2]
    finished = subprocess.run(command, cwd=tests, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.mark.long
def test_nothing_is_run_or_touched_outside(watched):
    assert watched["seen"] == {}
    assert watched["sentinels"] == []


@pytest.mark.long
def test_memory_does_not_grow(watched):
    assert watched["growth_mb"] < MOST_GROWTH_MB


@pytest.mark.long
def test_watching_sees_what_is_done(watched):
    assert watched["cases"] >= len(CASES) - len(corpus.BIN)
    assert watched["control"] == ["open", "subprocess.Popen"]
