import pytest
from matplotlib.figure import Figure

from kerasbert import ArtifactError, ConfigError
from kerasbert._core.pictures import MARKED, save_figure


@pytest.mark.parametrize("ending", MARKED)
def test_a_picture_of_ours_is_replaced(ending, tmp_path):
    for _ in range(2):
        save_figure(Figure(), tmp_path / f"p{ending}")
    assert [path.name for path in tmp_path.iterdir()] == [f"p{ending}"]


@pytest.mark.parametrize("ending", MARKED)
def test_a_picture_of_somebody_else_stays(ending, tmp_path):
    Figure().savefig(tmp_path / f"p{ending}")
    before = (tmp_path / f"p{ending}").read_bytes()
    with pytest.raises(ArtifactError, match="exists and was not written by kerasbert; choose another name"):
        save_figure(Figure(), tmp_path / f"p{ending}")
    assert (tmp_path / f"p{ending}").read_bytes() == before


@pytest.mark.parametrize("name", ["p", "p.txt", "p.png.bak"])
def test_another_ending_is_refused(name, tmp_path):
    with pytest.raises(ConfigError, match="`file` must end in .pdf, .png or .svg; got"):
        save_figure(Figure(), tmp_path / name)


def test_a_device_is_no_picture(tmp_path):
    (tmp_path / "p.png").symlink_to("/dev/null")
    with pytest.raises(ArtifactError, match="is a folder or a device"):
        save_figure(Figure(), tmp_path / "p.png")
