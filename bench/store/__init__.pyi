from .merge import merge_stores as merge_stores
from .result import BAD as BAD
from .result import STATUSES as STATUSES
from .result import Result as Result
from .store import STORE as STORE
from .store import WEIGHT as WEIGHT
from .store import Store as Store
