"""What a suite file may say of the class that the library's curves stand against."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from bench.validation import Strict

Activation = Literal["relu", "tanh", "sigmoid", "silu", "gelu"]
Width = Annotated[int, Field(ge=1, le=4096)]
_Activations = Annotated[tuple[Activation, ...], Field(min_length=1, max_length=5)]
_Hidden = Annotated[tuple[Width, ...], Field(min_length=1, max_length=64)]
FOUR: tuple[Activation, ...] = ("relu", "tanh", "silu", "gelu")


class MlpCurves(Strict):
    """Untrained multilayer perceptrons."""

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[tuple[Width, ...], Field(max_length=64)] = (32, 32)
    activation: Activation = "relu"
    curves_per_net: Annotated[int, Field(ge=1, le=4096)] = 1


class WildCurves(Strict):
    """Networks with random weights of all sizes; one of the activations each."""

    kind: Literal["wild"]
    hidden: _Hidden = (32, 32)
    activations: _Activations = FOUR


class MimicCurves(Strict):
    """Networks fitted to curves of the library, a network a curve.

    Attributes
    ----------
    hidden, activations
        Of the networks; an equal part has each activation.
    steps, lr
        Of Adam on all points at once, its rate falling to 0 along half a cosine.
    rmse
        A fit with an error from here on is left out; curves have a deviation of 1.
    pool
        Curves to fit; by default 3.3 for each curve a class, training and test.
    """

    kind: Literal["mimic"]
    hidden: _Hidden = (32, 32)
    activations: _Activations = FOUR
    steps: Annotated[int, Field(ge=1, le=100_000)] = 300
    lr: Annotated[float, Field(gt=0, le=1)] = 0.01
    rmse: Annotated[float, Field(gt=0, le=1)] = 0.1
    pool: Annotated[int, Field(ge=4, le=1_000_000)] | None = None


class LibraryCurves(Strict):
    """The library itself, drawn independently: a task that nobody can solve."""

    kind: Literal["library"]


def _kind(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("kind", "mlp")
    return getattr(value, "kind", "mlp")


NeuralCurves = Annotated[
    Annotated[MlpCurves, Tag("mlp")]
    | Annotated[WildCurves, Tag("wild")]
    | Annotated[MimicCurves, Tag("mimic")]
    | Annotated[LibraryCurves, Tag("library")],
    Discriminator(_kind),
]
