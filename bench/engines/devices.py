"""A check that this machine has the devices that a suite names."""

import pickle
from collections.abc import Iterable

from bench.base import EngineError, Limits, device_problem, package_version, shown
from bench.cells import Cell, Task
from bench.classifiers import ClassifierRecipe
from bench.processes import Request, new_executor
from bench.store import Store
from bench.suite import Suite

_SECONDS = 120.0  # to import torch and start a driver, on a cold disk


def check_devices(
    suite: Suite, cells: Iterable[Task], store: Store | None = None
) -> None:
    """Refuse a device that this machine does not have, before any cell is computed.

    Torch looks for the device, in another process, and only if an entry names one: the
    default "auto" takes a device that exists.

    Parameters
    ----------
    store
        If given, cells with a result in it are not checked.

    Raises
    ------
    EngineError
        With file and line of the first entry that names such a device.
    """
    positions = {entry.id: i for i, entry in enumerate(suite.classifiers)}
    first_entry: dict[str, int] = {}  # device → position of the first entry naming it
    for cell in cells:
        if not isinstance(cell, Cell):  # an audit computes on the CPU
            continue
        device = _named_device(cell.classifier)
        if device is None:
            continue
        if store is None or store.get(cell.key) is None:
            position = positions[cell.classifier.id]
            first_entry[device] = min(position, first_entry.get(device, position))
    problems = _problems(sorted(first_entry))
    for device, position in sorted(first_entry.items(), key=lambda item: item[1]):
        if problems[device]:
            place = suite.where("classifiers", position, "params", "device")
            raise EngineError(
                f"{place}: {suite.named('classifiers', position)}: "
                f"{problems[device]}, or run the suite on machines that have one, see "
                "--scheduler"
            )


def _named_device(recipe: ClassifierRecipe) -> str | None:
    """Return the device that an entry names; None for "auto" and for the CPU."""
    is_named = recipe.params.get("device", "auto") != "auto"
    return recipe.device if is_named and not recipe.device.startswith("cpu") else None


def _problems(devices: list[str]) -> dict[str, str]:
    """Return device → why it cannot be used here, which is empty if it can."""
    version = package_version("torch")
    if "+cpu" in version:  # no need to import it
        why = f"torch {version} is built for the CPU alone"
        return {device: device_problem(device, why) for device in devices}
    if not devices:
        return {}
    # In another process: a CUDA driver started here would not work after a fork.
    executor = new_executor(1)
    request = Request(pickle.dumps((_find_devices, (devices,))), Limits(_SECONDS))
    try:
        executor.start(0, request)
        [(_, ended)] = executor.wait()
    finally:
        executor.close()
    if ended.how != "answered":
        why = "torch ended the process that looked for it"
        return {device: device_problem(device, why) for device in devices}
    problems: dict[str, str] = pickle.loads(ended.answer)
    return problems


def _find_devices(devices: list[str]) -> dict[str, str]:
    """Look for each device with torch, which this imports; return the problems."""
    from bench.discriminators import resolve_device  # torch takes seconds

    problems = {}
    for device in devices:
        try:
            resolve_device(device)
            problems[device] = ""
        except ValueError as error:
            problems[device] = shown(str(error), 300)
    return problems
