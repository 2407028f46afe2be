"""Parts of error messages: places, similar names, and text made printable."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches

from bench.base.errors import BenchError


@contextmanager
def located(where: str) -> Iterator[None]:
    """Prefix the message of an error from the block with the place it happened."""
    try:
        yield
    except BenchError as error:
        raise type(error)(f"{where}: {error}") from None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'SVC'?)"`` for a similar name, else an empty string."""
    known = list(known)
    look = unicodedata.normalize("NFC", str(name))
    twins = {other for other in known if unicodedata.normalize("NFC", other) == look}
    if twins - {name}:
        return (
            " (there is one that looks the same, but writes an accent with other "
            "Unicode characters: copy it)"
        )
    by_folded = {candidate.casefold(): candidate for candidate in known}
    near = get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.6)
    return f" (did you mean '{by_folded[near[0]]}'?)" if near else ""


def named(location: Iterable[str | int]) -> str:
    """Write a path of keys and positions as one word, such as ``datasets[0].id``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).lstrip(".")


def name_grid(pairs: Iterable[tuple[str, str]], most: int = 8) -> str:
    """Name pairs of dataset and classifier, as ``KNN, GNB × normal, uniform``.

    Parameters
    ----------
    pairs
        An empty classifier stands for the dataset alone.
    most
        The number of names of a kind, and of groups, that are written out.
    """
    datasets_of: dict[str, list[str]] = {}
    for dataset, classifier in pairs:
        datasets_of.setdefault(classifier, []).append(dataset)
    groups: dict[tuple[str, ...], list[str]] = {}
    for classifier, datasets in datasets_of.items():
        groups.setdefault(tuple(datasets), []).append(classifier)
    texts = [
        " × ".join(filter(None, [_some(classifiers, most), _some(datasets, most)]))
        for datasets, classifiers in groups.items()
    ]
    more = f"; and {len(texts) - most} more groups" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def _some(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def shown(text: str, length: int = 200) -> str:
    """Make a text fit for one line of a message: cut, and escaped where unprintable.

    Parameters
    ----------
    text
        Any text, such as one from a file of somebody else.
    length
        Number of characters after which the text is cut, before it is escaped.
    """
    text = text if len(text) <= length else text[: length - 3] + "..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def device_problem(device: str, why: str) -> str:
    """Return the message for a device, such as ``cuda:1``, that cannot be used."""
    return (
        f"the device '{device}' cannot be used on this machine ({why}); expected auto "
        "or cpu"
    )


def described(error: BaseException) -> str:
    """Return the type and the message of an exception, on one line."""
    try:
        # A SyntaxError's own text repeats file and line, which callers add themselves.
        text = str(error.msg if isinstance(error, SyntaxError) else error)
        message = " ".join(text.split())
    except Exception:  # a foreign exception's own __str__ may raise
        message = "its message cannot be read"
    return f"{type(error).__name__}: {message}"
