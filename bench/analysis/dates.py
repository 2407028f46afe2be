"""When results were computed."""

from collections.abc import Iterable
from datetime import UTC, datetime

from bench.store import Result, Store


def date_of(store: Store, results: Iterable[Result]) -> str:
    """Return the date on which the newest result was stored; empty without any."""
    newest = max((store.written(result.key) for result in results), default=0.0)
    return datetime.fromtimestamp(newest, UTC).date().isoformat() if newest else ""
