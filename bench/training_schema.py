"""How SD and CSD train: what a suite file may say, and what training reads."""

from typing import Annotated, Literal

from pydantic import Field

from bench.validation import Strict

Count = Annotated[int, Field(ge=1, le=100_000_000)]


class FixedTraining(Strict):
    """On the training curves of a repetition, as every classifier can."""

    mode: Literal["fixed"]


class OnlineTraining(Strict):
    """On fresh curves in every epoch; all repetitions train together.

    Attributes
    ----------
    epochs
        Number of batches; each batch is used in one epoch only.
    curves
        Number of curves of each class in a batch.
    steps
        Steps of the optimiser on each batch.
    evaluate_every
        Epochs from one evaluation on held-out curves to the next; the last epoch is
        evaluated too.
    """

    mode: Literal["online"]
    epochs: Count
    curves: Annotated[int, Field(ge=1, le=100_000)] = 5
    steps: Annotated[int, Field(ge=1, le=10_000)] = 5
    evaluate_every: Count = 100


Training = Annotated[FixedTraining | OnlineTraining, Field(discriminator="mode")]
