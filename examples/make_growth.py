"""Write growth.csv: simulated growth curves of two strains, a line a curve.

Each curve is the optical density of a culture over a day, measured every hour: logistic
growth with a random lag, rate and yield, and the noise of a plate reader. The mutant
grows more slowly. Run ``python examples/make_growth.py`` to write the file again.
"""

import csv
from pathlib import Path

import numpy as np

HOURS = np.arange(25)
RATES = {"wild type": 0.55, "mutant": 0.45}  # per hour
EACH = 40  # curves of a strain


def grow(rate: float, rng: np.random.Generator) -> np.ndarray:
    """Return the optical density at each hour, shape (25,)."""
    rate = rate * rng.normal(1, 0.07)
    half_way = rng.normal(10, 1.2)  # hours
    most = rng.normal(1.1, 0.08)
    density = 0.05 + most / (1 + np.exp(-rate * (HOURS - half_way)))
    return density + rng.normal(0, 0.015, HOURS.size)


def main() -> None:
    """Write the file beside this script."""
    rng = np.random.default_rng(0)
    rows = [
        [strain, *(f"{value:.3f}" for value in grow(rate, rng))]
        for _ in range(EACH)
        for strain, rate in RATES.items()
    ]
    path = Path(__file__).with_name("growth.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["label", *HOURS])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
