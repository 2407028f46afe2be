"""A study's trials as runs of MLflow or Weights & Biases, by skorch's own loggers.

A trial is told when it has ended, so that one that is interrupted leaves no half of a
run, and one that was trained beside others has a run of its own.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from skorch.callbacks import MlflowLogger, WandbLogger
from skorch.history import History

from bench.base import StudyError
from bench.study.training import Configuration


def trial_logger(kind: str, study: str) -> Callable[[Configuration, Any], None]:
    """Return what tells a configuration and its fitted classifier.

    Parameters
    ----------
    kind : {"mlflow", "wandb"}
        MLflow writes where its own settings say; Weights & Biases offline, unless
        ``WANDB_MODE`` says otherwise.
    study
        Names the experiment, or the project.

    Raises
    ------
    StudyError
        If the package is missing.
    """
    try:
        package = import_module(kind)
    except ImportError:
        raise StudyError(
            f"study.log: {kind} needs the package '{kind}', which is missing; install "
            f"it by `pip install '.[{kind}]'` in the clone, or leave out log"
        ) from None
    tell = _tell_mlflow if kind == "mlflow" else _tell_wandb
    return lambda configuration, member: tell(package, study, configuration, member)


def _tell_mlflow(package: Any, study: str, trial: Configuration, member: Any) -> None:
    client = package.MlflowClient()
    experiment = client.get_experiment_by_name(study)
    known = experiment is not None
    where = experiment.experiment_id if known else client.create_experiment(study)
    run = client.create_run(where, run_name=f"trial-{trial.number}")
    for name, value in trial.parameters.items():
        client.log_param(run.info.run_id, name, value)
    _replay(MlflowLogger(run, client, create_artifact=False), member)


def _tell_wandb(package: Any, study: str, trial: Configuration, member: Any) -> None:
    run = package.init(
        project=study,
        name=f"trial-{trial.number}",
        config=trial.parameters,
        mode=os.environ.get("WANDB_MODE", "offline"),
    )
    _replay(WandbLogger(run, save_model=False), member)
    run.finish()


@dataclass
class _Net:
    """What the loggers read of a skorch net."""

    module_: Any
    history: History = field(default_factory=History)


def _replay(callback: Any, member: Any) -> None:
    """Tell a logger each evaluation, as if it had been there."""
    net = _Net(member.net_.module_)
    recorded = dict(member.history_)
    epochs = recorded.pop("held_out_epoch")
    judged = recorded.pop("held_out_accuracy")
    callback.initialize()
    callback.on_train_begin(net)
    for epoch, accuracy in zip(epochs, judged, strict=True):
        net.history.new_epoch()
        net.history.record("epochs", int(epoch))  # the loggers leave out "epoch"
        net.history.record("held_out_accuracy", float(accuracy))
        for name, values in recorded.items():
            net.history.record(name, float(values[epoch - 1]))
        callback.on_epoch_end(net)
    callback.on_train_end(net)
