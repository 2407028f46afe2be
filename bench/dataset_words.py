"""A dataset in words: what is told apart, of what, and what was done to the curves."""

from bench.neural_schema import MimicCurves, MlpCurves, WildCurves
from bench.recipes import DatasetRecipe


def told_apart(recipe: DatasetRecipe) -> str:
    """Say which curves a dataset's classes are, and how they are made harder."""
    spec = recipe.spec
    said = _classes(recipe)
    if spec.noise:
        said += f"; each curve standardised, with {spec.noise:g}% noise"
    elif spec.standardised:
        said += "; each curve standardised"
    if spec.split is not None:
        said += (
            f"; test curves are of {spec.split.unseen_functions} functions of which "
            "there is no training curve, others in each repetition"
        )
    return said


def _classes(recipe: DatasetRecipe) -> str:
    spec, neural = recipe.spec, recipe.spec.neural
    library = f"Library {spec.library}"
    if spec.task == "which-function":
        return f"{library}, which of its {recipe.n_classes} functions"
    if isinstance(neural, MlpCurves):
        layers = list(neural.hidden)
        return (
            f"{library} against untrained networks ({neural.activation}, hidden layers "
            f"{layers})"
        )
    if isinstance(neural, WildCurves):
        return (
            f"{library} against networks of random weights of all sizes (one of "
            f"{', '.join(neural.activations)}; hidden layers {list(neural.hidden)})"
        )
    if isinstance(neural, MimicCurves):
        return (
            f"{library} against networks fitted to its curves (one of "
            f"{', '.join(neural.activations)}; hidden layers {list(neural.hidden)}; "
            f"of {recipe.pool_size} those with an error below {neural.rmse:g})"
        )
    return f"{library} against itself, drawn independently"
