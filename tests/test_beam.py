import importlib
import sys

import pytest


def test_without_beam_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    monkeypatch.delitem(sys.modules, "kerasbert.beam", raising=False)
    with pytest.raises(ImportError, match=r"needs Apache Beam: pip install 'kerasbert\[beam\]'"):
        importlib.import_module("kerasbert.beam")
