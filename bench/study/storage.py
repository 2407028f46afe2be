"""The storage of a study's trials: a SQLite file in Optuna's format."""

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base import StudyError, locked, why_unwritable

if TYPE_CHECKING:
    import optuna


def optuna_or_error() -> Any:
    """Import Optuna, or raise an error that says how to install it."""
    try:
        import optuna
    except ImportError:
        raise StudyError(
            "a study needs the package 'optuna', which is missing; install it by "
            "`pip install '.[study]'` in the clone"
        ) from None
    return optuna


@contextmanager
def opened(path: Path, name: str) -> "Iterator[optuna.Study]":
    """Open a study for writing, and create it if it does not exist.

    Only one process may write at a time; others, such as optuna-dashboard, may read.

    Raises
    ------
    StudyError
        If the file is not such a storage, or another process is writing to it.
    """
    optuna = optuna_or_error()
    _check_writable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(path), _quiet(optuna):
        try:
            storage = optuna.storages.RDBStorage(url(path))
        except Exception as error:  # from SQLAlchemy, alembic or Optuna
            raise StudyError(
                f"{path}: not a storage of this Optuna ({type(error).__name__}); "
                "expected a file that `bench study` wrote, or a new name"
            ) from None
        try:
            yield optuna.create_study(
                storage=storage,
                study_name=name,
                direction="maximize",
                load_if_exists=True,
            )
        finally:
            storage.remove_session()
            storage.engine.dispose()


def url(path: Path) -> str:
    """Return the address of the file for Optuna and its dashboard."""
    return f"sqlite:///{path.as_posix()}"


def _check_writable(path: Path) -> None:
    # SQLite writes a journal to the same folder, so the folder must be writable even
    # if the file exists.
    why = why_unwritable(path.parent if path.exists() else path, attempt=True)
    if not why and path.exists() and not os.access(path, os.W_OK):
        why = "Permission denied"
    if why:
        raise StudyError(
            f"{path}: cannot be written ({why}); check permissions and free space, or "
            "give --storage another file"
        )


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Hold a lock, which the system releases however this process ends."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path.with_name(f"{path.name}.lock"), wait=False))
        except TimeoutError:
            raise StudyError(
                f"{path}: another `bench study` is writing to it; wait for it, or give "
                "--storage another file"
            ) from None
        yield


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Silence Optuna's own messages, since the search reports each trial itself."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
