"""From a suite to its plan: every name resolved, and the cells that it stands for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bench.base import SuiteError, did_you_mean, located
from bench.cells.audits import MAX_REPETITIONS
from bench.cells.cell import Audit, Cell, Task
from bench.cells.transfers import transfer_cells
from bench.classifiers import ClassifierRecipe, examine_all, resolve_classifier
from bench.curves import DatasetRecipe, resolve_dataset
from bench.suite import LimitsSpec, Reference, Suite, load_reference


@dataclass(frozen=True)
class Plan:
    """A suite with every name resolved and every mistake found; nothing has run.

    Attributes
    ----------
    suite, datasets, classifiers, reference
        The suite and what its names stand for, in the suite's order.
    cells
        Dataset by dataset, repetition by repetition, classifier by classifier.
    transfers
        What of the cells is asked about the test curves of other datasets.
    audits
        Of the first repetitions of each dataset, at most 10; none where the suite says
        ``audits: false``.
    """

    suite: Suite
    datasets: tuple[DatasetRecipe, ...]
    classifiers: tuple[ClassifierRecipe, ...]
    reference: Reference | None
    cells: tuple[Cell, ...]
    transfers: tuple[Cell, ...] = ()
    audits: tuple[Audit, ...] = ()

    @property
    def everything(self) -> tuple[Task, ...]:
        """Cells, then transfers, then audits: all that has a result in the store."""
        return self.cells + self.transfers + self.audits

    @property
    def beside(self) -> str:
        """Count what has a result besides cells: ", 4 audits", or nothing."""
        counts = {"transfers": len(self.transfers), "audits": len(self.audits)}
        return "".join(f", {n} {what}" for what, n in counts.items() if n)

    def limited(self, datasets: Iterable[str], classifiers: Iterable[str]) -> "Plan":
        """Keep some datasets and classifiers, by id; nothing named keeps all.

        The id of an entry that sweeps is that of all its datasets, that of one with a
        grid of all its classifiers. Transfers stay where what they are trained on
        does, and audits where their dataset does, so that parts add up to the whole.
        """
        families = {own.id: tuple(own.values) for own in self.suite.families}
        ids = [recipe.spec.id for recipe in self.datasets]
        rows = _chosen("dataset", datasets, ids, families)
        ids = [recipe.id for recipe in self.classifiers]
        columns = _chosen("classifier", classifiers, ids, self.suite.grids)

        def kept(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
            return tuple(
                cell
                for cell in cells
                if cell.dataset.spec.id in rows and cell.classifier.id in columns
            )

        return replace(
            self,
            datasets=tuple(d for d in self.datasets if d.spec.id in rows),
            classifiers=tuple(c for c in self.classifiers if c.id in columns),
            cells=kept(self.cells),
            transfers=kept(self.transfers),
            audits=tuple(a for a in self.audits if a.dataset.spec.id in rows),
        )


def make_plan(suite: Suite) -> Plan:
    """Resolve every name of a suite.

    Raises
    ------
    BenchError
        With file and line, of the kind of the first mistake found.
    """
    reference = None
    if suite.reference is not None:
        with located(suite.where("reference")):
            reference = load_reference(suite.reference, suite.folder)
    ids = [entry.id for entry in suite.classifiers]
    if suite.baseline not in ids:
        raise SuiteError(
            f"{suite.where('stats', 'baseline')}: stats.baseline: no classifier "
            f"'{suite.baseline}' in this suite{did_you_mean(suite.baseline, ids)}. "
            f"Known: {', '.join(ids)}"
        )
    findings = examine_all(suite.classifiers, suite.folder)
    classifiers = []
    for i, entry in enumerate(suite.classifiers):
        place = f"{suite.where('classifiers', i)}: {suite.named('classifiers', i)}"
        with located(place):
            recipe = resolve_classifier(entry, suite.training, suite.folder, findings)
            classifiers.append(recipe)
    datasets = []
    for i, spec in enumerate(suite.datasets):
        with located(f"{suite.where('datasets', i)}: {suite.named('datasets', i)}"):
            datasets.append(resolve_dataset(spec, suite.folder))
        for j, recipe in enumerate(classifiers):
            if recipe.training is not None and spec.not_online:
                raise SuiteError(
                    f"{suite.where('datasets', i)}: {suite.named('datasets', i)}: "
                    f"'{recipe.id}' is trained online: {spec.not_online}"
                )
            lacking = sorted(set(recipe.channels) - set(spec.channels))
            if lacking:
                raise SuiteError(
                    f"{suite.where('classifiers', j)}: "
                    f"{suite.named('classifiers', j)}: reads the channel "
                    f"'{lacking[0]}', which the dataset '{spec.id}' does not carry; "
                    "add it to the dataset's channels"
                )
    limits = [entry.limits.over(suite.limits) for entry in suite.classifiers]
    cells = tuple(
        Cell(
            dataset,
            repetition,
            classifier,
            suite.seed,
            suite.threads,
            own,
            suite.repetitions if classifier.training is not None else 1,
        )
        for dataset in datasets
        for repetition in range(suite.repetitions)
        for classifier, own in zip(classifiers, limits, strict=True)
    )
    transfers = transfer_cells(suite, datasets, cells)
    own = LimitsSpec().over(suite.limits)
    audits = tuple(
        Audit(dataset, repetition, suite.seed, suite.threads, own)
        for dataset in datasets
        for repetition in range(min(suite.repetitions, MAX_REPETITIONS))
        if suite.audits
    )
    return Plan(
        suite,
        tuple(datasets),
        tuple(classifiers),
        reference,
        cells,
        transfers,
        audits,
    )


def _chosen(
    kind: str,
    wanted: Iterable[str],
    known: list[str],
    groups: Mapping[str, Iterable[str]],
) -> set[str]:
    """Return the ids that are wanted, those of a group by its name; or all."""
    chosen: set[str] = set()
    for name in wanted:
        if name in known:
            chosen.add(name)
        elif name in groups:
            chosen.update(groups[name])
        else:
            named = list(dict.fromkeys([*groups, *known]))
            raise SuiteError(
                f"no {kind} '{name}' in this suite{did_you_mean(name, named)}. "
                f"Known: {', '.join(named)}"
            )
    return chosen or set(known)
