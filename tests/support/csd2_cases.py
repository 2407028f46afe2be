"""Small curves and small networks for the tests of CSD2."""

import numpy as np
import torch

from bench.discriminators.csd2 import CSD2
from bench.discriminators.estimators import CSD2Classifier

N_POINTS = 20
GRID = np.linspace(-1, 1, N_POINTS)


def curves(n_curves=60, n_classes=2, seed=0, x=GRID):
    """Draw noisy sines of any phase, one frequency a class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_curves) % n_classes
    phase = rng.uniform(0, 2 * np.pi, (n_curves, 1))
    X = np.sin((2 + 3 * y[:, None]) * x + phase)
    return X + 0.05 * rng.normal(size=X.shape), y


def make(**changes):
    settings = {"width": 8, "max_epochs": 2, "random_state": 0, "device": "cpu"}
    return CSD2Classifier(**settings | changes)


def network(**changes):
    torch.manual_seed(0)
    return CSD2(**{"n_points": N_POINTS, "width": 8} | changes).eval()
