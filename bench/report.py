"""The report: README.md, results.csv, summary.csv and figures, from what is stored.

It is a function of the suite and its results alone, so writing it again changes
nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench import figures
from bench.datasets import DatasetRecipe, draw_class
from bench.errors import StoreError
from bench.metrics import METRICS
from bench.result import Result
from bench.runner import Plan
from bench.seeds import digest
from bench.store import Store
from bench.tables import (
    escape,
    load_results,
    markdown_table,
    results_frame,
    score_rows,
    summarise,
)

SHOWN_CURVES = 20


def write_report(
    plan: Plan, store: Store, folder: Path, found: Sequence[Result] | None = None
) -> Path:
    """Write a suite's report; return the path of its README.md.

    `found` is what `load_results` gave, if that was done already.
    """
    found = load_results(plan, store) if found is None else found
    results = results_frame(plan, store, found)
    if not (results["status"] != "missing").any():
        raise StoreError(
            f"{store.folder}: nothing of the suite '{plan.suite.name}' is stored; run "
            f"`python -m bench run {plan.suite.path}` first"
        )
    summary = summarise(results)
    stored = [result for result in found if result.status != "missing"]
    folder.mkdir(parents=True, exist_ok=True)
    results.to_csv(folder / "results.csv", index=False, lineterminator="\n")
    summary.to_csv(folder / "summary.csv", index=False, lineterminator="\n")
    _write_score_figures(plan, results, summary, folder / "figures")
    write_pictures(plan, folder / "figures")
    text = "\n\n".join(
        [
            *_opening(plan, results),
            *(_dataset_section(plan, results, summary, d) for d in plan.datasets),
            *_overfitting_section(plan),
            *_inputs_section(plan),
            *_failures_section(results, store),
            *_provenance_section(plan, stored),
        ]
    )
    target = folder / "README.md"
    target.write_text(text + "\n", "utf-8")
    return target


def write_pictures(plan: Plan, folder: Path) -> list[Path]:
    """Draw each dataset: 20 curves a class, the input points, the gradient check."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write_picture(plan, recipe, folder) for recipe in plan.datasets]


def _write_picture(plan: Plan, recipe: DatasetRecipe, folder: Path) -> Path:
    drawn = {
        symbolic: draw_class(recipe, symbolic, SHOWN_CURVES, True, seed=plan.suite.seed)
        for symbolic in (True, False)
    }
    figure, axes = figures.new_figure(3, width=10.5, height=3.1)
    figures.plot_curves(recipe.x, drawn[True][0], drawn[False][0], ax=axes[0])
    figures.plot_inputs(recipe.x, ax=axes[1])
    checked = []
    for symbolic, colour, label in (
        (True, figures.SYMBOLIC, "symbolic"),
        (False, figures.NEURAL, "neural"),
    ):
        values, gradients = drawn[symbolic]
        assert gradients is not None  # asked for above
        # The curve that bends most shows best whether its tangents touch it.
        bend = np.ptp(gradients[:, :, 0], axis=1).argmax()
        checked.append((values[bend], gradients[bend], colour, label))
    figures.plot_tangents(recipe.x, checked, ax=axes[2])
    for ax, title in zip(
        axes, ("curves", "input points", "gradient check"), strict=True
    ):
        ax.set_title(f"{figures.plain(recipe.spec.id)}: {title}", fontsize=9)
    path = folder / f"dataset-{slug(recipe.spec.id)}.png"
    figure.savefig(path)
    return path


