"""The pictures of training: what SD and CSD recorded, and what online training did."""

from collections.abc import Iterable, Iterator, Mapping

from bench.critic_figures import critics_figure
from bench.dataset_picture import slug
from bench.document_parts import Figure
from bench.figure_files import FigureFolder
from bench.figures import Look
from bench.online_figures import PANELS, accuracies_figure, plot_held_out
from bench.told import Told
from bench.training_figures import dynamics_figure, has_dynamics


def draw_training(
    name: str, told: Told, looks: Mapping[str, Look], figures: FigureFolder
) -> list[Figure]:
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


def _critics(name: str, told: Told, figures: FigureFolder) -> list[Figure]:
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
    name: str, told: Told, looks: Mapping[str, Look], figures: FigureFolder
) -> list[Figure]:
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
