"""The options of what is kept of a training to compare later texts with."""

import dataclasses


@dataclasses.dataclass(kw_only=True)
class MonitoringSettings:
    """What is kept to compare later texts with.

    Args:
        reference: whether a profile of the validation texts is kept with the classifier, which later texts are compared with.
            It holds no text, costs one more prediction of at most 10,000 of them, and needs texts in memory.
    """

    reference: bool = True
