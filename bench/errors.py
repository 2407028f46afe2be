"""One class for each kind of mistake; each is also the builtin a caller would catch."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class BenchError(Exception):
    """A mistake that the user can mend; the command line turns it into exit code 2."""


class SuiteError(BenchError, ValueError):
    """A suite file says something that cannot be run."""


class LibraryError(BenchError, ValueError):
    """A function library breaks the grammar, or a written gradient is wrong."""


class InputsError(BenchError, ValueError):
    """Input points cannot be made from what was asked or found."""


class DatasetError(BenchError, ValueError):
    """A dataset cannot be drawn, or its curves are not finite."""


class ClassifierError(BenchError, ValueError):
    """A classifier cannot be imported or built."""


class StatisticsError(BenchError, ValueError):
    """A statistic cannot be computed from these scores."""


class StoreError(BenchError, OSError):
    """The store holds nothing of use for what was asked, or cannot be written."""


class CompareError(BenchError, ValueError):
    """What is compared cannot be read as results, or not be compared as asked."""


class EngineError(BenchError, RuntimeError):
    """The engine that was asked for cannot be used, or was lost."""


class StudyError(BenchError, RuntimeError):
    """A study cannot be run, kept or gone on with."""


class DiscriminatorError(BenchError, ValueError):
    """A trained discriminator cannot be exported, or what lies there is none."""


class MissingFileError(BenchError, FileNotFoundError):
    """A file that was named does not exist or cannot be read."""


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
