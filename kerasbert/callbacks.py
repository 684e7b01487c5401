"""`kb.callbacks`: callbacks for `finetune` and for Keras's `fit`."""

from kerasbert.training.callbacks.average_checkpoint import AverageModelCheckpoint as AverageModelCheckpoint
from kerasbert.training.callbacks.time_stopping import TimeStopping as TimeStopping
