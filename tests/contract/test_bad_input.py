import gzip
import json
import os
import re
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import yaml_text

import bench.engines.run  # noqa: F401 (its import is no part of what is timed)
from bench.base.documents import MAX_NODES
from bench.cli import main
from bench.render.csv_files import read_csv

DATASET = yaml_text.SUITE["datasets"][0]
GRID = DATASET["inputs"]
NORMAL = {"kind": "normal", "size": 10}


def dataset(**changes):
    return {"datasets": [DATASET | changes]}


def classifier(**entry):
    return {"classifiers": [entry]}


def refused(code, out, err, *said):
    assert (code, out) == (2, "")
    assert err.startswith("bench: ")
    assert err.count("\n") == 1
    assert len(err) < 700  # of which two paths of a temporary folder
    for part in said:
        assert part in err


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
@pytest.mark.parametrize("kind", ["suites", "libraries", "points"])
def test_a_hundred_mutations_are_refused_or_read_right(kind, tmp_path):
    program = Path(__file__).parents[1] / "support/mutations.py"
    done = subprocess.run(
        [sys.executable, program, kind, tmp_path],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    seen = json.loads(done.stdout)
    # Both ends are met, or the mutations are too tame or too wild to show anything. How
    # often depends on our source: Hypothesis draws constants that it finds there.
    assert seen["counts"]["exit code 2"] > 20
    assert seen["counts"]["exit code 0"] > 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x[:,0]**9**9**9", "an exponent of 3.8742e+08; expected -32 to 32"),
        ("x[:,0]**-33", "an exponent of -33"),
        ("1e13*x[:,0]", "expected a magnitude of at most 1e+12"),
        ("9" * 1900, "expected a magnitude of at most 1e+12"),
        ("1e11*1e11", "expected a finite number of magnitude at most 1e+12"),
        ("1/0", "a constant part has the value inf"),
        ("N0 +" * 260_000, "a line of 1040000 characters; expected at most 4000"),
        ("(" * 10_000 + "1" + ")" * 10_000, "a line of 20001 characters"),
        ("(" * 900 + "1" + ")" * 900, "is not an expression"),
        ("sin(" * 160 + "N0" + ")" * 160, "more than 150 levels"),
        ("-" * 1900 + "N0", "more than 150 levels"),
        ("N0.__class__", "'N0.__class__' is outside the grammar; expected numbers"),
        ("np.sin.__globals__", "outside the grammar"),
        ("sin(x=N0)", "outside the grammar"),
        ("sin(*N0)", "outside the grammar"),
        ("(lambda: 0)()", "outside the grammar"),
        ("[N0 for N0 in x]", "outside the grammar"),
        ("(N1 := 1)", "outside the grammar"),
        ("f'{N0}'", "outside the grammar"),
        ("__import__('os').system('true')", "is not a function of the grammar"),
        ("open('/etc/passwd')", "unknown function 'open'"),
        ("np.load(N0)", "unknown function 'load'. Known: sin"),
        ("sine(N0)", "did you mean 'sin'"),
        ("ln(N0)", "own.lib:3: unknown function 'ln'; write log"),
        ("x[:,0]^2", "write ** for powers"),
        ("x3*N0", "write a column of the input as x[:,0]"),
        ("u = N0; 1\nu", "own.lib:3: the part 'u' has a gradient"),
        ("u*N0", "expected a constant, a coefficient or a part defined above"),
        ("nan", "unknown name 'nan'"),
        ("import os", "is not an expression"),
        ("х[:,0]", "it holds U+0445; expected plain ASCII"),  # noqa: RUF001
        ("N0\u202e", "it holds U+202E"),
        ("N0\0", "it holds U+0000"),
        ("x[:,100]", "expected x[:,0] to x[:,99]"),
        ("x[:,0];2", "leave it empty to have it derived"),
        ("N0" + ";" * 200, "200 gradients; expected at most 100"),
    ],
)
def test_a_line_of_a_library_is_refused_at_once(
    write_suite, bench_run, tmp_path, line, said
):
    (tmp_path / "own.lib").write_text(f"# mine\n\n{line}\n", "utf-8")
    start = time.process_time()
    refused(
        *bench_run("run", write_suite(**dataset(library="own"))),
        "suite.yaml:7: datasets[0]: ",
        "own.lib:3: ",
        said,
    )
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfeN0", "own.lib: not a text file in UTF-8"),
        (b"\x00" * 2000, "it holds U+0000"),
        (b"#" * 2**20 + b"\nN0", "expected at most 1048576: split the library"),
        (b"", "own.lib: 0 functions; expected 1 to 1000"),
        (b"N0\n" * 1001, "own.lib: 1001 functions"),
        (b"log(N0)", "has a value that is not finite"),
        (b"x[:,3]", "reads 4 inputs, but the points have 1; give the points more"),
        (b"u = N0\nx[:,0]", "own.lib:1: no function uses the part 'u'"),
        (
            b"u0 = N0*x[:,0]\n"
            + b"\n".join(b"u%d = u%d*u%d" % (i + 1, i, i) for i in range(60))
            + b"\nu60",
            "own.lib:9: an expression of more than 150 levels or 1000 terms with all",
        ),
        (
            b"u = " + b"+".join([b"(N1*x[:,0])"] * 140) + b"\n" + b"u+N0\n" * 999,
            "terms \u00d7 1 inputs; expected at most 100000",
        ),
    ],
)
def test_a_library_is_refused_whole(write_suite, bench_run, tmp_path, content, said):
    (tmp_path / "own.lib").write_bytes(content)
    suite = write_suite(**dataset(library="own"))
    refused(*bench_run("run", suite), "suite.yaml:7: datasets[0]: ", said)


