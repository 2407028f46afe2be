import pandas as pd
import pytest

import bench
from bench.base import resources

SUITE = resources.SUITES / "quick.yaml"
SCORES = ["train_accuracy", "test_accuracy", "data_hash", "key", "status"]


@pytest.mark.slow
def test_quick_gives_the_same_bits_with_one_job_and_two(tmp_path):
    found = []
    for jobs in (1, 2):
        store = tmp_path / str(jobs)
        bench.run_suite(SUITE, jobs=jobs, store=store)
        found.append(bench.read_results(SUITE, store)[SCORES])
    pd.testing.assert_frame_equal(*found, check_exact=True)
    assert set(found[0]["status"]) == {"done"}
