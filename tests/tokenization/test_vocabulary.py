import pytest

from kerasbert import ConfigError
from kerasbert.tokenization import vocabulary as module
from kerasbert.tokenization.vocabulary import read_vocabulary

SPECIAL = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"


@pytest.fixture
def read(tmp_path):
    def read_bytes(content):
        (tmp_path / "vocab.txt").write_bytes(content)
        return read_vocabulary(tmp_path / "vocab.txt")

    return read_bytes


@pytest.mark.parametrize("content", [SPECIAL + b"a\n", SPECIAL + b"a"], ids=["end", "no-end"])
def test_line_numbers_are_ids(read, content):
    assert read(content) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]


def test_only_line_feeds_end_a_line(read):
    assert read(SPECIAL + "a\u2028b\n".encode())[5:] == ["a\u2028b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SPECIAL + b"a\nb\na\n", "line 8: 'a' is already on line 6"),
        (SPECIAL + b"a\n\nb\n", "line 7 is blank"),
        (SPECIAL + b"a\n\n", "line 7 is blank"),
        (SPECIAL + b"a \nb\n", "line 6: white space around the token 'a '"),
        (SPECIAL + b"\ta\n", "line 6: white space around the token"),
        (SPECIAL.replace(b"\n", b"\r\n"), "line 1 ends in a carriage return; save it with line feeds only, as `tr -d"),
        (b"\xef\xbb\xbf" + SPECIAL, "line 1 starts with a byte-order mark"),
        (SPECIAL + b"a\n\xff\n", "line 7 is not UTF-8 at byte 33"),
        (b"", "is empty; it must hold one token a line"),
        (b"\n\n", "is empty"),
        (SPECIAL.replace(b"[UNK]\n", b""), r"lacks \[UNK\]; a BERT vocabulary has"),
        (SPECIAL.replace(b"[MASK]\n", b"").replace(b"[CLS]\n", b""), r"lacks \[CLS\], \[MASK\]"),
        (SPECIAL + b"x" * 1_000_001 + b"\n", "line 6: a token must have at most 1000000 characters; got 1000001"),
        (SPECIAL + b"\n".join(b"%d" % n for n in range(1_000_000)), "has 1000005 lines; at most 1000000 are read"),
    ],
    ids="twice blank blank-end space tab crlf bom utf8 empty only-blank no-unk no-two long-line many-lines".split(),
)
def test_faults(read, content, message):
    with pytest.raises(ConfigError, match=f"vocab.txt' {message}") as caught:
        read(content)
    assert len(str(caught.value)) < 400


def test_missing(tmp_path):
    with pytest.raises(ConfigError, match="vocab.txt' is missing"):
        read_vocabulary(tmp_path / "vocab.txt")


def test_huge_file_is_not_read(read, monkeypatch):
    monkeypatch.setattr(module, "MAXIMUM_BYTES", 10)
    with pytest.raises(ConfigError, match="has 31 bytes; at most 10 are read"):
        read(SPECIAL)
