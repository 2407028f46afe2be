"""The pictures of training: what SD and CSD recorded, and what online training did."""

import math
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from bench.analysis import REACHED, CellArrays
from bench.figures import (
    PANELS,
    ClassifierStyle,
    accuracies_figure,
    critics_figure,
    dynamics_figure,
    has_dynamics,
    plot_held_out,
)
from bench.render import FigureFile
from bench.report.dataset_pictures import slug
from bench.report.figure_files import FigureFolder
from bench.report.tables import mean_std
from bench.stats import LAST


def online_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Lay `online_table` out for readers, every value a text."""
    rows = []
    for entry in table.to_dict("records"):
        row = {"classifier": entry["classifier"], "epochs": str(entry["epochs"])}
        for name, title in (
            ("notebook_accuracy", "notebook's accuracy"),
            ("prequential_accuracy", "prequential accuracy"),
            ("held_out_accuracy", "held-out accuracy"),
        ):
            row[title] = mean_std(entry[f"{name}_mean"], entry[f"{name}_std"])
        row["n"] = str(entry["n"])
        row[f"held-out reaches {REACHED:g}"] = _epoch(entry[f"reaches_{REACHED:g}"])
        row["and stays there from"] = _epoch(entry[f"stays_{REACHED:g}"])
        speed = entry["epochs_per_second"]
        row["model-epochs/s"] = "–" if math.isnan(speed) else f"{speed:.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def caption_of(table: pd.DataFrame) -> str:
    """Say plainly what the columns of `online_rows` are."""
    averaged = min(LAST, int(table["epochs"].min()))
    return (
        "Trained online: each epoch draws fresh curves, a batch, and takes its steps "
        "on them. Mean±std over n repetitions (ddof=1). The notebook's accuracy is "
        "that of a batch in its last step, when the other steps on these very curves "
        "are done: it flatters. Prequential is that of the same batch before any step "
        f"on it; both are averaged over the last {averaged} epochs. Held-out is at the "
        "end, on the fixed test curves, which nothing is trained on. Then the first "
        "evaluated epoch at which the mean held-out accuracy is at least "
        f"{REACHED:g}, and the one from which on it always is (–: never). "
        "Model-epochs/s are the epochs of one network by its seconds, its share of "
        "those of the repetitions that trained as one batch."
    )


def _epoch(epoch: float) -> str:
    return "–" if math.isnan(epoch) else f"{epoch:.0f}"


def draw_training(
    name: str,
    told: CellArrays,
    looks: Mapping[str, ClassifierStyle],
    figures: FigureFolder,
) -> list[FigureFile]:
    """Draw the training of a dataset's classifiers; nothing where none recorded it.

    Parameters
    ----------
    name
        The dataset's id.
    told
        What its cells say.
    looks
        Of the whole suite's classifiers.
    figures
        The folder that the figure's file is written to.
    """
    drawn = _online(name, told, looks, figures)
    online = list(told.online["classifier"]) if len(told.online) else []
    if has_dynamics(told.history, online):
        drawn.append(
            figures.add(
                f"dynamics-{slug(name)}",
                f"Training of the discriminators on {name}",
                "Mean over repetitions and one std about it; the loss of cross-entropy "
                "alone.",
                dynamics_figure,
                told.history,
                online=online,
                looks=looks,
            )
        )
    return drawn + _critics(name, told, figures)


def _critics(name: str, told: CellArrays, figures: FigureFolder) -> list[FigureFile]:
    """Draw the parts of the loss of each critic, if there is one."""
    if "loss_real" not in told.history:
        return []
    rows = told.history[told.history["loss_real"].notna()]
    drawn = []
    for number, some in enumerate(_pages(rows["classifier"].unique()), start=1):
        drawn.append(
            figures.add(
                f"critics-{slug(name)}-{number}",
                f"Parts of the loss of each critic on {name}",
                "What a critic (WGAN) minimises is the sum: minus its mean output on "
                "real curves, that on fake ones, and the weighted gradient penalty. "
                "Each panel has its own scale. Means over repetitions, one std about "
                "them.",
                critics_figure,
                rows[rows["classifier"].isin(some)],
            )
        )
    return drawn


def _online(
    name: str,
    told: CellArrays,
    looks: Mapping[str, ClassifierStyle],
    figures: FigureFolder,
) -> list[FigureFile]:
    """Draw the accuracies of those trained online, in the suite's order."""
    if told.online.empty:
        return []
    online = set(told.online["classifier"])
    names = [n for n in told.history["classifier"].unique() if n in online]
    drawn = []
    for number, some in enumerate(_pages(names), start=1):
        drawn.append(
            figures.add(
                f"online-{slug(name)}-{number}",
                f"Three accuracies of each classifier trained online on {name}",
                "What the notebook calls accuracy is of the batch in the last of its "
                "steps, so of curves just learnt; prequential is of the same batch "
                "before any step on it; held-out is of the fixed test curves. Means "
                "over repetitions, one std about them.",
                accuracies_figure,
                *(f[f["classifier"].isin(some)] for f in (told.history, told.held_out)),
            )
        )
    if not told.held_out.empty:
        drawn.append(
            figures.add(
                f"held-out-{slug(name)}",
                f"Held-out accuracy against epoch, all trained online on {name}",
                "On the fixed test curves of each repetition; in the legend, best at "
                "the end first.",
                plot_held_out,
                told.held_out,
                looks=looks,
            )
        )
    return drawn


def _pages(names: Iterable[str]) -> Iterator[list[str]]:
    """Split classifiers into those that one figure has panels for."""
    every = list(names)
    for start in range(0, len(every), PANELS):
        yield every[start : start + PANELS]
