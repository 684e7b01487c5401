"""`kb.tasks`: what a classifier decides, by the tasks of its heads."""

from kerasbert.tasks.head_tasks import HeadTask as HeadTask
from kerasbert.tasks.head_tasks import LevelTask as LevelTask
from kerasbert.tasks.head_tasks import TaskRow as TaskRow
