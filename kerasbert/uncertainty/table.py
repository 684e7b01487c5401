"""The kinds of fitted parts, and what files hold of them: plain data by kind, and arrays as `KIND/NAME`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError
from kerasbert.tasks.outputs import Outputs
from kerasbert.uncertainty.abstention import Abstention
from kerasbert.uncertainty.calibration import Calibration
from kerasbert.uncertainty.fitted import Fitted, FittedPart
from kerasbert.uncertainty.out_of_scope import OutOfScope
from kerasbert.uncertainty.sets import PredictionSets

PARTS: dict[str, type[FittedPart]] = {part.name: part for part in (Calibration, PredictionSets, OutOfScope, Abstention)}
# The key of descriptions under which they stand.
KEY = "uncertainty"
# The file of a saved classifier that holds their arrays, where they have some.
ARRAYS_FILE = "uncertainty.safetensors"


def describe_parts(fitted: Fitted, *, with_arrays: bool = True) -> dict[str, Any]:
    """Return `{KEY: plain data by kind}`, empty without parts; without arrays only the parts that have none."""
    plain = {name: part.to_plain() for name, part in fitted.items() if with_arrays or not part.arrays()}
    return {KEY: plain} if plain else {}


def arrays_of_parts(fitted: Fitted) -> dict[str, np.ndarray]:
    """Return the arrays of all parts, by the names in `ARRAYS_FILE`."""
    return {f"{name}/{key}": array for name, part in fitted.items() for key, array in part.arrays().items()}


def read_parts(
    description: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: Outputs, origin: str
) -> dict[str, FittedPart]:
    """Read the parts that a description holds; one without is of a classifier that has none.

    Args:
        description: with what `describe_parts` gave.
        arrays: what `arrays_of_parts` gave.
        outputs: of the classifier.
        origin: the file, for messages.

    Raises:
        ArtifactError: when a part is malformed, of other outputs, or of a kind that this version does not know.
    """
    stored = description.get(KEY, {})
    if not isinstance(stored, Mapping) or not all(isinstance(plain, Mapping) for plain in stored.values()):
        raise ArtifactError(f"{origin}: `{KEY}` must hold an object for each fitted part; got {shorten(stored)}.")
    return {name: _read(name, plain, arrays, outputs, origin) for name, plain in stored.items()}


def _read(
    name: str, plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: Outputs, origin: str
) -> FittedPart:
    if name not in PARTS:
        raise ArtifactError(
            f"{origin}: `{KEY}` holds {shorten(name)}, which this version does not know (it knows "
            f"{', '.join(PARTS)}). Install the kerasbert that wrote it."
        )
    own = {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}
    try:
        return PARTS[name].from_plain(plain, own, outputs)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ArtifactError(
            f"{origin}: `{KEY}/{name}` does not fit the classifier ({type(error).__name__}: {shorten(str(error), 300)}); "
            f"copy the folder again, or fit it again."
        ) from error
