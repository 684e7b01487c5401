"""`ProfileTexts`: any amount of texts in, one profile out; `MergeProfiles` merges profiles of parts."""

import os
import threading
from collections.abc import Iterable, Iterator
from typing import Any, final

import apache_beam as beam
from apache_beam.utils.shared import Shared

from kerasbert.monitoring.profile import Profile
from kerasbert.monitoring.vector_sample import SAMPLE_SIZE

# Texts that are profiled at a time.
FEWEST, MOST = 256, 4096


@final
class MergeProfiles(beam.CombineFn):
    """Merges profiles of one classifier to the bit to that of all of their texts, in whatever order they come.

    Used as `profiles | beam.CombineGlobally(MergeProfiles())`, or per key; of no profile it gives None.
    """

    def create_accumulator(self) -> Profile | None:
        """Return what no profile has given."""
        return None

    def add_input(self, accumulator: Profile | None, profile: Profile) -> Profile:
        """Add a profile."""
        return profile if accumulator is None else accumulator + profile

    def merge_accumulators(self, accumulators: Iterable[Profile | None]) -> Profile | None:
        """Add up what parts have given."""
        found = [one for one in accumulators if one is not None]
        return Profile.merge(found) if found else None

    def extract_output(self, accumulator: Profile | None) -> Profile | None:
        """Return the profile of all."""
        return accumulator


@final
class ProfileTexts(beam.PTransform):
    """Profiles a PCollection of `(text, label)`, label None where it is not known, as one profile of all texts.

    Each text is computed once, in batches whose bits do not depend on the bundle that it is in, so that one worker and a
    hundred of one kind give the same profile.

    Args:
        folder: of the classifier, which every worker has.
        sample_size: most texts whose vectors are kept.
    """

    def __init__(self, folder: str | os.PathLike[str], *, sample_size: int = SAMPLE_SIZE) -> None:
        super().__init__()
        self.folder = os.fspath(folder)
        self.sample_size = sample_size

    def expand(self, texts: Any) -> Any:
        """Return a PCollection of one profile."""
        return (
            texts
            | beam.BatchElements(min_batch_size=FEWEST, max_batch_size=MOST)
            | beam.ParDo(_ProfileBatch(self.folder, self.sample_size))
            | beam.CombineGlobally(MergeProfiles())
        )


class _ProfileBatch(beam.DoFn):
    """Profiles lists of texts; the threads of a worker share the classifier."""

    def __init__(self, folder: str, sample_size: int) -> None:
        self.folder, self.sample_size, self.shared = folder, sample_size, Shared()

    def setup(self) -> None:
        """Load the classifier, unless another thread has."""
        self.worker = self.shared.acquire(lambda: _Worker(self.folder, self.sample_size))

    def process(self, batch: list[tuple[str, Any]]) -> Iterator[Profile]:
        """Profile a list of texts."""
        texts, labels = zip(*batch, strict=True)
        with self.worker.lock:
            yield self.worker.profiler.profile(list(texts), list(labels))


class _Worker:
    """A profiler that one thread uses at a time."""

    def __init__(self, folder: str, sample_size: int) -> None:
        from kerasbert.monitoring.profiler import Profiler
        from kerasbert.saving.folder import load_trained

        self.lock = threading.Lock()
        self.profiler = Profiler(load_trained(folder), sample_size=sample_size)
