"""Reading the files of recorded curves."""

from pathlib import Path

import numpy as np

from bench.curves.recorded.curves import RecordedCurves
from bench.suite import RecordedSpec


def read_recorded(spec: RecordedSpec, folder: Path) -> RecordedCurves:
    import aeon.datasets as d

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
