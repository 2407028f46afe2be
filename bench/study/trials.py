"""The trials of a study as tables: what each gave, and which parameter mattered."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.study.storage import optuna_or_error

if TYPE_CHECKING:
    import optuna


MADE = ("commit", "machine", "versions")
FEWEST = 10  # complete trials that say something of a parameter's importance


def trials_frame(study: "optuna.Study", names: Sequence[str]) -> pd.DataFrame:
    """Lay the trials out that have ended, by their number.

    Returns
    -------
    DataFrame
        number, state ("complete", "pruned", "failed"), a column for each parameter
        (a list is JSON), value (accuracy on the validation curves, the last known),
        epochs done, seconds, batched (how many were trained as one), error, and by
        what it was computed: commit, machine, versions.
    """
    states = optuna_or_error().trial.TrialState
    said = {
        states.COMPLETE: "complete",
        states.PRUNED: "pruned",
        states.FAIL: "failed",
    }
    rows: list[dict[str, Any]] = [
        {"number": trial.number, "state": said[trial.state]}
        | {name: trial.params.get(name) for name in names}
        | {"value": trial.value}
        | {
            name: trial.user_attrs.get(name)
            for name in ("epochs", "seconds", "batched")
        }
        | {"error": trial.user_attrs.get("error", "")}
        | {name: trial.user_attrs.get("made", {}).get(name, "") for name in MADE}
        for trial in study.get_trials(deepcopy=False)
        if trial.state in said
    ]
    columns = ["number", "state", *names, "value", "epochs", "seconds", "batched"]
    frame = pd.DataFrame(rows, columns=[*columns, "error", *MADE])
    kinds: dict[str, Any] = {"epochs": "Int64", "batched": "Int64"}
    return frame.astype(kinds | {"value": float, "seconds": float})


def importances(study: "optuna.Study", names: Sequence[str]) -> pd.DataFrame:
    """Say how much of the differences between complete trials is each parameter's.

    Returns
    -------
    DataFrame
        parameter, fanova (its share of the variance of the value, by a random forest)
        and ped_anova (how much it decides whether a trial is among the best tenth);
        each column adds up to 1. The largest share first; no row where fewer than ten
        trials are complete, or all came out alike.
    """
    optuna = optuna_or_error()
    complete = study.get_trials(
        deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)
    )
    kinds = {
        "fanova": optuna.importance.FanovaImportanceEvaluator(seed=0),
        "ped_anova": optuna.importance.PedAnovaImportanceEvaluator(),
    }
    frame = pd.DataFrame({"parameter": list(names)})
    if len(complete) < FEWEST or len({trial.value for trial in complete}) < 2:
        return frame[:0].assign(**dict.fromkeys(kinds, 0.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few trials: we say so ourselves
        for kind, evaluator in kinds.items():
            found = optuna.importance.get_param_importances(study, evaluator=evaluator)
            frame[kind] = [found.get(name, 0.0) for name in names]
    return frame.sort_values("fanova", ascending=False, ignore_index=True)
