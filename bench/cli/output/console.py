"""The tables of commands, and the sentences around them."""

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.base import shown
from bench.cells import Plan
from bench.cli.output.progress import duration, name_some
from bench.cli.output.tables import (
    Mark,
    count_blocks,
    explain_marks,
    output_console,
    print_table,
    print_text,
    shorten,
)
from bench.cli.output.terminal import counted
from bench.curves import RecordedRecipe
from bench.store import STATUSES

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis import Forecast

_STYLES = {
    "worse": "bold red",
    "inconclusive": "yellow",
    "not comparable": "yellow",
    "better": "green",
}
_LONGEST_HEADER = 16  # characters of a dataset's id above a column,
_WIDE = 160  # unless there are more columns than these


def print_scores(
    plan: Plan,
    results: "pd.DataFrame",
    intervals: "pd.DataFrame | None" = None,
    report: str = "",
) -> None:
    """Print the scores by the headline metric: a table, or a matrix of all datasets.

    Parameters
    ----------
    results
        As `bench.read_results` returns them.
    intervals
        As `bench.analysis.score_intervals` returns them; without, no score is marked.
    report
        The path of the report that has the rest; empty if none is written.
    """
    # Here, since these import pandas, which `status` does not need.
    from bench.analysis import summarise

    summary = summarise(results, plan.suite.headline)
    marks = {} if intervals is None else _marks(intervals)
    where = f"see {report}" if report else "--format csv has them"
    if len(plan.datasets) == 1:
        _print_dataset(plan, summary, intervals, marks, where)
    else:
        _print_matrix(plan, summary, marks, report)
    if marks:
        print_text(explain_marks(plan.suite.stats.alpha))
    elif int(summary["n"].max()) < 3:  # as in `bench.stats.summarise_scores`
        print_text("no score is marked as the best: that takes 3 repetitions")
    if intervals is not None and not intervals.empty and intervals["collapsed"].any():
        note = "; marks and intervals are of the others" if marks else ""
        print_text(f"{_collapses(intervals)}{note}")


def _marks(intervals: "pd.DataFrame") -> dict[tuple[str, str], Mark]:
    """Return the mark of each dataset and classifier that has one."""
    marks: dict[tuple[str, str], Mark] = {}
    for row in intervals.to_dict("records"):
        if row["best"] or row["near_best"]:
            mark: Mark = "best" if row["best"] else "near"
            marks[row["dataset"], row["classifier"]] = mark
    return marks


def _collapses(intervals: "pd.DataFrame") -> str:
    rows = intervals[intervals["collapsed"] > 0].to_dict("records")
    names = [
        f"{row['classifier']} on {row['dataset']} {row['collapsed']} of {row['n']}"
        for row in rows
    ]
    return f"trainings that stayed at chance: {name_some(names)}"


def _print_dataset(
    plan: Plan,
    summary: "pd.DataFrame",
    intervals: "pd.DataFrame | None",
    marks: dict[tuple[str, str], Mark],
    where: str,
) -> None:
    from bench.report import score_rows, untrained_note

    dataset = plan.datasets[0].spec.id
    frame = score_rows(plan, summary, dataset, [plan.suite.headline])
    score, training = frame.columns[1], frame.columns[2]
    published = list(frame.columns[5:])  # the figure, and the difference to it
    drop_order = [training, *published, "fit (s)", "n"]
    if intervals is not None and not intervals.empty and intervals["low"].notna().any():
        rows = intervals.set_index("classifier").loc[frame["classifier"]]
        ends = zip(rows["low"], rows["high"], strict=True)
        level = f"{100 * (1 - plan.suite.stats.alpha):g}% interval"
        frame.insert(2, level, [_interval(low, high) for low, high in ends])
        drop_order.append(level)
    names = list(frame["classifier"])
    dropped = print_table(
        list(frame.columns),
        frame.to_numpy().tolist(),
        title=dataset,
        drop_order=drop_order,
        marks={(names.index(c), score): mark for (_, c), mark in marks.items()},
        elsewhere=where,
    )
    note = untrained_note(summary, plan.held_out)
    if note and training not in dropped:
        print_text(note)


