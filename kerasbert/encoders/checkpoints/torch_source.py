"""Reader of `pytorch_model.bin`, a pickle, which only PyTorch's restricted loader may open."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError, UnsafeArtifactError
from kerasbert.encoders.checkpoints.source import TensorSource, clean_names

# The first release whose `weights_only` is not known to be passed by (CVE-2025-32434).
FIRST_SAFE_TORCH = (2, 6)


class TorchSource(TensorSource):
    """Tensors of a PyTorch state dict in memory.

    Args:
        state: tensor name -> tensor.
        origin: named in messages.
    """

    def __init__(self, state: Mapping[str, Any], origin: str) -> None:
        super().__init__(origin)
        self.state = {name: tensor for name, tensor in state.items() if hasattr(tensor, "shape")}
        self.by_name = clean_names(list(self.state))

    def names(self) -> Sequence[str]:
        return list(self.by_name)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.state[self.by_name[name]].shape)

    def read(self, name: str) -> np.ndarray:
        tensor = self.state[self.by_name[name]].detach().cpu()
        if not tensor.is_floating_point():
            raise CheckpointError(f"{self.origin}: {name} must be of floating-point numbers; got {tensor.dtype}.")
        return tensor.float().numpy()


def open_torch_file(file: Path) -> TorchSource:
    """Open a `pytorch_model.bin` through PyTorch's `weights_only`.

    Raises:
        CheckpointError: when PyTorch is missing or too old, or the file holds no tensors.
        UnsafeArtifactError: when the file holds more than tensors.
    """
    try:
        import torch
    except ImportError as error:
        raise CheckpointError(
            f"{str(file)!r} is a pickle, which only PyTorch may open: pip install 'kerasbert[torch]', or convert it where "
            f"PyTorch is: AutoModel.from_pretrained(folder).save_pretrained(folder) writes model.safetensors."
        ) from error
    version = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
    if version < FIRST_SAFE_TORCH:
        raise CheckpointError(f"{str(file)!r} needs PyTorch >= 2.6 to be opened safely; got {torch.__version__}.")
    import pickle

    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnsafeArtifactError(f"{str(file)!r} holds more than tensors; refused: {shorten(str(error))}") from error
    except Exception as error:
        # PyTorch raises many kinds of errors for a file that is cut.
        raise CheckpointError(f"{str(file)!r} is not a readable PyTorch file: {shorten(str(error))}") from error
    if not isinstance(state, Mapping) or not state:
        raise CheckpointError(f"{str(file)!r} must hold tensors by name; got {type(state).__name__}.")
    return TorchSource(state, repr(str(file)))
