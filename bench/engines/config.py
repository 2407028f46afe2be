"""The choice of an engine, from the command line or from a YAML file."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from bench.base import EngineError, Strict, read_document, shown, validated
from bench.cells import Task
from bench.engines.engine import Engine, LocalEngine

_ADDRESS = re.compile(r"(?:(?:tcp|tls|wss?)://)?(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})")


def _address(text: str) -> str:
    """Refuse an impossible address at once; Dask would first wait for a connection."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match[1]) < 2**16:
        raise PydanticCustomError(
            "address",
            "'{text}' is not the address of a Dask scheduler; expected one such as "
            "tcp://host:8786",
            {"text": shown(text)},
        )
    return text


def _with_lists(value: Any) -> Any:
    """Turn tuples back into the lists of the file, which Dask expects."""
    if isinstance(value, dict):
        return {key: _with_lists(part) for key, part in value.items()}
    return [_with_lists(part) for part in value] if isinstance(value, tuple) else value


class CellNeeds(Strict):
    """The resources of the cells of a class; those that are not named may be any.

    Attributes
    ----------
    threads, gpu, slots
        As in the resources of a classifier's entry.
    """

    threads: Annotated[int, Field(ge=1)] | None = None
    gpu: Annotated[int, Field(ge=0)] | None = None
    slots: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError(
                "needs", "found nothing; expected threads, gpu or slots"
            )
        return self


class CellClass(Strict):
    """A class of cells that have Slurm jobs of their own.

    Attributes
    ----------
    for_
        Which cells: those whose resources are exactly these, such as ``{gpu: 1}``. A
        cell of several classes belongs to the first one.
    workers
        The number of workers to start.
    options
        Options of their jobs. Those beside ``classes`` hold as well, unless they are
        given here.
    """

    for_: CellNeeds = Field(alias="for")
    workers: Annotated[int, Field(ge=1)] = 1
    options: Annotated[dict[str, Any], AfterValidator(_with_lists)] = Field(
        default_factory=dict
    )

    def has(self, task: Task) -> bool:
        """Tell whether a cell is of this class."""
        found = {"threads": task.threads, "gpu": task.gpus, "slots": task.slots}
        wanted = self.for_.model_dump(exclude_none=True)
        return all(found[name] == value for name, value in wanted.items())


class Parallel(Strict):
    """Where cells are computed: the content of a parallel.yaml.

    Attributes
    ----------
    backend
        "local" (processes of this machine) or "dask".
    jobs
        Local backend: the number of cells that are computed at the same time.
    dask_scheduler
        Dask: the address of a running scheduler, such as tcp://host:8786.
    dask_cluster
        Dask: a cluster to start instead: "local" on this machine, or "slurm" through
        dask-jobqueue.
    workers
        Dask: the number of workers to start.
    options
        Dask: arguments of `dask.distributed.LocalCluster` or
        `dask_jobqueue.SLURMCluster`.
    classes
        Slurm: classes of cells that have jobs of their own.
    """

    backend: Literal["local", "dask"]
    jobs: Annotated[int, Field(ge=1)] | None = None
    dask_scheduler: Annotated[str, AfterValidator(_address)] | None = None
    dask_cluster: Literal["local", "slurm"] | None = None
    workers: Annotated[int, Field(ge=1)] | None = None
    options: Annotated[dict[str, Any], AfterValidator(_with_lists)] = Field(
        default_factory=dict
    )
    classes: tuple[CellClass, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = self.model_fields_set - {"backend"}
        cluster = {"dask_cluster", "workers", "options"}
        if self.backend == "local":
            allowed = {"jobs"}
        elif self.dask_cluster is not None:
            allowed = cluster | {"classes"}
        else:
            allowed = {"dask_scheduler"}
        wrong = sorted(given - allowed)
        if wrong:
            raise PydanticCustomError(
                "combination",
                "'{wrong}' contradicts the other keys; expected jobs with 'backend: "
                "local', and with 'backend: dask' either dask_scheduler, or "
                "dask_cluster, workers and options",
                {"wrong": wrong[0]},
            )
        no_cluster = self.dask_scheduler is None and self.dask_cluster is None
        if self.backend == "dask" and no_cluster:
            raise PydanticCustomError(
                "combination", "expected dask_scheduler or dask_cluster", {}
            )
        if "classes" in given:
            self._check_classes()
        return self

    def _check_classes(self) -> None:
        if self.dask_cluster != "slurm":
            raise PydanticCustomError(
                "combination", "'classes' are of Slurm; expected 'dask_cluster: slurm'"
            )
        for options in (self.options, *(each.options for each in self.classes)):
            extra = options.get("worker_extra_args", ())
            if isinstance(extra, list) and any("--resources" in str(e) for e in extra):
                raise PydanticCustomError(
                    "resources",
                    "found --resources in worker_extra_args beside 'classes', which "
                    "tell the workers themselves what they offer; leave it out",
                )
        for each in self.classes:
            options = self.options | each.options
            if (each.for_.gpu or 0) > 0 and options.get("processes", 1) != 1:
                raise PydanticCustomError(
                    "processes",
                    "found several processes in a job with GPUs, which they would "
                    "share; expected 'processes: 1' in the options of that class",
                )


def make_engine(
    jobs: int | None = None,
    engine: str | None = None,
    scheduler: str | None = None,
    file: Path | None = None,
) -> Engine:
    """Choose the engine; nothing is connected or started yet.

    Raises
    ------
    EngineError
        If options contradict each other, or Dask is not installed.
    """
    if file is not None:
        if engine or scheduler or jobs:
            raise EngineError(
                "--parallel cannot be combined with -j, --engine and --scheduler; "
                "write them in the file instead"
            )
        config = validated(Parallel, read_document(file, EngineError), EngineError)
    elif engine == "dask" or (engine is None and scheduler is not None):
        if scheduler is None:
            raise EngineError(
                "--engine dask needs --scheduler ADDRESS, such as tcp://host:8786; "
                "--parallel FILE can start a cluster"
            )
        if jobs:
            raise EngineError(
                "-j is for this machine alone; a Dask cluster computes one cell for "
                "each thread of its workers: leave -j out"
            )
        try:
            _address(scheduler)
        except PydanticCustomError as problem:
            raise EngineError(f"--scheduler: {problem.message()}") from None
        config = Parallel(backend="dask", dask_scheduler=scheduler)
    else:
        if scheduler is not None:
            raise EngineError(
                "--scheduler needs --engine dask; found --engine local: leave one out"
            )
        config = Parallel(backend="local", jobs=jobs)
    if config.backend == "local":
        return LocalEngine(config.jobs or 1)
    try:
        from bench.engines.dask_engine import DaskEngine
    except ImportError as error:
        raise EngineError(
            f"the Dask engine cannot be loaded ({error}); install it by "
            "`pip install '.[dask]'` in the clone"
        ) from None
    return DaskEngine(
        config.dask_scheduler,
        config.dask_cluster,
        config.workers or 1,
        config.options,
        config.classes,
    )
