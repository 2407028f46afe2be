"""Folders of small reports, from cells that nothing had to compute."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import online_stores
import pandas as pd
import stored
import yaml_text

from bench.analysis import ReportData, collect, load_results, write_data
from bench.store import Store

# Classifiers, the best first, and what each has on every dataset.
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}
DATASETS = ("first", "second", "third", "fourth")


@cache
def report_data(
    datasets: tuple[str, ...] = DATASETS,
    name: str = "small",
    repetitions: int = 4,
    swept: bool = False,
) -> ReportData:
    """Return the data of a report; GNB failed on the last dataset.

    Parameters
    ----------
    swept
        Whether the datasets are a sweep along the number of test curves.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "suite.yaml"
        [dataset] = yaml_text.SUITE["datasets"]
        text = yaml_text.suite_text(
            name=name,
            description="Can it be told? It can.",
            repetitions=repetitions,
            audits=False,
            classifiers=list(ACCURACY),
            datasets=[  # of different recipes, which share no result
                dataset
                | {"id": each, "test": 20 + place}
                | ({} if swept else {"train": 30 + place})
                for place, each in enumerate(datasets)
            ],
        )
        path.write_text(text)
        plan = stored.plan_of(path)
        store = Store(Path(folder) / "store")

        def accuracy(dataset: str, classifier: str) -> float | None:
            failed = len(datasets) > 1 and (dataset, classifier) == (
                datasets[-1],
                "GNB",
            )
            return None if failed else ACCURACY[classifier]

        online_stores.put_suite(plan, store, accuracy, online=["SD"])
        return collect(plan, store, load_results(plan, store))


def write_report_folder(
    folder: Path, names: Mapping[str, str] | None = None, **options: Any
) -> Path:
    """Write the CSV files and page.json of a small report; return its folder.

    Parameters
    ----------
    names
        Texts to replace in all its files, as a stranger could.
    """
    write_data(report_data(**options), folder)
    if names:
        for path in folder.glob("*.csv"):
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            frame = frame.replace(dict(names))
            frame.to_csv(path, index=False, lineterminator="\n")
        page = json.loads((folder / "page.json").read_text("utf-8"))
        kept = {"columns": page.pop("columns")}  # names of columns are no ids
        text = json.dumps(_replaced(page, names) | kept)
        (folder / "page.json").write_text(text, "utf-8")
    return folder


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(k, k): _replaced(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [_replaced(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
