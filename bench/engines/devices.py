"""The GPUs of this machine, and a check that it has the devices that a suite names."""

import os
import pickle
import re
import subprocess
from collections.abc import Iterable
from functools import cache

from bench.base import EngineError, Limits, device_problem, package_version, shown
from bench.cells import Cell, Task
from bench.engines.admission import VISIBLE
from bench.processes import Request, new_executor
from bench.store import Store
from bench.suite import Suite

_SECONDS = 120.0  # to import torch and start a driver, on a cold disk
_LIST_SECONDS = 30.0  # to wait for the driver's list of GPUs
_GPU = re.compile(r"^(\s*).*\(UUID: ((?:GPU|MIG)-[\w/-]+)\)", re.MULTILINE)


def visible_gpus() -> tuple[str, ...]:
    """Return the names of the GPUs that this process may use, as CUDA knows them.

    Those that the environment variable CUDA_VISIBLE_DEVICES lists; if it is not set,
    all that NVIDIA's driver lists. A part of a GPU (MIG) counts as one.
    """
    chosen = os.environ.get(VISIBLE)
    if chosen is None:
        return _installed_gpus()
    names = [name.strip() for name in chosen.split(",")]
    # CUDA reads the list up to the first entry that names nothing.
    usable = [name not in ("", "-1", "NoDevFiles") for name in names]
    return tuple(names[: [*usable, False].index(False)])


@cache
def _installed_gpus() -> tuple[str, ...]:
    try:
        listed = subprocess.run(
            ["nvidia-smi", "-L"],
            capture_output=True,
            text=True,
            timeout=_LIST_SECONDS,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ()
    names: list[str] = []
    for indent, name in _GPU.findall(listed):
        if indent and names and names[-1].startswith("GPU-"):
            names.pop()  # a GPU in parts is used by its parts alone
        names.append(name)
    return tuple(names)


def check_devices(
    suite: Suite, cells: Iterable[Task], store: Store | None = None
) -> None:
    """Refuse a device that this machine does not have, before any cell is computed.

    Torch looks for the device, in another process, and only if an entry names one or
    asks for a GPU: the default "auto" takes a device that exists.

    Parameters
    ----------
    store
        If given, cells with a result in it are not checked.

    Raises
    ------
    EngineError
        With file and line of the first entry that names such a device, or asks for
        more GPUs than this process may use.
    """
    on_device = [cell for cell in cells if isinstance(cell, Cell)]  # no audits
    positions = {entry.id: i for i, entry in enumerate(suite.classifiers)}
    _check_gpus(suite, on_device, positions, store)
    first_entry: dict[str, int] = {}  # device → position of the first entry naming it
    for cell in on_device:
        device = _named_device(cell)
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


def _check_gpus(
    suite: Suite, cells: list[Cell], positions: dict[str, int], store: Store | None
) -> None:
    asking = [
        cell
        for cell in cells
        if cell.gpus and (store is None or store.get(cell.key) is None)
    ]
    n_gpus = len(visible_gpus()) if asking else 0
    for cell in asking:
        if cell.gpus > n_gpus:
            position = positions[cell.classifier.id]
            place = suite.where("classifiers", position, "resources", "gpu")
            raise EngineError(
                f"{place}: {suite.named('classifiers', position)}: resources.gpu: "
                f"found {cell.gpus}; expected at most {n_gpus}, the GPUs that this "
                f"process may use (from {VISIBLE}, else from nvidia-smi): lower it, or "
                "run the suite on machines that have them, see --scheduler"
            )


def _named_device(cell: Cell) -> str | None:
    """Return the device that an entry names; None for "auto" and for the CPU.

    An entry that asks for a GPU names one, too.
    """
    recipe = cell.classifier
    is_named = recipe.params.get("device", "auto") != "auto" or cell.gpus > 0
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
