"""`kb.tasks`: what a classifier decides: a class for each task of a head, and one for each way to combine heads."""

from kerasbert.tasks.levels import ExclusiveLevel as ExclusiveLevel
from kerasbert.tasks.levels import IndependentLevel as IndependentLevel
from kerasbert.tasks.measures import Measure as Measure
from kerasbert.tasks.outputs import OutputPlan as OutputPlan
from kerasbert.tasks.outputs import Outputs as Outputs
from kerasbert.tasks.outputs import ReadLabels as ReadLabels
from kerasbert.tasks.task import EncodedLabels as EncodedLabels
from kerasbert.tasks.task import Task as Task
