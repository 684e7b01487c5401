import pytest

from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert.cli.predictions import check_predictions_file

REFUSED = {
    "suffix": ("p.txt", ConfigError, "`predictions` must end in .csv or .jsonl; got .*p.txt"),
    "foreign": ("mine.csv", ArtifactError, "mine.csv.* was not written by kerasbert"),
    "folder": ("folder.csv", ArtifactError, "is a folder or a device"),
}


@pytest.mark.parametrize(("name", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_where_predictions_cannot_be_written(name, kind, words, tmp_path):
    (tmp_path / "mine.csv").write_text("text,label\n")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(kind, match=words):
        check_predictions_file(tmp_path / name, overwrite=True)


def test_only_predictions_are_replaced_and_only_when_asked(tmp_path):
    file = tmp_path / "p.csv"
    file.write_text("text,labels,predicted,a,error_rank\n")
    check_predictions_file(file, overwrite=True)
    with pytest.raises(ArtifactError, match="exists; choose another name"):
        check_predictions_file(file, overwrite=False)
