"""Remove from a store the results that nobody names any more."""

import os
import time
from collections.abc import Iterable, Iterator, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.base import StoreError, locked
from bench.store.files import Files
from bench.store.lines import write_line
from bench.store.result import to_json
from bench.store.segments import (
    Writer,
    is_of_this_machine,
    open_lines,
    remove_pair,
    who_writes,
)

_BATCH_BYTES = 2**24  # of arrays that are written at once
# A pair that another machine wrote within this time is taken for one that is written:
# the locks of some network file systems hold on one machine only.
_RECENT_SECONDS = 3600.0


class Unnamed(NamedTuple):
    """Results of a dataset and a classifier that would be removed.

    Attributes
    ----------
    dataset, classifier
        Their names; an audit has no classifier, and what is damaged has neither.
    results : int
        Their number.
    size : int
        The bytes that they take.
    """

    dataset: str
    classifier: str
    results: int
    size: int


def unnamed_results(folder: Path, named: Set[str]) -> list[Unnamed]:
    """Return what `clean_store` would remove, the largest first.

    Parameters
    ----------
    named
        The keys of the results to keep.

    Raises
    ------
    StoreError
        If the folder of the store cannot be read.
    """
    files = Files(folder)
    files.refresh()
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for key in files.keys() - named:
        stored = files.find(key)
        name = (stored.result.dataset, stored.result.classifier) if stored else ("", "")
        count, size = found.get(name, (0, 0))
        found[name] = count + 1, size + files.size(key)
    groups = [Unnamed(*name, *sums) for name, sums in found.items()]
    return sorted(groups, key=lambda group: (-group.size, group))


def clean_store(folder: Path, named: Set[str]) -> int:
    """Remove every result whose key is not named, and give its space back.

    What counts no more goes as well, such as results that were computed again. Pairs of
    files in which something goes are written anew and then deleted, so that a kill at
    any moment loses nothing. What is damaged is set aside first.

    Parameters
    ----------
    named
        The keys of the results to keep.

    Returns
    -------
    int
        The bytes that were given back.

    Raises
    ------
    StoreError
        If another process writes to the store, or it cannot be written.
    """
    files = Files(folder)
    with files.usable(folder):
        files.sweep()
        with locked(files.lock), _held(files) as held:
            before = _size(folder)
            _set_damaged_aside(files, named)
            # Another process may have begun a pair by now; it waits for our lock.
            going = _pairs_to_write_anew(files, named) & (held | files.written)
            _copy(files, named, going)
            for key in set(files.cell_files.keys()) - named:
                files.cell_files.remove(key)
            files.close_writer()
            for name in going:
                remove_pair(folder, name)
            return before - _size(folder)


@contextmanager
def _held(files: Files) -> Iterator[set[str]]:
    """Hold all pairs of files, so that nobody continues one, and yield their names.

    Raises
    ------
    StoreError
        If another process writes one of them, or may do so.
    """
    files.refresh()
    with ExitStack() as held:
        for name in files.index.names:
            descriptor = open_lines(files.folder, name)
            held.callback(os.close, descriptor)
            writer = who_writes(descriptor)
            age = time.time() - os.fstat(descriptor).st_mtime
            is_certain = writer == "nobody" and is_of_this_machine(name)
            if writer == "somebody" or (not is_certain and age < _RECENT_SECONDS):
                raise StoreError(
                    f"{files.folder / name}.jsonl: another process writes to this "
                    "store, or did so on another machine within the last hour; wait "
                    "until it ends, or stop it"
                )
        yield set(files.index.names)


def _set_damaged_aside(files: Files, named: Set[str]) -> None:
    for key in files.keys() & named:
        files.find(key)
        if key in files.damaged:
            files.set_aside(key)


def _pairs_to_write_anew(files: Files, named: Set[str]) -> set[str]:
    """Return the pairs in which something goes, and those that need arrays of them.

    A pair of which nothing is kept may hold lines that make others void, so those go.
    """
    index = files.index
    kept = {record.name for key, record in index.best.items() if key in named}
    going = set(index.names) - kept | {name for name, _ in index.void_places()}
    for key, record in index.best.items():
        going |= {other.name for other in index.superseded.get(key, [])}
        if key not in named:
            going.add(record.name)
    for records in index.broken.values():
        going |= {record.name for record in records}
    needed: dict[str, set[str]] = {}  # pair of arrays → pairs of lines that name it
    for key in index.best.keys() & named:
        head = files.head(key)
        if head is not None and head.arrays is not None:
            needed.setdefault(head.arrays.name, set()).add(index.best[key].name)
    waiting = list(going)
    while waiting:
        for name in needed.get(waiting.pop(), set()) - going:
            going.add(name)
            waiting.append(name)
    return going


def _copy(files: Files, named: Set[str], going: Set[str]) -> None:
    """Write the results to keep of some pairs into a new one.

    It is deleted again if that fails, as on a full disk.
    """
    keys = [k for k, record in files.index.best.items() if record.name in going]
    keys = [key for key in keys if key in named]
    written: list[str] = []
    writer: Writer | None = None
    try:
        for batch in _batches(files, keys):
            if writer is None or writer.is_full:
                writer = Writer(files.folder, is_new=True)
                written.append(writer.name)
            _copy_batch(files, batch, writer)
    except BaseException:
        for name in written:
            remove_pair(files.folder, name)
        raise


def _batches(files: Files, keys: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for key in keys:
        batch.append(key)
        size += files.size(key)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _copy_batch(files: Files, keys: Iterable[str], writer: Writer) -> None:
    found = []
    for key in keys:
        stored = files.find(key)
        if stored is not None and stored.head is not None:  # else it has own files
            place = stored.head.arrays
            packed = None if place is None else files.arrays(place)
            found.append((stored.head, stored, packed))
    places = writer.add_arrays([packed for _, _, packed in found])
    writer.add_lines(
        [
            write_line(head._replace(arrays=place), to_json(stored.result), stored.log)
            for (head, stored, _), place in zip(found, places, strict=True)
        ]
    )


def _size(folder: Path) -> int:
    """Return the bytes of all files of a folder but those that were set aside."""
    return sum(
        path.lstat().st_size
        for pattern in ("*", "??/*")
        for path in folder.glob(pattern)
        if path.is_file()
    )
