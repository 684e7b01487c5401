import numpy as np
import pytest

import kerasbert as kb
from kerasbert.subclasses.discovery_map import draw_map, spread_out


def test_labels_do_not_lie_on_each_other():
    middles = np.array([[0.0, 0], [0.1, 0], [0.1, 0], [5, 5]])
    moved = spread_out(middles, 1.0, 0.5)
    for one in range(4):
        for other in range(one):
            assert abs(moved[one] - moved[other])[0] >= 0.99 or abs(moved[one] - moved[other])[1] >= 0.49
    assert moved[3].tolist() == [5, 5]


def test_the_map_has_the_terms_on_it(monkeypatch):
    figure = pytest.importorskip("matplotlib.figure")
    written, original = [], figure.Figure.savefig

    def savefig(self, *arguments, **options):
        written.extend(text.get_text() for text in self.axes[0].texts)
        return original(self, *arguments, **options)

    monkeypatch.setattr(figure.Figure, "savefig", savefig)
    features = np.eye(3)[np.repeat([0, 1], 5)] + 0.01 * np.arange(30).reshape(10, 3)
    found = kb.discover_subclasses(["refund $5"] * 5 + ["late"] * 5, ["$a"] * 10, features=features, number=2)
    assert draw_map(found.classes["$a"]).startswith(b"\x89PNG")
    assert sorted(text.split("\n")[1] for text in written) == ["late", "refund"]
