"""Where the trials of a study are kept: a SQLite file, as Optuna lays it out."""

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
    """Import Optuna; where it is missing, say how to install it."""
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
    """Open a study to write to it, made where there is none; only one may at a time.

    Others may read meanwhile, such as optuna-dashboard.

    Raises
    ------
    StudyError
        If the file is no such storage, or is being written to.
    """
    optuna = optuna_or_error()
    _check_writable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path), _quiet(optuna):
        try:
            storage = optuna.storages.RDBStorage(url(path))
        except Exception as error:  # of SQLAlchemy, alembic or Optuna
            raise StudyError(
                f"{path}: no storage of this Optuna ({type(error).__name__}); expected "
                "a file that `bench study` made, or a new name"
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
    """Return what Optuna and its dashboard call the file."""
    return f"sqlite:///{path.as_posix()}"


def _check_writable(path: Path) -> None:
    # SQLite writes a journal beside it, so that its folder counts even if it exists.
    why = why_unwritable(path.parent if path.exists() else path, attempt=True)
    if not why and path.exists() and not os.access(path, os.W_OK):
        why = "Permission denied"
    if why:
        raise StudyError(
            f"{path}: cannot be written ({why}); free its place, make room, or give "
            "--storage another file"
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that the system lets go of, however this process ends."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(path.with_name(f"{path.name}.lock"), wait=False))
        except TimeoutError:
            raise StudyError(
                f"{path}: another `bench study` is at work on it; wait for it, or give "
                "--storage another file"
            ) from None
        yield


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Leave it to us what is said."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
