"""How SD and CSD train: what a suite file may say, and what training reads."""

from typing import Annotated, Literal

from pydantic import Field

from bench.validation import Strict

Count = Annotated[int, Field(ge=1, le=100_000_000)]


class FixedTraining(Strict):
    """Training on the fixed training curves of a repetition.

    Attributes
    ----------
    mode
        Which mode: "fixed", the default.
    """

    mode: Literal["fixed"]


class OnlineTraining(Strict):
    """Training on fresh curves in every epoch; all repetitions train together.

    Attributes
    ----------
    mode
        Which mode: "online".
    epochs
        Number of epochs. Each draws one batch of fresh curves.
    curves
        Number of curves of each class in a batch.
    steps
        Number of optimiser steps on each batch.
    evaluate_every
        The held-out accuracy is measured every so many epochs, and after the last.
    """

    mode: Literal["online"]
    epochs: Count
    curves: Annotated[int, Field(ge=1, le=100_000)] = 5
    steps: Annotated[int, Field(ge=1, le=10_000)] = 5
    evaluate_every: Count = 100


Training = Annotated[FixedTraining | OnlineTraining, Field(discriminator="mode")]