POWERS = "\n".join(["(" * 99 + "2" + "**(0.1*x[:,0]))" * 99] * 60)
PRODUCTS = "\n".join(["x[:,0]" + "*x[:,0]" * 140] * 100)


@pytest.mark.parametrize("text", [POWERS, PRODUCTS], ids=["powers", "products"])
def test_the_slowest_libraries_are_probed_in_time(
    write_suite, bench_run, tmp_path, text
):
    (tmp_path / "own.lib").write_text(text)
    suite = write_suite(**dataset(library="own", inputs=NORMAL | {"size": 1000}))
    start = time.process_time()
    assert bench_run("run", suite, "--dry-run")[0] == 0
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: !!python/object/apply:os.system [x]", 1, "the tag"),
        ("version: 1\na: !secret x", 2, "expected plain YAML without tags"),
        ("a: &a [1]\nb: *a", 1, "write the value itself instead"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]", 1, "an anchor or alias"),
        ("version: 1\nversion: 1", 2, "duplicate key 'version'; keys must"),
        ("a: {b: 1,\n  b: 2}", 2, "duplicate key 'b'; keys must"),
        ("a:\n\t- 1", 2, "not readable as YAML"),
        ("a: 1\n---\nb: 2", 2, "expected one document per file"),
        ("%YAML 1.1\n---\na: 1", 2, "a directive (%); expected none"),
        ("a: 1\nb: .nan", 2, "'.nan' is not a finite number"),
        ("a: -.inf", 1, "is not a finite number"),
        ("a: 1e999", 1, "is not a finite number"),
        ("a: " + "9" * 5000, 1, "of at most 100 characters"),
        ("a: 1\nb: 'x\u202ey'", 2, "the character U+202E, which cannot be seen"),
        ("a: 1\nb: \0", 2, "the character U+0000, which YAML does not allow"),
        ('a: "\\ud800"', 1, "half a character"),
        ("? [a]\n: 1", 1, "found a list or mapping as a key"),
        ("a: " + "[" * 10_000, 1, "nested more than 32 levels deep"),
        ("- a\n" * (MAX_NODES + 1), MAX_NODES, f"more than {MAX_NODES} keys and"),
        ("- 1", 1, "expected a mapping"),
        ("x: [1, 2", 1, "not readable as YAML"),
    ],
)
def test_yaml_is_refused_with_its_line(bench_run, tmp_path, text, line, said):
    (tmp_path / "suite.yaml").write_text(text, "utf-8")
    refused(*bench_run("run", "suite.yaml"), f"suite.yaml:{line}: ", said)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "an empty file; expected a mapping"),
        (b"#" * 2**19, "more than 262144 bytes"),
        (bytes(range(256)), "not a text file in UTF-8"),
        ("version: 1".encode("utf-16"), "not a text file in UTF-8"),
        (gzip.compress(b"version: 1", mtime=0), "not a text file in UTF-8"),
        (b'a: "\\UFFFFFFFF"', "not readable as YAML"),
        (b'a: "\\U00110000"', "not readable as YAML"),
    ],
)
def test_a_file_that_is_no_yaml_is_refused(bench_run, tmp_path, raw, said):
    (tmp_path / "suite.yaml").write_bytes(raw)
    refused(*bench_run("run", "suite.yaml"), "suite.yaml: ", said)


LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": -1}, "suite.yaml:4: seed: found -1; input should be greater"),
        ({"seed": 10**30}, "input should be less than"),
        ({"seed": 1.0}, "seed: found 1.0; input should be a valid integer"),
        ({"threads": True}, "threads: found true"),
        ({"name": ["a"]}, 'name: found ["a"]; input should be a valid string'),
        (
            {"name": "../up"},
            "suite.yaml:3: name: found '../up'; expected letters from A to Z, digits, "
            "and . _ - after the first one, such as 'up'",
        ),
        ({"name": "my benchmark (v2)"}, "such as 'my-benchmark-v2'"),
        ({"name": "x" * 65}, "name: found"),
        ({"stats": {"baseline": "a/b"}}, "stats.baseline: found 'a/b'; expected 1 to"),
        ({"repetitions": -5}, "repetitions: found -5"),
        (
            {
                "repetitions": 100_000,
                "classifiers": [{"id": f"KNN-{i}", "use": "KNN"} for i in range(11)],
            },
            "are 1100000 cells; expected at most 1000000: lower",
        ),
        ({"datasets": {}}, "datasets: found {}"),
        ({"datasets": []}, "datasets: found []"),
        ({"classifiers": [[]]}, "classifiers[0]"),
        ({"classifiers": [None]}, "classifiers[0]: found null"),
        (dataset(train=-1), "datasets[0].train: found -1"),
        (dataset(train=10**12), "train: found 1000000000000; input should be less"),
        (dataset(id="../up"), "suite.yaml:8: datasets[0].id"),
        (dataset(id=".."), "datasets[0].id"),
        (
            dataset(id="a/b"),
            "datasets[0].id: found 'a/b'; expected 1 to 64 characters, no slash, no "
            "dot at the start, no space at either end, such as 'a-b'",
        ),
        (classifier(id=".hidden", use="DT"), "such as 'hidden'"),
        (classifier(id=5, use="DT"), "a valid string: put it in quotes"),
        (dataset(id="a\\b"), "datasets[0].id"),
        (dataset(id="/etc"), "datasets[0].id"),
        (dataset(id=" a"), "datasets[0].id"),
        (dataset(id=""), "datasets[0].id"),
        (dataset(id="<script>alert(1)</script>"), "datasets[0].id"),
        (dataset(id="a\u202eb"), "the character U+202E, which cannot be seen; remove"),
        (dataset(id="a\u2066b"), "the character U+2066"),
        (dataset(id="a\u200bb"), "the character U+200B"),
        (dataset(id=LONG), "should have at most 64 characters"),
        (dataset(library=5), "library: found 5"),
        (dataset(library="x" * 300), "no function library 'xxx"),
        (dataset(library="../../F11_v1"), "no function library '../../F11_v1'"),
        (dataset(library="/dev/zero"), "no function library '/dev/zero'"),
        (dataset(inputs={"kind": "gird", "size": 5}), "did you mean 'grid'"),
        (dataset(inputs={"kind": LONG}), "does not match any of the expected tags"),
        (dataset(inputs=NORMAL | {"size": 10**13}), "size: found 10000000000000"),
        (dataset(inputs=NORMAL | {"std": -1}), "std: found -1"),
        (
            dataset(inputs=NORMAL | {"size": 999, "std": 1e308}),
            "points that are not finite; lower",
        ),
        (dataset(inputs=GRID | {"size": 1000, "dim": 16}), "a grid of 1000^16 points"),
        (
            dataset(inputs=NORMAL | {"size": 10**6, "dim": 16}),
            "expected at most 1000000 points",
        ),
        (dataset(neural={"hidden": [0]}), "hidden[0]: found 0"),
        (dataset(neural={"hidden": [4096] * 64}), "lower hidden or curves_per_net"),
        (dataset(neural={"hidden": [1] * 65}), "neural.hidden"),
        (classifier(use=LONG, id="a"), "use: found"),
        (classifier(**{"class": LONG, "id": "a"}), "class: found"),
        (classifier(**{"class": "os.system"}), "'os' has no class 'system'"),
        (classifier(**{"class": "__main__.Own"}), "put the class in a module"),
        (classifier(**{"class": "leaves.Own"}), "cannot be imported: SystemExit: 3"),
        (
            classifier(**{"class": "raises.Own"}),
            "cannot be imported: ValueError: a b",
        ),
        (classifier(**{"class": "builtins.dict"}), "is not a scikit-learn classifier"),
        (classifier(use="SD", params={"device": []}), "found the device []; expected"),
        (
            classifier(use="SD", params={"device": "cuda:x"}),
            "found the device 'cuda:x'",
        ),
        (classifier(use="KNN", channels=["value"] * 2), "expected each once"),
        (classifier(use="KNN", params=[1]), "params: found [1]"),
        (classifier(use="KNN", limits={"memory": "-4GiB"}), "a size with its unit"),
        ({"limits": {"timeout": LONG}}, "limits.timeout: found"),
        ({"limits": {"memory": "9" * 100 + "GiB"}}, "a size with its unit"),
        ({"metrics": [LONG]}, "metrics[0]: unknown metric"),
        ({"reference": "x" * 300}, "no reference 'xxx"),
        ({"reference": "../nobody"}, "no reference '../nobody'"),
        ({"reference": "figures"}, "figures.yaml:3: datasets.a.KNN.mean: found"),
        ({"reference": "typo"}, "typo.yaml:2: tilte: unknown key 'tilte' (did you"),
    ],
)
def test_what_a_suite_says_is_refused(write_suite, bench_run, tmp_path, changes, said):
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
    (tmp_path / "raises.py").write_text("raise ValueError('a\\nb')")
    (tmp_path / "figures.yaml").write_text(
        "{title: a, source: b, measures: train_accuracy, lesson: c, datasets:\n"
        '  {a: {KNN:\n    {mean: "1"}}}}'
    )
    (tmp_path / "typo.yaml").write_text("source: b\ntilte: a\n")
    refused(*bench_run("run", write_suite(**changes), "--dry-run"), said)