def slug(name: str) -> str:
    """Turn an id into a file name, a different one for each id."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
    return safe if safe == name else f"{safe}-{digest(name)[:6]}"


def _write_score_figures(
    plan: Plan, results: pd.DataFrame, summary: pd.DataFrame, folder: Path
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    metric = plan.suite.metrics[0]
    n = len(plan.datasets)
    height = max(2.4, 0.36 * len(plan.classifiers) + 1.0)
    for start in range(0, n, 3):  # three datasets a figure stay readable
        part = plan.datasets[start : start + 3]
        width = 4.2 * len(part) + 0.6
        scores, score_axes = figures.new_figure(len(part), width, height)
        fits, fit_axes = figures.new_figure(len(part), width, 3.8)
        for recipe, above, below in zip(part, score_axes, fit_axes, strict=True):
            name = recipe.spec.id
            own = summary[summary["dataset"] == name]
            figures.plot_scores(
                results[results["dataset"] == name],
                metric,
                order=list(own["classifier"]),
                ax=above,
            )
            figures.plot_overfitting(own, metric, ax=below)
            above.set_title(figures.plain(name), fontsize=10)
            below.set_title(figures.plain(name), fontsize=10)
        scores.savefig(folder / f"scores-{start // 3 + 1}.png")
        fits.savefig(folder / f"overfitting-{start // 3 + 1}.png")


def _opening(plan: Plan, results: pd.DataFrame) -> list[str]:
    suite = plan.suite
    parts = [f"# {escape(suite.name)}"]
    if suite.description:
        parts.append(escape(suite.description))
    if plan.reference:
        parts.append(f"**{escape(plan.reference.lesson)}**")
    states = Counter(results["status"])
    counts = ", ".join(f"{n} {status}" for status, n in states.most_common())
    parts.append(
        f"{len(results)} cells ({len(plan.datasets)} datasets × {suite.repetitions} "
        f"repetitions × {len(plan.classifiers)} classifiers): {counts}. Every "
        "repetition draws fresh training and test curves; within one, all classifiers "
        "see the same bytes. The input points are fixed, so the figures are "
        "conditional on them."
    )
    if states.keys() - {"done"}:
        parts.append("> **Warning.** Not every cell is done; see *Not done* below.")
    return parts


def _dataset_section(
    plan: Plan, results: pd.DataFrame, summary: pd.DataFrame, recipe: DatasetRecipe
) -> str:
    spec = recipe.spec
    parts = [f"## {escape(spec.id)}"]
    parts.append(
        f"Library {escape(spec.library)} against untrained networks "
        f"({spec.neural.activation}, hidden layers {list(spec.neural.hidden)}); "
        f"{len(recipe.x)} points of {recipe.x.shape[1]} input(s), "
        f"{spec.inputs.kind}; {spec.train} training and {spec.test} test curves a "
        f"class, {spec.dtype}; channels: {', '.join(spec.channels)}."
    )
    parts.append(markdown_table(score_rows(plan, summary, spec.id)))
    defaults = [escape(c.id) for c in plan.classifiers if c.library_defaults]
    caption = (
        f"Mean±std over n repetitions (ddof=1), sorted by held-out "
        f"{METRICS[plan.suite.metrics[0]].title}."
    )
    if defaults:
        caption += f" At their library's defaults: {', '.join(defaults)}."
    parts.append(caption)
    reference = plan.reference
    if reference and spec.id in reference.datasets:
        parts.append(
            f"*{escape(reference.title)}*: {escape(reference.source)}. Why figures "
            "differ:"
        )
        shown = set(summary["classifier"])
        parts.append(
            "\n".join(
                f"- {escape(name)}: {escape(note)}."
                for name, note in reference.notes.items()
                if name in shown
            )
        )
    parts.append(
        f"![Curves, input points and gradient check of {escape(spec.id)}]"
        f"(figures/dataset-{slug(spec.id)}.png)"
    )
    return "\n\n".join(parts)


def _overfitting_section(plan: Plan) -> list[str]:
    title = METRICS[plan.suite.metrics[0]].title
    parts = [f"## {title.capitalize()} of every repetition"]
    n_figures = -(-len(plan.datasets) // 3)
    for i in range(1, n_figures + 1):
        parts.append(
            f"![{title} of every classifier and repetition](figures/scores-{i}.png)"
        )
    parts.append(
        "Filled: held-out; hollow: training; bars: means. One dot is one repetition."
    )
    parts.append("## Training against held-out")
    for i in range(1, n_figures + 1):
        parts.append(
            f"![Training against held-out {title}](figures/overfitting-{i}.png)"
        )
    parts.append("On the dotted line a classifier does as well on new curves.")
    return parts


def _inputs_section(plan: Plan) -> list[str]:
    remarks = plan.reference.remarks if plan.reference else ()
    if not remarks:
        return []
    return ["## Remarks", "\n".join(f"- {escape(remark)}" for remark in remarks)]


def _failures_section(results: pd.DataFrame, store: Store) -> list[str]:
    bad = results[results["status"] != "done"]
    parts = []
    if not bad.empty:
        lines = []
        by = ["dataset", "classifier", "status", "error"]
        for names, rows in bad.groupby(by, sort=False):
            dataset, classifier, status, error = map(str, names)
            line = f"- {escape(dataset)}, {escape(classifier)}: {len(rows)} {status}"
            line += f" – {escape(error)}" if error else ""
            log = store.path(rows["key"].iloc[0], "log")
            if log.exists() and log.stat().st_size:
                line += f" (traceback: {escape(log.as_posix())})"
            lines.append(line)
        parts += ["## Not done", "\n".join(lines)]
    again = int((results["attempts"] > 1).sum())
    if again:
        parts.append(
            f"{again} cells were begun again after a fault of the machine (a process "
            "killed from outside, a worker lost); results.csv counts the attempts."
        )
    return parts


def _provenance_section(plan: Plan, stored: list[Result]) -> list[str]:
    commits = Counter(
        (found.commit or "unknown")[:12]
        + (" (with local changes)" if found.dirty else "")
        for found in stored
    )
    machines = sorted({f"{found.cpu} ({found.device})" for found in stored})
    versions = sorted(
        {
            ", ".join(f"{name} {v}" for name, v in sorted(found.versions.items()))
            for found in stored
        }
    )
    cpu = sum((r.fit_cpu_seconds or 0) + (r.predict_cpu_seconds or 0) for r in stored)
    warned = Counter(
        (found.classifier, text.split(":", 1)[0])
        for found in stored
        for text in found.warnings
    )
    lines = [
        f"- Command: <code>python -m bench run "
        f"{escape(plan.suite.path.as_posix())}</code>",
        f"- Commit: {', '.join(sorted(commits))}",
        f"- Root seed: {plan.suite.seed}; threads a cell: {plan.suite.threads}",
        f"- Machine: {escape('; '.join(machines))}",
        f"- Versions: {escape('; '.join(versions))}",
        f"- Processor seconds of all fits and predictions: {cpu:.0f}",
    ]
    if warned:
        said = ", ".join(
            f"{escape(c)} {escape(kind)} ({n})" for (c, kind), n in warned.items()
        )
        lines.append(f"- Warnings raised (cells): {said}")
    lines.append(
        "- Data: [results.csv](results.csv), one row a cell; [summary.csv](summary.csv)"
    )
    return ["## Provenance", "\n".join(lines)]
