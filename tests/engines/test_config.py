import gc
import os
import re
import signal
import socket
import sys
from collections import Counter
from contextlib import suppress

import psutil
import pytest
from bench_process import BenchProcess
from dask_cluster import wait_for

import bench
from bench.base.errors import EngineError
from bench.cells.cell import units_of
from bench.cells.plan import make_plan
from bench.engines.config import CellClass, make_engine
from bench.engines.dask_engine import DaskEngine
from bench.engines.dask_slurm import start_slurm
from bench.engines.engine import LocalEngine
from bench.engines.run import run_plan
from bench.store.store import Store


@pytest.fixture
def write_parallel(tmp_path):
    def write(text):
        path = tmp_path / "parallel.yaml"
        path.write_text(text)
        return path

    return write


RIGHT = [
    ("backend: local", LocalEngine(1)),
    ("backend: local\njobs: 3", LocalEngine(3)),
    ("backend: dask\ndask_scheduler: tcp://10.0.0.1:8786", "tcp://10.0.0.1:8786"),
    ("backend: dask\ndask_scheduler: '[::1]:8786'", "[::1]:8786"),
    ("backend: dask\ndask_cluster: local", DaskEngine(cluster="local")),
    (
        "backend: dask\ndask_cluster: local\nworkers: 4\noptions: {memory_limit: 4GiB}",
        DaskEngine(cluster="local", workers=4, options={"memory_limit": "4GiB"}),
    ),
    (
        "backend: dask\ndask_cluster: slurm\noptions:\n  cores: 1\n"
        "  worker_extra_args: [--lifetime, 55m]\n  nested: {deep: [[1, 2]]}",
        DaskEngine(
            cluster="slurm",
            options={
                "cores": 1,
                "worker_extra_args": ["--lifetime", "55m"],
                "nested": {"deep": [[1, 2]]},
            },
        ),
    ),
]


RIGHT += [
    (
        "backend: dask\ndask_cluster: slurm\nworkers: 9\noptions: {queue: long}\n"
        "classes:\n  - for: {gpu: 1}\n    workers: 2\n"
        "    options: {queue: gpu, job_extra_directives: ['--gres=gpu:1']}",
        DaskEngine(
            cluster="slurm",
            workers=9,
            options={"queue": "long"},
            classes=(
                CellClass.model_validate(
                    {
                        "for": {"gpu": 1},
                        "workers": 2,
                        "options": {
                            "queue": "gpu",
                            "job_extra_directives": ["--gres=gpu:1"],
                        },
                    }
                ),
            ),
        ),
    ),
]


@pytest.mark.parametrize(("text", "engine"), RIGHT)
def test_a_parallel_file_says_which_engine(write_parallel, text, engine):
    expected = DaskEngine(engine) if isinstance(engine, str) else engine
    assert make_engine(file=write_parallel(text)) == expected


