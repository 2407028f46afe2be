"""Paths of the files that ship with the package, in a checkout and in a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = PACKAGE.parent
_IN_WHEEL = PACKAGE / "shipped"  # hatch puts the folders below there, see pyproject
ROOT = _IN_WHEEL if _IN_WHEEL.is_dir() else CHECKOUT

LIBRARIES = ROOT / "funs"
SUITES = ROOT / "suites"
REFERENCES = ROOT / "data" / "reference"
POOLS = ROOT / "data" / "pools"
PUBLISHED = ROOT / "reports" / "published"
