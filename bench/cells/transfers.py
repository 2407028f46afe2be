"""Transfers: each classifier trained on one dataset, tested on others like it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations

from bench.base import SuiteError, did_you_mean
from bench.cells.cell import Cell
from bench.curves import READ_BY, DatasetRecipe
from bench.suite import MAX_CELLS, MOST_DATASETS, Suite, TransferSpec

_REMEDY = "name those that go together: transfer: {datasets: […]}"


def transfer_cells(
    suite: Suite, datasets: Sequence[DatasetRecipe], cells: Sequence[Cell]
) -> tuple[Cell, ...]:
    """Make a cell of each transfer that a suite asks for, and check that it can be.

    Parameters
    ----------
    datasets
        The suite's datasets, resolved.
    cells
        The suite's cells; those of the datasets that take part predict the test curves
        of the other datasets.

    Raises
    ------
    SuiteError
        With file and line: an unknown name; datasets whose points, channels or labels
        differ; curves that one trains on and another tests on; too many of them.
    """
    if suite.transfer is False:
        return ()
    spec = TransferSpec() if suite.transfer is True else suite.transfer
    families = {own.id: tuple(own.values) for own in suite.families}
    known = [recipe.spec.id for recipe in datasets]
    names = set(_named(suite, "datasets", spec.datasets, known, families))
    known = [entry.id for entry in suite.classifiers]
    classifiers = set(_named(suite, "classifiers", spec.classifiers, known, {}))
    where = suite.where("transfer", "datasets")
    if not 2 <= len(names) <= MOST_DATASETS:
        raise SuiteError(
            f"{where}: transfer: {len(names)} datasets; expected 2 to {MOST_DATASETS}, "
            f"whose table can be read; {_REMEDY}"
        )
    some = [recipe for recipe in datasets if recipe.spec.id in names]
    for one, other in permutations(some, 2):
        why = _why_apart(one, other)
        if why:
            raise SuiteError(f"{where}: transfer: {why}")
    made = tuple(
        replace(cell, target=target)
        for cell in cells
        if cell.dataset.spec.id in names and cell.classifier.id in classifiers
        for target in some
        if target is not cell.dataset
    )
    if len(cells) + len(made) > MAX_CELLS:
        raise SuiteError(
            f"{where}: transfer: {len(made)} transfers beside {len(cells)} cells; "
            f"expected at most {MAX_CELLS} in all: lower repetitions, or name fewer"
        )
    return made


def _named(
    suite: Suite,
    part: str,
    asked: tuple[str, ...] | None,
    known: list[str],
    families: Mapping[str, Iterable[str]],
) -> Iterator[str]:
    """Yield the ids that are asked for; the id of a sweep is that of all its datasets.

    Nothing asked is all.
    """
    for position, name in enumerate(known if asked is None else asked):
        if name not in known and name not in families:
            every = [*families, *known]
            where = suite.where("transfer", part, position)
            raise SuiteError(
                f"{where}: transfer.{part}[{position}]: no '{name}' among the suite's "
                f"{part}{did_you_mean(name, every)}. Known: {', '.join(every)}"
            )
        yield from families.get(name, (name,))


def _why_apart(one: DatasetRecipe, other: DatasetRecipe) -> str:
    """Say why what is trained on one cannot be tested on another; empty if it can."""
    first, second = f"'{one.spec.id}'", f"'{other.spec.id}'"
    for what, mine, theirs in (
        ("points", len(one.x), len(other.x)),
        ("channels", _channels(one), _channels(other)),
        ("labels", ", ".join(one.class_names), ", ".join(other.class_names)),
    ):
        if mine != theirs:
            return (
                f"the {what} of {first} and {second} differ ({mine}; {theirs}); "
                f"expected the same; {_REMEDY}"
            )
    if _shares_curves(one, other):
        return (
            f"{first} may train on curves that {second} tests: both divide one pool of "
            "mimics, each in its own way; give one a pool of another size "
            f"(neural.pool), or leave it out; {_REMEDY}"
        )
    return ""


def _channels(recipe: DatasetRecipe) -> str:
    wide = recipe.x.shape[1]
    return ", ".join(
        name if name == "value" or wide == 1 else f"{name} × {wide}"
        for name in recipe.spec.channels
    )


def _shares_curves(one: DatasetRecipe, other: DatasetRecipe) -> bool:
    """Whether training curves of one may be test curves of another.

    All parts have random streams of their own, but for pools of mimics: training
    curves are taken from their start and test curves from their end.
    """
    if one.spec.neural.kind != "mimic":
        return False
    if any(one.identity.get(name) != other.identity.get(name) for name in READ_BY):
        return False
    if one.spec.split != other.spec.split:
        return True
    if one.spec.split and one.stream != other.stream:  # which decides what is unseen
        return True
    # What of each is trained and tested on together fits into the pool.
    longer = one.spec.train > other.spec.train and other.spec.test > one.spec.test
    return one.spec.split is None and longer
