import numpy as np
import pytest

from kerasbert.training.checkpoints.batch_log import HEADER, BatchLog

LINES = [f"1,{step},4,0a1b2c3d,0.5\n" for step in range(1, 7)]

DAMAGES = {
    "zeros at the end": ("".join(LINES[:3]) + "\0" * 40 + "\n", 3, True),
    "zeros without an end": ("".join(LINES[:3]) + "\0" * 40, 3, False),
    "half a line": ("".join(LINES[:3]) + "1,4", 3, False),
    "a whole line without its end": ("".join(LINES[:3]) + LINES[3].rstrip("\n"), 3, False),
    "in the middle": (LINES[0] + "\0\xff\n" + "".join(LINES[2:]), 1, True),
    "no numbers": (LINES[0] + "a,b,c,d,e\n", 1, True),
    "huge number": (LINES[0] + "9" * 5000 + ",1,1,0a1b2c3d,0.5\n", 1, True),
    "one cell": (LINES[0] + "1\n", 1, True),
}


@pytest.mark.parametrize(("content", "whole", "is_kept"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_log_does_not_block(content, whole, is_kept, tmp_path, capsys):
    file = tmp_path / "batches.csv"
    file.write_bytes((HEADER + content).encode("latin-1"))
    log = BatchLog(tmp_path)
    log.open(0, 4)
    log.write(0, 4, np.array([1]), 0.25)
    log.close()
    lines = file.read_text().splitlines(keepends=True)
    assert lines[:-1] == [HEADER, *LINES[:whole]] and lines[-1].startswith("1,5,1,")
    assert len(list(tmp_path.glob("damaged-*"))) == is_kept == ("is damaged and is kept as" in capsys.readouterr().err)


OTHERS = {
    "of somebody else": lambda file: file.write_text("day,sales\n1,2\n"),
    "a folder": lambda file: file.mkdir(),
    "a link to nowhere": lambda file: file.symlink_to("nothing"),
    "zeros": lambda file: file.write_bytes(bytes(100) + b"\n"),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_what_is_no_log_is_kept_beside(make, tmp_path):
    make(tmp_path / "batches.csv")
    BatchLog(tmp_path).open(0, 0)
    assert (tmp_path / "batches.csv").read_text() == HEADER
    assert len(list(tmp_path.glob("damaged-*"))) == 1


@pytest.mark.parametrize("content", ["", HEADER], ids=["empty", "header"])
def test_a_log_without_lines_is_a_log(content, tmp_path):
    (tmp_path / "batches.csv").write_text(content)
    BatchLog(tmp_path).open(0, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["batches.csv"]


def test_lines_from_the_checkpoint_on_are_written_again(tmp_path):
    (tmp_path / "batches.csv").write_text(HEADER + "".join(LINES))
    BatchLog(tmp_path).open(0, 2)
    assert (tmp_path / "batches.csv").read_text() == HEADER + "".join(LINES[:2])
