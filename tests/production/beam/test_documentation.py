"""The Python blocks of docs/beam.md run."""

import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: scripts/test --beam runs these")
ROOT = Path(__file__).parents[3]
BLOCKS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "beam.md").read_text(encoding="utf-8"), re.M | re.S)
pytestmark = pytest.mark.beam


def test_scripts_use_names_that_exist():
    import kerasbert.beam

    for script in ("examples/beam_predict.py", "benchmarks/beam_scaling.py"):
        used = re.search(r"^from kerasbert.beam import (.*)$", (ROOT / script).read_text(encoding="utf-8"), re.M)
        assert all(hasattr(kerasbert.beam, name) for name in used[1].split(", "))


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number, saved_classifier, tmp_path, monkeypatch, capsys):
    shutil.copytree(saved_classifier("multiclass"), tmp_path / "models" / "intents")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text('{"text": "good card", "id": 1}\n')
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[number], "block", "exec"), {"__name__": "__main__"})
    assert (tmp_path / "predictions").is_dir() or capsys.readouterr().out
