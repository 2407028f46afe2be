"""One line of a store: a result as JSON, with its checksums.

docs/store.md describes the format. The head, which comes first, has a checksum of its
own: whoever wants the status of every result reads the heads alone.
"""

import hashlib
import json
import re
import zlib
from typing import Any, NamedTuple

from bench.base import StoreError
from bench.store.result import STATUSES, Result, read_json, to_result

MAX_LINE = 2**22  # bytes; the longest part is the text of a library
NAME = r"[0-9a-f]{8}-[0-9a-f]{8}"  # of a pair of files, without its suffixes

_HEAD = re.compile(
    rb'\{"key":"([0-9a-f]{64})","status":"([a-z]{4,7})","version":([0-9]{1,9}),'
    rb'"written":([0-9]{1,11}\.[0-9]{6}),'
    rb'"arrays":(?:null|\["(%b)",([0-9]{1,15}),([0-9]{1,15})\])' % NAME.encode()
)
_VOID = re.compile(
    rb'\{"void":\["(%b)",([0-9]{1,15})\],"key":(?:null|"([0-9a-f]{64})"),'
    rb'"version":([0-9]{1,9}),"sha256":"' % NAME.encode()
)
_KEY = re.compile(rb'"key":"([0-9a-f]{64})"')
_SUM = b',"sha256":"%b"}\n'
_SUM_BYTES = len(_SUM) - 2 + 64
_KNOWN = {status.encode(): status for status in STATUSES}


class Place(NamedTuple):
    """Where the arrays of a result are: in a file of arrays, at an offset in bytes."""

    name: str
    offset: int
    size: int


class Head(NamedTuple):
    """The beginning of a line.

    Attributes
    ----------
    version
        0 in the first result of a key, and one more in each that replaces one: a
        result that is done counts before any other, and then the highest version.
    written
        When the result was computed, in seconds since 1970.
    """

    key: str
    status: str
    version: int
    written: float
    arrays: Place | None


class Void(NamedTuple):
    """Says that the line at a place is damaged, was set aside and counts no more."""

    name: str
    offset: int
    key: str | None
    version: int


def write_line(head: Head, result: bytes, log: str) -> bytes:
    """Write a result, given as JSON, and its traceback as one line.

    Raises
    ------
    StoreError
        If it is longer than 4 MiB.
    """
    place = json.dumps(head.arrays, separators=(",", ":"))
    text = (
        f'{{"key":"{head.key}","status":"{head.status}","version":{head.version},'
        f'"written":{head.written:.6f},"arrays":{place}'
    ).encode()
    beside = f',"head":"{zlib.crc32(text):08x}","log":{json.dumps(log)},"result":'
    line = signed(text + beside.encode() + result)
    if len(line) > MAX_LINE:
        raise StoreError(
            f"the result {head.key} takes {len(line)} bytes as JSON; expected at most "
            f"{MAX_LINE}: shorten the texts that stand in its key"
        )
    return line


def write_void(void: Void) -> bytes:
    """Write the line that makes another one void."""
    key = json.dumps(void.key)
    place = f'["{void.name}",{void.offset}]'
    return signed(f'{{"void":{place},"key":{key},"version":{void.version}'.encode())


def signed(text: bytes) -> bytes:
    """Close an object of JSON with the checksum of all that comes before it."""
    return text + _SUM % hashlib.sha256(text).hexdigest().encode()


def is_sound(line: bytes) -> bool:
    """Tell whether a line is as it was written."""
    text = line[:-_SUM_BYTES]
    return line[-_SUM_BYTES:] == _SUM % hashlib.sha256(text).hexdigest().encode()


def read_start(line: bytes) -> tuple[str, str, int] | Void | None:
    """Read key, status and version of a line, or None if its head is damaged.

    What follows the head of a result is not checked. This is called for every line of
    a store.
    """
    if match := _HEAD.match(line):
        key, status, version = match.group(1, 2, 3)
        if _has_sound_head(line, match) and status in _KNOWN:
            return key.decode(), _KNOWN[status], int(version)
    elif (match := _VOID.match(line)) and is_sound(line):
        name, offset, key, version = match.groups()
        return Void(name.decode(), int(offset), _text(key) or None, int(version))
    return None


def read_head(line: bytes) -> Head | None:
    """Read the head of a line, or None if it is damaged, or the line of no result."""
    match = _HEAD.match(line)
    if match is None or not _has_sound_head(line, match):
        return None
    key, status, version, written, name, offset, size = map(_text, match.groups())
    place = Place(name, int(offset), int(size)) if name else None
    return Head(key, status, int(version), float(written), place)


def read_line(line: bytes) -> tuple[Result, str]:
    """Read the result of a line, and its traceback, after checking its checksum.

    Raises
    ------
    ValueError
        If it is damaged, or no result; the message says what is wrong.
    """
    document = _checked(line)
    result, log = to_result(document.get("result")), document.get("log")
    if result.key != document.get("key") or result.status != document.get("status"):
        raise ValueError("the result of another key")
    if not isinstance(log, str):
        raise ValueError("its traceback is no text")
    return result, log


def keys_in(line: bytes) -> set[str]:
    """Return the keys that a damaged line still names."""
    return {key.decode() for key in _KEY.findall(line)}


def _has_sound_head(line: bytes, match: re.Match[bytes]) -> bool:
    checksum = b',"head":"%08x",' % zlib.crc32(match[0])
    return line.startswith(checksum, match.end())


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode()


def _checked(line: bytes) -> dict[str, Any]:
    if not is_sound(line):
        raise ValueError("its checksum does not match")
    document = read_json(line)
    if not isinstance(document, dict):
        raise ValueError("not a result of this program, or one of another version")
    return document
