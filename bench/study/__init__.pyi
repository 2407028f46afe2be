from .loggers import trial_logger as trial_logger
from .plan import plan_study as plan_study
from .report import write_study_report as write_study_report
from .retraining import plans_of as plans_of
from .retraining import retrain as retrain
from .search import run_study as run_study
