import json
import subprocess
import sys

import pytest
import yaml_text

DATASET = yaml_text.SUITE["datasets"][0]


def test_run_writes_a_report_and_prints_the_table(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "-j", 2)
    assert code == 0
    assert "held-out accuracy" in out
    folder = tmp_path / "reports" / "small"
    text = (folder / "README.md").read_text()
    assert "8 cells" in text
    assert "| KNN" in text
    assert len((folder / "results.csv").read_text().splitlines()) == 9
    for name in ("dataset-grid", "scores-1", "overfitting-1"):
        assert (folder / "figures" / f"{name}.png").stat().st_size > 5000
        assert f"figures/{name}.png" in text


def test_a_report_written_again_is_the_same(write_suite, bench_run, tmp_path):
    path = write_suite()
    bench_run("run", path)
    bench_run("report", path, "--out", "again")
    for name in ("README.md", "results.csv", "summary.csv"):
        first = (tmp_path / "reports" / "small" / name).read_bytes()
        assert (tmp_path / "again" / name).read_bytes() == first


def test_a_limited_run_prints_the_table_only(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "-c", "KNN", "-d", "grid")
    assert code == 0
    assert "KNN" in out
    assert "GNB" not in out
    assert not (tmp_path / "reports").exists()


def test_a_dry_run_fits_nothing(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "--dry-run")
    assert code == 0
    assert out == (
        "8 cells (1 datasets × 2 repetitions × 4 classifiers), 2 audits; 0 stored, "
        "10 to compute\n"
    )
    assert not (tmp_path / "data").exists()


def test_show_draws_every_dataset(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("show", write_suite(), "--out", "pictures")
    assert code == 0
    assert out.split() == ["pictures/figures/dataset-grid.png"]
    assert (tmp_path / out.strip()).stat().st_size > 5000


def test_list_and_schema(bench_run):
    code, out, _ = bench_run("list")
    assert code == 0
    assert "SD-WGAN" in out
    assert "F11_v1" in out
    assert "seed.yaml" in out
    code, out, _ = bench_run("schema")
    assert code == 0
    assert json.loads(out)["properties"]["datasets"]


def test_failed_cells_give_exit_code_3(write_suite, bench_run):
    broken = {"id": "QDA", "use": "KNN", "params": {"n_neighbors": 1000}}
    code, _, err = bench_run("run", write_suite(classifiers=["GNB", broken]))
    assert code == 3
    assert "2 cells are not done" in err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classifiers": ["SVM"]}, "unknown classifier 'SVM'"),
        ({"clasifiers": []}, "did you mean 'classifiers'"),
        ({"repetitions": 0}, "repetitions"),
        ({"classifiers": ["KNN", "KNN"]}, "stands here twice"),
        ({"datasets": [DATASET | {"library": "F11_v2"}]}, "did you mean 'F11_v1'"),
        ({"datasets": [DATASET | {"library": "wrong"}]}, "wrong.lib:1: the gradient"),
        ({"datasets": [DATASET | {"library": "evil"}]}, "outside the grammar"),
        (
            {"datasets": [DATASET | {"inputs": {"kind": "file", "path": "no.csv"}}]},
            "no.csv",
        ),
        (
            {
                "datasets": [
                    DATASET | {"inputs": {"kind": "normal", "size": 9, "std": 0}}
                ]
            },
            "greater than 0",
        ),
        ({"reference": "nobody"}, "no reference 'nobody'"),
        ({"classifiers": [{"class": "no.such.Class"}]}, "cannot be imported"),
        ({"classifiers": [{"class": "sklearn.svm.SVX"}]}, "has no class 'SVX'"),
        ({"classifiers": [{"class": "sklearn.svm.SVR"}]}, "a regressor"),
        (
            {"classifiers": [{"use": "KNN", "params": {"n_neighbours": 3}}]},
            "did you mean 'n_neighbors'",
        ),
        (
            {"classifiers": [{"use": "KNN", "channels": ["gradient"]}]},
            "does not carry",
        ),
    ],
)
def test_bad_input_ends_at_once(write_suite, bench_run, tmp_path, changes, said):
    (tmp_path / "wrong.lib").write_text("x[:,0]**2;3*x[:,0]\n")
    (tmp_path / "evil.lib").write_text("__import__('os').getcwd()\n")
    code, out, err = bench_run("run", write_suite(**changes))
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert out == ""
    assert not (tmp_path / "data").exists()


def test_an_unknown_id_on_the_command_line(write_suite, bench_run):
    code, _, err = bench_run("run", write_suite(), "-c", "KN")
    assert code == 2
    assert "did you mean 'KNN'" in err


def test_a_report_of_nothing_is_refused(write_suite, bench_run):
    code, _, err = bench_run("report", write_suite())
    assert code == 2
    assert "nothing of the suite 'small' is stored" in err


def test_markup_in_an_id_is_escaped(write_suite, bench_run, tmp_path):
    entry = {"id": "<b>|x| $y", "use": "GNB"}
    dataset = DATASET | {"id": "a <i>"}
    path = write_suite(classifiers=[entry], datasets=[dataset])
    assert bench_run("run", path)[0] == 0
    text = (tmp_path / "reports" / "small" / "README.md").read_text()
    assert "<b>" not in text
    assert "&lt;b&gt;&#124;x&#124; $y" in text


@pytest.mark.parametrize(
    "command", ["--help", "list", "schema", "plan SUITE", "status SUITE --why",
                "run SUITE --dry-run"]
)  # fmt: skip
def test_torch_is_not_imported(command, write_suite, tmp_path):
    changed = {"use": "SD", "params": {"max_epochs": 5}}
    path = str(write_suite(classifiers=["SD-WGAN", changed, "CSD", "KNN"]))
    arguments = [path if word == "SUITE" else word for word in command.split()]
    code = (
        "import sys; from bench.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, cwd=tmp_path
    )
