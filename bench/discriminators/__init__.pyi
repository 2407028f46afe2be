from .csd2 import CSD2 as CSD2
from .discriminator import resolve_device as resolve_device
from .estimators import CSD2Classifier as CSD2Classifier
from .estimators import CSDClassifier as CSDClassifier
from .estimators import SDClassifier as SDClassifier
from .online import fit_online as fit_online
from .stacked_fit import fit_stacked as fit_stacked
