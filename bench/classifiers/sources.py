"""Source code that no version stands for: local packages and editable installs.

A version stands for the code of a distribution that was installed. A package that lies
on ``sys.path`` by itself has none, and that of an editable install stays the same while
its files are edited. Of these the hashes of all their source files count.
"""

import hashlib
import json
import sys
import sysconfig
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, distributions, packages_distributions
from importlib.util import find_spec
from pathlib import Path

from bench.base import ClassifierError, digest
from bench.classifiers.imports import Imported, imported_by

MAX_FILES = 5000
MAX_FOLDERS = 10_000
MAX_BYTES = 2**27
MAX_NAMED = 100  # files with a hash of their own in a key; of more, folders have one
# Also what is compiled: it is the code that runs.
_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("py", "pyw", "pyx", "pxd", "pxi", "c", "cc", "cpp", "cxx", "h", "hpp"),
        *("cu", "cuh", "f", "f90", "rs", "jl", "so", "pyd", "dylib"),
    )
)
_OURS = "bench"  # keyed by `bench.RESULTS` alone
_SITES = {"site-packages", "dist-packages"}  # names of folders of installed packages

Places = tuple[Path, ...]


def short_hash(raw: bytes) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of bytes."""
    return hashlib.sha256(raw).hexdigest()[:16]


def local_places(package: str, *, named: bool = False) -> Places:
    """Return the files and folders of a package that no version stands for.

    They are empty for a package of Python, of ours, one that is installed, and one that
    is missing. Nothing is imported.

    Parameters
    ----------
    package
        A name without dots.
    named
        Whether also a package in ``site-packages`` counts that belongs to no
        distribution, as one that was copied there.
    """
    if package == _OURS:
        return ()
    places = [place for place in _places(package) if not _is_of_python(place)]
    if not named:
        places = [place for place in places if not _SITES.intersection(place.parts)]
    if not places:
        return ()
    installed = [
        Path(str(distribution.locate_file("")))
        for distribution in _distributions_of(package)
        if not _is_editable(distribution)
    ]
    return tuple(p for p in places if not any(_is_below(p, i) for i in installed))


def is_editable(distribution_name: str) -> bool:
    """Return whether a distribution is installed in editable mode."""
    found = next(iter(distributions(name=distribution_name)), None)
    return found is not None and _is_editable(found)


def is_module(name: str) -> bool:
    """Return whether a name without dots is a module, or a package with a file."""
    try:
        spec = find_spec(name)
    except (ValueError, ImportError):
        return True  # a module without a spec, made by hand
    # Any folder can be a namespace package, which has no origin.
    return spec is not None and spec.origin is not None


def is_provided(package: str, file: Path) -> bool:
    """Return whether an import gives a file or package in whatever folder it is done.

    That is where an editable install or PYTHONPATH names its folder; the current folder
    does not count.

    Parameters
    ----------
    file
        The file of the module, or the folder of the package.
    """
    entries = [entry for entry in sys.path if Path(entry).resolve() != Path.cwd()]
    specs = [PathFinder.find_spec(package, entries)]
    for finder in sys.meta_path:  # build tools add finders of editable installs
        name = getattr(finder, "__module__", "")
        if "editable" in name or "editable" in type(finder).__module__:
            specs.append(finder.find_spec(package, None))
    return any(
        place.resolve() == file.resolve()
        for spec in specs
        for place in (_places_of(spec) if spec is not None else ())
    )


def source_hashes(package: str, places: Places) -> dict[str, str]:
    """Return the hashes of all source files of a package.

    Returns
    -------
    dict
        Path from the folder that holds the package, as ``mypkg/nets.py`` → hash.

    Raises
    ------
    ClassifierError
        If there are too many files, or one cannot be read.
    """
    return {name: _hash(file) for name, file in _files(package, places).items()}


def grouped(hashes: Mapping[str, str]) -> dict[str, str]:
    """Return hashes of files, or of folders and trees if there are many.

    Parameters
    ----------
    hashes
        Path, with slashes → hash.

    Returns
    -------
    dict
        At most `MAX_NAMED` entries for each package, sorted; the name of a folder ends
        in a slash and stands for the files in it, or below it.
    """
    result: dict[str, str] = {}
    packages: dict[str, dict[str, str]] = {}
    for name, value in sorted(hashes.items()):
        packages.setdefault(name.partition("/")[0], {})[name] = value
    for top, files in packages.items():
        folders: dict[str, dict[str, str]] = {}
        for name, value in files.items():
            folders.setdefault(f"{name.rpartition('/')[0]}/", {})[name] = value
        if len(files) > MAX_NAMED:
            folders = {f"{top}/": files} if len(folders) > MAX_NAMED else folders
            files = {name: digest(part)[:16] for name, part in folders.items()}
        result |= files
    return result


def with_imports(
    packages: Mapping[str, Places],
    texts: Iterable[str] = (),
    beside: Container[str] = (),
) -> dict[str, Places]:
    """Add the local packages that texts import, and those that these import.

    Parameters
    ----------
    packages
        Name of a package → its places.
    texts
        Further texts of Python, which are read and not run.
    beside
        Names that mean files beside these texts.
    """
    found = dict(packages)
    rejected: set[str] = set()
    waiting = [(text, beside) for text in texts]
    waiting += [(text, ()) for text in _texts(packages)]
    while waiting:
        text, own = waiting.pop()
        for imported in imported_by(text):
            for top in imported.tops[:1] if imported.level == 0 else ():
                if top in found or top in rejected or top in own:
                    continue
                places = local_places(top)
                if not places:
                    rejected.add(top)
                elif _is_reached(places, imported):
                    found[top] = places
                    waiting += [(text, ()) for text in _texts({top: places})]
    return found


def tree_hash(package: str) -> str | None:
    """Return one hash of a local package's source files; None if it is missing."""
    places = local_places(package, named=True)
    return digest(source_hashes(package, places)) if places else None


