"""`FixedState`: what a cache knows results by that are computed by something which never changes."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, final

from kerasbert._core.names import PACKAGE
from kerasbert._version import __version__


@final
class FixedState:
    """What never changes, such as an exported file, as a `State` of `PredictionCache.rows`.

    Args:
        facts: everything that results follow from beside the tokens, plain data for JSON, such as the SHA-256 of the file and
            the precision that it is computed in.

    Example:
        >>> FixedState({"file": "f00d"}).digest == FixedState({"file": "f00d"}).digest, FixedState({}).unchanged()
        (True, True)
    """

    notices_undone = True

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.digest = hashlib.sha256(json.dumps([PACKAGE, __version__, facts], sort_keys=True).encode()).digest()

    def unchanged(self) -> bool:
        """Whether all is as it was: always."""
        return True
