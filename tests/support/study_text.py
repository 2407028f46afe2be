"""A small suite with a study, and a training that costs nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import yaml_text
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.study.plan import StudyPlan, plan_study
from bench.suite.load import load_suite

SPACE: dict[str, Any] = {
    "lr": {"choices": [1e-4, 1e-3, 1e-2]},
    "hidden": {"choices": [[4, 4], [8]]},
    "weight_decay": {"low": 1e-7, "high": 1e-3, "log": True},
    "training.steps": {"low": 1, "high": 2},
    "neural.curves_per_net": {"choices": [1, 3]},
}
STUDY: dict[str, Any] = {
    "sampler": "random",
    "trials": 8,
    "pruner": "none",
    "validation": 20,
    "space": SPACE,
}
CLASSIFIER: dict[str, Any] = {
    "id": "SD",
    "class": "bench.classifiers.SDClassifier",
    "training": {"mode": "online", "epochs": 40, "evaluate_every": 10},
}


def study_text(**changes: Any) -> str:
    """Return the suite, with changes to its study, or to other keys of the suite."""
    study = {k: changes.pop(k) for k in list(changes) if k in {*STUDY, "log"}}
    suite: dict[str, Any] = {"classifiers": [CLASSIFIER], "study": STUDY | study}
    return yaml_text.suite_text(**(suite | changes))


def planned(folder: Path, trials: int | None = None, **changes: Any) -> StudyPlan:
    """Write the suite and plan its study."""
    path = folder / "study.yaml"
    path.write_text(study_text(**changes))
    return plan_study(load_suite(path), trials)


@contextmanager
def hasty_databases() -> Iterator[None]:
    """Let SQLite not wait for the disk: a study writes a lot, and tests do not care."""

    def loosen(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", loosen)
    yield
    event.remove(Engine, "connect", loosen)


@dataclass
class Trainer:
    """Stands in for `bench.study.training.train`; accuracy grows with lr and epochs.

    Attributes
    ----------
    groups
        The numbers of the trials that were trained together, in their order.
    stop_at
        The trial before which Ctrl-C is pressed.
    unfit
        The trial that raises.
    """

    groups: list[list[int]]
    stop_at: int | None = None
    unfit: int | None = None

    def __call__(self, configurations: Any, validation: Any, watch: Any) -> list[Any]:
        numbers = [configuration.number for configuration in configurations]
        if self.stop_at in numbers:
            raise KeyboardInterrupt
        if self.unfit in numbers:
            raise ValueError("no such network")
        self.groups.append(numbers)
        training = configurations[0].training
        rates = np.array([c.parameters["lr"] for c in configurations])
        seen: list[np.ndarray] = []
        epochs = list(
            range(training.evaluate_every, training.epochs + 1, training.evaluate_every)
        )
        for epoch in epochs:
            noise = np.array([1e-4 * (n % 7) for n in numbers])
            seen.append(0.5 + 0.1 * (4 + np.log10(rates)) * epoch / 40 + noise)
            if watch(epoch, seen[-1]):
                break
        return [
            SimpleNamespace(
                net_=SimpleNamespace(module_="module"),
                history_={
                    "held_out_accuracy": np.array(seen)[:, i],
                    "held_out_epoch": np.array(epochs[: len(seen)]),
                    "loss": np.linspace(1, 0, training.epochs),
                },
            )
            for i in range(len(numbers))
        ]
