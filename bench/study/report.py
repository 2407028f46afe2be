"""The report of a study: the best trial, the search, and a suite with the best."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import checked_answers
from bench.curves import RecordedRecipe
from bench.render import (
    Block,
    Code,
    Items,
    Link,
    Section,
    Strong,
    Table,
    Text,
    Warning,
    to_markdown,
    write_csv,
    write_webpage,
)
from bench.report import (
    FigureFolder,
    answer_sections,
    answer_warnings,
    lead,
    mean_std,
)
from bench.stats import (
    FEWEST_FOR_VERDICT,
    paired_effect,
    unpaired_effect,
    verdict,
)
from bench.study.figures import parameter_figures, search_figure, short_choice
from bench.study.plan import StudyPlan
from bench.study.retraining import HeldOut
from bench.study.search import StudyResults
from bench.study.space import snippet
from bench.study.storage import url
from bench.study.trials import FEWEST, MADE

_SHOWN = 10  # trials in the table
_SAMPLERS = {
    "random": "at random",
    "tpe": "by tree-structured Parzen estimators (TPE; the first ten at random)",
    "batched": "at random, those of one architecture trained as one batched network",
}
_PRUNERS = {
    "none": "no trial was ended early",
    "median": "after five complete trials, a trial was ended early once its best "
    "accuracy so far was below the median of the complete trials at that epoch",
    "halving": "trials were ended early by asynchronous successive halving, which "
    "continues with the best third at each rung",
}


def write_study_report(
    study_plan: StudyPlan,
    results: StudyResults,
    held_out: HeldOut | None,
    folder: Path,
    storage: Path,
) -> Path:
    """Write a study's report; return the path of its README.md.

    The same folder gets ``index.html``, ``trials.csv``, ``figures/`` and, if a trial is
    complete, ``best.csv``, its test scores, and ``best.yaml``, a suite for ``bench
    run``.

    Parameters
    ----------
    held_out
        The scores of the best on test curves; None if no trial is complete.
    storage
        The file that keeps the trials.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = FigureFolder(folder)
    tables = {"trials": _trials(results, held_out)}
    if results.best is not None and held_out is not None:
        tables["best"] = _best(study_plan, results, held_out)
    for table_name, frame in tables.items():
        write_csv(frame, folder / f"{table_name}.csv")
    commits = results.trials["commit"]
    answers = checked_answers(study_plan.suite, commits, tables)
    sections = [
        *answer_sections(answers),
        _best_chapter(study_plan, results, held_out),
        _search_chapter(study_plan, results, figures),
        _provenance_chapter(study_plan, results, storage),
    ]
    name = study_plan.suite.name
    opening = _opening(study_plan, results)
    if answers:  # after the question
        answer = Text([Strong("Answer."), f" {lead(answers[0].answer)}"])
        opening.insert(bool(study_plan.suite.description), answer)
    opening += answer_warnings(answers)
    text = to_markdown(sections, title=name, opening=opening)
    if results.best is not None:
        best = snippet(study_plan.suite, results.parameters, folder)
        (folder / "best.yaml").write_text(best, "utf-8")
        text += f"\n## best.yaml\n\n{_fenced(best)}"
    write_webpage(folder / "index.html", title=name, sections=sections, opening=opening)
    target = folder / "README.md"
    target.write_text(text, "utf-8")
    figures.remove_unused()
    return target


def _trials(results: StudyResults, held_out: HeldOut | None) -> pd.DataFrame:
    trials = results.trials.drop(columns=["machine", "versions"])
    test = held_out.best.mean() if held_out is not None and len(held_out.best) else None
    trials["test_accuracy"] = [
        test if number == results.best else None for number in trials["number"]
    ]
    return trials


def _best(
    study_plan: StudyPlan, results: StudyResults, held_out: HeldOut
) -> pd.DataFrame:
    """Return the held-out scores of the best trial and of the suite's own recipe."""
    scores = (held_out.best, held_out.suite)
    frame = pd.DataFrame(
        {
            "recipe": _recipes(results),
            "n": [len(values) for values in scores],
            "mean": [values.mean() if len(values) else np.nan for values in scores],
            "std": [
                values.std(ddof=1) if len(values) > 1 else np.nan for values in scores
            ],
        }
    )
    if study_plan.searches_test_curves:
        frame["first"] = held_out.first
    return frame


def _recipes(results: StudyResults) -> list[str]:
    return [f"trial {results.best}", "the suite unchanged"]