SLURM = "backend: dask\ndask_cluster: slurm\n"
WRONG = [
    ("jobs: 2", "parallel.yaml:1: file: the key 'backend' is missing"),
    ("backend: slurm", "parallel.yaml:1: backend: found \"slurm\""),
    ("backend: local\njobs: 0", "parallel.yaml:2: jobs: found 0"),
    ("backend: local\njobs: two", "parallel.yaml:2: jobs: found \"two\""),
    ("backend: local\njbos: 2", "unknown key 'jbos' (did you mean 'jobs'?)"),
    ("backend: local\nworkers: 2", "'workers' contradicts the other keys"),
    ("backend: local\ndask_scheduler: tcp://a:1", "'dask_scheduler' contradicts"),
    ("backend: dask", "expected dask_scheduler or dask_cluster"),
    ("backend: dask\nworkers: 2", "'workers' contradicts the other keys"),
    ("backend: dask\njobs: 2\ndask_cluster: local", "'jobs' contradicts"),
    (
        "backend: dask\ndask_scheduler: tcp://a:1\ndask_cluster: local",
        "'dask_scheduler' contradicts the other keys",
    ),
    ("backend: dask\ndask_scheduler: null", "expected dask_scheduler or"),
    ("backend: dask\ndask_cluster: pbs", "yaml:2: dask_cluster: found \"pbs\""),
    ("backend: dask\ndask_cluster: local\nworkers: 0", "yaml:3: workers: found 0"),
    ("backend: dask\ndask_cluster: local\noptions: 3", "yaml:3: options: found 3"),
    (f"{SLURM}classes: [{{for: {{}}}}]", "yaml:3: classes[0].for: found nothing; expe"),
    (f"{SLURM}classes: [{{for: {{gpus: 1}}}}]", "(did you mean 'gpu'?)"),
    (f"{SLURM}classes: [{{for: {{gpu: 1}}, workers: 0}}]", "workers: found 0"),
    (f"{SLURM}classes: [{{workers: 1}}]", "classes[0]: the key 'for' is missing"),
    (
        f"{SLURM}options: {{worker_extra_args: [--resources, A=1]}}\n"
        "classes: [{for: {gpu: 1}}]",
        "found --resources in worker_extra_args beside 'classes'",
    ),
    (
        f"{SLURM}classes: [{{for: {{gpu: 2}}, options: {{processes: 2}}}}]",
        "found several processes in a job with GPUs",
    ),
    (
        "backend: dask\ndask_cluster: local\nclasses: [{for: {gpu: 1}}]",
        "'classes' are of Slurm; expected 'dask_cluster: slurm'",
    ),
    ("backend: local\nclasses: [{for: {gpu: 1}}]", "'classes' contradicts the other"),
    ("backend: dask\ndask_scheduler: nowhere", "yaml:2: dask_scheduler: 'nowhere' is"),
    ("- backend", "parallel.yaml:1: file: found [\"backend\"]"),
    ("", "parallel.yaml: an empty file"),
    ("backend: !!python/name:os.system x", "parallel.yaml:1: the tag"),
    ("backend: [", "parallel.yaml:1: not readable as YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_parallel_file_is_refused_with_its_line(
    write_suite, bench_run, write_parallel, text, message
):
    file = write_parallel(text)
    code, out, err = bench_run("run", write_suite(), "--parallel", file)
    assert (code, out) == (2, "")
    assert err.startswith("bench: ")
    assert message in err
    assert len(err.splitlines()) == 1


TCP = "tcp://127.0.0.1:8786"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "dask"], "--engine dask needs --scheduler ADDRESS"),
        (["--engine", "local", "--scheduler", TCP], "--scheduler needs --engine dask"),
        (["--scheduler", TCP, "-j", 2], "-j is for this machine alone"),
        (["--parallel", "f.yaml", "-j", 2], "--parallel cannot be combined"),
        (["--parallel", "f.yaml", "--engine", "dask"], "--parallel cannot be combined"),
        (["--parallel", "f.yaml", "--scheduler", TCP], "--parallel cannot be combined"),
        (["--parallel", "absent.yaml"], "absent.yaml: cannot be read"),
        (["--scheduler", ""], "'' is not the address of a Dask scheduler"),
        (["--scheduler", "host"], "'host' is not the address of a Dask scheduler"),
        (["--scheduler", "tcp://host"], "is not the address of a Dask scheduler"),
        (["--scheduler", "tcp://host:port"], "is not the address of a Dask scheduler"),
        (["--scheduler", "tcp://host:0"], "is not the address of a Dask scheduler"),
        (["--scheduler", "tcp://host:65536"], "is not the address of a Dask scheduler"),
        (["--scheduler", "http://host:8786"], "is not the address of a Dask scheduler"),
        (["--scheduler", "tcp://ho st:8786"], "is not the address of a Dask scheduler"),
        (
            ["--scheduler", "tcp://host:8786\n"],
            r"'tcp://host:8786\n' is not the address",
        ),
    ],
)
def test_contradictory_or_invalid_arguments_are_refused(
    write_suite, bench_run, arguments, message
):
    code, out, err = bench_run("run", write_suite(), *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_tls_needs_certificates(write_suite, bench_run):
    code, _, err = bench_run("run", write_suite(), "--scheduler", "tls://127.0.0.1:1")
    assert code == 2
    assert "bench: 'tls://127.0.0.1:1' needs certificates" in err


def test_a_scheduler_that_does_not_answer_is_an_error_of_one_line(
    write_suite, bench_run, monkeypatch
):
    monkeypatch.setattr("bench.engines.dask_engine._CONNECT_SECONDS", 1)
    path = write_suite()
    code, out, err = bench_run("run", path, "--scheduler", "tcp://127.0.0.1:1")
    assert (code, out) == (2, "")
    [message] = [line for line in err.splitlines() if not line.startswith("cells")]
    assert message.startswith("bench: no Dask scheduler answers at tcp://127.0.0.1:1")
    assert "--engine local" in message


def test_nothing_is_connected_before_it_is_needed(
    write_suite, bench_run, write_parallel
):
    path = write_suite(audits=False)
    bench.run_suite(path, store="data/store")
    for arguments in (
        ("--scheduler", "tcp://127.0.0.1:1"),
        ("--parallel", write_parallel("backend: dask\ndask_cluster: slurm")),
    ):
        code, out, _ = bench_run("run", path, "--dry-run", *arguments)
        assert (code, "8 stored, 0 to compute" in out) == (0, True)
        code, _, err = bench_run("run", path, "-c", "GNB", *arguments)
        assert code == 0, err


@pytest.mark.parametrize("package", ["dask", "distributed"])
def test_without_dask_it_says_what_to_install(monkeypatch, package):
    monkeypatch.delitem(sys.modules, "bench.engines.dask_engine")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineError, match=r"pip install '\.\[dask\]'"):
        make_engine(scheduler=TCP)
    assert make_engine(jobs=2) == LocalEngine(2)


