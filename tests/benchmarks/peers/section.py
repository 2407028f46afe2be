"""The section of the published report of speed, with a CSV of each round."""

import csv
from pathlib import Path
from typing import Any

from peers.table import as_markdown


def beside_other_tools(peers: dict[str, Any], folder: Path) -> list[str]:
    """Write what other tools took as CSV; return the section of the report."""
    rows = [
        {"step": step, "tool": tool, "round": number, **measured}
        for step, tools in peers["steps"].items()
        for tool, rounds in tools.items()
        for number, measured in enumerate(rounds, 1)
    ]
    write_csv(folder / "peers.csv", rows)
    head, dirty, known = peers["commit"], peers["dirty"], peers["versions"]
    return [
        "## Beside other tools",
        "The same cells by a plain script (joblib), by a benchmark of benchopt, and by "
        "`bench run`: the two datasets of `suites/seed.yaml` and KNN, GNB, DT, SVC, RF "
        "and MLP; for the tiny cells ten datasets of 50 + 50 curves of 20 points and "
        "ten fast classifiers. All draw the same curves, predict labels and scores of "
        "training and held-out curves, and keep them; a test compares their "
        "accuracies, cell by cell. Each command runs two processes of one thread in an "
        "empty folder. Seconds of wall clock until the prompt is back, "
        f"{_medians(peers['rounds'])}; core-seconds are those of all processes of a "
        "command.",
        as_markdown(peers),
        "Plain joblib stores nothing that it could use again: its second run is its "
        "first. It and benchopt write no report, isolate no cell and set no limits. "
        "Held-out curves alone: the script then predicts them once, for scores and "
        "labels together. A fork a cell: the classifiers are of a file beside the "
        f"suite, so that none shares a process. joblib {known['joblib']}, benchopt "
        f"{known['benchopt']}; {peers['cpu']}, {peers['cores']} cores; commit "
        f"{(head or 'unknown')[:12]}{' (with local changes)' if dirty else ''}; each "
        "round is in [peers.csv](peers.csv).",
    ]


def _medians(rounds: int) -> str:
    return f"medians of {rounds} rounds, in turn" if rounds > 1 else "of one round"


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows with the keys of the first as a CSV file."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
