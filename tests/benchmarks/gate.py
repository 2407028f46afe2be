"""The gate on speed: ratios of a run of the benchmarks against those kept.

``python tests/benchmarks/gate.py RUN.json`` exits 1 if a ratio is 25% worse than in
baseline.json, or if an entry of either is missing in the other, and says which. With
``--accept`` it makes the run the baseline.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

BASELINE = Path(__file__).with_name("baseline.json")
WORSE = 1.25


def ratios(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Take from pytest-benchmark's JSON what is compared."""
    return {
        entry["name"]: {
            "kind": entry["extra_info"]["kind"],
            "ratio": round(entry["extra_info"]["ratio"], 3),
        }
        for entry in run["benchmarks"]
        if "ratio" in entry["extra_info"]
    }


def problems(found: dict[str, Any], kept: dict[str, Any]) -> list[str]:
    """Say of each ratio that is missing or worse what is wrong."""
    said = [f"{name}: not in the run" for name in sorted(kept.keys() - found.keys())]
    for name, entry in found.items():
        if name not in kept:
            said.append(f"{name}: not in baseline.json; take it in with --accept")
            continue
        ours, before = entry["ratio"], kept[name]["ratio"]
        worse = before / ours if entry["kind"] == "speed-up" else ours / before
        if worse > WORSE:
            said.append(
                f"{name}: {entry['kind']} {ours:.2f}, kept {before:.2f}: "
                f"{100 * (worse - 1):.0f}% worse"
            )
    return said


def main(arguments: list[str] | None = None) -> int:
    """Compare, or accept; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="what `make bench` wrote")
    parser.add_argument("--accept", action="store_true", help="make it the baseline")
    options = parser.parse_args(arguments)
    found = ratios(json.loads(options.run.read_text()))
    if options.accept:
        BASELINE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        return 0
    said = problems(found, json.loads(BASELINE.read_text()))
    sys.stdout.writelines(f"{line}\n" for line in said)
    sys.stdout.write(f"{len(found)} ratios, {len(said)} worse or missing\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