def test_a_local_cluster_is_started_and_ended(write_suite, tmp_path, write_parallel):
    path = write_suite(audits=False)
    text = "backend: dask\ndask_cluster: local\nworkers: 2\noptions: {processes: true}"
    chosen = ("-c", "DT", "-c", "GNB")  # no report, which takes longer than the cells
    arguments = ("run", path, *chosen, "--parallel", write_parallel(text))
    command = BenchProcess(tmp_path, *arguments)
    code, _, err = command.finish()
    assert code == 0, err
    assert command.nothing_left(), list(command.temporary.iterdir())
    bench.run_suite(path, store=tmp_path / "here")
    here, there = Store(tmp_path / "here"), Store(tmp_path / "data" / "store")
    keys = list(there.keys())
    assert len(keys) == 4
    for key in keys:
        ours, theirs = here.get(key), there.get(key)
        assert (ours.status, ours.test) == (theirs.status, theirs.test)
        assert ours.arrays_sha256 == theirs.arrays_sha256


@pytest.mark.slow
def test_a_local_cluster_interrupted_leaves_nothing(
    write_suite, tmp_path, write_parallel
):
    path = write_suite(classifiers=[{"class": "fault_zoo.Sleeps"}], repetitions=2)
    text = "backend: dask\ndask_cluster: local\nworkers: 2"
    command = BenchProcess(tmp_path, "run", path, "--parallel", write_parallel(text))
    wait_for(lambda: any("sleep" in process.name() for process in command.marked()))
    for process in command.marked():  # a terminal's Ctrl-C reaches the workers as well
        if os.getpgid(process.pid) == os.getpgid(command.process.pid):
            process.send_signal(signal.SIGINT)
    code, _, err = command.finish()
    assert code == 130, err
    assert "Traceback" not in err, err
    assert command.nothing_left(), list(command.temporary.iterdir())


