"""From a plan and its store to everything that a report shows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.cell_arrays import (
    CellArrays,
    Classwise,
    read_cell_arrays,
    shows_classes,
)
from bench.analysis.dataset_words import describe_dataset
from bench.analysis.evidence import check_rows
from bench.analysis.findings import Findings, analyse, nothing_to_learn, rows_of
from bench.analysis.provenance import provenance
from bench.analysis.recorded_facts import recorded_facts
from bench.analysis.report_data import (
    Answer,
    AnswerRow,
    ClassifierFacts,
    DatasetFacts,
    HardCurve,
    Log,
    Picture,
    ReferenceFacts,
    ReportData,
    RocFacts,
    SuiteFacts,
)
from bench.analysis.results import date_of, load_cells
from bench.base import StoreError
from bench.cells import Plan
from bench.classifiers import ClassifierRecipe
from bench.curves import Recipe, RecordedRecipe, draw_test, first_of_class, is_grid
from bench.stats import CHANCE, OwnMetric, hardest_curves, metric_of, spread
from bench.store import Result, Store
from bench.suite import PRESETS, Reference, Suite

SHOWN_CURVES = 8  # of each of two classes
SHOWN_OF_MANY = 3  # of each class, if the classes are the library's functions
SHOWN_CLASSES = 60  # more panels would not fit on a page
MOST_POINTS = 120  # of a curve in a picture: a small panel shows no more
MOST_SHOWN = 1000  # input points whose density is drawn
MOST_NUMBERS = 28_000  # of all training histories together: 130 kB of page.json
FEWEST_EPOCHS, MOST_EPOCHS = 20, 200  # that are kept of a training
MOST_RATES = 15_000  # numbers of all ROC curves together: 75 kB of page.json
FEWEST_RATES, DEFAULT_RATES = 21, 101  # of one curve
MOST_LOGS = 20
_LOG_END = 1500  # characters: the last lines say what was raised
_HIGHLIGHTED = 6  # colours that every reader can tell from each other
_OWN = 3  # of these, a user's own classifiers
_BY_CHANCE = {"accuracy", "balanced_accuracy", "recall"}


def collect(plan: Plan, store: Store, results: Sequence[Result]) -> ReportData:
    """Collect everything that the report of a suite shows.

    Parameters
    ----------
    results
        The result of each cell, as `bench.analysis.results.load_results` returns them.

    Raises
    ------
    StoreError
        If the store has no result of the suite.
    """
    stored = [result for result in results if result.status != "missing"]
    suite = plan.suite
    if not stored:
        raise StoreError(
            f"{store.folder}: found no result of the suite '{suite.name}'; "
            "expected at least one; run `python -m bench run "
            f"{suite.command_words}` first"
        )
    given = [r for r in load_cells(plan.given, store) if r.status != "missing"]
    findings = analyse(plan, store, results)
    datasets = []
    parts: dict[str, list[pd.DataFrame]] = {
        name: []
        for name in ("online", "calibration", "history", "held_out", "per_class")
    }
    highlighted = _highlighted(plan, findings)
    n_rates = MOST_RATES // (len(plan.datasets) * max(len(highlighted), 1))
    classwise = Classwise(highlighted, min(max(n_rates, FEWEST_RATES), DEFAULT_RATES))
    for recipe in plan.datasets:  # the arrays of all at once may not fit into memory
        name = recipe.spec.id
        wanted = classwise if shows_classes(recipe, suite.metrics) else None
        arrays = read_cell_arrays(findings, name, store, recipe.n_classes, wanted)
        datasets.append(_dataset(plan, findings, recipe, arrays))
        parts["online"].append(arrays.online)
        for part, frame in (
            ("calibration", _calibration(arrays.bins)),
            ("history", arrays.history),
            ("held_out", arrays.held_out),
            ("per_class", _with_names(arrays.classes, recipe.class_names)),
        ):
            if not frame.empty:
                parts[part].append(frame.assign(dataset=name))
    frames = {name: _joined(found) for name, found in parts.items()}
    frames |= {name: _thinned(frames[name]) for name in ("history", "held_out")}
    data = ReportData(
        suite=_suite(suite, store, stored),
        datasets=tuple(datasets),
        classifiers=tuple(_classifier(plan, recipe) for recipe in plan.classifiers),
        findings=findings,
        answers=(),
        reference=None if plan.reference is None else reference_facts(plan.reference),
        provenance=tuple(provenance(plan, findings, [*stored, *given])),
        logs=_logs(findings, store),
        transfer_failures=tuple(_transfer_failures(findings.transfer_cells)),
        highlighted=highlighted,
        **frames,
    )
    return _with_answers(data, suite, [result.commit for result in stored])


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    frames = [frame for frame in frames if not frame.empty]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _suite(suite: Suite, store: Store, stored: Sequence[Result]) -> SuiteFacts:
    stats = suite.stats
    return SuiteFacts(
        name=suite.name,
        description=suite.description,
        path=suite.command_words,
        seed=suite.seed,
        repetitions=suite.repetitions,
        threads=suite.threads,
        own_threads=suite.own_threads,
        metrics=tuple(suite.metrics),
        own_metrics=suite.own_metrics,
        baseline=suite.baseline,
        alpha=stats.alpha,
        margin=stats.margin,
        impute=stats.impute,
        works=stats.works,
        date=date_of(store, stored),
    )


def _classifier(plan: Plan, recipe: ClassifierRecipe) -> ClassifierFacts:
    return ClassifierFacts(
        id=recipe.id,
        class_path=recipe.class_path,
        library_defaults=recipe.library_defaults,
        online=recipe.training is not None,
        own=_is_own(recipe),
        held_out=recipe.id in plan.held_out,
    )


def _is_own(recipe: ClassifierRecipe) -> bool:
    """Tell whether a user brought the class: a file, or a package we do not name."""
    ours = {preset.class_path.partition(".")[0] for preset in PRESETS.values()}
    package = recipe.class_path.partition(".")[0]
    return ":" in recipe.class_path or package not in ours | {"sklearn", "aeon"}


def _dataset(
    plan: Plan, findings: Findings, recipe: Recipe, arrays: CellArrays
) -> DatasetFacts:
    spec, metric = recipe.spec, metric_of(plan.suite.headline)
    bounds = metric.bounds_for(recipe.n_classes)
    kept = spread(len(recipe.x), MOST_POINTS)
    return DatasetFacts(
        id=spec.id,
        description=spec.description,
        words=describe_dataset(
            recipe, rows_of(findings.summary, spec.id), plan.held_out
        ),
        task=spec.task,
        classes=recipe.class_names,
        chance=_chance(plan.suite.headline, recipe.n_classes),
        perfect=None if bounds is None else bounds[metric.larger_is_better],
        n_test=recipe.n_test,
        learnable=recipe not in nothing_to_learn(plan),
        x=_rounded(recipe.x[kept], 5),
        points=_points(recipe.x),
        n_points=len(recipe.x),
        pictures=tuple(_pictures(recipe, plan.suite.seed, kept)),
        hardest=tuple(_hardest(recipe, plan.suite.seed, arrays, kept)),
        repetition=arrays.first,
        confusion={
            name: counts.tolist()
            for name, counts in arrays.confusion.items()
            if 2 < recipe.n_classes <= SHOWN_CLASSES
        },
        recorded=recorded_facts(recipe) if isinstance(recipe, RecordedRecipe) else None,
        roc={
            name: RocFacts(_rounded(curve.rates, 4), round(curve.area, 4), curve.n)
            for name, curve in arrays.roc.items()
        },
        unranked=arrays.unranked,
    )


def _with_names(classes: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Give the rows of classes their names."""
    if classes.empty:
        return classes
    return classes.assign(**{"class": [names[label] for label in classes["class"]]})


