"""`kb.callbacks`: callbacks for `finetune` and for Keras's `fit`."""

from kerasbert.training.average_checkpoint import AverageModelCheckpoint as AverageModelCheckpoint
from kerasbert.training.time_stopping import TimeStopping as TimeStopping
