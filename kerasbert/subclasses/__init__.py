"""`kb.subclasses`: finer classes inside the classes, found without labels or learned on a classifier's features."""

from kerasbert.subclasses.agreement import score_agreement as score_agreement
from kerasbert.subclasses.discovery import ClassDiscovery as ClassDiscovery
from kerasbert.subclasses.discovery import Discovery as Discovery
from kerasbert.subclasses.discovery import Subclass as Subclass
