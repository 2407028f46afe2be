"""The plan of a suite: every name resolved, and all tasks that it consists of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from unicodedata import normalize

from bench.base import SuiteError, did_you_mean, located
from bench.cells.audits import MAX_REPETITIONS
from bench.cells.cell import Audit, Cell, Task, prepare_keys
from bench.cells.own_metrics import own_functions
from bench.cells.transfers import transfer_cells
from bench.classifiers import ClassifierRecipe, examine_all, resolve_classifier
from bench.curves import Recipe, RecordedRecipe, resolve_dataset
from bench.suite import GIVEN, LimitsSpec, Reference, Suite, load_reference


@dataclass(frozen=True)
class Plan:
    """A suite with every name resolved and every mistake found; nothing has run.

    Attributes
    ----------
    suite, datasets, classifiers, reference
        The suite and what its names refer to, in the suite's order.
    cells
        Ordered by dataset, then repetition, then classifier.
    transfers
        Cells whose fitted classifiers predict the test curves of other datasets.
    audits
        One for each of the first 10 repetitions of each dataset; none if the suite has
        ``audits: false``.
    given
        Cells of the division that two files of recorded curves come with, for each
        dataset whose repetitions divide them anew. They are in no mean, no interval
        and no test.
    """

    suite: Suite
    datasets: tuple[Recipe, ...]
    classifiers: tuple[ClassifierRecipe, ...]
    reference: Reference | None
    cells: tuple[Cell, ...]
    transfers: tuple[Cell, ...] = ()
    audits: tuple[Audit, ...] = ()
    given: tuple[Cell, ...] = ()

    @property
    def everything(self) -> tuple[Task, ...]:
        """Cells, given divisions, transfers, audits: all that the store has."""
        return self.cells + self.given + self.transfers + self.audits

    @property
    def held_out(self) -> set[str]:
        """The classifiers that are fitted, but do not predict their training curves."""
        if self.suite.scores == "both":
            return set()
        return {recipe.id for recipe in self.classifiers if recipe.training is None}

    @property
    def extras(self) -> str:
        """The counts of other tasks than cells, as ", 4 audits"; empty without any."""
        counts = {
            "cell": len(self.given),
            "transfer": len(self.transfers),
            "audit": len(self.audits),
        }
        words = [f", {n} {what}{'' if n == 1 else 's'}" for what, n in counts.items()]
        words[0] += " of the given splits"
        return "".join(w for w, n in zip(words, counts.values(), strict=True) if n)

    def limited(self, datasets: Iterable[str], classifiers: Iterable[str]) -> "Plan":
        """Keep the named datasets and classifiers; an empty iterable keeps all.

        The id of a sweep names all its datasets, that of a grid all its classifiers. A
        transfer is kept with the dataset it is trained on, and an audit with its
        dataset, so that the parts of a suite add up to the whole.
        """
        families = {family.id: tuple(family.values) for family in self.suite.families}
        known = [recipe.spec.id for recipe in self.datasets]
        dataset_ids = _chosen("dataset", datasets, known, families)
        known = [recipe.id for recipe in self.classifiers]
        classifier_ids = _chosen("classifier", classifiers, known, self.suite.grids)

        def kept(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
            return tuple(
                cell
                for cell in cells
                if cell.dataset.spec.id in dataset_ids
                and cell.classifier.id in classifier_ids
            )

        return replace(
            self,
            datasets=tuple(d for d in self.datasets if d.spec.id in dataset_ids),
            classifiers=tuple(c for c in self.classifiers if c.id in classifier_ids),
            cells=kept(self.cells),
            transfers=kept(self.transfers),
            given=kept(self.given),
            audits=tuple(a for a in self.audits if a.dataset.spec.id in dataset_ids),
        )


def make_plan(suite: Suite) -> Plan:
    """Resolve every name of a suite and list its tasks.

    Raises
    ------
    BenchError
        For the first mistake that is found, with file and line.
    """
    reference = None
    if suite.reference is not None:
        with located(suite.where("reference")):
            reference = load_reference(suite.reference, suite.folder_of("reference"))
    own_functions(suite)  # so that a file which is missing is found now
    ids = [entry.id for entry in suite.classifiers]
    if suite.baseline not in ids:
        raise SuiteError(
            f"{suite.where('stats', 'baseline')}: stats.baseline: no classifier "
            f"'{suite.baseline}' in this suite{did_you_mean(suite.baseline, ids)}. "
            f"Known: {', '.join(ids)}"
        )
    folders = [suite.folder_of("classifiers", i) for i in range(len(ids))]
    findings = examine_all(zip(suite.classifiers, folders, strict=True))
    classifiers = []
    for i, entry in enumerate(suite.classifiers):
        place = f"{suite.where('classifiers', i)}: {suite.named('classifiers', i)}"
        with located(place):
            recipe = resolve_classifier(entry, suite.training, folders[i], findings)
            classifiers.append(recipe)
    datasets = []
    for i, spec in enumerate(suite.datasets):
        with located(f"{suite.where('datasets', i)}: {suite.named('datasets', i)}"):
            datasets.append(resolve_dataset(spec, suite.folder_of("datasets", i)))
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
                    f"'{lacking[0]}', which the dataset '{spec.id}' does not have; "
                    "add it to the dataset's channels"
                )
    held_out = suite.scores == "held-out"
    limits = [entry.limits.over(suite.limits) for entry in suite.classifiers]
    entries = tuple(zip(classifiers, suite.classifiers, limits, strict=True))
    cells = tuple(
        Cell(
            dataset,
            repetition,
            classifier,
            suite.seed,
            suite.threads_of(entry),
            cell_limits,
            _batched(suite, dataset, classifier),
            held_out=held_out and classifier.training is None,
            slots=entry.resources.slots,
            gpus=entry.resources.gpu,
        )
        for dataset in datasets
        for repetition in range(suite.repetitions_of(dataset.spec))
        for classifier, entry, cell_limits in entries
    )
    given = tuple(
        Cell(
            dataset.as_given,
            0,
            classifier,
            suite.seed,
            suite.threads_of(entry),
            cell_limits,
            held_out=held_out,
            slots=entry.resources.slots,
            gpus=entry.resources.gpu,
        )
        for dataset in datasets
        if isinstance(dataset, RecordedRecipe) and dataset.has_given_beside
        for classifier, entry, cell_limits in entries
    )
    transfers = transfer_cells(suite, datasets, cells)
    audit_limits = LimitsSpec().over(suite.limits)
    audits = tuple(
        Audit(dataset, repetition, suite.seed, suite.threads, audit_limits)
        for dataset in datasets
        for repetition in range(
            min(suite.repetitions_of(dataset.spec), MAX_REPETITIONS)
        )
        if suite.audits
    )
    plan = Plan(
        suite,
        tuple(datasets),
        tuple(classifiers),
        reference,
        cells,
        transfers,
        audits,
        given,
    )
    prepare_keys(plan.everything)
    return plan


def _batched(suite: Suite, dataset: Recipe, classifier: ClassifierRecipe) -> int:
    """Return the number of repetitions that train together."""
    if classifier.training is not None:
        return suite.repetitions
    # A given division has no second repetition.
    is_given = isinstance(dataset, RecordedRecipe) and dataset.spec.division == GIVEN
    return 1 if is_given else classifier.stacked


def _chosen(
    kind: str,
    wanted: Iterable[str],
    known: list[str],
    groups: Mapping[str, Iterable[str]],
) -> set[str]:
    """Return the wanted ids, with groups replaced by their ids; all if none is."""
    chosen: set[str] = set()
    # Some terminals write an accent with other Unicode characters than the suite.
    by_look = {normalize("NFC", name): name for name in (*groups, *known)}
    for written in wanted:
        name = by_look.get(normalize("NFC", written), written)
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
