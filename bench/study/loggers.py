"""Loggers that write the trials of a study to MLflow or Weights & Biases.

They use the callbacks of skorch. A trial is logged when it has ended, so that an
interrupted trial leaves no partial run, and a trial that was trained together with
others gets its own run.
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
    """Return a function that logs a configuration and its fitted classifier.

    Parameters
    ----------
    kind : {"mlflow", "wandb"}
        MLflow writes to where its own settings say; Weights & Biases writes offline
        unless ``WANDB_MODE`` says otherwise.
    study
        The name of the experiment, or of the project.

    Raises
    ------
    StudyError
        If the package is missing.
    """
    try:
        package = import_module(kind)  # an extra, named by the suite
    except ImportError:
        raise StudyError(
            f"study.log: {kind} needs the package '{kind}', which is missing; install "
            f"it by `pip install '.[{kind}]'` in the clone, or leave out log"
        ) from None
    log = _log_to_mlflow if kind == "mlflow" else _log_to_wandb
    return lambda configuration, fitted: log(package, study, configuration, fitted)


def _log_to_mlflow(package: Any, study: str, trial: Configuration, fitted: Any) -> None:
    client = package.MlflowClient()
    experiment = client.get_experiment_by_name(study)
    exists = experiment is not None
    number = experiment.experiment_id if exists else client.create_experiment(study)
    run = client.create_run(number, run_name=f"trial-{trial.number}")
    for name, value in trial.parameters.items():
        client.log_param(run.info.run_id, name, value)
    _replay(MlflowLogger(run, client, create_artifact=False), fitted)


def _log_to_wandb(package: Any, study: str, trial: Configuration, fitted: Any) -> None:
    run = package.init(
        project=study,
        name=f"trial-{trial.number}",
        config=trial.parameters,
        mode=os.environ.get("WANDB_MODE", "offline"),
    )
    _replay(WandbLogger(run, save_model=False), fitted)
    run.finish()


@dataclass
class _Net:
    """The attributes of a skorch net that the loggers read."""

    module_: Any
    history: History = field(default_factory=History)


def _replay(callback: Any, fitted: Any) -> None:
    """Call a logger for each evaluation of a training that has already ended."""
    net = _Net(fitted.net_.module_)
    recorded = dict(fitted.history_)
    epochs = recorded.pop("held_out_epoch")
    accuracies = recorded.pop("held_out_accuracy")
    callback.initialize()
    callback.on_train_begin(net)
    for epoch, accuracy in zip(epochs, accuracies, strict=True):
        net.history.new_epoch()
        net.history.record("epochs", int(epoch))  # the loggers drop the name "epoch"
        net.history.record("held_out_accuracy", float(accuracy))
        for name, values in recorded.items():
            net.history.record(name, float(values[epoch - 1]))
        callback.on_epoch_end(net)
    callback.on_train_end(net)
