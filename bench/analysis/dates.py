"""When results were computed."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from bench.store import Result, Store


def date_of(store: Store, results: Iterable[Result]) -> str:
    """Return the date on which the newest result was stored; empty without any."""
    newest = 0.0
    for result in results:
        with suppress(OSError):  # it is missing, or was removed meanwhile
            newest = max(newest, store.path(result.key, "json").stat().st_mtime)
    return datetime.fromtimestamp(newest, UTC).date().isoformat() if newest else ""
