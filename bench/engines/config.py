"""Which engine computes: from the command line, or from a YAML file."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from bench.base import EngineError, Strict, read_document, shown, validated
from bench.engines.engine import Engine, LocalEngine

_ADDRESS = re.compile(r"(?:(?:tcp|tls|wss?)://)?(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})")


def _address(text: str) -> str:
    """Refuse what cannot be an address: Dask would take long to say so."""
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found[1]) < 2**16:
        raise PydanticCustomError(
            "address",
            "'{text}' is no address of a Dask scheduler; expected one such as "
            "tcp://host:8786",
            {"text": shown(text)},
        )
    return text


def _listed(value: Any) -> Any:
    """Give Dask lists where a file has lists; in what we check they are tuples."""
    if isinstance(value, dict):
        return {key: _listed(part) for key, part in value.items()}
    return [_listed(part) for part in value] if isinstance(value, tuple) else value


class Parallel(Strict):
    """Where cells are computed: the content of a parallel.yaml.

    Attributes
    ----------
    backend
        "local" (processes of this machine) or "dask".
    jobs
        Local backend: number of cells at the same time.
    dask_scheduler
        Dask: the address of a running scheduler, such as tcp://host:8786.
    dask_cluster
        Dask: start a cluster instead: "local" on this machine, or "slurm" through
        dask-jobqueue.
    workers
        Dask: number of workers to start.
    options
        Dask: passed to `dask.distributed.LocalCluster` or
        `dask_jobqueue.SLURMCluster`.
    """

    backend: Literal["local", "dask"]
    jobs: Annotated[int, Field(ge=1)] | None = None
    dask_scheduler: Annotated[str, AfterValidator(_address)] | None = None
    dask_cluster: Literal["local", "slurm"] | None = None
    workers: Annotated[int, Field(ge=1)] | None = None
    options: Annotated[dict[str, Any], AfterValidator(_listed)] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = self.model_fields_set - {"backend"}
        cluster = {"dask_cluster", "workers", "options"}
        if self.backend == "local":
            allowed = {"jobs"}
        elif self.dask_cluster is not None:
            allowed = cluster
        else:
            allowed = {"dask_scheduler"}
        wrong = sorted(given - allowed)
        if wrong:
            raise PydanticCustomError(
                "combination",
                "'{wrong}' does not go with the other keys; expected with 'backend: "
                "local' jobs, with 'backend: dask' either dask_scheduler, or "
                "dask_cluster, workers and options",
                {"wrong": wrong[0]},
            )
        nowhere = self.dask_scheduler is None and self.dask_cluster is None
        if self.backend == "dask" and nowhere:
            raise PydanticCustomError(
                "combination", "expected dask_scheduler or dask_cluster", {}
            )
        return self


def make_engine(
    jobs: int | None = None,
    engine: str | None = None,
    scheduler: str | None = None,
    file: Path | None = None,
) -> Engine:
    """Choose the engine; nothing is connected or started.

    Raises
    ------
    EngineError
        If what was asked contradicts itself, or Dask is not installed.
    """
    if file is not None:
        if engine or scheduler or jobs:
            raise EngineError(
                "--parallel says where to compute; expected it without -j, --engine "
                "and --scheduler"
            )
        wanted = validated(Parallel, read_document(file, EngineError), EngineError)
    elif engine == "dask" or (engine is None and scheduler is not None):
        if scheduler is None:
            raise EngineError(
                "--engine dask needs --scheduler ADDRESS, such as tcp://host:8786; "
                "--parallel FILE can start a cluster"
            )
        if jobs:
            raise EngineError(
                "-j counts the cells of this machine; a Dask cluster has as many at a "
                "time as its workers have threads"
            )
        try:
            _address(scheduler)
        except PydanticCustomError as problem:
            raise EngineError(f"--scheduler: {problem.message()}") from None
        wanted = Parallel(backend="dask", dask_scheduler=scheduler)
    else:
        if scheduler is not None:
            raise EngineError("--scheduler goes with --engine dask, not with local")
        wanted = Parallel(backend="local", jobs=jobs)
    if wanted.backend == "local":
        return LocalEngine(wanted.jobs or 1)
    try:
        from bench.engines.dask_engine import DaskEngine
    except ImportError as error:
        raise EngineError(
            f"the Dask engine cannot be loaded ({error}); install it by "
            "`pip install '.[dask]'` in the clone"
        ) from None
    return DaskEngine(
        wanted.dask_scheduler, wanted.dask_cluster, wanted.workers or 1, wanted.options
    )
