"""`kb.tasks`: what a classifier decides; a class for each task of a head, and one for each way to put heads together.

task            `Task`, abstract: everything that depends on the task of a head
thresholded     `ThresholdedTask`, abstract: sigmoid units, each decided by a threshold
binary, multiclass, multilabel      the tasks
levels          the tasks of the levels of a hierarchy
table           tasks by name; tasks as plain data
balance         the loss of a head, from the labels that it will see
outputs         `Outputs`, abstract: all heads of a classifier; `OutputPlan`: the same before the labels are known
single, several, hierarchical       the kinds of outputs, each with its plan
plans           outputs and plans from arguments
"""

from kerasbert.tasks.levels import ExclusiveLevel as ExclusiveLevel
from kerasbert.tasks.levels import IndependentLevel as IndependentLevel
from kerasbert.tasks.measures import Measure as Measure
from kerasbert.tasks.outputs import OutputPlan as OutputPlan
from kerasbert.tasks.outputs import Outputs as Outputs
from kerasbert.tasks.outputs import ReadLabels as ReadLabels
from kerasbert.tasks.task import EncodedLabels as EncodedLabels
from kerasbert.tasks.task import Task as Task
