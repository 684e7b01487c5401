"""Stores of vectors: memory, `.npy` files that grow, or a Parquet file. All keep the texts' order."""

import contextlib
import io
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from kerasbert._core.errors import ArtifactError
from kerasbert._core.files import FILE_MARK
from kerasbert._version import __version__

Cell = tuple[int, str]
# Room for the header of an .npy file whose number of rows is known only at the end; a multiple of 64.
HEADER_BYTES = 192


class Store(Protocol):
    """Takes blocks of consecutive texts; a context manager that is finished when it is left."""

    def add(self, block: np.ndarray) -> None:
        """Take the vectors of the next m texts, (m, cells, hidden)."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: Any) -> None: ...


class MemoryStore:
    """Keeps the vectors in memory."""

    def __init__(self, cells: Sequence[Cell], hidden_size: int, dtype: str) -> None:
        self.cells, self.shape, self.dtype = tuple(cells), (0, len(cells), hidden_size), dtype
        self.blocks: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """Keep a block."""
        self.blocks.append(block.astype(self.dtype))

    def arrays(self) -> dict[Cell, np.ndarray]:
        """Return the vectors of all texts by cell, each (n, hidden)."""
        whole = np.concatenate(self.blocks) if self.blocks else np.zeros(self.shape, self.dtype)
        return {cell: whole[:, index] for index, cell in enumerate(self.cells)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        pass


class NpyStore:
    """Writes one `.npy` file for each cell, which `numpy.load(..., mmap_mode="r")` opens without reading it."""

    def __init__(self, folder: Path, cells: Sequence[Cell], hidden_size: int, dtype: str) -> None:
        self.folder, self.cells, self.hidden_size, self.dtype = folder, tuple(cells), hidden_size, np.dtype(dtype)
        self.num_texts = 0

    def add(self, block: np.ndarray) -> None:
        """Append a block to every file."""
        self.num_texts += len(block)
        with _told(self.folder):
            for index, file in enumerate(self.files):
                file.write(np.ascontiguousarray(block[:, index], dtype=self.dtype).data)

    def __enter__(self) -> Self:
        with _told(self.folder):
            self.files = [open(self.folder / npy_name(cell), "wb") for cell in self.cells]
            for file in self.files:
                file.write(bytes(HEADER_BYTES))
        return self

    def __exit__(self, *error: Any) -> None:
        header = npy_header((self.num_texts, self.hidden_size), self.dtype)
        with _told(self.folder), contextlib.ExitStack() as closed:
            for file in self.files:
                closed.callback(file.close)
            for file in self.files:
                file.seek(0)
                file.write(header)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Name the folder, and what to do, in errors of the disk."""
    try:
        yield
    except OSError as error:
        raise ArtifactError(
            f"The vectors in {str(folder)!r} could not be written: {error.strerror or error}. Make room there."
        ) from error


class ParquetStore:
    """Writes a Parquet file with a row for each text and a column of fixed-size lists for each cell."""

    def __init__(self, file: Path, cells: Sequence[Cell], hidden_size: int, dtype: str) -> None:
        import pyarrow as pa

        self.file, self.cells, self.hidden_size, self.dtype = file, tuple(cells), hidden_size, dtype
        kind = pa.list_(pa.from_numpy_dtype(np.dtype(dtype)), hidden_size)
        columns = [(column_name(cell), kind) for cell in self.cells]
        self.schema = pa.schema(columns, metadata={FILE_MARK: __version__})

    def add(self, block: np.ndarray) -> None:
        """Append a block as a row group."""
        import pyarrow as pa

        columns = [
            pa.FixedSizeListArray.from_arrays(
                pa.array(block[:, index].astype(self.dtype).reshape(-1)), self.hidden_size
            )
            for index in range(len(self.cells))
        ]
        self.writer.write_table(pa.Table.from_arrays(columns, schema=self.schema))

    def __enter__(self) -> Self:
        import pyarrow.parquet as pq

        # Vectors hardly compress, and dictionaries of floats only cost.
        self.writer = pq.ParquetWriter(self.file, self.schema, use_dictionary=False, compression="none")
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.writer.close()


def npy_name(cell: Cell) -> str:
    """Return the file name of a cell, such as `layer_03_mean.npy`."""
    return f"{column_name(cell)}.npy"


def column_name(cell: Cell) -> str:
    """Return the column name of a cell, such as `layer_03_mean`."""
    layer, pooling = cell
    return f"layer_{layer:02d}_{pooling}"


def npy_header(shape: tuple[int, int], dtype: np.dtype) -> bytes:
    """Return the header of an `.npy` file of format 1.0, padded to `HEADER_BYTES`."""
    plain = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(plain, described)
    text = plain.getvalue()[10:].rstrip(b" \n")
    room = HEADER_BYTES - 10
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", room) + text.ljust(room - 1) + b"\n"
