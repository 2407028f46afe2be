from .executors import AbortedError as AbortedError
from .executors import Executor as Executor
from .executors import new_executor as new_executor
from .shared_arrays import SharedArrays as SharedArrays
from .tree import signal_name as signal_name
from .watchdog import CallOutcome as CallOutcome
from .watchdog import Request as Request
