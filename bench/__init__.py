"""A benchmark harness for function classification.

The folders are the pipeline: suite → curves → cells → store → analysis → report; each
package says in its docstring what it holds and what it may import. The public names
below are loaded when first used, so that importing `bench` costs nothing.

PYTEST_DONT_REWRITE: our pytest plugin is not a test module, and may be imported
before pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.base.provenance import RESULTS, __version__

if TYPE_CHECKING:
    from bench.analysis import read_results
    from bench.curves import load_library, make_dataset, sample_mlp, stream_mlp
    from bench.discriminators import CSD2Classifier, CSDClassifier, SDClassifier
    from bench.engines import run_suite
    from bench.export import load_discriminator
    from bench.suite import load_suite

_HOMES = {
    "CSD2Classifier": "bench.discriminators",
    "CSDClassifier": "bench.discriminators",
    "SDClassifier": "bench.discriminators",
    "load_discriminator": "bench.export",
    "load_library": "bench.curves",
    "load_suite": "bench.suite",
    "make_dataset": "bench.curves",
    "read_results": "bench.analysis",
    "run_suite": "bench.engines",
    "sample_mlp": "bench.curves",
    "stream_mlp": "bench.curves",
}
__all__ = [
    "RESULTS",
    "CSD2Classifier",
    "CSDClassifier",
    "SDClassifier",
    "__version__",
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
    return sorted(__all__)
