"""`kb.subclasses`: finer classes inside the classes, found without labels or learned on a classifier's features."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.subclasses.agreement import score_agreement as score_agreement
    from kerasbert.subclasses.discovery import ClassDiscovery as ClassDiscovery
    from kerasbert.subclasses.discovery import Discovery as Discovery
    from kerasbert.subclasses.discovery import Subclass as Subclass
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
