"""Exceptions, one for each kind of mistake.

Each also inherits the built-in exception that a caller would catch.
"""


class BenchError(Exception):
    """A mistake that the user can correct; the command line exits with code 2."""


class SuiteError(BenchError, ValueError):
    """A suite file has a mistake and cannot be run."""


class LibraryError(BenchError, ValueError):
    """A function library breaks the grammar, or a written gradient is wrong."""


class InputsError(BenchError, ValueError):
    """Input points cannot be made from their settings or their file."""


class DatasetError(BenchError, ValueError):
    """A dataset cannot be drawn, or its curves are not finite."""


class ClassifierError(BenchError, ValueError):
    """A classifier cannot be imported or built."""


class StatisticsError(BenchError, ValueError):
    """A statistic cannot be computed from these scores."""


class StoreError(BenchError, OSError):
    """The store lacks the results that a command needs, or cannot be written."""


class CompareError(BenchError, ValueError):
    """Two sets of results cannot be read or cannot be compared."""


class OutputError(BenchError, OSError):
    """An output folder cannot be written."""


class EngineError(BenchError, RuntimeError):
    """An engine cannot be used, or the connection to it was lost."""


class StudyError(BenchError, RuntimeError):
    """A study cannot be run, saved or resumed."""


class DiscriminatorError(BenchError, ValueError):
    """A trained discriminator cannot be exported, or an export cannot be read."""


class MissingFileError(BenchError, FileNotFoundError):
    """A named file does not exist or cannot be read."""
