"""The pins that an installation needs: ``python tests/support/pins.py --python 3.12``.

Prints the lines of constraints.txt that a runtime installation takes under a version of
Python, torch's left out; with ``--unused``, fails if any line serves no extra that is
pinned. What the dependencies need in turn is read from the metadata of what is
installed, so that it must run where that is.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

_FOLDERS = Path(__file__).resolve().parents
ROOT = next(folder for folder in _FOLDERS if (folder / "pyproject.toml").is_file())
OURS = "function-bench"
BUILD = ("hatchling", "editables")


def pinned_extras() -> list[str]:
    """Return the extras whose every distribution constraints.txt pins."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    # Of the others peers.txt has the versions, or nothing of ours installs them.
    return [
        name
        for name in project["optional-dependencies"]
        if name not in {"mlflow", "peers", "wandb"}
    ]


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


def needs(name: str, extra: str) -> list[str]:
    """Return the requirements of a distribution and one of its extras ("" for none)."""
    if name == OURS:  # what is installed may be of before an edit
        return requirements(*([extra] if extra else []))
    return distribution(name).requires or []


def closure(lines: Iterable[str], python: str | None = None) -> set[str]:
    """Return the distributions that requirements lead to, ours left out.

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
            for line in needs(name, wanted):
                needed = Requirement(line)
                # torch pins the CUDA libraries of its build by itself.
                if not (name == "torch" and "==" in str(needed.specifier)):
                    waiting.append((needed, wanted))
    return {name for name, _ in seen} - {OURS}


def unused_pins() -> list[str]:
    """Return the distributions in constraints.txt that nothing needs.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If one of the pinned extras or the build backend is not installed.
    """
    needed = closure([*requirements(), *requirements(*pinned_extras()), *BUILD])
    return sorted(set(read_pins(ROOT / "constraints.txt")) - needed)


def main() -> int:
    """Print the pins of a runtime installation; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", metavar="VERSION", help="such as 3.12")
    parser.add_argument(
        "--unused", action="store_true", help="look for pins that nothing needs"
    )
    options = parser.parse_args()
    if options.unused:
        if unused := unused_pins():
            names = ", ".join(unused)
            sys.stderr.write(f"constraints.txt: pins of {names}, which nothing needs\n")
        return 2 if unused else 0
    pins = read_pins(ROOT / "constraints.txt")
    needed = closure(requirements(), options.python) - {"torch"}
    if missing := sorted(needed - set(pins)):
        names = ", ".join(missing)
        sys.stderr.write(f"constraints.txt: no pin of {names}; expected one of each\n")
        return 2
    sys.stdout.writelines(f"{pins[name]}\n" for name in sorted(needed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
