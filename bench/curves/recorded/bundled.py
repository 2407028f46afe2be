"""The files of curves of an installed aeon, found without importing it."""

from importlib.util import find_spec
from pathlib import Path

from bench.base import DatasetError, did_you_mean, is_file, shown

_HEAD = 2**16  # bytes in which the tags of a file are looked for


def bundled_files(name: str) -> tuple[Path, Path]:
    """Return the files of training and of test curves of a dataset.

    Raises
    ------
    DatasetError
        If aeon is not installed, or has no such dataset for classification.
    """
    found = _folder()
    if found is None:
        raise DatasetError(
            f"aeon: {shown(name, 60)}: the package 'aeon' is missing; install it by "
            "`make peers` in the clone, or name the files themselves under files:"
        )
    known = {}
    for train in sorted(found.glob("*/*_TRAIN.ts")):
        title = train.name.removesuffix("_TRAIN.ts")
        test = train.with_name(f"{title}_TEST.ts")
        if is_file(train) and is_file(test) and not _is_regression(train):
            known[title] = (train, test)
    if name not in known:
        raise DatasetError(
            f"aeon: no dataset '{shown(name, 60)}'{did_you_mean(name, known)} for "
            f"classification among its files: {', '.join(known) or 'none'}; nothing is "
            "downloaded: name the files of other datasets under files:"
        )
    return known[name]


def equal_twin(name: str) -> str:
    """Say where a dataset of unequal length is found in equal length, if it is.

    aeon has files of some datasets in which all curves have the length of the longest.
    """
    found = _folder()
    twin = f"{name}_eq"
    if found is None or not is_file(found / name / f"{twin}_TRAIN.ts"):
        return ""
    return f"; aeon has them in equal length: {{aeon: {twin}}}"


def _folder() -> Path | None:
    """Return aeon's folder of datasets; the package is not imported."""
    try:
        spec = find_spec("aeon")
    except (ImportError, ValueError):  # such as a broken finder
        return None
    for place in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(place) / "datasets" / "data"
        if folder.is_dir():
            return folder
    return None


def _is_regression(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(_HEAD).lower()
    return b"@targetlabel true" in head
