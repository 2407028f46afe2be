def test_show_draws_every_dataset(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("show", write_suite(), "--out", "pictures")
    assert code == 0
    assert out.split() == ["pictures/figures/dataset-grid.png"]
    assert (tmp_path / out.strip()).stat().st_size > 5000
