"""What a suite file may say of how SD and CSD train."""

from typing import Annotated, Literal

from pydantic import Field

from bench.validation import Strict

Count = Annotated[int, Field(ge=1, le=100_000_000)]


class FixedTraining(Strict):
    """On the training curves of a repetition, as every classifier can."""

    mode: Literal["fixed"]


class OnlineTrainingSpec(Strict):
    """On fresh curves in every epoch; all repetitions train together.

    Attributes
    ----------
    epochs
        Batches, each seen once.
    curves
        Of each class in a batch.
    steps
        Of the optimiser on each batch.
    evaluate_every
        Epochs between two looks at the test curves; the last epoch has one too.
    """

    mode: Literal["online"]
    epochs: Count
    curves: Annotated[int, Field(ge=1, le=100_000)] = 5
    steps: Annotated[int, Field(ge=1, le=10_000)] = 5
    evaluate_every: Count = 100


Training = Annotated[FixedTraining | OnlineTrainingSpec, Field(discriminator="mode")]