# As Slurm does, the job runs a copy: dask-jobqueue deletes its script once it is
# submitted, which may be before a shell has opened it.
SBATCH = """#!/bin/sh
cp "$1" "$SLURM_JOBS/script-$$"
sh "$SLURM_JOBS/script-$$" > "$SLURM_JOBS/log-$$" 2>&1 < /dev/null &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
echo "$1" >> "$SLURM_JOBS/cancelled"
kill "$1"
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Slurm, as far as it is asked for here: jobs begin at once on this machine."""
    folder = tmp_path / "slurm"
    folder.mkdir()

    def install(sbatch):
        for name, text in (("sbatch", sbatch), ("scancel", SCANCEL)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        return folder

    monkeypatch.setenv("SLURM_JOBS", str(folder))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return install


OPTIONS = {
    "queue": "long",
    "cores": 1,
    "memory": "2GB",
    "walltime": "08:00:00",
    "job_extra_directives": ["--nice=100"],
    "worker_extra_args": ["--no-dashboard"],
    "interface": "lo",
}


def test_a_slurm_cluster_gets_its_options_and_computes(write_suite, tmp_path, slurm):
    folder = slurm(SBATCH)
    path = write_suite()
    engine = DaskEngine(cluster="slurm", options=OPTIONS)
    with socket.socket() as other:  # a dashboard of somebody else's cluster
        with suppress(OSError):  # then it is taken already
            other.bind(("", 8787))
            other.listen()
        run_plan(make_plan(bench.load_suite(path)), Store(tmp_path / "store"), engine)
    assert set(bench.read_results(path, tmp_path / "store")["status"]) == {"done"}
    [script] = [path.read_text() for path in folder.glob("script-*")]
    for line in ("#SBATCH -p long", "#SBATCH -t 08:00:00", "#SBATCH --nice=100"):
        assert line in script
    assert "--no-dashboard --interface lo" in script
    [job] = (folder / "cancelled").read_text().split()
    wait_for(lambda: not psutil.pid_exists(int(job)))


# A job that only waits in the queue.
QUEUE = """#!/bin/sh
cp "$1" "$SLURM_JOBS/script-$$"
echo "Submitted batch job $$"
"""
CLASSES = (
    {"for": {"gpu": 1}, "workers": 2, "options": {
        "queue": "gpu", "job_extra_directives": ["--gres=gpu:1"]}},
    {"for": {"threads": 8}, "options": {"cores": 8}},
)  # fmt: skip


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ({None, 0, 1}, {"plain": 3, "class-0": 2, "class-1": 1}),
        ({1, 0}, {"class-0": 2, "class-1": 1}),
        ({None}, {"plain": 3}),
    ],
)
def test_each_class_of_cells_has_jobs_of_its_own(slurm, jobs, expected):
    # Options of a class are never those of another one, whichever is first.
    folder = slurm(QUEUE)
    classes = [CellClass.model_validate(each) for each in CLASSES]
    cluster = start_slurm(3, OPTIONS, classes, jobs)
    scripts = [path.read_text() for path in folder.glob("script-*")]
    cluster.close()
    found = Counter(re.findall(r"--resources bench-([\w-]+)=", "".join(scripts)))
    assert found == expected
    for script in scripts:
        assert "--no-dashboard --" in script
        assert ("-p gpu" in script) == ("class-0" in script)
        assert ("-p long" in script) == ("class-0" not in script)
        assert ("--gres=gpu:1" in script) == ("class-0" in script)
        assert ("--nice=100" in script) == ("class-0" not in script)
        assert ("--cpus-per-task=8" in script) == ("class-1" in script)
        assert ("--nthreads 8" in script) == ("class-1" in script)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheduler_options": {}}, r"classes\[0\].options: 'scheduler_options' is of"),
        ({"quue": "gpu"}, "unexpected keyword argument 'quue'"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed cluster")
def test_a_wrong_option_of_a_class_is_named(write_suite, slurm, options, message):
    slurm(QUEUE)
    entry = {"use": "KNN", "resources": {"gpu": 1}}
    units = units_of(
        make_plan(bench.load_suite(write_suite(classifiers=[entry]))).cells
    )
    classes = (CellClass.model_validate({"for": {"gpu": 1}, "options": options}),)
    engine = DaskEngine(cluster="slurm", options=OPTIONS, classes=classes)
    with pytest.raises(EngineError, match=message) as caught:
        next(engine.run(units, lambda _: True, {}))
    del caught
    gc.collect()


def test_gpus_that_no_class_is_for_are_an_error_before_any_job(write_suite):
    entry = {"use": "KNN", "resources": {"gpu": 2}}
    units = units_of(
        make_plan(bench.load_suite(write_suite(classifiers=[entry]))).cells
    )
    classes = (CellClass.model_validate({"for": {"gpu": 1}}),)
    engine = DaskEngine(cluster="slurm", options=OPTIONS, classes=classes)
    with pytest.raises(
        EngineError, match="'KNN' asks for 2, and none of the 'classes'"
    ):
        next(engine.run(units, lambda _: True, {}))


OWN = """
import os
from sklearn.dummy import DummyClassifier

class Gpu(DummyClassifier):
    def fit(self, X, y):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "7"
        return super().fit(X, y)

class Plain(Gpu):
    pass
"""


@pytest.mark.slow
def test_cells_of_a_class_are_computed_by_its_jobs_alone(write_suite, tmp_path, slurm):
    slurm(SBATCH)
    (tmp_path / "own.py").write_text(OWN)
    own = {"class": "./own.py:Gpu", "resources": {"gpu": 1}}
    path = write_suite(classifiers=[own, "GNB", "./own.py:Plain"])
    options = {"job_script_prologue": ["export CUDA_VISIBLE_DEVICES=7"]}
    classes = (CellClass.model_validate({"for": {"gpu": 1}, "options": options}),)
    engine = DaskEngine(cluster="slurm", options=OPTIONS, classes=classes)
    run_plan(make_plan(bench.load_suite(path)), Store(tmp_path / "store"), engine)
    results = bench.read_results(path, tmp_path / "store")
    status = dict(zip(results["classifier"], results["status"], strict=True))
    assert status == {"Gpu": "done", "GNB": "done", "Plain": "failed"}


@pytest.mark.filterwarnings("ignore:unclosed cluster")  # one that never was open
@pytest.mark.parametrize(
    ("sbatch", "options", "message"),
    [
        (
            "#!/bin/sh\necho 'invalid partition specified' >&2\nexit 1\n",
            OPTIONS,
            "invalid partition specified",
        ),
        (SBATCH, {}, "You must specify how much cores and memory per job"),
        (SBATCH, OPTIONS | {"quue": "long"}, "unexpected keyword argument 'quue'"),
    ],
    ids=["refused by Slurm", "no cores", "an unknown option"],
)
def test_a_slurm_cluster_that_cannot_start_says_why(
    write_suite, tmp_path, slurm, sbatch, options, message
):
    slurm(sbatch)
    engine = DaskEngine(cluster="slurm", options=options)
    with pytest.raises(EngineError, match="the 'slurm' cluster cannot be") as caught:
        run_plan(make_plan(bench.load_suite(write_suite())), Store(tmp_path), engine)
    text = str(caught.value)
    assert message in text
    assert "\n" not in text
    del caught
    gc.collect()


@pytest.mark.slow
def test_an_option_that_a_local_cluster_does_not_know_is_named(
    write_suite, tmp_path, write_parallel
):
    text = "backend: dask\ndask_cluster: local\noptions: {n_threads: 2}"
    arguments = ("run", write_suite(), "--parallel", write_parallel(text))
    command = BenchProcess(tmp_path, *arguments)
    code, _, err = command.finish()
    assert code == 2, err
    assert "the 'local' cluster cannot be started" in err
    assert "n_threads" in err
    assert "Traceback" not in err, err
    assert command.nothing_left()
