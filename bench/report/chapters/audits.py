"""What the audits found: one sentence for all datasets that it concerns."""

from collections.abc import Mapping

import pandas as pd

from bench.analysis import STANDARD_ERRORS, ReportData, not_done
from bench.cells import DEPTH, TREES
from bench.render import Block, Section, Text, Warning
from bench.report.tables import counted
from bench.stats import name_some

_NAMED = 3  # datasets that a sentence names; more are counted
# Begin of an audit's name → the title of its alarm, and what it means.
_MEANING: Mapping[str, tuple[str, str]] = {
    "CHANCE": ("Leak", "labels leak, or a score is wrong"),
    "KNN, labels": ("Leak", "labels leak, or a score is wrong"),
    "SVC, labels": ("Leak", "labels leak, or a score is wrong"),
    "duplicates": ("Duplicates", "which rewards memory"),
    "balance": ("Unbalanced classes", "read balanced accuracy, not accuracy"),
}


def alarm_warnings(data: ReportData) -> list[Block]:
    """Say once for all datasets what the audits found; nothing where all is well."""
    audits = data.findings.audits
    if audits.empty:
        return []
    alarms = audits[audits["alarm"]]
    trees = alarms[alarms["audit"].isin(list(TREES))]
    of_recorded = trees["dataset"].isin([facts.id for facts in data.recorded])
    blocks: list[Block] = [
        Warning(_shortcut(data, rows, recorded=recorded), _shortcut_title(recorded))
        for rows, recorded in (
            (trees[~of_recorded], False),
            (trees[of_recorded], True),
        )
        if len(rows)
    ]
    others = alarms[~alarms["audit"].isin(list(TREES))]
    for audit, rows in others.groupby("audit", sort=False):
        title, meaning = _meaning(str(audit))
        if audit == "duplicates":
            blocks.append(Warning(_equal_curves(data, rows), title))
            continue
        blocks.append(
            Warning(
                f"{audit} {_range(rows['value'])} on {_where(data, rows)}; expected "
                f"{_range(rows['expected'])}: {meaning}.",
                title,
            )
        )
    return blocks


def _meaning(audit: str) -> tuple[str, str]:
    for beginning, meaning in _MEANING.items():
        if audit.startswith(beginning):
            return meaning
    return "Audit", "see Audits"


def _shortcut_title(recorded: bool) -> str:
    # What a generated dataset gives away by mistake, recorded curves may have of their
    # own.
    return "Simple features" if recorded else "Shortcut"


def _equal_curves(data: ReportData, rows: pd.DataFrame) -> str:
    """Say how many test curves equal training curves, over the repetitions audited."""
    counts = ", ".join(
        f"{row['dataset']} ({row['value']:.0f} in "
        f"{counted(int(row['n']), 'repetition')})"
        for row in rows.to_dict("records")[:_NAMED]
    )
    left = len(rows) - _NAMED
    more = f" and {counted(left, 'more dataset')}" if left > 0 else ""
    words = f"Test curves equal training curves, which rewards memory: {counts}{more}."
    if set(rows["dataset"]) & {facts.id for facts in data.recorded}:
        words += (
            " Equal curves in the files of recorded data: remove them, or name those "
            "that belong together as groups."
        )
    return words


def _shortcut(data: ReportData, trees: pd.DataFrame, *, recorded: bool) -> str:
    """Say which simple features are enough, on which datasets."""
    # Of several trees on a dataset the best explains most.
    best = trees.sort_values("value", ascending=False, kind="stable")
    best = best.drop_duplicates("dataset")
    order = {facts.id: i for i, facts in enumerate(data.datasets)}
    best = best.sort_values("dataset", key=lambda names: names.map(order))
    features = name_some(list(dict.fromkeys(TREES[name] for name in best["audit"])))
    words = (
        f"A depth-{DEPTH} decision tree on {features} alone reaches "
        f"{_range(best['value'])} on {_where(data, best)}"
    )
    known = _best_scores(data, list(best["dataset"]))
    if len(known):
        words += f" (best classifier {_range(known)})"
    if recorded:
        return (
            f"{words}. That is a property of these curves; scores there do not show "
            "that a classifier recognises shapes."
        )
    return f"{words}. Scores there do not show that a classifier recognises functions."


def _best_scores(data: ReportData, datasets: list[str]) -> pd.Series:
    """Return the best mean accuracy on each of some datasets."""
    summary = data.findings.summary
    rows = summary[summary["dataset"].isin(datasets)]
    if "test_accuracy_mean" not in rows:
        return pd.Series(dtype=float)
    best: pd.Series = rows.groupby("dataset")["test_accuracy_mean"].max().dropna()
    return best


def _range(values: pd.Series) -> str:
    low, high = f"{values.min():.3f}", f"{values.max():.3f}"
    return low if low == high else f"{low} to {high}"


def _where(data: ReportData, rows: pd.DataFrame) -> str:
    names = list(dict.fromkeys(rows["dataset"]))
    n = len(data.datasets)
    if len(names) == n > 1:
        return "both datasets" if n == 2 else f"all {n} datasets"
    if len(names) <= _NAMED:
        return name_some(names)
    return f"{len(names)} of {counted(n, 'dataset')}"


def dataset_alarms(data: ReportData, dataset: str) -> list[Block]:
    """Say in the chapter of a dataset that an audit concerns it."""
    audits = data.findings.audits
    if audits.empty:
        return []
    alarms = audits[audits["alarm"] & (audits["dataset"] == dataset)]
    if alarms.empty:
        return []
    trees = alarms[alarms["audit"].isin(list(TREES))].sort_values("value")
    blocks: list[Block] = []
    if len(trees):
        best = trees.to_dict("records")[-1]
        blocks.append(
            Warning(
                f"A depth-{DEPTH} decision tree on {TREES[best['audit']]} alone "
                f"reaches {best['value']:.3f}.",
                _shortcut_title(data.dataset(dataset).recorded is not None),
            )
        )
    for row in alarms[~alarms["audit"].isin(list(TREES))].to_dict("records"):
        blocks.append(Warning(f"{row['words']}.", _meaning(row["audit"])[0]))
    return blocks


def audits_chapter(data: ReportData) -> list[Section]:
    """Say what the audits check; list those with an alarm, or not done."""
    audits = data.findings.audits
    if audits.empty:
        return []
    missing = not_done(audits)
    done = audits.drop(missing.index)
    alarms = done[done["alarm"]]
    checks = (
        "guesses and fits to permuted labels score at chance (within "
        f"{STANDARD_ERRORS} standard errors), no shallow tree on scale, roughness or "
        "single points separates the classes, no test curve is a training curve"
    )
    if data.generated:
        of = " of generated datasets" if data.recorded else ""
        checks += f", the classes{of} are of equal size"
    n = counted(done["dataset"].nunique(), "dataset")
    if alarms.empty and len(done):
        words = f"All is well on {n}: {checks}."
    else:
        words = (
            f"Checked on {n}: whether {checks}. "
            f"{counted(len(alarms), 'alarm')} of {counted(len(done), 'audit')}."
        )
    blocks: list[Block | Section] = [Text(f"{words} audits.csv has every value.")]
    if len(missing):
        words = "; ".join(
            f"{row['dataset']}: {row['words']}" for row in missing.to_dict("records")
        )
        blocks.append(Text(f"Not done: {words}."))
    return [Section("Audits", blocks)]