def test_a_dataset_beyond_the_memory_is_refused_with_its_size(write_suite, bench_run):
    suite = write_suite(
        **dataset(train=1_000_000, inputs=NORMAL | {"size": 10_000}),
        limits={"memory": "1GiB"},
    )
    refused(
        *bench_run("run", suite, "--dry-run"),
        "suite.yaml:7: the dataset 'grid' takes 149.0 GiB a repetition",
        "expected at most 1.0 GiB, the memory limit of a cell: lower train, test or",
    )


class Evil:
    """Writes a file if it is ever unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("unpickled"),)


def bomb():
    """Pack 256 MiB of numbers into a quarter of one."""
    packer = zlib.compressobj(1, wbits=31)
    return (
        b"".join(packer.compress(b"1\n" * 2**19) for _ in range(256)) + packer.flush()
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "p.npy",
            np.array([1.0, None], object),
            "hold pickles, which are never loaded",
        ),
        ("p.npy", np.array([Evil()], object), "hold pickles, which are never loaded"),
        (
            "p.npy",
            np.array(["1", "2"]),
            "expected numbers of shape (n_points, n_inputs)",
        ),
        ("p.npy", np.zeros((2, 2, 2)), "found shape (2, 2, 2)"),
        ("p.npy", np.ones(3, complex), "type complex128"),
        ("p.npy", np.array([1.0, np.nan]), "not finite: nan in point 2"),
        ("p.npy", b"\x93NUMPY\x01\x00", "not a table of numbers"),
        (
            "p.npy",
            b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': False, "
            b"'shape': (9999999999, 9)}   \n",
            "too short for the shape (9999999999, 9)",
        ),
        (
            "p.pkl",
            b"cos\nsystem\n(S'true'\ntR.",
            "unknown kind of file '.pkl'; expected",
        ),
        ("p.npy", b"cos\nsystem\n(S'true'\ntR.", "not a table of numbers"),
        ("p.txt", b"1 2\n3 four\n", "line 2: found 'four'; expected numbers, such as"),
        ("p.csv", b"a,b\n1,2\n3,\n", "line 3: found ''; expected numbers"),
        ("p.txt", b"1_000\n", "line 1: found '1_000'; expected numbers"),
        ("p.csv", b"1\n1_000\n", "line 2: found '1_000'"),
        ("p.txt", "1\n٣\n".encode(), "line 2: found '٣'"),
        (
            "p.txt",
            b"1 2\n3\n",
            "line 2: found 1 columns, split at blanks; expected 2, as in",
        ),
        ("p.txt", b"1\nnan\n", "not finite: nan in point 2"),
        ("p.txt", b"1e999\n", "not finite: inf in point 1"),
        ("p.csv", b"", "an empty file; expected one point a line"),
        ("p.txt", b"\xff\xfe1", "not a table of numbers"),
        ("p.txt", b"1 " * 10**6, "line 1: more than"),
        ("p.txt.gz", bomb(), "more than 67108864 bytes unpacked; expected fewer"),
        (
            "p.txt.gz",
            gzip.compress(b"1\n", mtime=0) * 2 + b"and more",
            "after 2 members: ",
        ),
        (
            "p.txt.gz",
            gzip.compress(b"", mtime=0) * 10_001,
            "more than 10000 members; compress it again",
        ),
        ("p.txt.gz", gzip.compress(b"1\n", mtime=0)[:-4], "not one whole member"),
        ("p.txt.gz", b"1\n", "cannot be read"),
        ("folder", None, "folder: cannot be read: it is not a regular file"),
        ("pipe.txt", None, "pipe.txt: cannot be read: it is not a regular file"),
        ("x" * 300 + ".txt", None, "File name too long"),
        ("none.txt", None, "no file of input points at"),
    ],
)
def test_a_file_of_points_is_refused(
    write_suite, bench_run, tmp_path, name, content, said
):
    path = tmp_path / name
    (tmp_path / "folder").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.txt")
    elif name == "pipe.txt":
        pytest.skip("Windows has no named pipes to refuse")
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content, allow_pickle=True)
    suite = write_suite(**dataset(inputs={"kind": "file", "path": name}))
    start = time.process_time()
    refused(*bench_run("run", suite), "suite.yaml:7: datasets[0]: ", said)
    assert time.process_time() - start < 2
    assert not (tmp_path / "unpickled").exists()


COMMAS = "-3,000\n-2,000\n-1,000\n0,000\n1,000\n2,000\n3,000\n"


def test_decimal_commas_are_refused_and_the_remedy_works(
    write_suite, bench_run, tmp_path
):
    (tmp_path / "p.csv").write_text(COMMAS)
    inputs = {"kind": "file", "path": "p.csv"}
    few = {"audits": False, "repetitions": 1, "classifiers": ["GNB"]}
    suite = write_suite(**dataset(inputs=inputs), **few)
    refused(
        *bench_run("run", suite),
        "p.csv: line 1: found '-3,000', which looks like a number with a decimal comma",
        "write decimal: ',' for the first",
    )
    suite = write_suite(**dataset(inputs=inputs | {"decimal": ","}), **few)
    assert bench_run("run", suite, "--dry-run")[0] == 0


def test_each_column_of_a_formula_has_its_range(write_suite, bench_run, tmp_path):
    formula = "x[:,0]/np.sqrt(1 - x[:,1]**2/x[:,2]**2)"
    (tmp_path / "relativity.lib").write_text(formula)
    ranges = {"low": [1, 1, 3], "high": [5, 2, 10]}
    inputs = {"kind": "uniform", "size": 20} | ranges
    few = {"audits": False, "repetitions": 1, "classifiers": ["GNB"]}
    entry = {"library": "relativity", "train": 20, "test": 20}
    suite = write_suite(**dataset(inputs=inputs, **entry), **few)
    assert bench_run("run", suite, "--dry-run")[0] == 0
    one_range = inputs | {"low": 1, "high": 5, "dim": 3}
    suite = write_suite(**dataset(inputs=one_range, **entry), **few)
    refused(*bench_run("run", suite), "has a value that is not finite")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rn", "suite.yaml"], "unknown command 'rn' (did you mean 'run'?)"),
        ([], "bench COMMAND --help"),  # the end of the help
        (["run"], "required: SUITE"),
        (["run", "suite.yaml", "--faild"], "unknown option '--faild'"),
        (["run", "suite.yaml", "-j", "0"], "-j: found '0'; expected a whole number"),
        (["run", "suite.yaml", "-j", "x"], "-j: found 'x'; expected a whole number"),
        (["run", "suite.yaml", "-j", "1.5"], "found '1.5'"),
        (["run", "suite.yaml", "-j", "9" * 5000], "expected a whole number from 1 to"),
        (["run", "suite.yaml", "--engine", "spark"], "--engine: found 'spark'"),
        (
            ["run", "suite.yaml", "--store", "suite.yaml"],
            "'suite.yaml' (a file); expected",
        ),
        (["run", "suite.yaml", "--out", "suite.yaml/x"], "'suite.yaml' (a file)"),
        (
            ["report", "suite.yaml", "--out", "suite.yaml"],
            "expected a folder, or a new",
        ),
        (["show", "suite.yaml", "--out", "x" * 300], "File name too long"),
        (["merge", "--store", "suite.yaml", "."], "expected a folder, or a new name"),
    ],
)
def test_a_command_line_is_refused_with_its_usage(
    write_suite, tmp_path, monkeypatch, capfd, arguments, said
):
    write_suite()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, err = capfd.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert "Traceback" not in err
    assert said in err.splitlines()[-1]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "none.yaml"], "none.yaml: cannot be read (No such file"),
        (["run", "."], ".: cannot be read (it is not a regular file); expected a YAML"),
        (["run", "suite.yaml/x"], "cannot be read (Not a directory)"),
        (["run", "x" * 300], "cannot be read (File name too long)"),
        (["run", "/dev/null"], "cannot be read (it is not a regular file)"),
        (["run", "numbers.npy"], "numbers.npy: not a text file in UTF-8"),
        (
            ["run", "suite.yaml", "-d", "gird"],
            "no dataset 'gird' in this suite (did you",
        ),
        (["run", "suite.yaml", "-c", "KN"], "did you mean 'KNN'"),
        (["show", "suite.yaml", "-d", "<b>"], "no dataset '<b>' in this suite"),
        (["status", "none.yaml"], "none.yaml: cannot be read"),
        (["report", "none.yaml"], "none.yaml: cannot be read"),
        (["merge", "none"], "no store at none; expected a folder"),
        (["run", "suite.yaml", "--parallel", "."], "it is not a regular file"),
        (["run", "suite.yaml", "--parallel", "suite.yaml"], "suite.yaml:2: version"),
    ],
)
def test_a_command_line_is_refused_with_a_message(
    write_suite, bench_run, tmp_path, arguments, said
):
    write_suite()
    np.save(tmp_path / "numbers.npy", np.full(9, 1e300))
    refused(*bench_run(*arguments), said)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["suite.yaml", "own.lib", "p.txt"])
def test_a_file_that_may_not_be_read_is_refused(
    write_suite, bench_run, tmp_path, monkeypatch, name
):
    (tmp_path / "own.lib").write_text("N0")
    (tmp_path / "p.txt").write_text("1")
    inputs = {"kind": "file", "path": "p.txt"}
    suite = write_suite(**dataset(library="own", inputs=inputs))
    (tmp_path / name).chmod(0)
    if os.access(tmp_path / name, os.R_OK):  # the superuser may read everything
        opened = Path.open

        def denied(path, *mode):
            if path.name == name:
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path, *mode)

        monkeypatch.setattr(Path, "open", denied)
    refused(*bench_run("run", suite, "--dry-run"), name, "Permission denied")


def test_a_report_that_cannot_be_written_is_one_line(write_suite, bench_run, tmp_path):
    (tmp_path / "reports").write_text("in the way")
    code, _, err = bench_run("run", write_suite(classifiers=["GNB"], repetitions=1))
    assert code == 2
    assert err.splitlines()[-1].startswith("bench: ")
    assert "reports" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert bench_run("run", tmp_path / "suite.yaml", "--out", "here")[0] == 0


IDS = [
    "<img src=x onerror=alert(1)>",
    "[x](javascript:1)",
    "$x^{$",
    "<script>alert(1)<script>",
    "![x](javascript:1)",
    "|",
    "a|b",
    "$x$",
    "**b**",
    "__b__",
    "`b`",
    "&lt;b&gt;",
    "[bold]b",
    "=1+1",
    "# b",
    "- b",
    "--c",
]


def test_markup_in_ids_stays_text(write_suite, bench_run, tmp_path):
    path = write_suite(
        repetitions=1,
        datasets=[DATASET | {"id": name} for name in IDS[:3]],
        classifiers=[{"id": name, "use": "GNB"} for name in IDS],
    )
    code, out, err = bench_run("run", path)
    assert code == 0, err
    folder = tmp_path / "reports" / "small"
    texts = [path.read_text("utf-8") for path in sorted(folder.rglob("*.md"))]
    assert len(texts) == 4  # a chapter for each dataset
    text = "\n\n".join(texts)
    # A backslash before a sign makes it text.
    for raw in ("<script", "<img", "[x](javascript", "**b**", "__b__", "`b`", "&lt;b"):
        assert not re.search(rf"(?<!\\){re.escape(raw)}", text), raw
    for name in ("[x](javascript:1)", "[bold]b", "<img src=x onerror=alert(1)>"):
        assert name in out  # a terminal shows what was written
    tables = [t.splitlines() for t in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]
    assert sum(len(table) == len(IDS) + 2 for table in tables) >= 3
    for table in tables:  # no id opens a column of its own
        # An escaped one belongs to a cell.
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    pictures = sorted((folder / "figures").glob("curves-*.png"))
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.stat().st_size > 3000
        assert f"(../figures/{picture.name})" in text
    names = ["classifier", "dataset"]
    rows = read_csv(folder / "results.csv", text=names)
    assert set(rows["classifier"]) == set(IDS)
    assert set(rows["dataset"]) == set(IDS[:3])
