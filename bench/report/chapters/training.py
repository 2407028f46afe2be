"""A dataset's table and figures on training: online training, losses, critics."""

import math
from collections.abc import Iterable, Iterator

import pandas as pd

from bench.analysis import REACHED, ReportData, rows_of
from bench.figures import (
    PANELS,
    accuracies_figure,
    critics_figure,
    has_training,
    plot_held_out,
    training_figure,
)
from bench.render import FigureFile, Table
from bench.report.chapters.matrix import has_chapters
from bench.report.figure_files import FigureFolder, slug
from bench.report.looks import looks_of
from bench.report.tables import mean_std
from bench.stats import LAST


def training_table(online: pd.DataFrame) -> Table:
    """List the accuracies that online training reached, and at which epochs."""
    return Table(online_rows(online), caption_of(online))


def online_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Turn an `online_table` into one for readers, in which every value is a text."""
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
    """Explain the columns of `online_rows`."""
    averaged = min(LAST, int(table["epochs"].min()))
    return (
        "Trained online: each epoch draws a batch of fresh curves and takes a few "
        "steps on it. Mean±std over n repetitions (ddof=1). The notebook's accuracy is "
        "measured on a batch at the last of these steps, so it is too high: the "
        "network has just trained on these curves. Prequential accuracy is measured on "
        "the same batch before the first step. Both are averaged over the last "
        f"{averaged} epochs. Held-out accuracy is measured at the end, on the fixed "
        "test curves. The next two columns are the first evaluated epoch at which the "
        f"mean held-out accuracy is at least {REACHED:g}, and the epoch from which it "
        "stays there (–: never). Model-epochs/s are the epochs of one network per "
        "second; repetitions that train as one batch share its seconds equally."
    )


def _epoch(epoch: float) -> str:
    return "–" if math.isnan(epoch) else f"{epoch:.0f}"


def draw_dynamics(
    data: ReportData, dataset: str, figures: FigureFolder
) -> list[FigureFile]:
    """Draw the training of the classifiers that recorded it, then parts of losses."""
    history = rows_of(data.history, dataset)
    online = _trained_online(data, dataset)
    drawn = []
    if len(history) and has_training(history, online):
        drawn.append(
            figures.add(
                f"training-{slug(dataset)}",
                f"Training of the discriminators on {dataset}",
                "Lines: medians over repetitions; bands: from 10 to 90% of them. The "
                "loss is shown for cross-entropy only.",
                training_figure,
                history,
                online=online,
                looks=looks_of(data),
            )
        )
    return drawn + _critics(dataset, history, figures)


def _trained_online(data: ReportData, dataset: str) -> list[str]:
    online = rows_of(data.online, dataset)
    return list(online["classifier"]) if len(online) else []


def _critics(
    name: str, history: pd.DataFrame, figures: FigureFolder
) -> list[FigureFile]:
    """Draw the parts of the loss of each critic, if there are any."""
    if "loss_real" not in history:
        return []
    rows = history[history["loss_real"].notna()]
    drawn = []
    for number, group in enumerate(_pages(rows["classifier"].unique()), start=1):
        drawn.append(
            figures.add(
                f"critics-{slug(name)}-{number}",
                f"Parts of the loss of each critic on {name}",
                "A critic (WGAN) minimises the sum of three parts: minus its mean "
                "output on real curves, its mean output on fake curves, and the "
                "weighted gradient penalty. Each panel has its own scale. Thin: each "
                "repetition; bold: their median.",
                critics_figure,
                rows[rows["classifier"].isin(group)],
            )
        )
    return drawn


def draw_online(data: ReportData, name: str, figures: FigureFolder) -> list[FigureFile]:
    """Draw the accuracies of the classifiers trained online, in the suite's order."""
    online = set(_trained_online(data, name))
    if not online:
        return []
    history, held_out = rows_of(data.history, name), rows_of(data.held_out, name)
    names = [n for n in history["classifier"].unique() if n in online]
    drawn = []
    # Where chapters are many, the table of the three accuracies is enough.
    pages = [] if has_chapters(data) else list(_pages(names))
    for number, group in enumerate(pages, start=1):
        drawn.append(
            figures.add(
                f"online-{slug(name)}-{number}",
                f"Three accuracies of each classifier trained online on {name}",
                "The notebook's accuracy is measured on a batch at the last step on "
                "it, so on curves just learnt; prequential accuracy on the same batch "
                "before the first step; held-out accuracy on the fixed test curves. "
                "Medians over repetitions.",
                accuracies_figure,
                *(
                    f[f["classifier"].isin(group)] if len(f) else f
                    for f in (history, held_out)
                ),
            )
        )
    if not held_out.empty:
        drawn.append(
            figures.add(
                f"held-out-{slug(name)}",
                f"Held-out accuracy against epoch of all trained online on {name}",
                "Measured on the fixed test curves of each repetition.",
                plot_held_out,
                held_out,
                looks=looks_of(data),
            )
        )
    return drawn


def _pages(names: Iterable[str]) -> Iterator[list[str]]:
    """Split the classifiers into groups for which one figure has enough panels."""
    classifiers = list(names)
    for start in range(0, len(classifiers), PANELS):
        yield classifiers[start : start + PANELS]
