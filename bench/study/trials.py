"""The trials of a study as data frames, and the importance of its parameters."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.study.storage import optuna_or_error

if TYPE_CHECKING:
    import optuna


MADE = ("commit", "machine", "versions")
FEWEST = 10  # complete trials; fewer say nothing about a parameter's importance


def trials_frame(study: "optuna.Study", names: Sequence[str]) -> pd.DataFrame:
    """Return the trials that have ended, in the order of their numbers.

    Returns
    -------
    DataFrame
        The columns number, state ("complete", "pruned", "failed"), one for each
        parameter (a list is JSON), value (the last accuracy on the validation curves),
        epochs done (of online training), seconds, batched (the number of networks
        trained as one), error, and the provenance: commit, machine, versions.
    """
    states = optuna_or_error().trial.TrialState
    names_of_states = {
        states.COMPLETE: "complete",
        states.PRUNED: "pruned",
        states.FAIL: "failed",
    }
    rows: list[dict[str, Any]] = [
        {"number": trial.number, "state": names_of_states[trial.state]}
        | {name: trial.params.get(name) for name in names}
        | {"value": trial.value}
        | {
            name: trial.user_attrs.get(name)
            for name in ("epochs", "seconds", "batched")
        }
        | {"error": trial.user_attrs.get("error", "")}
        | {name: trial.user_attrs.get("made", {}).get(name, "") for name in MADE}
        for trial in study.get_trials(deepcopy=False)
        if trial.state in names_of_states
    ]
    columns = ["number", "state", *names, "value", "epochs", "seconds", "batched"]
    frame = pd.DataFrame(rows, columns=[*columns, "error", *MADE])
    for name in names:
        values = [row[name] for row in rows]
        if None in values:  # a choice, which would become NaN among numbers
            frame[name] = pd.Series(values, dtype=object)
    kinds: dict[str, Any] = {"epochs": "Int64", "batched": "Int64"}
    return frame.astype(kinds | {"value": float, "seconds": float})


def importances(study: "optuna.Study", names: Sequence[str]) -> pd.DataFrame:
    """Measure how much each parameter explains the values of complete trials.

    Returns
    -------
    DataFrame
        The columns parameter, fanova (its share of the variance of the value, by a
        random forest) and ped_anova (how much it decides whether a trial is among the
        best tenth); each adds up to 1. The largest share comes first. Empty if fewer
        than ten trials are complete, or all have the same value.
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
        warnings.simplefilter("ignore")  # about few trials, which the report says too
        for kind, evaluator in kinds.items():
            shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
            frame[kind] = [shares.get(name, 0.0) for name in names]
    return frame.sort_values("fanova", ascending=False, ignore_index=True)
