"""What the benchmarks are measured against: the same work, done plainly."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import torch
from matplotlib.figure import Figure
from torch import nn


def network(dtype: torch.dtype) -> nn.Sequential:
    """Build the notebook's generator: 1-32-32-1, ReLU."""
    layers = [nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(32, 1)).to(dtype)


def curves_one_network_at_a_time(
    x: np.ndarray, n_curves: int, dtype: torch.dtype
) -> np.ndarray:
    """Build and evaluate one network a curve, as the notebook did."""
    points = torch.tensor(x, dtype=dtype)
    with torch.no_grad():
        curves = [network(dtype)(points)[:, 0] for _ in range(n_curves)]
    return torch.stack(curves).numpy()


def jacobians_one_network_at_a_time(
    x: np.ndarray, n_curves: int
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate one network a curve, and its Jacobian by torch's own transform."""
    points = torch.tensor(x, dtype=torch.float32)
    values, slopes = [], []
    for _ in range(n_curves):
        net = network(torch.float32)
        with torch.no_grad():
            values.append(net(points)[:, 0])
        slopes.append(torch.func.vmap(torch.func.jacrev(net))(points)[:, 0].detach())
    return torch.stack(values).numpy(), torch.stack(slopes).numpy()


def train_bare(
    net: nn.Module,
    X: np.ndarray,
    y: np.ndarray,
    *,
    epochs: int,
    iterations: int,
    batch_size: int,
    lr: float,
) -> nn.Module:
    """Train with fused Adam on cross-entropy, in the fewest lines that torch needs."""
    curves, labels = torch.tensor(X), torch.tensor(y, dtype=torch.float32)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, fused=True)
    for _ in range(epochs):
        if batch_size >= len(X):
            batches: Sequence[tuple[torch.Tensor, torch.Tensor]] = [(curves, labels)]
        else:
            order = torch.randperm(len(X)).split(batch_size)
            batches = [(curves[rows], labels[rows]) for rows in order]
        for batch, own in batches:
            for _ in range(iterations):
                optimizer.zero_grad()
                logits = net(batch)[:, 0]
                loss = nn.functional.binary_cross_entropy_with_logits(logits, own)
                loss.backward()
                optimizer.step()
    return net


def train_csd2_bare(
    net: nn.Module, X: np.ndarray, y: np.ndarray, *, epochs: int, batch_size: int
) -> nn.Module:
    """Train as CSD2 is: AdamW, one cycle, clipped gradients; the network augments."""
    curves, labels = torch.tensor(X), torch.tensor(y, dtype=torch.float32)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=3e-3,
        total_steps=epochs * -(-len(X) // batch_size),
        pct_start=0.2,
    )
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            logits = net(curves[rows])[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(logits, labels[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return net


def draw_empty(sizes: Sequence[tuple[int, int]], folder: Path) -> None:
    """Save an empty figure with axes of each size, in pixels."""
    for number, (width, height) in enumerate(sizes):
        figure = Figure(figsize=(width / 100, height / 100), dpi=100)
        figure.subplots()
        figure.savefig(folder / f"{number}.png")


def run_python(code: str, folder: Path | None = None) -> float:
    """Run some Python in a process of its own; return its largest memory in MiB."""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdout=subprocess.DEVNULL
    ) as process:
        peak = 0
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.Error:
                break
            try:
                process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
    if process.returncode:
        raise RuntimeError(f"{code!r} ended with exit code {process.returncode}")
    return peak / 2**20
