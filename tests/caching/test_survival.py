"""A cache whose writers are killed, whose file is damaged, and whose disk is full: never a wrong answer."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "benchmarks" / "prediction_cache.py"
ISOLATED = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
# Mounted in a name space of its own: no other process sees it, and it ends with this one.
MOUNTED = 'mount -t tmpfs -o size=SIZE none "$1" && exec "$2" "$3" "$1"'
CLIENT = """
import json, sys, warnings
import kerasbert_command
from prediction_cache import Toy, open_cache

toy, place = Toy(), sys.argv[1] + "/cache"
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    with open_cache(place) as cache:
        wrong = sum(toy.wrong(cache, list(range(start, start + 300))) for start in range(0, 3000, 300))
        again = toy.wrong(cache, list(range(3000)))
print(json.dumps([wrong, again, [str(one.message) for one in told]]))
"""


def run(*command):
    places = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(SCRIPT.parent)])}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, **places})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(("what", "count"), [("kills", 8), ("damage", 12)])
def test_no_answer_is_wrong(what, count):
    said = run(sys.executable, SCRIPT, what, "--count", count)
    assert re.match(rf"{count} {what[:4]}.*: 0 wrong answers, ", said), said


@pytest.mark.parametrize("size", ["16k", "600k"], ids=["full at once", "full later"])
def test_a_full_disk_is_told_once_and_answers_go_on(size, tmp_path):
    if not shutil.which("unshare") or subprocess.run([*ISOLATED, "mount -t tmpfs none /mnt"]).returncode:
        pytest.skip("this system lets no process mount a disk of its own")
    (tmp_path / "disk").mkdir()
    (tmp_path / "client.py").write_text(CLIENT)
    mounted = MOUNTED.replace("SIZE", size)
    said = run(*ISOLATED, mounted, "sh", tmp_path / "disk", sys.executable, tmp_path / "client.py")
    wrong, again, told = json.loads(said)
    assert wrong == again == 0
    assert len(told) == 1 and "cannot be used" in told[0] and "answers do not need it" in told[0]
