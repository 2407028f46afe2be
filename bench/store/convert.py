"""Turn the results of an older store, which have files of their own, into lines."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.base import MissingFileError, locked
from bench.store.files import Files, Stored
from bench.store.lines import Head, write_line
from bench.store.result import to_json

_BATCH = 100  # results that are written at once, before their files are deleted


def convert_store(
    folder: Path, warn: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Write the results of a store that have files of their own as lines.

    It may be killed at any moment and called again: the files of a result are deleted
    when the disk has its line. Runs may use the store meanwhile.

    Parameters
    ----------
    warn
        Called with a message about each result that is damaged.

    Returns
    -------
    dict
        Number of results that were "converted", and of "damaged" ones, which are left
        where they are.

    Raises
    ------
    MissingFileError
        If the folder does not exist.
    StoreError
        If it cannot be read or written.
    """
    if not folder.is_dir():
        raise MissingFileError(f"no store at {folder}; expected a folder")
    files = Files(folder)
    keys = list(files.cell_files.keys())
    counts = {"converted": 0, "damaged": 0}
    with files.usable(folder):
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            files.refresh()
            found = {key: files.find(key) for key in batch}
            sound = {key: stored for key, stored in found.items() if stored is not None}
            _write(files, [s for s in sound.values() if s.head is None])
            for key in sound:
                files.cell_files.remove(key)
            counts["converted"] += len(sound)
            for key in found.keys() - sound.keys():
                if problem := files.damaged.get(key):  # else another process took it
                    counts["damaged"] += 1
                    if warn is not None:
                        warn(f"{problem}; left where it is")
    return counts


def _write(files: Files, older: Sequence[Stored]) -> None:
    """Write lines of results that have files of their own."""
    if not older:
        return
    cell_files = files.cell_files
    writer = files.writer()
    places = writer.add_arrays(
        [
            cell_files.packed(stored.result.key)
            if stored.result.arrays_sha256 is not None
            else None
            for stored in older
        ]
    )
    lines = []
    with locked(files.lock):
        files.refresh()
        for (result, log, _), place in zip(older, places, strict=True):
            version = files.index.next_version(result.key)
            written = cell_files.written(result.key)
            head = Head(result.key, result.status, version, written, place)
            lines.append(write_line(head, to_json(result), log))
        writer.add_lines(lines)
