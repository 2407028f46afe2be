"""A Slurm cluster for a run: its jobs, of which each class of cells has its own."""

import inspect
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from dask_jobqueue.core import JobQueueCluster
from dask_jobqueue.slurm import SLURMCluster
from distributed import Status

from bench.base import EngineError
from bench.engines.dask_pools import resource_of

if TYPE_CHECKING:
    from bench.engines.config import CellClass

_PLENTY = 2**20  # of a resource that says which cells a job is for, not how many
_EXTRA, _RESOURCES = "worker_extra_args", "--resources"
# Arguments of the cluster that are also arguments of a job.
_OF_BOTH = ("config_name", "interface", "protocol", "security")


def start_slurm(
    workers: int,
    options: dict[str, Any],
    classes: Sequence["CellClass"],
    jobs: Container[int | None],
) -> Any:
    """Submit the jobs of a cluster.

    Parameters
    ----------
    workers, options
        Of the cells that are of no class.
    jobs
        The positions of the classes whose jobs are submitted; None for those of no
        class.

    Raises
    ------
    Exception
        Of any type, if Slurm refuses a job or an option is wrong.
    """
    kinds = [(workers, options)]
    if classes:
        kinds = [
            (n, _offering(position, its_options))
            for position, n, its_options in (
                (None, workers, options),
                *(
                    (i, each.workers, {"processes": 1} | options | each.options)
                    for i, each in enumerate(classes)
                ),
            )
            if position in jobs
        ]
    _check_options(classes)
    (n_first, first), *others = kinds
    cluster: Any = SLURMCluster(**_without_fixed_port(first))
    try:
        cluster.sync(_submit, cluster, {"n": n_first})
        for n, its_options in others:
            cluster.new_spec = _spec(cluster, its_options)
            cluster.sync(_submit, cluster, {"jobs": len(cluster.worker_spec) + n})
    except BaseException:
        cluster.close()
        raise
    return cluster


def _offering(position: int | None, options: dict[str, Any]) -> dict[str, Any]:
    """Let the workers of a class offer the resource that its cells ask for."""
    offer = f"{resource_of(position)}={_PLENTY}"
    return options | {_EXTRA: [*options.get(_EXTRA, ()), _RESOURCES, offer]}


def _check_options(classes: Sequence["CellClass"]) -> None:
    of_cluster = {*inspect.signature(JobQueueCluster.__init__).parameters}
    for position, each in enumerate(classes):
        wrong = sorted(of_cluster.difference(["interface"]).intersection(each.options))
        if wrong:
            raise EngineError(
                f"classes[{position}].options: '{wrong[0]}' is of the whole cluster; "
                "expected it in the options beside 'classes'"
            )


def _spec(cluster: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Describe a job of a cluster that has others, as `JobQueueCluster` does."""
    of_cluster = inspect.signature(JobQueueCluster.__init__).parameters
    shared = {name: cluster.new_spec["options"][name] for name in _OF_BOTH}
    own = {k: v for k, v in options.items() if k not in of_cluster or k == "interface"}
    spec = {"cls": cluster.job_cls, "options": shared | own}
    if own["processes"] > 1:
        spec["group"] = [f"-{number}" for number in range(own["processes"])]
    return spec


def _without_fixed_port(options: dict[str, Any]) -> dict[str, Any]:
    """Let the dashboard take any free port, since two clusters may share a host.

    By default Dask takes a fixed port, and the second cluster warns that it is in use.
    Where warnings are errors, that one hides an error from Slurm.
    """
    scheduler = {"dashboard_address": ":0"} | options.get("scheduler_options", {})
    return options | {"scheduler_options": scheduler}


async def _submit(cluster: Any, size: dict[str, int]) -> None:
    cluster.scale(**size)
    try:
        # `scale` starts this task and drops its errors (distributed 2026.8). Awaited
        # here, the private method raises the reason why Slurm refuses a job.
        await cluster._correct_state()
    except Exception:
        for job in cluster.workers.values():
            if job.status == Status.created:
                job.status = Status.failed  # closing waits for ever for created jobs
        raise
