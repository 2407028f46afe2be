"""Files read whole, plain or packed by gzip, at most so many bytes of them."""

import zlib
from pathlib import Path

from bench.base import BenchError, MissingFileError, read_bytes

MAX_MEMBERS = 10_000  # of a gzip file; bgzip's hold 64 KiB each
_PIECE = 2**16  # bytes unpacked at a time: zlib copies what follows each member


def read_unpacked(path: Path, limit: int, what: str, error: type[BenchError]) -> bytes:
    """Read at most `limit` + 1 bytes of a file, unpacked if its suffix is .gz.

    The one byte more tells the caller that there are more.

    Parameters
    ----------
    what
        What the file should hold, for the message about a file that does not exist.
    error
        The exception's class for a file that cannot be read.

    Raises
    ------
    MissingFileError
        If there is no such file.
    BenchError
        If the file cannot be read or unpacked; its class is `error`.
    """
    try:
        raw = read_bytes(path, limit)
        if path.suffix.lower() == ".gz" and len(raw) <= limit:
            raw = _gunzip(raw, limit)
    except FileNotFoundError:
        raise MissingFileError(f"no file of {what} at {path}") from None
    except (OSError, zlib.error) as problem:
        reason = getattr(problem, "strerror", problem)
        raise error(f"{path}: cannot be read: {reason}") from None
    return raw


def _gunzip(packed: bytes, limit: int) -> bytes:
    """Unpack the members of a gzip file, at most `limit` + 1 bytes.

    Not by `gzip`, which reads on through any number of members.
    """
    unpacked, size, position = [], 0, 0
    for number in range(MAX_MEMBERS):
        member = zlib.decompressobj(wbits=31)
        while not member.eof and size <= limit:
            piece = member.unconsumed_tail or packed[position : position + _PIECE]
            if not piece:
                raise zlib.error("not one whole member; compress it again with gzip")
            if not member.unconsumed_tail:
                position += len(piece)
            try:
                unpacked.append(member.decompress(piece, limit + 1 - size))
            except zlib.error as error:
                where = f"after {number} members: " if number else ""
                raise zlib.error(f"{where}{error}; compress it again") from None
            size += len(unpacked[-1])
        position -= len(member.unused_data)
        # The program gzip, too, ignores zeros at the end, as tapes have them.
        if size > limit or not packed[position : position + _PIECE].strip(b"\0"):
            return b"".join(unpacked)
    raise zlib.error(f"more than {MAX_MEMBERS} members; compress it again with gzip")
