"""Words for messages: where something was found, and what may have been meant."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from bench.base.errors import BenchError


@contextmanager
def located(where: str) -> Iterator[None]:
    """Put the place in front of a message, once, at the boundary that knows it."""
    try:
        yield
    except BenchError as error:
        raise type(error)(f"{where}: {error}") from None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'SVC'?)"`` for a near miss, else an empty string."""
    known = list(known)
    by_folded = {candidate.casefold(): candidate for candidate in known}
    near = get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.6)
    return f" (did you mean '{by_folded[near[0]]}'?)" if near else ""


def named(location: Iterable[str | int]) -> str:
    """Return a path of keys and positions as a reader writes it: ``datasets[0].id``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).lstrip(".")


def shown(text: str, length: int = 200) -> str:
    """Return a text as one line of a message: escaped where unprintable, and cut."""
    text = text if len(text) <= length else text[: length - 3] + "..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def device_problem(device: str, why: str) -> str:
    """Word that a device, such as ``cuda:1``, cannot be computed on."""
    return (
        f"the device '{device}' cannot be used on this machine ({why}); expected auto "
        "or cpu"
    )


def described(error: BaseException) -> str:
    """Return the type and the words of an exception, on one line.

    Those of a stranger's exception may raise themselves.
    """
    try:
        words = " ".join(
            str(error.msg if isinstance(error, SyntaxError) else error).split()
        )
    except Exception:
        words = "it has no words that can be read"
    return f"{type(error).__name__}: {words}"
