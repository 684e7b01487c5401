"""Reader of `pytorch_model.bin`, a pickle, which only PyTorch's restricted loader may open."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError, UnsafeArtifactError
from kerasbert.encoders.checkpoints.source import TensorSource, clean_names

# The first release whose `weights_only` neither runs code nor corrupts memory (CVE-2025-32434, CVE-2026-24747).
FIRST_SAFE_TORCH = (2, 10)


class TorchSource(TensorSource):
    """Tensors of a PyTorch state dict in memory."""

    def __init__(self, state: Mapping[str, Any], origin: str) -> None:
        super().__init__(origin)
        self.state = {name: tensor for name, tensor in state.items() if is_tensor(name, tensor)}
        self.by_name = clean_names(self.state, origin)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.state[self.by_name[name]].shape)

    def read(self, name: str) -> np.ndarray:
        tensor = self.state[self.by_name[name]].detach().cpu()
        if not tensor.is_floating_point():
            raise CheckpointError(f"{self.origin}: {name} must be of floating-point numbers; got {tensor.dtype}.")
        return np.asarray(tensor.float().numpy())


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
        raise CheckpointError(
            f"{str(file)!r} needs PyTorch >= 2.10 to be opened safely; got {torch.__version__}. Update it, "
            f"or convert the file: AutoModel.from_pretrained(folder).save_pretrained(folder) writes model.safetensors."
        )
    try:
        _check_stored(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except CheckpointError:
        raise
    except Exception as error:
        # PyTorch raises many kinds of errors for a file that is cut, and one kind for what is no tensor.
        if type(error).__name__ == "UnpicklingError":
            raise UnsafeArtifactError(
                f"{str(file)!r} is cut or holds more than tensors; refused: {shorten(str(error))}"
            ) from error
        raise CheckpointError(f"{str(file)!r} is not a readable PyTorch file: {shorten(str(error))}") from error
    if not isinstance(state, Mapping) or not state:
        raise CheckpointError(f"{str(file)!r} must hold tensors by name; got {type(state).__name__}.")
    for name, tensor in state.items():
        if is_tensor(name, tensor):
            _check_dense(file, name, tensor)
    return TorchSource(state, repr(str(file)))


def is_tensor(name: Any, tensor: Any) -> bool:
    """Return whether an entry of a state dict is a named tensor; some hold versions and the like besides."""
    return isinstance(name, str) and hasattr(tensor, "shape") and hasattr(tensor, "detach")


def _check_dense(file: Path, name: str, tensor: Any) -> None:
    # A few bytes can claim any shape by a stride of zero, and would become as large as they claim when they are copied.
    strided = str(tensor.layout) == "torch.strided" and not tensor.is_quantized and tensor.device.type == "cpu"
    if not strided or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise CheckpointError(
            f"{str(file)!r}: {shorten(name)} of shape {shorten(tuple(tensor.shape))} must be stored whole; it is not."
        )


def _check_stored(file: Path) -> None:
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    # PyTorch stores without compression; an archive that grows when it is unpacked was made by something else.
    if unpacked > file.stat().st_size:
        raise CheckpointError(
            f"{str(file)!r} would unpack to {unpacked} bytes from {file.stat().st_size}; PyTorch writes none like it."
        )
