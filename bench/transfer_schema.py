"""What a suite file may say of transfer: train on one dataset, test on another."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from bench.dataset_schema import FEW, Id
from bench.validation import Strict

MOST_DATASETS = 20  # whose table still has numbers that can be read


class TransferSpec(Strict):
    """Which datasets and classifiers a transfer takes.

    Attributes
    ----------
    datasets
        Datasets to train on and to test on; by default all.
    classifiers
        Classifiers to test; by default all.
    """

    datasets: (
        Annotated[tuple[Id, ...], Field(min_length=2, max_length=MOST_DATASETS)] | None
    ) = None
    classifiers: Annotated[tuple[Id, ...], FEW] | None = None


def _kind(value: Any) -> str:
    return "some" if isinstance(value, dict | TransferSpec) else "all"


Transfer = Annotated[
    Annotated[bool, Tag("all")] | Annotated[TransferSpec, Tag("some")],
    Discriminator(_kind),
]
