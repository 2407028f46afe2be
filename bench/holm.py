"""Holm's step-down adjustment of p-values."""

import numpy as np
from statsmodels.stats.multitest import multipletests


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust the p-values of one family of tests by Holm's step-down procedure.

    Parameters
    ----------
    p
        Shape (n_tests,); NaN stands for a test that was not made, and is not counted.

    Returns
    -------
    ndarray of shape (n_tests,)
        Reject where it is at most alpha: the chance that any true null is rejected is
        then at most alpha. NaN where `p` is.
    """
    adjusted = p.copy()
    made = ~np.isnan(p)
    # One test is its own adjustment; statsmodels collects garbage, 0.05 s, each call.
    if made.sum() > 1:
        adjusted[made] = multipletests(p[made], method="holm")[1]
    return adjusted
