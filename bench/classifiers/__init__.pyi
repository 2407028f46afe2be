from .class_paths import class_version as class_version
from .class_paths import own_parameters as own_parameters
from .pipeline import examine_all as examine_all
from .recipes import ClassifierRecipe as ClassifierRecipe
from .recipes import build as build
from .recipes import resolve_classifier as resolve_classifier
from .recipes import seed_all as seed_all
from .sources import tree_hash as tree_hash
