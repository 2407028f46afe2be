"""Draw the picture of the README: ten symbolic curves beside ten neural ones.

``python docs/tools/make_pictures.py`` writes docs/pictures/curves.svg. With the same
versions it writes the same bytes.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bench import load_library, sample_mlp

PICTURE = Path(__file__).resolve().parents[1] / "pictures" / "curves.svg"
N_CURVES = 10
SEED = 4
SYMBOLIC, NEURAL, INK, PAPER = "#0072b2", "#d55e00", "#333333", "#ffffff"


def draw_curves() -> dict[str, np.ndarray]:
    """Draw ten curves of each class at 200 points of [-3, 3], shape (10, 200)."""
    rng = np.random.default_rng(SEED)
    return {
        "symbolic": load_library("F11_v1").sample(points(), N_CURVES, rng),
        "neural": sample_mlp(points(), N_CURVES, rng),
    }


def points() -> np.ndarray:
    """Return the input points, shape (200,)."""
    return np.linspace(-3, 3, 200)


def picture(curves: dict[str, np.ndarray]) -> Figure:
    """Plot the classes side by side, on one scale."""
    titles = {
        "symbolic": "symbolic: random parabolas",
        "neural": "neural: untrained networks",
    }
    figure = Figure(figsize=(8, 2.8), layout="constrained", facecolor=PAPER)
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for ax, (kind, colour) in zip(
        axes, (("symbolic", SYMBOLIC), ("neural", NEURAL)), strict=True
    ):
        ax.plot(points(), curves[kind].T, color=colour, lw=1.2, alpha=0.8)
        ax.set_title(titles[kind], color=INK, fontsize=11)
        ax.set_xlabel("x", color=INK)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(colors=INK, labelsize=8)
    axes[0].set_ylabel("value", color=INK)
    return figure


def main() -> None:
    """Write the picture."""
    # Without these an SVG has random ids and the date of the day.
    with mpl.rc_context({"svg.hashsalt": "function-bench"}):
        picture(draw_curves()).savefig(PICTURE, metadata={"Date": None})
    print(PICTURE)


if __name__ == "__main__":
    main()