def files_below(folder: Path, suffixes: Iterable[str]) -> dict[str, Path]:
    """Return the files below a folder that have one of the suffixes.

    Hidden folders and ``__pycache__`` are left out. Symbolic links are followed, and
    each folder is entered once.

    Returns
    -------
    dict
        Path relative to the folder, with slashes → path, sorted.

    Raises
    ------
    ClassifierError
        If there are more than `MAX_FILES` files or `MAX_FOLDERS` folders.
    """
    wanted = frozenset(suffixes)
    found: dict[str, Path] = {}
    entered: set[Path] = set()
    waiting = [("", folder)]
    while waiting:
        start, place = waiting.pop()
        real = place.resolve()
        if real in entered:
            continue
        entered.add(real)
        try:
            paths = sorted(place.iterdir())
        except OSError as error:
            raise ClassifierError(
                f"{place}: cannot be read ({error.strerror}); expected a folder of "
                "source files, since keys of results depend on them"
            ) from None
        for path in paths:
            if path.name.startswith(".") or path.name == "__pycache__":
                continue
            if path.is_dir():
                waiting.append((f"{start}{path.name}/", path))
            elif path.suffix.lower() in wanted and path.is_file():
                found[f"{start}{path.name}"] = path
        if len(found) > MAX_FILES or len(entered) > MAX_FOLDERS:
            what = f"{MAX_FILES} source files, or {MAX_FOLDERS} folders"
            raise ClassifierError(
                f"'{folder}' has more than {what}; expected a package of a classifier: "
                "install it (pip install, without -e), so that its version counts"
            )
    return dict(sorted(found.items()))


def _places(package: str) -> list[Path]:
    """Return where a package is imported from: folders, or the file of a module."""
    try:
        spec = find_spec(package)
    except (ValueError, ImportError):  # a module without a spec, made by hand
        return []
    return [] if spec is None else _places_of(spec)