def _interval(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"[{low:.3f}, {high:.3f}]"


def _print_matrix(
    plan: Plan,
    summary: "pd.DataFrame",
    marks: dict[tuple[str, str], Mark],
    report: str,
) -> None:
    """Print the scores of all datasets, classifiers by their mean rank.

    Datasets have the rows if that takes fewer blocks.
    """
    from bench.report import mean_std
    from bench.stats import metric_of

    metric = metric_of(plan.suite.headline)
    column = f"test_{plan.suite.metrics[0]}"
    texts = {
        (row["dataset"], row["classifier"]): mean_std(
            row[f"{column}_mean"], row[f"{column}_std"]
        )
        for row in summary.to_dict("records")
    }
    means = summary.pivot(
        index="classifier", columns="dataset", values=f"{column}_mean"
    )
    ranks = means.rank(ascending=not metric.larger_is_better).mean(axis="columns")
    classifiers = list(ranks.sort_values(kind="stable", na_position="last").index)
    datasets = [recipe.spec.id for recipe in plan.datasets]
    seconds = summary.groupby("classifier")["fit_seconds_median"].median()
    fit = [f"{seconds[name]:.2f}".replace("nan", "–") for name in classifiers]
    headers = _headers(datasets)
    by_classifier = [
        [c, *(texts.get((d, c), "–") for d in datasets)] for c in classifiers
    ]
    in_columns = {
        (classifiers.index(c), headers[datasets.index(d)]): mark
        for (d, c), mark in marks.items()
    }
    by_dataset = [[d, *(texts.get((d, c), "–") for c in classifiers)] for d in datasets]
    in_rows = {(datasets.index(d), c): mark for (d, c), mark in marks.items()}
    n_beside = count_blocks(["classifier", *headers], by_classifier, marks=in_columns)
    n_below = count_blocks(["dataset", *classifiers], by_dataset, marks=in_rows)
    title = f"held-out {metric.title}, mean±std over {repetitions_words(plan)}"
    if n_below < n_beside:
        print_table(
            ["dataset", *classifiers],
            by_dataset,
            title=title,
            split=True,
            marks=in_rows,
        )
    else:
        print_table(
            ["classifier", *headers, "fit (s)"],
            [[*row, s] for row, s in zip(by_classifier, fit, strict=True)],
            title=title,
            drop_order=["fit (s)"],
            split=True,
            marks=in_columns,
            elsewhere=f"see {report}" if report else "",
        )
    incomplete = [
        f"{row['classifier']} on {row['dataset']} {row['n']} of {row['n_cells']}"
        for row in summary[summary["n"] < summary["n_cells"]].to_dict("records")
    ]
    if incomplete:
        print_text(f"fewer repetitions are done: {name_some(incomplete)}")


def repetitions_words(plan: Plan) -> str:
    """Write the number of repetitions of a plan's datasets: ``3 repetitions``.

    That of recorded curves is set by their split: ``1 to 10 repetitions``.
    """
    numbers = _repetitions(plan)
    most = max(numbers)
    if len(numbers) > 1:
        return f"{min(numbers)} to {most} repetitions"
    return counted(most, "repetition")


def _repetitions(plan: Plan) -> set[int]:
    return {plan.suite.repetitions_of(recipe.spec) for recipe in plan.datasets}


def _headers(datasets: list[str]) -> list[str]:
    """Shorten ids that would make columns wide; they stay different."""
    if output_console().width > _WIDE:
        return datasets
    short = shorten(datasets, _LONGEST_HEADER)
    return short if len(set(short)) == len(short) else datasets


def print_statuses(title: str, counts: dict[tuple[str, str], Counter[str]]) -> None:
    """Print the number of cells with each status, by dataset and classifier."""
    total: Counter[str] = Counter()
    for row in counts.values():
        total += row
    columns = [s for s in (*STATUSES, "missing") if total[s]]
    rows: list[list[Any]] = [
        [dataset, classifier, *(row[status] for status in columns)]
        for (dataset, classifier), row in counts.items()
    ]
    rows.append(["all", "", *(total[status] for status in columns)])
    print_table(["dataset", "classifier", *columns], rows, title=title)


def print_forecast(plan: Plan, forecast: "Forecast", jobs: int) -> None:
    """Print the expected time of a suite, and the differences that it can detect."""
    missing = forecast.n_cells - forecast.n_stored
    print_text(
        f"{counted(len(plan.cells), 'cell')}{plan.extras}; {forecast.n_stored} stored, "
        f"{missing} to compute"
    )
    if missing:
        print_text(_expected_time(forecast, jobs))
    print_text(_across_datasets(plan, forecast))
    stats = plan.suite.stats
    if forecast.detectable.empty:
        print_text("detectable differences unknown: too few repetitions are stored")
        return
    rows = [
        [
            row["dataset"],
            row["classifier"],
            str(row["stored"]),
            f"{row['std']:.4f}",
            f"{row['detectable']:.4f}".replace("inf", "–"),
            _needed(row["needed"], stats.margin),
        ]
        for row in forecast.detectable.to_dict("records")
    ]
    is_one = len(_repetitions(plan)) == 1
    repetitions = repetitions_words(plan) if is_one else "all repetitions"
    columns = ["dataset", "classifier", "repetitions stored", "std of difference"]
    columns += [
        f"detected with {repetitions}",
        f"repetitions to detect {stats.margin:g}",
    ]
    print_table(
        columns,
        rows,
        title=f"the smallest difference to {plan.suite.baseline} that is detected with "
        f"80% power at alpha {stats.alpha:g}",
        drop_order=columns[2:4],
    )


def _needed(repetitions: int | None, margin: float) -> str:
    """Write a number of repetitions; None if no number of them would do."""
    if repetitions is None:
        return "no number" if margin else "–"
    return str(repetitions)


def _expected_time(forecast: "Forecast", jobs: int) -> str:
    seconds = forecast.left(jobs)
    names = [
        f"{classifier} on {dataset}" if classifier else f"the audits of {dataset}"
        for dataset, classifier in forecast.untimed
    ]
    never = f"never computed here: {name_some(names)}"
    if seconds is None:
        return f"expected time unknown ({never}); --pilot 1 measures it"
    text = f"expected time: about {duration(seconds)} with -j {jobs}"
    if names:
        text += f", a guess from other cells ({never}); --pilot 1 measures it"
    return text


def _across_datasets(plan: Plan, forecast: "Forecast") -> str:
    """Say whether there are enough datasets for tests across them."""
    for_baseline, for_pairs = forecast.datasets_needed
    n, n_classifiers = forecast.n_datasets, len(plan.classifiers)
    judgement = "enough" if forecast.enough else "too few"
    pools = {r.family for r in plan.datasets if isinstance(r, RecordedRecipe)}
    words = []
    if n_libraries := n - len(pools):
        one = n_libraries == 1
        words.append(
            "1 function library" if one else f"{n_libraries} function libraries"
        )
    if pools:
        sets = counted(len(pools), "set")
        words.append(f"{sets} of recorded curves")
    return (
        f"{judgement} datasets for tests across them: {' and '.join(words)}; comparing "
        f"{counted(n_classifiers, 'classifier')} takes {for_baseline} (each with "
        f"{plan.suite.baseline}) or {for_pairs} (each with each other)"
    )


def print_comparison(frame: "pd.DataFrame", every_row: bool = False) -> None:
    """Print a comparison of `bench.compare.differences.compare_results`.

    The table has the rows that differ, or with `every_row` all. What is alike and the
    reasons stand below it, once for all rows that share one.
    """
    from bench.compare import (
        alike,
        as_text,
        count_verdicts,
        describe,
        differing,
        reasons,
        shares_nothing,
        what_each_has,
    )

    if shares_nothing(frame) and not every_row:
        print_text(shown(what_each_has(frame), 2000))
        return
    rows = as_text(frame if every_row else differing(frame)).drop(columns="why")
    if len(rows):
        print_table(
            list(rows.columns),
            [[shown(value, 1000) for value in row] for row in rows.to_numpy().tolist()],
            title=count_verdicts(frame),
            drop_order=["n", "base", "new", "interval"],
            styles=[_STYLES.get(verdict) for verdict in rows["verdict"]],
        )
    elif frame["verdict"].nunique() > 1:  # else the line below says it
        print_text(count_verdicts(frame))
    for line in [*([] if every_row else alike(frame)), *reasons(frame)]:
        print_text(shown(line, 2000))
    print_text(describe(frame))
