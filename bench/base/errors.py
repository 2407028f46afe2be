"""One class for each kind of mistake; each is also the builtin a caller would catch."""


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


class OutputError(BenchError, OSError):
    """A folder that was to be written to cannot be."""


class EngineError(BenchError, RuntimeError):
    """The engine that was asked for cannot be used, or was lost."""


class StudyError(BenchError, RuntimeError):
    """A study cannot be run, kept or gone on with."""


class DiscriminatorError(BenchError, ValueError):
    """A trained discriminator cannot be exported, or what lies there is none."""


class MissingFileError(BenchError, FileNotFoundError):
    """A file that was named does not exist or cannot be read."""
