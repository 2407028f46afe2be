"""What a suite file may say of transfer: train on one dataset, test on another."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from bench.dataset_schema import FEW, Id
from bench.validation import Strict

MOST_DATASETS = 20  # whose table still has numbers that can be read


class TransferSpec(Strict):
    """Which classifiers, trained on which datasets, are tested on which others.

    Attributes
    ----------
    datasets
        Each is trained on, and tested on by what was trained on the others; all by
        default.
    classifiers
        All by default.
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
