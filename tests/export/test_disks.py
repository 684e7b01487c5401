"""Every format onto a disk that is full, and onto one that takes nothing: real ones, mounted for one process."""

import json
import shutil
import subprocess
import sys

import pytest
from trained_classifiers import trained

pytestmark = pytest.mark.long

FORMATS = ("saved_model", "tflite", "huggingface", "onnx")
# Mounted in a name space of its own: no other process sees them, and they end with this one.
MOUNTED = (
    'mkdir "$1/full" "$1/read" && mount -t tmpfs -o size=16k none "$1/full" && mount -t tmpfs -o ro none "$1/read" && '
)
ISOLATED = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
CLIENT = """
import contextlib, io, json, os, sys
from kerasbert import cli

folder, done = sys.argv[1], {}
for disk in ("full", "read"):
    for name in sys.argv[2:]:
        said, place = io.StringIO(), os.path.join(folder, disk, name)
        with contextlib.redirect_stderr(said):
            code = cli.main(["export", os.path.join(folder, "saved"), "--format", name, "--output", place])
        left = [one for _, folders, files in os.walk(os.path.join(folder, disk)) for one in files]
        done[f"{disk} {name}"] = [code, said.getvalue(), left]
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def told(tiny_folder, tmp_path_factory):
    """Disk and format -> the exit code, what was said, and what was left behind."""
    folder = tmp_path_factory.mktemp("disks")
    if not shutil.which("unshare") or subprocess.run([*ISOLATED, "mount -t tmpfs none /mnt"]).returncode:
        pytest.skip("this system lets no process mount a disk of its own")
    trained("multiclass", tiny_folder).save(folder / "saved")
    command = [*ISOLATED, MOUNTED + 'exec "$2" -c "$3" "$1" "$4" "$5" "$6" "$7"', "sh"]
    run = subprocess.run([*command, str(folder), sys.executable, CLIENT, *FORMATS], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_told_and_left_empty(name, told):
    code, said, left = told[f"full {name}"]
    assert code == 1 and "Error: " in said.splitlines()[-1] and left == []
    assert "space" in said


@pytest.mark.parametrize("name", FORMATS)
def test_a_read_only_disk_is_told(name, told):
    code, said, left = told[f"read {name}"]
    assert code == 1 and "not a writable folder" in said.splitlines()[-1] and left == []