def _opening(study_plan: StudyPlan, results: StudyResults) -> list[Block]:
    suite, spec = study_plan.suite, study_plan.spec
    [dataset], [entry] = suite.datasets, suite.classifiers
    states = results.trials["state"].value_counts()
    counts = ", ".join(f"{states[s]} {s}" for s in states.index)
    blocks: list[Block] = [Text(suite.description)] if suite.description else []
    blocks.append(
        Text(
            f"{len(results.trials)} trials of {entry.id} on {dataset.id} ({counts}), "
            f"sampled {_SAMPLERS[spec.sampler]}. {_trials_words(study_plan)} Only the "
            "best is trained again and tested."
        )
    )
    return blocks


def _trials_words(study_plan: StudyPlan) -> str:
    """Say on what trials are trained and judged, and when they are ended early."""
    n, trial_dataset = study_plan.n_validation, study_plan.trial_dataset
    if trial_dataset is None:
        return (
            "Each is trained online, on fresh curves, for "
            f"{study_plan.training.epochs} epochs. Its value is its final accuracy on "
            f"{n} validation curves, which are the same for all trials and belong "
            "neither to the training nor to the test curves. Pruning: "
            f"{_PRUNERS[study_plan.spec.pruner]}."
        )
    end = "Pruning: none, since such a training has no score before its end."
    if isinstance(trial_dataset, RecordedRecipe):
        how = "class by class" if trial_dataset.spec.groups is None else "by groups"
        return (
            f"Each is trained on {trial_dataset.n_train} of the "
            f"{trial_dataset.n_train + n} training curves of repetition 0. Its value "
            f"is its accuracy on the other {n}, a quarter that was drawn {how} and is "
            f"the same for all trials. {end}"
        )
    return (
        f"Each is trained on the {trial_dataset.n_train} training curves of repetition "
        f"0. Its value is its accuracy on {n} validation curves, which are the same "
        f"for all trials and belong neither to the training nor to the test curves. "
        f"{end}"
    )


def _tested_words(study_plan: StudyPlan) -> str:
    """Say what the held-out accuracies are of, and whether a trial saw the curves."""
    mean = "Mean±std (ddof=1) over repetitions on test curves"
    n = study_plan.suite.repetitions_of(study_plan.suite.datasets[0])
    if not study_plan.searches_test_curves:
        if n == 1 and study_plan.plan.datasets[0].overlap:
            return "Accuracy on the test curves, which no trial has seen."
        return f"{mean}, which no trial has seen; each repetition draws its own."
    return (
        f"{mean}. All {n} repetitions divide the same curves. No trial has seen the "
        "test curves of repetition 0, whose score stands by itself; those of the "
        "others hold curves that trials were trained or judged on, so that their "
        "scores may favour the best, and the comparison below with them."
    )


def _best_chapter(
    study_plan: StudyPlan, results: StudyResults, held_out: HeldOut | None
) -> Section:
    if results.best is None or held_out is None:
        return Section("The best", [Warning("No trial is complete.")])
    is_best = results.trials["number"] == results.best
    [value] = results.trials.loc[is_best, "value"].to_numpy(float)
    n_curves = study_plan.n_validation
    share = min(max(value, 0.5 / n_curves), 1 - 0.5 / n_curves)  # known to half a curve
    error = math.sqrt(share * (1 - share) / n_curves)
    of_first = " of repetition 0" if study_plan.searches_test_curves else ""
    scores = pd.DataFrame(
        {
            "recipe": _recipes(results),
            "held-out accuracy": [_scored(held_out.best), _scored(held_out.suite)],
            "n": [len(held_out.best), len(held_out.suite)],
        }
    )
    if study_plan.searches_test_curves:
        first = [
            "–" if math.isnan(score) else f"{score:.3f}" for score in held_out.first
        ]
        scores.insert(1, "repetition 0", first)
    return Section(
        "The best",
        [
            Table(scores, _tested_words(study_plan)),
            Text(_compared(study_plan, held_out)),
            Table(
                _top_table(study_plan, results.trials),
                f"The best {_SHOWN} complete trials. The {n_curves} validation curves "
                f"alone give the first value a standard error of {error:.3f}, and "
                "another training of the same recipe differs by about the std above. "
                "Each recipe was trained once, so the order of this table is no "
                "ranking: differences of that size may be chance. As the best of "
                "many, the first value is too high on average; the test "
                f"score{of_first} is not.",
            ),
            Text(
                [
                    "The best as a suite: ",
                    Link("best.yaml", "best.yaml"),
                    ". Every trial: ",
                    Link("trials.csv", "trials.csv"),
                    ".",
                ]
            ),
        ],
    )


