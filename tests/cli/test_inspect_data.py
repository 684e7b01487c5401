"""`kerasbert inspect DATA`: lines, JSON and page; the options that go with data and with folders."""

import json
import re

import pytest

from kerasbert import cli

TEXTS = ["good card", "bad <b>parcel</b>", "thanks", "good card"] * 3


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text;label\n" + "".join(f"{text};{'xy'[n % 2]}\n" for n, text in enumerate(TEXTS)))
    return path


def run(*arguments):
    return cli.main(["inspect", *map(str, arguments)])


def test_lines_and_the_command(data, tiny_folder, capsys):
    assert run(data, "--encoder", tiny_folder, "--max-length", "3") == 0
    output = capsys.readouterr().out
    assert "CSV, with semicolons between cells (which the file makes likely); 12 texts" in output
    assert "Columns: text (texts), label (labels)" in output and "9 repeat an earlier one" in output
    assert re.search(r"x +6 +50\.0%", output) and "Of the texts a maximum length of 3 cuts" in output
    assert "train reads 12 texts with 2 labels, positive label 'y'" in output
    assert f"  kerasbert train {data} --task binary --output model --delimiter ';' --encoder" in output


def test_as_json_with_a_second_file(data, tiny_folder, tmp_path, capsys):
    (tmp_path / "test.jsonl").write_text('{"text": "THANKS"}\n{"text": "new"}\n')
    assert run(data, "--against", tmp_path / "test.jsonl", "--encoder", tiny_folder, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["labels"], found["overlap"]["num_texts"]) == ({"x": 6, "y": 6}, 3)
    assert found["options"] == {"delimiter": ";"} and found["likely"] == ["delimiter"]


def test_the_page_is_escaped_and_loads_nothing(data, tiny_folder, tmp_path, capsys):
    page = tmp_path / "data.html"
    assert run(data, "--report", page, "--encoder", tiny_folder, "--against", data) == 0
    assert "The page is at" in capsys.readouterr().err
    content = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;parcel" in content and "<b>" not in content
    assert not re.search(r"https?:|<script|src=\"(?!data:)", content) and "width=device-width" in content
    assert "12 texts, 2 labels" in content and "kerasbert train" in content and "Repeated texts" in content
    assert run(data, "--report", page, "--encoder", tiny_folder) == 1
    assert "exists; choose another name" in capsys.readouterr().err
    assert run(data, "--report", page, "--encoder", tiny_folder, "--overwrite") == 0


def test_many_labels_are_cut(tiny_folder, tmp_path, capsys):
    (tmp_path / "data.jsonl").write_text(
        "".join(json.dumps({"text": "a", "label": f"l{n % 40}"}) + "\n" for n in range(80))
    )
    assert run(tmp_path / "data.jsonl", "--encoder", tiny_folder) == 0
    assert "... and 11 more" in capsys.readouterr().out


REFUSED = {
    "text": (["{data}", "--text", "a"], 2, "--text goes with a saved classifier, checkpoint or export"),
    "overwrite": (["{data}", "--overwrite"], 2, "--overwrite goes with --report"),
    "delimiter": (["{data}", "--delimiter", "||"], 1, "`delimiter` must be one character such as ';', or 'tab'"),
    "quoting": (["{data}", "--quoting", "no"], 2, "--quoting must be one of csv, none; got 'no'"),
    "sheet": (["{data}", "--sheet", "A"], 1, "`sheet` goes with .xlsx; got 'A' with"),
    "label column": (["{data}", "--label-column", "lable"], 1, "has no column 'lable'; it has 'text', 'label'. Did you mean"),
    "missing": (["no.csv"], 1, "no.csv does not exist"),
    "against": (["{data}", "--against", "no.csv"], 1, "no.csv does not exist"),
    "folder against": (["{folder}", "--against", "{data}"], 2, "--against goes with a data file"),
    "folder json": (["{folder}", "--json"], 2, "--json goes with a data file"),
    "folder encoding": (["{folder}", "--encoding", "cp1252"], 2, "--encoding goes with a data file"),
    "folder length": (["{folder}", "--max-length", "9"], 2, "--max-length goes with --text, or with a data file"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_options_that_do_not_go_together(arguments, code, words, data, tiny_folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [part.format(data=data, folder=tiny_folder) for part in arguments]
    if code == 1:
        given += ["--encoder", tiny_folder]
    assert run(*given) == code
    assert words in " ".join(re.sub(r"[│╭╮╰╯─]", " ", capsys.readouterr().err).split())
