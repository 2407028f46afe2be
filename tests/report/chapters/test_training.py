from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.analysis import REACHED
from bench.report.chapters.training import (
    draw_dynamics,
    draw_online,
    online_rows,
    training_table,
)

NAMES = [f"SD{i}" for i in range(9)]  # one more than a figure has panels


@pytest.fixture
def recorded(make_data):
    """Return data with what cells recorded: for each named classifier, one epoch."""
    entries = [{"id": name, "use": "SD", "params": {"lr": 1e-3}} for name in NAMES]
    data = make_data(
        lambda dataset, name: 0.8,
        classifiers=entries,
        repetitions=1,
        put={"online": []},
    )

    def make(history=(), held_out=(), online=(), critics=(), dataset="grid"):
        def frame(names, *columns):
            rows = [{"classifier": n, "repetition": 0, "epoch": 0} for n in names]
            frame = pd.DataFrame(rows, columns=["classifier", "repetition", "epoch"])
            return frame.assign(dataset=dataset, **dict.fromkeys(columns, 0.5))

        losses = frame(history, "loss", "accuracy", "largest_gradient")
        if critics:
            # Of other classifiers these columns are empty.
            losses["loss_real"] = np.where(
                losses["classifier"].isin(critics), 0.5, np.nan
            )
        return replace(
            data,
            history=losses,
            held_out=frame(held_out, "accuracy"),
            online=pd.DataFrame({"classifier": list(online)}).assign(dataset=dataset),
        )

    return make


def test_without_a_history_nothing_is_drawn(recorded, figures):
    data = recorded()
    assert draw_dynamics(data, "grid", figures) == []
    assert draw_online(data, "grid", figures) == []


def test_the_history_of_another_dataset_is_not_drawn(recorded, figures):
    data = recorded(history=NAMES, held_out=NAMES, online=NAMES, dataset="other")
    assert draw_dynamics(data, "grid", figures) == []
    assert draw_online(data, "grid", figures) == []


def test_classifiers_trained_online_fill_figures_of_eight_panels(recorded, figures):
    data = recorded(history=NAMES, held_out=NAMES, online=NAMES)
    draw_online(data, "grid", figures)
    assert list(figures.data) == ["online-grid-1", "online-grid-2", "held-out-grid"]
    history, held_out = figures.data["online-grid-2"][0]
    assert history["classifier"].tolist() == held_out["classifier"].tolist() == ["SD8"]
    assert set(NAMES) <= figures.data["held-out-grid"][1]["looks"].keys()


def test_where_chapters_are_many_one_figure_of_online_training_is_enough(
    recorded, figures
):
    data = recorded(history=NAMES, held_out=NAMES, online=NAMES)
    [facts] = data.datasets
    several = replace(data, datasets=(facts, replace(facts, id="other")))
    draw_online(several, "grid", figures)
    assert list(figures.data) == ["held-out-grid"]


def test_training_is_drawn_with_those_trained_online_named(recorded, figures):
    data = recorded(history=NAMES, online=NAMES[:2])
    [figure] = draw_dynamics(data, "grid", figures)
    assert figure.path == "figures/training-grid.png"
    [history] = figures.data["training-grid"][0]
    assert len(history) == len(NAMES)
    assert figures.data["training-grid"][1]["online"] == NAMES[:2]


def test_only_critics_have_parts_of_their_loss(recorded, figures):
    data = recorded(history=NAMES[:3], critics=NAMES[1:2], dataset="a b")
    draw_dynamics(data, "a b", figures)
    [name] = [name for name in figures.data if name.startswith("critics-")]
    [rows] = figures.data[name][0]
    assert rows["classifier"].tolist() == ["SD1"]
    assert " " not in name


def test_the_table_of_online_training_has_three_accuracies(make_data):
    data = make_data(repetitions=2)
    table = training_table(data.online)
    [row] = table.frame.to_dict("records")
    assert (row["classifier"], row["epochs"], row["n"]) == ("SD", "60", "2")
    for kind in ("notebook's", "prequential", "held-out"):
        assert "±" in row[f"{kind} accuracy"]
    assert row["model-epochs/s"] == "30.0"  # 60 epochs in two seconds
    assert "so it is too high" in table.caption
    [other] = online_rows(
        data.online.assign(epochs_per_second=np.nan, **{f"stays_{REACHED:g}": np.nan})
    ).to_dict("records")
    assert other["model-epochs/s"] == other["and stays there from"] == "–"