def _chance(metric: str | OwnMetric, n_classes: int) -> float | None:
    """Return the expected score of guessing each class as often; None if not known."""
    if metric in _BY_CHANCE:
        return 1 / n_classes
    return {"roc_auc": 0.5, "mcc": 0.0}.get(str(metric))


def _points(x: np.ndarray) -> list[float]:
    """Return the points of one input, if they are not evenly spaced."""
    if x.shape[1] > 1 or is_grid(x[:, 0]):
        return []
    ordered = np.sort(x[:, 0])
    points: list[float] = _rounded(ordered[spread(len(ordered), MOST_SHOWN)], 4)
    return points


def _pictures(recipe: Recipe, seed: int, kept: np.ndarray) -> Iterable[Picture]:
    """Show a few training curves of repetition 0, of each class and channel."""
    n_channels = recipe.n_channels if isinstance(recipe, RecordedRecipe) else 1
    names = recipe.class_names[: max(1, SHOWN_CLASSES // n_channels)]
    most = SHOWN_CURVES if len(recipe.class_names) == 2 else SHOWN_OF_MANY
    for label, name in enumerate(names):
        curves = first_of_class(recipe, label, most, seed)
        for channel in range(n_channels):
            title = name if n_channels == 1 else f"{name}, channel {channel + 1}"
            yield Picture(title, list(map(_rounded_curve, curves[:, channel, kept])))


def _hardest(
    recipe: Recipe, seed: int, arrays: CellArrays, kept: np.ndarray
) -> Iterable[HardCurve]:
    """List the curves of the first repetition that most classifiers misclassify."""
    # Which curves most classifiers misclassify takes at least two classifiers.
    if arrays.first is None or len(arrays.predictions) < 2:
        return
    hardest = hardest_curves(arrays.labels, arrays.predictions)
    if hardest.empty:
        return
    names = recipe.class_names
    X, _ = draw_test(recipe, arrays.first, seed)
    n_points = len(recipe.x)
    for row in hardest.to_dict("records"):
        i, label = int(row["curve"]), int(row["label"])
        wrong = Counter(
            int(predicted[i])
            for predicted in arrays.predictions.values()
            if predicted[i] != label
        )
        most = wrong.most_common(1)[0][0]
        yield HardCurve(
            values=_rounded_curve(X[i, :n_points][kept]),
            true=names[label],
            predicted=names[most],
            wrong=int(row["wrong"]),
            of=int(row["of"]),
        )


def _rounded(values: np.ndarray, digits: int = 3) -> Any:
    """Round to a few digits, which no picture can tell from more."""
    numbers = np.asarray(values, dtype=float)
    texts = np.char.mod(f"%.{digits}g", numbers)
    return texts.astype(float).tolist()


def _rounded_curve(values: np.ndarray) -> list[float]:
    """Round a curve to three digits of its range, which a small panel shows."""
    numbers = np.asarray(values, dtype=float)
    span = float(np.ptp(numbers))
    if span > 0 and np.isfinite(span):
        decimals = 2 - int(np.floor(np.log10(span)))
        return [float(f"{value:.12g}") for value in np.round(numbers, decimals)]
    rounded: list[float] = _rounded(numbers)
    return rounded


def _calibration(bins: pd.DataFrame) -> pd.DataFrame:
    """Reduce bins of confidence to the expected calibration error of classifiers."""
    if bins.empty:
        return bins
    gaps = bins["n"] * (bins["accuracy"] - bins["confidence"]).abs()
    by = [bins["classifier"], bins["repetition"]]
    errors = gaps.groupby(by, sort=False).sum()
    errors /= bins["n"].groupby(by, sort=False).sum()
    groups = errors.groupby("classifier", sort=False)
    return pd.DataFrame(
        {"n": groups.size(), "ece_mean": groups.mean(), "ece_std": groups.std(ddof=1)}
    ).reset_index()


def _thinned(history: pd.DataFrame) -> pd.DataFrame:
    """Keep some epochs of each training, and three digits of each number."""
    if history.empty:
        return history
    trainings = history.groupby(["dataset", "classifier", "repetition"], sort=False)
    n_epochs = MOST_NUMBERS // (trainings.ngroups * len(history.columns))
    n_epochs = min(max(n_epochs, FEWEST_EPOCHS), MOST_EPOCHS)
    kept = [rows.iloc[spread(len(rows), n_epochs)] for _, rows in trainings]
    frame = pd.concat(kept, ignore_index=True)
    for column in frame.columns:
        if pd.api.types.is_float_dtype(frame[column].dtype):
            frame[column] = _rounded(frame[column].to_numpy())
    return frame


def _highlighted(plan: Plan, findings: Findings) -> tuple[str, ...]:
    """Choose the classifiers that figures show in colour: at most six.

    The baseline and up to three of a user's own come first, then the best ones.
    """
    ranked = mean_ranks(findings)
    names = [name for name in ranked.sort_values(kind="stable").index if name != CHANCE]
    own = [recipe.id for recipe in plan.classifiers if _is_own(recipe)]
    own = [name for name in names if name in own][:_OWN]
    chosen = dict.fromkeys([plan.suite.baseline, *own, *names])
    chosen.pop(CHANCE, None)
    return tuple(chosen)[:_HIGHLIGHTED]


def mean_ranks(findings: Findings) -> pd.Series:
    """Return the mean rank of each classifier over the datasets; 1 is the best.

    It is that of the comparison across datasets, where there is one; else of the means
    of each dataset, where classifiers that lack a score come last.
    """
    if findings.across is not None and len(findings.across.ranks):
        ranks = findings.across.ranks
    else:
        ranks = pd.Series(dtype=float)
    summary = findings.summary
    # `summarise` sorts the classifiers of each dataset, the best first.
    places = summary.groupby("dataset", sort=False).cumcount() + 1
    others = places.groupby(summary["classifier"], sort=False).mean()
    lacking = others.drop(ranks.index, errors="ignore").sort_values(kind="stable")
    together: pd.Series = pd.concat([ranks, lacking.astype(float)])
    return together


def reference_facts(reference: Reference) -> ReferenceFacts:
    """Return what a report shows of a reference."""
    every = reference.datasets.items()
    return ReferenceFacts(
        title=reference.title,
        source=reference.source,
        measures=reference.measures,
        lesson=reference.lesson,
        notes=dict(reference.notes),
        remarks=tuple(reference.remarks),
        datasets={
            dataset: {
                name: (score.mean, score.std)
                for name, score in scores.items()
                if score.mean is not None
            }
            for dataset, scores in every
        },
        ranges=_filled(
            {
                dataset: {
                    name: (score.low, score.high, score.n)
                    for name, score in scores.items()
                    if score.low is not None or score.n is not None
                }
                for dataset, scores in every
            }
        ),
        given=_filled(
            {
                dataset: {
                    name: score.given
                    for name, score in scores.items()
                    if score.given is not None
                }
                for dataset, scores in every
            }
        ),
    )


def _filled(datasets: dict[str, Any]) -> dict[str, Any]:
    return {name: scores for name, scores in datasets.items() if scores}


def _with_answers(
    data: ReportData, suite: Suite, commits: Iterable[str | None]
) -> ReportData:
    """Check the answers of a suite against the tables of its report."""
    return replace(data, answers=checked_answers(suite, commits, data.tables))


def checked_answers(
    suite: Suite, commits: Iterable[str | None], tables: Mapping[str, pd.DataFrame]
) -> tuple[Answer, ...]:
    """Compare the answers that a person wrote with the tables of a report.

    Parameters
    ----------
    commits
        The commit of each stored result, or None if it is not known.
    tables
        Name of a CSV file of the report, without ".csv" → its content.
    """
    known = set(filter(None, commits))
    return tuple(
        Answer(
            question=entry.question,
            answer=entry.answer,
            date=entry.date,
            commit=entry.commit,
            # The suite may hold an abbreviated commit; a result holds all 40 digits.
            known_commit=any(commit.startswith(entry.commit) for commit in known),
            rows=tuple(AnswerRow(**asdict(row)) for row in rows),
        )
        for entry, rows in zip(suite.answers, check_rows(suite, tables), strict=True)
    )


def _logs(findings: Findings, store: Store) -> tuple[Log, ...]:
    logs = list(_logs_of(findings.results, store))
    if not findings.given.empty:
        names = findings.given["dataset"] + ", given split"
        logs += _logs_of(findings.given.assign(dataset=names), store)
    return tuple(logs[:MOST_LOGS])


def _logs_of(results: pd.DataFrame, store: Store) -> Iterable[Log]:
    """Read the end of one traceback for each error; cells rarely differ in it."""
    not_done = results[results["status"] != "done"]
    groups = not_done.groupby(["dataset", "classifier", "status", "error"], sort=False)
    n = 0
    for (dataset, classifier, *_), rows in groups:
        if n == MOST_LOGS:
            break
        text = store.log(rows["key"].iloc[0]).strip()
        if text:
            repetition = int(rows["repetition"].iloc[0])
            yield Log(str(dataset), str(classifier), repetition, text[-_LOG_END:])
            n += 1


def _transfer_failures(cells: pd.DataFrame) -> Iterable[str]:
    """Say which transfers are not done, and why."""
    if cells.empty:
        return
    not_done = cells[cells["status"] != "done"]
    by = ["train", "classifier", "status", "error"]
    for names, rows in not_done.groupby(by, sort=False):
        train, classifier, status, error = map(str, names)
        tests = Counter(rows["test"])
        where = ", ".join(f"{name} ({n})" for name, n in tests.items())
        line = f"{train} to {where}, {classifier}: {status}"
        yield line + (f" – {error}" if error else "")
