"""Whether this machine has the devices that cells will compute on."""

import pickle
from collections.abc import Iterable
from importlib import import_module

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
    """Refuse a device that this machine has not, before cells are computed here.

    Torch is asked, in another process, only if an entry names a device: "auto", which
    is the default, takes what there is.

    Parameters
    ----------
    store
        Leaves out the cells that it has a result of.

    Raises
    ------
    EngineError
        With file and line of the first entry that names such a device.
    """
    positions = {entry.id: i for i, entry in enumerate(suite.classifiers)}
    asked: dict[str, int] = {}
    for cell in cells:
        if not isinstance(cell, Cell):  # an audit computes on the CPU
            continue
        device = _named_device(cell.classifier)
        if device is None:
            continue
        if store is None or store.get(cell.key) is None:
            position = positions[cell.classifier.id]
            asked[device] = min(position, asked.get(device, position))
    problems = _problems(sorted(asked))
    for device, position in sorted(asked.items(), key=lambda item: item[1]):
        if problems[device]:
            place = suite.where("classifiers", position, "params", "device")
            raise EngineError(
                f"{place}: {suite.named('classifiers', position)}: "
                f"{problems[device]}, or run the suite on machines that have one, see "
                "--scheduler"
            )


def _named_device(recipe: ClassifierRecipe) -> str | None:
    """Return the device that an entry asks for by its name; None for any other."""
    is_named = recipe.params.get("device", "auto") != "auto"
    return recipe.device if is_named and not recipe.device.startswith("cpu") else None


def _problems(devices: list[str]) -> dict[str, str]:
    """Return why each device cannot be used here; empty if it can."""
    version = package_version("torch")
    if "+cpu" in version:  # no need to import it
        why = f"torch {version} is built for the CPU alone"
        return {device: device_problem(device, why) for device in devices}
    if not devices:
        return {}
    runner = new_executor(1)  # a driver that was started here would not survive a fork
    try:
        runner.start(0, Request(pickle.dumps((_ask, (devices,))), Limits(_SECONDS)))
        [(_, ended)] = runner.wait()
    finally:
        runner.close()
    if ended.how != "answered":
        why = "torch ended the process that asked for it"
        return {device: device_problem(device, why) for device in devices}
    found: dict[str, str] = pickle.loads(ended.answer)
    return found


def _ask(devices: list[str]) -> dict[str, str]:
    """Have torch, imported by this process, find each device."""
    find = import_module("bench.discriminators.discriminator").resolve_device
    found = {}
    for device in devices:
        try:
            find(device)
            found[device] = ""
        except ValueError as error:
            found[device] = shown(str(error), 300)
    return found
