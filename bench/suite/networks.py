"""The schema of the neural class: the kinds of networks that give its curves."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from bench.base import Strict

Activation = Literal["relu", "tanh", "sigmoid", "silu", "gelu"]
Width = Annotated[int, Field(ge=1, le=4096)]
_Activations = Annotated[tuple[Activation, ...], Field(min_length=1, max_length=5)]
_Hidden = Annotated[tuple[Width, ...], Field(min_length=1, max_length=64)]
FOUR: tuple[Activation, ...] = ("relu", "tanh", "silu", "gelu")


class MlpCurves(Strict):
    """Untrained multilayer perceptrons, as PyTorch initialises them.

    Attributes
    ----------
    kind
        The kind "mlp", which is the default.
    hidden
        Width of each hidden layer.
    activation
        The activation after each hidden layer.
    curves_per_net
        Number of curves from one network. They share its hidden layers.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[tuple[Width, ...], Field(max_length=64)] = (32, 32)
    activation: Activation = "relu"
    curves_per_net: Annotated[int, Field(ge=1, le=4096)] = 1


class WildCurves(Strict):
    """Untrained networks with random weights of many sizes.

    Attributes
    ----------
    kind
        The kind "wild".
    hidden
        Width of each hidden layer.
    activations
        The activations. An equal part of the networks has each.
    """

    kind: Literal["wild"]
    hidden: _Hidden = (32, 32)
    activations: _Activations = FOUR


class MimicCurves(Strict):
    """Networks that were fitted to curves of the library, one network for each curve.

    Attributes
    ----------
    kind
        The kind "mimic".
    hidden
        Width of each hidden layer.
    activations
        The activations. An equal part of the networks has each.
    steps
        Number of Adam steps of a fit, each on all points.
    lr
        Adam's first learning rate. It falls to 0 along half a cosine.
    rmse
        Fits with a root mean squared error of this or more are left out. Curves have a
        standard deviation of 1.
    pool
        Number of curves to fit. By default 3.3 times the number of training and test
        curves of a class.
    """

    kind: Literal["mimic"]
    hidden: _Hidden = (32, 32)
    activations: _Activations = FOUR
    steps: Annotated[int, Field(ge=1, le=100_000)] = 300
    lr: Annotated[float, Field(gt=0, le=1)] = 0.01
    rmse: Annotated[float, Field(gt=0, le=1)] = 0.1
    pool: Annotated[int, Field(ge=4, le=1_000_000)] | None = None


class LibraryCurves(Strict):
    """Curves of the library itself: both classes are the same, nothing can be learnt.

    Attributes
    ----------
    kind
        The kind "library".
    """

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