def _places_of(spec: ModuleSpec) -> list[Path]:
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    if spec.has_location and spec.origin:
        origin = Path(spec.origin)
        # Some editable installs have other search locations, which do not exist.
        is_package = spec.submodule_search_locations is not None
        places.insert(0, origin.parent if is_package else origin)
    existing = []
    for place in places:
        # The nearest that exists: a module in a zip file counts by the zip file.
        for near in (place, *place.parents):
            if near.exists():
                if near == place or near.is_file():
                    existing.append(near)
                break
    return list(dict.fromkeys(existing))


def _is_of_python(place: Path) -> bool:
    folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    is_below = any(_is_below(place, Path(folder)) for folder in folders)
    return is_below and not _SITES.intersection(place.parts)


def _is_below(place: Path, folder: Path) -> bool:
    # Both ways, since the folder of a package may be a link to one elsewhere.
    return place.absolute().is_relative_to(folder.absolute()) or (
        place.resolve().is_relative_to(folder.resolve())
    )


def _distributions_of(package: str) -> Iterator[Distribution]:
    for name in distribution_names(package):
        yield from distributions(name=name)


def distribution_names(package: str) -> list[str]:
    """Return the names of the distributions that provide a package, sorted."""
    folders = []
    for entry in sys.path:
        try:
            folders.append((entry, Path(entry).stat().st_mtime_ns))
        except OSError:
            folders.append((entry, 0))
    return _all_distributions(tuple(folders)).get(package, [])


@lru_cache(maxsize=4)
def _all_distributions(folders: tuple[tuple[str, int], ...]) -> dict[str, list[str]]:
    """Read all metadata, which takes 0.2 s, again when a folder of them changes."""
    return {k: sorted(set(v)) for k, v in packages_distributions().items()}


def _is_editable(distribution: Distribution) -> bool:
    if distribution.read_text("METADATA") is None:
        # An .egg-info: of a build within the sources, unless it was installed.
        folder = Path(str(distribution.locate_file("")))
        return not _SITES.intersection(folder.absolute().parts)
    try:
        url = json.loads(distribution.read_text("direct_url.json") or "{}")
        return bool(url.get("dir_info", {}).get("editable", False))
    except (ValueError, AttributeError):  # not what the standard says
        return False


def _files(package: str, places: Places) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for place in places:
        if place.is_file():
            files.setdefault(place.name, place)
        else:
            for name, path in files_below(place, _SUFFIXES).items():
                files.setdefault(f"{package}/{name}", path)
    if sum(path.stat().st_size for path in files.values()) > MAX_BYTES:
        raise ClassifierError(
            f"the source files of '{package}' have more than {MAX_BYTES >> 20} MiB; "
            "expected a package of a classifier: install it (pip install, without "
            "-e), so that its version counts"
        )
    return files


def _hash(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except OSError as error:
        raise ClassifierError(
            f"{file}: cannot be read ({error.strerror}); expected a source file, since "
            "keys of results depend on it"
        ) from None


def _texts(packages: Mapping[str, Places]) -> Iterator[str]:
    for package, places in packages.items():
        for path in _files(package, places).values():
            if path.suffix == ".py":
                yield path.read_text("utf-8", "replace")


def _is_reached(places: Places, imported: Imported) -> bool:
    """Whether a statement reaches into a package: a mere folder is one by its modules.

    Any folder of the current one, such as logs of the library ``wandb``, can be
    imported as a namespace package.
    """
    if any(place.is_file() or (place / "__init__.py").is_file() for place in places):
        return True
    return submodule_of(places, imported) is not None


def submodule_of(places: Iterable[Path], imported: Imported) -> Path | None:
    """Return the module or folder within a package that a statement names, if any."""
    for candidate in imported.candidates:
        parts = candidate.split(".")
        for place in places if len(parts) > 1 else ():
            for path in (place / f"{parts[1]}.py", place / parts[1]):
                if path.exists():
                    return path
    return None
