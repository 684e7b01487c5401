from kerasbert.evaluation.report.page import HERE, clean, format_number, shorten_text


def test_numbers_and_texts():
    assert format_number(1.0) == "1.000" and format_number(None) == "–"
    assert shorten_text("x" * 400) == "x" * 319 + "…" and shorten_text("short") == "short"
    assert clean("a\x00b\u202ec\n") == "a b c "


def test_the_template_writes_nothing_unescaped():
    template = (HERE / "report.html").read_text(encoding="utf-8")
    assert "|safe" not in template and "<script" not in template
