"""The export of a cell's discriminator: choose the cell, describe it, write files."""

import math
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from bench.base import DiscriminatorError, StoreError
from bench.cells import Cell, Plan
from bench.classifiers import build
from bench.curves import Recipe, RecordedRecipe
from bench.export.card import write_discriminator
from bench.export.card_networks import KINDS
from bench.store import WEIGHT, Result, Store
from bench.suite import CurveFiles


def choose_cell(plan: Plan, repetition: int = 0) -> tuple[Plan, Cell]:
    """Choose the cell whose discriminator is exported.

    Parameters
    ----------
    plan
        A plan with one dataset and one discriminator; limit it if the suite has more.
    repetition
        The repetition of the cell.

    Returns
    -------
    plan
        Limited to the cell and, if it trains online, to those that train with it.
    cell

    Raises
    ------
    DiscriminatorError
        If no cell fits, or more than one.
    """
    suite, ids = plan.suite, [recipe.spec.id for recipe in plan.datasets]
    if len(ids) > 1:
        raise DiscriminatorError(
            f"{suite.path}: has {len(ids)} datasets; expected one of them after -d: "
            f"{', '.join(ids)}"
        )
    ours = [recipe for recipe in plan.classifiers if recipe.is_ours]
    if not ours:
        found = ", ".join(f"{r.id} ({r.class_path})" for r in plan.classifiers[:3])
        raise DiscriminatorError(
            f"{suite.path}: found {found}; expected an SD, CSD or CSD2, since only "
            "these can be exported"
        )
    if len(ours) > 1:
        raise DiscriminatorError(
            f"{suite.path}: has {len(ours)} discriminators; expected one of them after "
            f"-c: {', '.join(recipe.id for recipe in ours)}"
        )
    n_repetitions = suite.repetitions_of(plan.datasets[0].spec)
    if not 0 <= repetition < n_repetitions:
        raise DiscriminatorError(
            f"{suite.path}: no repetition {repetition}; expected 0 to "
            f"{n_repetitions - 1}"
        )
    repetitions = [cell for cell in plan.cells if cell.classifier is ours[0]]
    [cell] = [cell for cell in repetitions if cell.repetition == repetition]
    kept = [cell] if cell.classifier.training is None else repetitions
    limited = replace(plan, classifiers=(ours[0],), cells=tuple(kept))
    limited = replace(limited, transfers=(), audits=(), given=())
    return limited, cell


def why_not_done(plan: Plan, cell: Cell, result: Result) -> str:
    """Return the reason why a cell has no discriminator; empty if it has one."""
    if result.status == "done":
        return ""
    error = result.error or {}
    reason = f" ({error['type']}: {error['message']})" if error else ""
    return (
        f"{_name(cell)}: {result.status}{reason}, so nothing can be exported; `python "
        f"-m bench run {plan.suite.command_words} -d {cell.dataset.spec.id} -c "
        f"{cell.classifier.id} --retry-failed` computes it again"
    )


def export_cell(plan: Plan, cell: Cell, store: Store, folder: Path) -> Path:
    """Write the discriminator of a stored cell; return the card's path.

    Raises
    ------
    BenchError
        If the store has no weights of the cell, if they are not finite, or if the
        folder holds files that are not of an export.
    """
    result = store.get(cell.key)
    if result is None:
        raise StoreError(
            f"{store.folder}: no result of {_name(cell)}; run `python -m bench export` "
            "or `run` first"
        )
    if why := why_not_done(plan, cell, result):
        raise DiscriminatorError(why)
    arrays = store.arrays(cell.key, weights=True)
    weights = {
        name.removeprefix(WEIGHT): value
        for name, value in arrays.items()
        if name.startswith(WEIGHT)
    }
    if not weights:
        raise DiscriminatorError(
            f"{store.where(cell.key)}: {_name(cell)} was computed by a version that "
            "kept no weights; train it again with `python -m bench run SUITE --again`, "
            "or choose another --store"
        )
    card = _card(plan, cell, result)
    card["network"] |= _chosen(weights)
    return write_discriminator(folder, card, weights)


def _chosen(weights: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a network that its training has chosen, by its state."""
    if "choice" not in weights:  # all but CSD2 of recorded curves
        return {}
    augments, reads_values = weights["choice"]
    chosen = {"reads": "values" if reads_values else "channels"}
    return chosen if augments else chosen | {"flips": [], "noise": 0.0}


def _curves_of(dataset: Recipe) -> dict[str, Any]:
    """Return what the curves of a dataset are: the library's text, or their hash.

    Of files only the names: where they are on this machine is of no use elsewhere.
    """
    if isinstance(dataset, RecordedRecipe):
        source = dataset.spec.recorded.model_dump(mode="json")
        if isinstance(dataset.spec.recorded, CurveFiles):
            source["files"] = [PurePath(f).name for f in dataset.spec.recorded.paths]
        return {"recorded": source, "data_hash": dataset.curves.data_hash}
    return {"library": {"name": dataset.spec.library, "text": dataset.library.text}}


def _card(plan: Plan, cell: Cell, result: Result) -> dict[str, Any]:
    """Return the values of a cell's card; see `bench.export.card.Card`."""
    dataset, classifier = cell.dataset, cell.classifier
    names = dataset.channel_names
    channels = [n for wanted in classifier.channels for n in names if n == wanted]
    stream = [dataset.stream, cell.repetition]
    recorded = isinstance(dataset, RecordedRecipe)
    estimator = build(
        classifier, cell.seed, stream, dataset.x, len(channels), recorded=recorded
    )
    params = estimator.get_params(deep=False)
    kind = classifier.class_path.rpartition(".")[2].removesuffix("Classifier")
    model = KINDS[kind]
    network = {
        "kind": kind,
        "n_points": len(dataset.x),
        "n_outputs": 1 if dataset.n_classes == 2 else dataset.n_classes,
        **{name: params[name] for name in model.model_fields if name in params},
    }
    # Points and callbacks are not settings, and the device belongs to this machine.
    for name in ("x", "callbacks", "device"):
        params.pop(name)
    spec = dataset.spec.model_dump(mode="json")
    training: dict[str, Any] = {"mode": "fixed"}
    if classifier.training is not None:
        training = classifier.training.model_dump()
    return {
        # All parameters are written, since the defaults of the classes may change.
        "network": model.model_validate(network).model_dump(mode="json"),
        "classes": list(range(dataset.n_classes)),
        "class_names": list(dataset.class_names),
        "channels": channels,
        "x": dataset.x.tolist(),
        "dataset": spec | _curves_of(dataset),
        "classifier": {
            "id": classifier.id,
            "class": classifier.class_path,
            "params": params,
        },
        "training": {
            **training,
            "epochs_done": result.iterations,
            "fit_seconds": result.fit_seconds,
        },
        "scores": {
            part: {
                name: value if math.isfinite(value) else None
                for name, value in scores.items()
            }
            for part, scores in (("train", result.train), ("test", result.test))
        },
        "provenance": {
            "suite": plan.suite.name,
            "repetition": cell.repetition,
            "seed": cell.seed,
            "key": cell.key,
            "data_hash": result.data_hash,
            "versions": result.versions,
            "commit": result.commit,
            "dirty": result.dirty,
            "cpu": result.cpu,
            "device": result.device,
            "threads": result.threads,
            "batched": result.batched,
        },
    }


def _name(cell: Cell) -> str:
    return (
        f"{cell.classifier.id} on {cell.dataset.spec.id}, repetition {cell.repetition}"
    )
