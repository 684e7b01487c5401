import numpy as np
import pytest

import kerasbert as kb
from kerasbert.subclasses.vectors import text_vectors

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?", "refund please", "late", "where is my card", "good"]
LABELS = ["a"] * 8


def test_an_encoder_and_a_classifier_are_read_once(tiny_folder, saved_classifier, tmp_path):
    for source in (tiny_folder, saved_classifier("multiclass")):
        for attempt in range(2):
            with kb.PredictionCache(tmp_path / source.name) as cache:
                found = text_vectors(source, [*TEXTS, TEXTS[0]], cache=cache)
                assert cache.statistics["computed"] == (0 if attempt else 8)
            np.testing.assert_allclose(found, text_vectors(source, [*TEXTS, TEXTS[0]]), atol=1e-5)


def test_discovery_reads_texts_once(tiny_folder):
    cache = kb.PredictionCache()
    for _ in range(2):
        discovery = kb.discover_subclasses(TEXTS, LABELS, encoder=tiny_folder, max_number=3, cache=cache)
    assert cache.statistics["computed"] == 8 and len(discovery.sublabels) == 8
    with pytest.raises(kb.ConfigError, match="`cache` must be None with `features`, which are computed already"):
        kb.discover_subclasses(TEXTS, LABELS, features=np.eye(8), cache=cache)
