"""Reading the files of recorded curves."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bench.curves.recorded.curves import RecordedCurves
from bench.suite import BundledCurves, RecordedSpec


def read_recorded(spec: RecordedSpec, folder: Path) -> RecordedCurves:
    """Read bundled curves by aeon itself; files follow."""
    d: Any = import_module("aeon.datasets")
    assert isinstance(spec.recorded, BundledCurves)

    n = spec.recorded.aeon
    X, y = d.load_from_ts_file(Path(d.__file__).parent / f"data/{n}/{n}_TRAIN.ts")
    X2, y2 = d.load_from_ts_file(Path(d.__file__).parent / f"data/{n}/{n}_TEST.ts")
    names, labels = np.unique(np.concatenate([y, y2]), return_inverse=True)
    return RecordedCurves(
        np.concatenate([X, X2]),
        labels.astype(np.int64),
        tuple(map(str, names)),
        n_given_train=len(y),
        sources=(n,),
    )
