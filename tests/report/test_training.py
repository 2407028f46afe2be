import numpy as np
import pandas as pd
import pytest
import stored

from bench.analysis.cell_arrays import CellArrays
from bench.report.training import draw_training

NAMES = [f"SD{i}" for i in range(9)]  # one more than a figure has panels


@pytest.fixture
def plan(write_suite):
    entries = [{"id": name, "use": "SD", "params": {"lr": 1e-3}} for name in NAMES]
    return stored.plan_of(write_suite(classifiers=entries))


def arrays(history=(), held_out=(), online=(), critics=()):
    """Return what cells recorded: for each named classifier, one epoch."""

    def frame(names, *columns):
        rows = [{"classifier": n, "repetition": 0, "epoch": 0} for n in names]
        frame = pd.DataFrame(rows, columns=["classifier", "repetition", "epoch"])
        return frame.assign(**dict.fromkeys(columns, 0.5))

    losses = frame(history, "loss", "accuracy", "largest_gradient")
    if critics:
        # Of other classifiers these columns are empty.
        losses["loss_real"] = np.where(losses["classifier"].isin(critics), 0.5, np.nan)
    return CellArrays(
        bins=pd.DataFrame(),
        first=None,
        labels=np.empty(0),
        predictions={},
        history=losses,
        held_out=frame(held_out, "accuracy"),
        online=pd.DataFrame({"classifier": list(online)}),
    )


def test_without_a_history_nothing_is_drawn(plan, figures):
    assert draw_training(plan, "d", arrays(), figures) == []


def test_classifiers_trained_online_fill_figures_of_eight_panels(plan, figures):
    recorded = arrays(history=NAMES, held_out=NAMES, online=NAMES)
    draw_training(plan, "d", recorded, figures)
    assert list(figures.data)[:3] == ["online-d-1", "online-d-2", "held-out-d"]
    history, held_out = figures.data["online-d-2"][0]
    assert history["classifier"].tolist() == held_out["classifier"].tolist() == ["SD8"]
    assert set(NAMES) <= figures.data["held-out-d"][1]["looks"].keys()


def test_only_critics_have_parts_of_their_loss(plan, figures):
    recorded = arrays(history=NAMES[:3], critics=NAMES[1:2])
    draw_training(plan, "a b", recorded, figures)
    critics = [name for name in figures.data if name.startswith("critics-")]
    [name] = critics
    [rows] = figures.data[name][0]
    assert rows["classifier"].tolist() == ["SD1"]
    assert " " not in name
