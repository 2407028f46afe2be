"""A benchmark harness for function classification.

The folder is the pipeline: suite → datasets → cells → store → tables and figures →
report. The public names below are loaded when first used, so that importing
`bench` costs nothing.

PYTEST_DONT_REWRITE: our pytest plugin is no test, and may be imported before pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.classifiers import CSD2Classifier, CSDClassifier, SDClassifier
    from bench.datasets import make_dataset
    from bench.frozen import load_discriminator
    from bench.library import load_library
    from bench.neural import sample_mlp, stream_mlp
    from bench.run import run_suite
    from bench.suite import load_suite
    from bench.tables import read_results

__version__ = "0.1.0"

# Raised by hand, stage by stage, when the bits of a result change: it is part of
# every cell's key, so that no result of an older arithmetic is taken for a new one.
RESULTS = {
    "curves": 1,
    "tasks": 1,  # noise, splits, wild networks, functions as classes
    "mimic": 1,
    "SD": 1,
    "CSD": 1,
    "CSD2": 1,
    "QDA-REG": 1,
    "CUES": 1,
    "online": 1,
    "audits": 1,
}

_HOMES = {
    "CSD2Classifier": "bench.classifiers",
    "CSDClassifier": "bench.classifiers",
    "SDClassifier": "bench.classifiers",
    "load_discriminator": "bench.frozen",
    "load_library": "bench.library",
    "load_suite": "bench.suite",
    "make_dataset": "bench.datasets",
    "read_results": "bench.tables",
    "run_suite": "bench.run",
    "sample_mlp": "bench.neural",
    "stream_mlp": "bench.neural",
}
__all__ = [
    "RESULTS",
    "CSD2Classifier",
    "CSDClassifier",
    "SDClassifier",
    "load_discriminator",
    "load_library",
    "load_suite",
    "make_dataset",
    "read_results",
    "run_suite",
    "sample_mlp",
    "stream_mlp",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