def _compared(study_plan: StudyPlan, held_out: HeldOut) -> str:
    """Compare the best with the suite unchanged, on the same test curves."""
    stats = study_plan.suite.stats
    best, suite = held_out.best, held_out.suite
    [recipe] = study_plan.plan.datasets
    overlap = recipe.overlap
    options: dict[str, Any] = {"least_std": 0.5 / recipe.n_test, "bounds": (0.0, 1.0)}
    if len(best) == len(suite) == held_out.repetitions:
        how = "paired, since both are tested on the same curves"
        gaps = best - suite
        effect = paired_effect(gaps, stats.alpha, overlap=overlap, **options)
    else:
        how = "Welch, since some repetitions are not done"
        overlaps = (overlap, overlap)
        effect = unpaired_effect(best, suite, stats.alpha, overlaps=overlaps, **options)
    if not effect.decides:
        return (
            "Whether the best is better than the suite unchanged cannot be told from "
            f"{effect.n} {'repetition' if effect.n == 1 else 'repetitions'}; at least "
            f"{FEWEST_FOR_VERDICT} are needed."
        )
    word = verdict(effect.low, effect.high, stats.margin)
    return (
        f"The best minus the suite unchanged: {effect.difference:+.3f} "
        f"[{effect.low:+.3f}, {effect.high:+.3f}] at {100 - 100 * stats.alpha:g}% "
        f"({how}): {word}, with a margin of {stats.margin:g}."
    )


def _top_table(study_plan: StudyPlan, trials: pd.DataFrame) -> pd.DataFrame:
    complete = trials[trials["state"] == "complete"]
    top = complete.sort_values("value", ascending=False, kind="stable").head(_SHOWN)
    table = pd.DataFrame({"trial": top["number"].astype(str)})
    table["value"] = [f"{value:.4f}" for value in top["value"]]
    for name in study_plan.spec.space:
        table[name] = [short_choice(value) for value in top[name]]
    table["seconds"] = [f"{seconds:.1f}" for seconds in top["seconds"]]
    return table


def _search_chapter(
    study_plan: StudyPlan, results: StudyResults, figures: FigureFolder
) -> Section:
    trials, shares = results.trials, results.importances
    blocks: list[Block] = [search_figure(trials, shares, figures)]
    if shares.empty:
        blocks.append(
            Text(f"Importance needs {FEWEST} complete trials that differ in value.")
        )
    else:
        table = pd.DataFrame(
            {
                "parameter": shares["parameter"],
                "fANOVA": [f"{share:.2f}" for share in shares["fanova"]],
                "PED-ANOVA": [f"{share:.2f}" for share in shares["ped_anova"]],
            }
        )
        n = int((trials["state"] == "complete").sum())
        blocks.append(
            Table(
                table,
                f"Importance over the {n} complete trials; each column adds up to 1. "
                "fANOVA: the parameter's share of the variance of the value. "
                "PED-ANOVA: how much it decides whether a trial is among the best "
                f"tenth, here {math.ceil(n / 10)}. Pruned trials are left out, so a "
                "parameter that makes trials bad early counts too little.",
            )
        )
    blocks += parameter_figures(trials, study_plan.spec.space, figures)
    return Section("The search", blocks)


def _provenance_chapter(
    study_plan: StudyPlan, results: StudyResults, storage: Path
) -> Section:
    suite, trials = study_plan.suite, results.trials
    made = {name: sorted(filter(None, set(trials[name]))) for name in MADE}
    seconds = float(np.nansum(trials["seconds"].to_numpy(float)))
    lines: list[Any] = [
        ["Command: ", Code(f"python -m bench study {suite.command_words}")],
        ["Optuna's dashboard: ", Code(f"optuna-dashboard {url(storage)}")],
        ["Name of the study there: ", Code(study_plan.name)],
        f"Commit: {', '.join(made['commit'])}",
        f"Root seed: {suite.seed}; threads: {suite.threads}",
        f"Machine: {'; '.join(made['machine'])}",
        f"Versions: {'; '.join(made['versions'])}",
        f"Seconds of all trials: {seconds:.0f}",
    ]
    return Section("Provenance", [Items(lines)])


def _scored(values: np.ndarray) -> str:
    if not len(values):
        return "–"
    std = values.std(ddof=1) if len(values) > 1 else math.nan
    return mean_std(float(values.mean()), float(std))


def _fenced(text: str) -> str:
    """Put a text into a code block with a fence longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}yaml\n{text}{fence}\n"
