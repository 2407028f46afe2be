"""Writes reports/speed from a run of the benchmarks: ``make speed``.

Besides the benchmarks, and what `compare_peers.py` measured beside other tools, it
takes the seed suite from nothing, which writes reports/seed too, and runs of growing
length. What the repository shows was written with ``--out reports/published/speed``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import floors
import matplotlib as mpl
import psutil
from matplotlib.figure import Figure
from peers.section import beside_other_tools, write_csv
from tabulate import tabulate

import bench
from bench.base.provenance import commit, cpu_name, versions
from bench.engines.engine import available_cores
from bench.figures import save
from bench.store import Store

ROOT = Path(__file__).resolve().parents[2]
LENGTHS = (100, 300, 1000, 3000, 10_000)
FIRST_SEED_SECONDS = 494  # reports/seed as first published, 8 min 14 s
CHEAP = """
version: 1
name: cheap
seed: 0
repetitions: {n}
datasets:
  - id: grid
    library: F11_v1
    inputs: {{kind: grid, low: -3, high: 3, size: 20}}
    train: 50
    test: 50
classifiers: [GNB]
"""


def run_suite(suite: Path, folder: Path | None = None) -> dict[str, float]:
    """Run a suite; return its seconds, the cores that it kept busy, and its memory.

    Without a folder it runs as the README says, in the checkout.
    """
    jobs = ["-j", str(available_cores())]
    command = [sys.executable, "-m", "bench", "run", str(suite), *jobs]
    if folder is not None:
        command += ["--store", str(folder / "store"), "--out", str(folder / "report")]
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=said
        )
        parent, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            peak = max(peak, parent.memory_info().rss)
            time.sleep(0.05)
        seconds = time.perf_counter() - began
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise RuntimeError(text)
    store = Store((folder or ROOT / "data") / "store")
    results = bench.read_results(ROOT / suite, store)
    written = [store.written(key) for key in results["key"]]
    busy = results[["fit_cpu_seconds", "predict_cpu_seconds"]].to_numpy().sum()
    computing = max(written) - min(written)  # from the first result to the last
    return {
        "seconds": seconds,
        "computing": computing,
        "cores": float(busy) / computing,
        "parent_mib": peak / 2**20,
    }


def measure_lengths() -> list[dict[str, float]]:
    """Run GNB on few small curves, in runs of growing length."""
    rows = []
    for n in LENGTHS:
        with tempfile.TemporaryDirectory() as name:
            suite = Path(name) / "cheap.yaml"
            suite.write_text(CHEAP.format(n=n))
            found = run_suite(suite, Path(name))
        rows.append({"cells": n, **found})
    return rows


def draw_lengths(rows: list[dict[str, float]], path: Path) -> Path:
    """Draw the cost of a cell and the parent's memory against the length of a run.

    Return the file's path: `path` with the suffix of the format.
    """
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False}):
        figure = Figure(figsize=(7.2, 2.9), layout="constrained")
        left, right = figure.subplots(1, 2)
        cells = [row["cells"] for row in rows]
        for key, label, marker in (
            ("seconds", "whole command", "s"),
            ("computing", "while cells are computed", "o"),
        ):
            cost = [1000 * row[key] / row["cells"] for row in rows]
            left.plot(cells, cost, marker=marker, label=label)
        left.set(xscale="log", xlabel="cells in the run", ylim=(0, None))
        left.set_ylabel("wall clock a cell (ms)")
        left.legend(frameon=False)
        memory = [row["parent_mib"] for row in rows]
        right.plot(cells, memory, marker="o", color="#555555")
        right.set(xscale="log", xlabel="cells in the run", ylim=(0, None))
        right.set_ylabel("parent's largest memory (MiB)")
        for ax in (left, right):
            ax.spines["right"].set_visible(False)
            ax.grid(alpha=0.3)
        return save(figure, path)


def benchmark_rows(run: dict[str, Any]) -> list[list[str]]:
    """Lay the ratios out beside their references, targets and floors."""
    known = floors.measure()
    rows = []
    for entry in run["benchmarks"]:
        info = entry["extra_info"]
        if "ratio" not in info:
            continue
        median, units = entry["stats"]["median"], info.get("units")
        ours, theirs = _time(median), _time(info.get("reference_seconds"))
        if units:
            ours = _each(median, units, info["unit"])
            if "reference_seconds" in info:
                theirs = _each(info["reference_seconds"], units, info["unit"])
        if "peak_mib" in info:
            ours = f"{info['peak_mib']:.0f} MiB"
            reference = info.get("reference_peak_mib")
            theirs = f"{reference:.0f} MiB" if reference else "–"
        reached = info["ratio"] >= info["target"]
        if info["kind"] == "overhead":
            reached = info["ratio"] <= info["target"]
        floor = known.get(entry["group"])
        above = "–"
        if floor and units:
            above = f"{floor.words}: {_time(floor.seconds)}; "
            above += f"{median / units / floor.seconds:.1f} ×"
        sign = "≥" if info["kind"] == "speed-up" else "≤"
        rows.append(
            [
                entry["group"],
                ours,
                theirs,
                f"{info['ratio']:.2f} ({info['kind']})",
                f"{sign} {info['target']:.3g}, {'met' if reached else '**not met**'}",
                above,
            ]
        )
    return rows


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _each(seconds: float, units: float, unit: str) -> str:
    return f"{_time(seconds / units)} a {unit.rstrip('s')}"


def write(
    run: dict[str, Any], peers: dict[str, Any] | None, folder: Path, beside: str = ""
) -> Path:
    """Write the report from the benchmarks' JSON and from what is measured here.

    Parameters
    ----------
    peers
        The figures of other tools, if there are any.
    beside
        What else ran on the machine meanwhile, in words.
    """
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    head, dirty = commit()
    cores = available_cores()
    seed = run_suite(Path("suites") / "seed.yaml")
    lengths = measure_lengths()
    picture = draw_lengths(lengths, folder / "figures" / "scaling")
    write_csv(folder / "scaling.csv", lengths)
    rows = benchmark_rows(run)
    header = ["what", "ours", "reference", "ratio", "target", "floor, and above it"]
    by_length = [
        [
            f"{row['cells']:,}",
            f"{row['seconds']:.1f}",
            f"{1000 * row['computing'] / row['cells']:.1f}",
            f"{row['parent_mib']:.0f}",
        ]
        for row in lengths
    ]
    named = ", ".join(f"{k} {v}" for k, v in sorted(versions().items()))
    share = seed["cores"] / cores
    text = [
        "# Speed",
        "Ratios of medians, measured in one run on one machine: each reference ran in "
        "turn with ours. Absolute times belong to this machine alone.",
        "## Against references",
        tabulate(rows, header, tablefmt="pipe", disable_numparse=True),
        "References: curves, a loop that builds one `nn.Sequential` a curve (values), "
        "with `torch.func.vmap(jacrev)` (Jacobians), and the library called for one "
        "curve at a time; training, the shortest PyTorch loop that takes the same "
        "steps, and for networks that train together each by itself; commands, a bare "
        "interpreter; plan and table, hashing the same keys and reading the same "
        "files; cells, drawing and fitting in one process without "
        "isolation, limits or store; jobs, a plain script with joblib; the report, "
        "reading the same files and saving as many empty figures of the same sizes; "
        "memory, a script that trains in a bare loop.",
        f"Floors: operations or random numbers that cannot be left out, over what one "
        f"core was measured to do: {floors.rates()}.",
        *(beside_other_tools(peers, folder) if peers else []),
        "## A whole run",
        f"`suites/seed.yaml` with `-j {cores}`, from an empty store: "
        f"{seed['seconds']:.0f} s in all, {seed['computing']:.0f} s while cells were "
        f"computed; fits and predictions kept {seed['cores']:.2f} of {cores} cores "
        f"busy, a share of {share:.2f}. Its first publication took "
        f"{FIRST_SEED_SECONDS} s, installation included.",
        "## Length of a run",
        "Gaussian naive Bayes on 50 + 50 curves of 20 points: nearly all of it is the "
        "harness.",
        tabulate(
            by_length,
            ["cells", "whole command (s)", "a cell (ms)", "parent's memory (MiB)"],
            tablefmt="pipe",
            disable_numparse=True,
            colalign=["right"] * 4,
        ),
        f"![Cost of a cell and memory of the parent](figures/{picture.name})",
        "## Provenance",
        "\n".join(
            [
                "- Command: `make speed`" + f"; beside it {beside}" * bool(beside),
                f"- Commit: {(head or 'unknown')[:12]}"
                f"{' (with local changes)' if dirty else ''}; that of the table of "
                f"references: {run['commit_info']['id'][:12]}",
                f"- Machine: {cpu_name()}, {cores} cores, "
                f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
                f"- Versions: {named}",
                "- Data: [scaling.csv](scaling.csv); `make bench-check` compares "
                "ratios with `tests/benchmarks/baseline.json`",
            ]
        ),
    ]
    path = folder / "README.md"
    path.write_text("\n\n".join(text) + "\n")
    return path


def main() -> None:
    """Read the JSON of a run and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="what `make bench` wrote")
    parser.add_argument("--peers", type=Path, help="what `make bench-peers` wrote")
    parser.add_argument("--beside", default="", help="what else ran meanwhile")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "speed")
    if (ROOT / "data" / "store").exists():
        parser.error("data/store exists; expected a fresh clone, to run the seed suite")
    options = parser.parse_args()
    peers = json.loads(options.peers.read_text()) if options.peers else None
    written = write(
        json.loads(options.run.read_text()), peers, options.out, options.beside
    )
    sys.stdout.write(f"{os.path.relpath(written)}\n")


if __name__ == "__main__":
    main()
