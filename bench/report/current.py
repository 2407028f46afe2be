"""Whether a report is current: made from the same by the same code, and not edited.

A digest of everything that a report is made from lies beside it, with its files in it.
It is computed from the results alone, before any statistics.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.analysis import date_of
from bench.base import versions, write_whole
from bench.cells import Plan, own_functions
from bench.curves import Recipe, RecordedRecipe
from bench.store import Result, Store

PACKAGE = Path(__file__).parents[1]
MADE_FROM = ".made-from"  # the file of the digest
DRAWING = ("matplotlib", "numpy", "pandas", "pillow")  # compute and draw the figures
_OF_A_REPORT = ("*.md", "*.csv", "*.json", "*.html", "*.tex", "datasets/*", "figures/*")
# The key stands for the fields, and plans do not keep them.
_TOLD = tuple(entry.name for entry in fields(Result) if entry.name != "fields")


def digest_of(plan: Plan, store: Store, folder: Path, results: Sequence[Result]) -> str:
    """Return a digest of everything that the report of a suite depends on.

    It is that of the suite with all that it names, of the results and tracebacks, of
    this project's code and the versions of what computes and draws.

    Parameters
    ----------
    folder
        The folder of the report, from which its page links to the suite.
    results
        The result of each cell, as `bench.analysis.load_results` returns them.
    """
    hasher = hashlib.sha256()
    for part in _parts(plan, store, folder, results):
        # The length, so that two texts are never told from one by where they end.
        hasher.update(f"{len(part)}:".encode() + part.encode("utf-8", "surrogatepass"))
    return hasher.hexdigest()


def is_current(folder: Path, digest: str) -> bool:
    """Tell whether a report was made from this, and its files are as they were written.

    A file that somebody added, edited or removed since then makes it outdated.
    """
    try:
        found = (folder / MADE_FROM).read_bytes()
        return found == _sealed(folder, digest)
    except OSError:
        return False


def mark_current(folder: Path, digest: str) -> None:
    """Note that a report was just made from this."""
    write_whole(folder / MADE_FROM, _sealed(folder, digest))


@cache
def code_digest(pattern: str = "*") -> str:
    """Return a digest of this project's files and of the versions that draw.

    Which modules a report depends on could only be guessed, and an outdated one costs
    more than making it again.

    Parameters
    ----------
    pattern
        Which files of the package count: "*.py" where its web files do not matter.
    """
    hasher = hashlib.sha256()
    for name in DRAWING:
        hasher.update(f"{name} {version(name)}\n".encode())
    for path in sorted(PACKAGE.rglob(pattern)):
        if path.is_file() and path.parent.name != "__pycache__":
            hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return hasher.hexdigest()


def _parts(
    plan: Plan, store: Store, folder: Path, results: Sequence[Result]
) -> Iterator[str]:
    """Yield everything that a report depends on, as texts."""
    suite = plan.suite
    yield code_digest()
    yield _json(versions())
    yield suite.model_dump_json()
    yield suite.command_words
    path = Path(suite.command_words)
    yield os.path.relpath(path, folder) if path.is_file() else ""
    yield repr((suite.families, sorted(suite.grids.items())))
    yield _json([function.identity for function in own_functions(suite)])
    yield "" if plan.reference is None else plan.reference.model_dump_json()
    for recipe in plan.datasets:
        yield from _of_dataset(recipe)
    for classifier in plan.classifiers:
        yield _json([classifier.id, classifier.library_defaults, classifier.identity])
    found = [store.get(task.key) for task in plan.given + plan.transfers + plan.audits]
    others = [result for result in found if result is not None]
    yield str([None if result is None else result.key for result in found])
    for result in (*results, *others):
        yield _json([getattr(result, name) for name in _TOLD])
    yield date_of(store, results)
    yield from _logs([*results, *others], store)


def _of_dataset(recipe: Recipe) -> Iterator[str]:
    """Yield what a report says of a dataset: more than what its curves depend on."""
    yield recipe.spec.model_dump_json()
    yield _json([recipe.identity, recipe.class_names])
    yield hashlib.sha256(recipe.x.tobytes()).hexdigest()
    if isinstance(recipe, RecordedRecipe):
        curves = recipe.curves
        yield _json([curves.sources, curves.license, curves.notes])
        yield _json([curves.values.shape, curves.n_given_train, curves.n_interpolated])


def _logs(results: Iterable[Result], store: Store) -> Iterator[str]:
    """Yield one traceback for each error: a report shows no more of them."""
    seen = set()
    for result in results:
        if result.status in ("done", "missing"):
            continue
        error = result.dataset, result.classifier, result.status, _json(result.error)
        if error not in seen:
            seen.add(error)
            yield store.log(result.key)


def _json(value: Any) -> str:
    """Write a value; the same whether it was just computed or read from a file."""
    return json.dumps(value, sort_keys=True, default=repr)


def _sealed(folder: Path, digest: str) -> bytes:
    """Return the content of the file beside a report: a digest with its files in it."""
    hasher = hashlib.sha256(digest.encode())
    for path in sorted({path for p in _OF_A_REPORT for path in folder.glob(p)}):
        if path.is_file():
            hasher.update(f"{path.relative_to(folder).as_posix()}\n".encode())
            hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{hasher.hexdigest()}\n".encode()
