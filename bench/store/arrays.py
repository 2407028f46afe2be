"""Arrays of a result as one archive of NumPy (``.npz``), in memory."""

import io
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np

WEIGHT = "weight_"  # prefix of the name of each array of a trained network
_MAX_UNPACKED = 2**32  # bytes of all arrays that are unpacked at once
# What NumPy and the archives that it reads raise where bytes are something else.
_UNREADABLE = (
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Write arrays as a compressed archive, the same bytes for the same arrays.

    This takes longer than storing it: it is called where the arrays are made.
    """
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def unpack(
    raw: bytes, *, weights: bool, training: bool = True
) -> dict[str, np.ndarray]:
    """Read the arrays of an archive; nothing is unpickled.

    Parameters
    ----------
    weights : bool
        Whether to read the weights of a trained network too, most of the archive.
    training : bool
        Whether to read the predictions for training curves too.

    Raises
    ------
    ValueError
        If it is no archive of arrays, or unpacks to more than 4 GiB.
    """
    try:
        packed = np.load(io.BytesIO(raw), allow_pickle=False)
        if not isinstance(packed, np.lib.npyio.NpzFile):
            raise ValueError("an array and no archive")
        sizes = {
            member.filename.removesuffix(".npy"): member.file_size
            for member in (packed.zip.infolist() if packed.zip is not None else ())
        }
        names = [
            name
            for name in sizes
            if (weights or not name.startswith(WEIGHT))
            and (training or not name.endswith("_train"))
        ]
        if sum(sizes[name] for name in names) > _MAX_UNPACKED:
            raise ValueError("more than 4 GiB unpacked")
        return {name: packed[name] for name in names}
    except _UNREADABLE as error:
        raise ValueError(str(error)) from None
