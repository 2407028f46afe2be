import json

from bench.base import resources


def test_list_and_schema(bench_run):
    code, out, _ = bench_run("list")
    assert code == 0
    assert "SD-WGAN" in out
    assert "F11_v1" in out
    assert "  quick      A small run of the notebook's comparison, to see that" in out
    code, out, _ = bench_run("schema")
    assert code == 0
    assert json.loads(out)["properties"]["datasets"]


def test_a_list_fits_the_terminal_and_describes_each_name(
    bench_run, tmp_path, monkeypatch
):
    (tmp_path / "plain.lib").write_text("x[:,0]\n\nN0*x[:,0]  # a line\n")
    (tmp_path / "one.lib").write_text("x[:,0]\n")
    (tmp_path / "said.lib").write_text("# Lines, and\n#  more. No more.\nx[:,0]\n")
    monkeypatch.setattr("bench.base.resources.LIBRARIES", tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = bench_run("list")
    assert max(map(len, out.splitlines())) < 80
    assert "  one   1 function\n  plain 2 functions\n  said  Lines, and more.\n" in out
    for path in resources.SUITES.glob("*.yaml"):
        assert f"\n  {path.stem} " in out
