import random

import pytest
from trained_classifiers import LABELS, TEXTS

from kerasbert import load
from kerasbert.monitoring import Profiler

beam = pytest.importorskip("apache_beam", reason="Apache Beam is not installed: scripts/test --beam runs these")
from apache_beam.testing.util import assert_that, equal_to  # noqa: E402

from kerasbert.production.beam import profile_texts  # noqa: E402
from kerasbert.production.beam.profile_texts import MergeProfiles, ProfileTexts  # noqa: E402

ROWS = list(zip(TEXTS * 5, LABELS * 4 + [None] * 8, strict=True))


@pytest.fixture(scope="module")
def profiler(saved_classifier):
    return Profiler(load(saved_classifier("multiclass")))


@pytest.fixture(scope="module")
def whole(profiler):
    return profiler.profile(*zip(*ROWS, strict=True)).to_bytes()


def test_the_profile_of_a_pipeline_is_to_the_bit_that_of_all_texts(saved_classifier, whole, monkeypatch):
    monkeypatch.setattr(profile_texts, "FEWEST", 3)
    monkeypatch.setattr(profile_texts, "MOST", 3)
    rows = random.Random(0).sample(ROWS, len(ROWS))
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        found = pipeline | beam.Create(rows) | ProfileTexts(saved_classifier("multiclass"))
        assert_that(found | beam.Map(lambda profile: profile.to_bytes()), equal_to([whole]))


def test_profiles_of_parts_merge_in_any_order(profiler, whole):
    merged, parts = MergeProfiles(), [profiler.profile(*zip(*ROWS[start::4], strict=True)) for start in range(4)]
    two = [merged.add_input(merged.add_input(merged.create_accumulator(), parts[i]), parts[i + 1]) for i in (0, 2)]
    for order in (two, two[::-1], [None, *two]):
        assert merged.extract_output(merged.merge_accumulators(order)).to_bytes() == whole
    assert merged.extract_output(merged.merge_accumulators([None])) is None
