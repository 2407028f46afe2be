from .config import make_engine as make_engine
from .devices import check_devices as check_devices
from .engine import LocalEngine as LocalEngine
from .run import Recomputed as Recomputed
from .run import check_machine as check_machine
from .run import check_sizes as check_sizes
from .run import run_plan as run_plan
from .run import run_suite as run_suite
