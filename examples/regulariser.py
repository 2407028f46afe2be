"""Fit a small network to noisy points, alone and pulled toward a function library.

Writes reports/regulariser: the results of 20 draws, as a table and a picture, in two
minutes. First run `python -m bench export examples/parabolas.yaml out/parabolas`. The
published report was written with `--out reports/published/regulariser`.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from torch.nn.functional import softplus

from bench import load_discriminator, load_library
from bench.figures import save
from bench.figures.drawing import theme

WEIGHT = 0.1
SHOWN = 3  # draws, the first ones
ALONE, PULLED = theme.NEURAL, theme.SYMBOLIC

discriminator = load_discriminator("out/parabolas")
x = discriminator.x  # (100, 1): where it reads a curve


def fit(rows, values, weight):
    """Fit a 1-32-1 network to values at some rows of x, pulled toward the library."""
    torch.manual_seed(0)
    layers = torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)
    network = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for step in range(2500):
        curve = network(x).T  # (1, 100)
        loss = (curve[0, rows] - values).square().mean()
        if step >= 1000:  # a network that fits nothing yet may be pulled astray
            loss = loss + weight * softplus(-discriminator(curve)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network(x).T.detach()


def draw(seed):
    """Draw a curve of the library, and ten of its values with noise."""
    rng = np.random.default_rng(seed)
    truth = load_library("F11_v1").sample(x.numpy(), 1, rng, dtype=np.float32)
    rows = rng.choice(100, 10, replace=False)
    noise = rng.normal(0, 0.1, 10).astype(np.float32)
    return torch.tensor(truth), rows, torch.tensor(truth[0, rows] + noise)


def measure(curve, truth):
    """Return a curve's logit, its distance to any parabola, and its error."""
    points, values = x.numpy()[:, 0].astype(float), curve[0].numpy().astype(float)
    nearest = np.polyval(np.polyfit(points, values, 2), points)
    return {
        "logit": discriminator(curve).item(),
        "distance": np.sqrt(((values - nearest) ** 2).mean()),
        "error": (curve - truth).square().mean().sqrt().item(),
    }


def experiment(draws):
    """Fit every draw twice; return the measures, one row a fit, and the curves."""
    rows, curves = [], {}
    for seed in range(draws):
        truth, places, values = draw(seed)
        for weight in (0.0, WEIGHT):
            curve = fit(places, values, weight)
            curves[seed, weight] = curve
            rows.append({"draw": seed, "weight": weight} | measure(curve, truth))
    return pd.DataFrame(rows), curves


@theme.style()
def picture(measures, curves):
    """Draw three fits, their curvature, and the distances of all."""
    drawn = Figure(figsize=(theme.PAGE, 3.5), layout="constrained")
    grid = drawn.add_gridspec(2, SHOWN + 1)
    points = x.numpy()[:, 0]
    kinds = ((0.0, ALONE, "alone"), (WEIGHT, PULLED, "pulled"))
    for seed in range(min(SHOWN, measures["draw"].nunique())):
        truth, rows, values = draw(seed)
        above = drawn.add_subplot(grid[0, seed])
        below = drawn.add_subplot(grid[1, seed], sharex=above)
        above.plot(points, truth[0], color=theme.INK, ls=":", label="the parabola")
        for weight, colour, label in kinds:
            curve = curves[seed, weight][0].numpy()
            above.plot(points, curve, color=colour, label=label)
            below.plot(points, bends(points, curve), color=colour)
        below.plot(points, bends(points, truth[0]), color=theme.INK, ls=":")
        above.plot(
            points[rows], values, "o", color=theme.INK, ms=2.5, label="noisy points"
        )
        above.tick_params(labelbottom=False)
        above.set_title(f"draw {seed}")
        below.set_xlabel("x")
        if seed == 0:
            above.set_ylabel("value")
            below.set_ylabel("second derivative")
            handles = above.get_legend_handles_labels()
            drawn.legend(*handles, loc="outside upper left", ncols=4)
    for row, (name, label) in enumerate(
        (("distance", "to nearest parabola"), ("error", "to the parabola"))
    ):
        ax = drawn.add_subplot(grid[row, SHOWN])
        pairs = measures.pivot(index="draw", columns="weight", values=name)
        ax.plot([0, 1], pairs.to_numpy().T, color=theme.FAINT, lw=0.5, zorder=1)
        for place, (weight, colour, _) in enumerate(kinds):
            ax.plot(
                [place] * len(pairs), pairs[weight], "o", color=colour, ms=3, alpha=0.8
            )
        ax.set_xticks([0, 1], ["alone", "pulled"])
        ax.set_xlim(-0.4, 1.4)
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_ylabel(f"RMS {label}")
        if row == 0:
            ax.set_title(f"all {len(pairs)} draws")
    return drawn


def bends(points, curve):
    """Return the second derivative of a curve, by differences."""
    return np.gradient(np.gradient(np.asarray(curve), points), points)


def report(measures, picture_name):
    """Return the text of the report; the picture is in its folder ``figures``."""
    card = discriminator.card
    means = measures.groupby("weight")[["distance", "error"]].mean()
    logits = measures.groupby("weight")["logit"].median()
    table = pd.DataFrame(
        {
            "network": ["alone", "pulled"],
            "weight": [f"{weight:g}" for weight in means.index],
            "logit (median)": [f"{value:.1f}" for value in logits],
            "RMS to nearest parabola": [f"{v:.3f}" for v in means["distance"]],
            "RMS to the parabola": [f"{v:.3f}" for v in means["error"]],
        }
    )
    pairs = measures.pivot(index="draw", columns="weight")
    nearer = {
        name: int((pairs[name][WEIGHT] < pairs[name][0.0]).sum())
        for name in ("distance", "error")
    }
    farthest = pairs["distance"][WEIGHT].max()
    source = card.provenance
    return f"""# regulariser

A 1-32-1 tanh network is fitted to ten noisy points of a parabola of the library
`{card.dataset["library"]["name"]}`: alone, and pulled, with {WEIGHT:g} ·
softplus(−logit) of a frozen `{card.classifier["id"]}` added to its loss. Root mean
squares over the 100 points of the grid, averaged over {len(pairs)} draws:

{table.to_markdown(index=False, disable_numparse=True)}

Pulled, it is nearer to a parabola, whichever is nearest, in {nearer["distance"]} of
{len(pairs)} draws, and in {nearer["error"]} nearer to the one that the points are of.

It need not become one: the pull ends where the discriminator is sure, and of curves
unlike any that it was trained on it can be wrong (the farthest ends at {farthest:.3f}).
Who knows that the library holds parabolas alone fits a parabola, and needs no network.

![Fits of three draws, and the distances of all](figures/{picture_name})

The discriminator: held-out accuracy {card.scores["test"]["accuracy"]:.3f}, commit
{source["commit"]}{" (changed)" if source["dirty"] else ""}, torch
{source["versions"]["torch"]}, {source["cpu"]}. Made by

```sh
python -m bench export examples/parabolas.yaml out/parabolas
python examples/regulariser.py
```
"""


def main():
    """Run the experiment and write its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("reports/regulariser"))
    options = parser.parse_args()
    torch.set_num_threads(1)  # two are slower on such small products
    measures, curves = experiment(options.draws)
    drawn = picture(measures, curves)
    path = save(drawn, options.out / "figures" / "regulariser")
    measures.to_csv(
        options.out / "draws.csv", index=False, float_format="%.6g", lineterminator="\n"
    )
    (options.out / "README.md").write_text(report(measures, path.name), "utf-8")
    print(options.out / "README.md")


if __name__ == "__main__":
    main()
