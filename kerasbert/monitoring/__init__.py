"""`kb.monitoring`: profiles of texts and answers, the reference of a classifier, and what has changed since."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.monitoring.comparison import compare_profiles as compare_profiles
    from kerasbert.monitoring.drift_check import AccuracyFacts as AccuracyFacts
    from kerasbert.monitoring.drift_check import DriftCheck as DriftCheck
    from kerasbert.monitoring.drift_check import DriftTest as DriftTest
    from kerasbert.monitoring.drift_check import LabelShare as LabelShare
    from kerasbert.monitoring.drift_check import Moved as Moved
    from kerasbert.monitoring.drift_check import SliceFacts as SliceFacts
    from kerasbert.monitoring.monitor_report import Bucket as Bucket
    from kerasbert.monitoring.monitor_report import MonitorReport as MonitorReport
    from kerasbert.monitoring.profile import HeadProfile as HeadProfile
    from kerasbert.monitoring.profile import Profile as Profile
    from kerasbert.monitoring.profiler import LabelledTexts as LabelledTexts
    from kerasbert.monitoring.profiler import Profiler as Profiler
    from kerasbert.monitoring.reference import Reference as Reference
    from kerasbert.monitoring.reference import make_reference as make_reference
    from kerasbert.monitoring.reference import read_reference as read_reference
    from kerasbert.monitoring.reference import reference_of as reference_of
    from kerasbert.monitoring.reference import with_reference as with_reference
    from kerasbert.monitoring.vector_sample import VectorSample as VectorSample
    from kerasbert.monitoring.watching import monitor_texts as monitor_texts
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
