"""Transfers: classifiers that are trained on one dataset and tested on another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations

from bench.base import SuiteError, did_you_mean
from bench.cells.cell import Cell
from bench.curves import READ_BY, DatasetRecipe, Recipe, RecordedRecipe
from bench.suite import GIVEN, MAX_CELLS, MOST_DATASETS, Suite, TransferSpec

_REMEDY = "name datasets that fit together: transfer: {datasets: […]}"


def transfer_cells(
    suite: Suite, datasets: Sequence[Recipe], cells: Sequence[Cell]
) -> tuple[Cell, ...]:
    """Make a cell for each transfer of a suite, and check that it is possible.

    Parameters
    ----------
    datasets
        The suite's datasets, resolved.
    cells
        The suite's cells. Those of the datasets that take part predict the test curves
        of the other datasets that do.

    Raises
    ------
    SuiteError
        With file and line, if a name is unknown, if points, channels or labels of the
        datasets differ, if one may train on curves that another tests on, or if there
        are too many transfers.
    """
    if suite.transfer is False:
        return ()
    spec = TransferSpec() if suite.transfer is True else suite.transfer
    families = {family.id: tuple(family.values) for family in suite.families}
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
    chosen = [recipe for recipe in datasets if recipe.spec.id in names]
    for one, other in permutations(chosen, 2):
        problem = _problem(one, other)
        if problem:
            raise SuiteError(f"{where}: transfer: {problem}")
    transfers = tuple(
        replace(cell, target=target)
        for cell in cells
        if cell.dataset.spec.id in names and cell.classifier.id in classifiers
        for target in chosen
        if target is not cell.dataset
    )
    if len(cells) + len(transfers) > MAX_CELLS:
        raise SuiteError(
            f"{where}: transfer: {len(transfers)} transfers and {len(cells)} cells; "
            f"expected at most {MAX_CELLS} in all: lower repetitions, or name fewer "
            "datasets or classifiers"
        )
    return transfers


def _named(
    suite: Suite,
    part: str,
    asked: tuple[str, ...] | None,
    known: list[str],
    families: Mapping[str, Iterable[str]],
) -> Iterator[str]:
    """Yield the wanted ids; that of a sweep stands for all its datasets.

    `asked` is None if the suite file names none, and then all ids are yielded.
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


def _problem(one: Recipe, other: Recipe) -> str:
    """Say why a classifier trained on one cannot be tested on the other; empty if can.

    The order matters only to curves that both divide: one trains, the other tests.
    """
    first, second = f"'{one.spec.id}'", f"'{other.spec.id}'"
    for what, found, other_found in (
        ("points", len(one.x), len(other.x)),
        ("channels", _channels(one), _channels(other)),
        ("labels", ", ".join(one.class_names), ", ".join(other.class_names)),
    ):
        if found != other_found:
            return (
                f"the {what} of {first} and {second} differ ({found}; {other_found}); "
                f"expected the same; {_REMEDY}"
            )
    if isinstance(one, RecordedRecipe) or isinstance(other, RecordedRecipe):
        if isinstance(one, RecordedRecipe) and isinstance(other, RecordedRecipe):
            return _recorded_problem(one, other)
    elif _shares_curves(one, other):
        return (
            f"{first} may train on curves that {second} tests: both divide one pool of "
            "mimics, each in its own way; give one a pool of another size "
            f"(neural.pool), or leave it out; {_REMEDY}"
        )
    return ""


def _recorded_problem(one: RecordedRecipe, other: RecordedRecipe) -> str:
    """Say whether training curves of one may be test curves of the other."""
    whom = f"'{one.spec.id}' may train on curves that '{other.spec.id}' tests"
    # With one hash, draws and folds of one number are the same.
    if one.curves.data_hash == other.curves.data_hash:
        if one.identity["split"] == other.identity["split"]:
            return ""
        return (
            f"{whom}: both divide the same curves, each in its own way; give both the "
            f"same split; {_REMEDY}"
        )
    train, test = one.curves.digests, other.curves.digests
    if one.spec.division == other.spec.division == GIVEN:
        train = train[: one.curves.n_given_train]
        test = test[other.curves.n_given_train :]
    n = len(set(train).intersection(test) - {b""})
    if not n:
        return ""
    curves = "1 curve is" if n == 1 else f"{n} curves are"
    return (
        f"{whom}: {curves} in the files of both, which divide them independently; give "
        f"both the same files, groups and split, or remove these curves; {_REMEDY}"
    )


def _channels(recipe: Recipe) -> str:
    if isinstance(recipe, RecordedRecipe):
        return f"value × {recipe.n_channels}" if recipe.n_channels > 1 else "value"
    n_inputs = recipe.x.shape[1]
    return ", ".join(
        name if name == "value" or n_inputs == 1 else f"{name} × {n_inputs}"
        for name in recipe.spec.channels
    )


def _shares_curves(one: DatasetRecipe, other: DatasetRecipe) -> bool:
    """Whether training curves of one may be test curves of the other.

    Training and test curves have separate random streams, with one exception: a pool of
    mimics is shared; training curves are taken from its start, test curves from its
    end.
    """
    if one.spec.neural.kind != "mimic":
        return False
    if any(one.identity.get(name) != other.identity.get(name) for name in READ_BY):
        return False
    if one.spec.split != other.spec.split:
        return True
    if one.spec.split and one.stream != other.stream:  # the stream draws the split
        return True
    # Training and test curves of one dataset never overlap in the pool. So those of two
    # can overlap only if this one trains on more, and the other tests on more.
    longer = one.spec.train > other.spec.train and other.spec.test > one.spec.test
    return one.spec.split is None and longer
