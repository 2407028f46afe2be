"""The pins that an installation needs: ``python tests/pins.py --python 3.12``.

Prints the lines of constraints.txt that a runtime installation takes under a version of
Python, torch's left out. What the dependencies need in turn is read from the metadata
of what is installed, so that it must run where the package is.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it: ``Jinja2`` is ``jinja2``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(path: Path) -> dict[str, str]:
    """Return the lines of a file of pins by distribution, comments left out."""
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]
    return {canonical(Requirement(line).name): line for line in pins}


def requirements(*extras: str) -> list[str]:
    """Return what pyproject.toml asks for: at run time, or by some of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    if not extras:
        return list(project["dependencies"])
    return [line for name in extras for line in project["optional-dependencies"][name]]


def closure(lines: Iterable[str], python: str | None = None) -> set[str]:
    """Return the distributions that requirements lead to, themselves included.

    Parameters
    ----------
    lines
        Requirements as in a pyproject.toml, extras and markers included.
    python
        The version that markers are read for, such as "3.12"; by default the running
        one.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If one of them is not installed.
    """
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    environment = environment if python else {}
    waiting = [(Requirement(line), "") for line in lines]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        marker = requirement.marker
        if marker and not marker.evaluate(environment | {"extra": extra}):
            continue
        name = canonical(requirement.name)
        for wanted in {"", *requirement.extras}:
            if (name, wanted) in seen:
                continue
            seen.add((name, wanted))
            for line in distribution(name).requires or []:
                needed = Requirement(line)
                # torch pins the CUDA libraries of its build by itself.
                if not (name == "torch" and "==" in str(needed.specifier)):
                    waiting.append((needed, wanted))
    return {name for name, _ in seen}


def main() -> int:
    """Print the pins of a runtime installation; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", metavar="VERSION", help="such as 3.12")
    python = parser.parse_args().python
    pins = read_pins(ROOT / "constraints.txt")
    needed = closure(requirements(), python) - {"torch"}
    missing = sorted(needed - set(pins))
    if missing:
        names = ", ".join(missing)
        sys.stderr.write(f"constraints.txt: no pin of {names}; expected one of each\n")
        return 2
    sys.stdout.writelines(f"{pins[name]}\n" for name in sorted(needed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
