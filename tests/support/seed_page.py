"""A page as a report would have it: seed results and figures, or hostile ids."""

from pathlib import Path

import pandas as pd
from PIL import Image

from bench.render import blocks as parts
from bench.render.html_page import write_webpage

SEED = Path(__file__).parents[2] / "reports/published/seed"
# Drawings as `bench.figures` writes them: ink of the page, groups of classifiers.
DRAWINGS = {
    name: (
        '<svg xmlns="http://www.w3.org/2000/svg" width="700" height="300" '
        'viewBox="0 0 7000 3000" color="var(--ink,#333333)" fill="none">'
        '<path d="M100 2900h6800" stroke="currentColor" stroke-width="9"/>'
        '<g data-classifier="SD"><path d="M100 500l6800 100" stroke="#8430fc" '
        'stroke-width="20"/></g>'
        '<g data-classifier="KNN"><path d="M100 900l6800 90" stroke="#808080" '
        'stroke-width="20"/></g>'
        f'<text x="3000" y="2500" font-size="300" fill="currentColor">{name}</text>'
        "</svg>"
    )
    for name in ("matrix", "scores", "forest")
}
HOSTILE = (
    "</script><script>window.hacked = 1</script>",
    "\"'><img src=x onerror='window.hacked = 2'>",
    "<!--<script>",
    "$1 **bold** [link](javascript:window.hacked=3) `code` | \\ {x} &amp; \x00\ud800",
    "unbroken" * 30,
)


def write_seed_page(folder: Path) -> Path:
    """Write the seed report's tables, drawings and a photograph as a page."""
    (folder / "figures").mkdir(parents=True)
    for name, drawing in DRAWINGS.items():
        (folder / f"figures/{name}.svg").write_text(drawing)
    Image.new("RGB", (320, 200), "white").save(folder / "figures/photograph.png")
    chapter = parts.Section("A chapter", [parts.Text("Inside the chapter")])
    return write_webpage(
        folder / "index.html",
        title="seed",
        opening=opening(),
        sections=sections(),
        chapters={"datasets/a.md": chapter},
    )


def opening() -> list[parts.Block]:
    """What stands above the first section."""
    return [
        parts.Warning("Seven of the classifiers are at their library's defaults."),
        parts.Text(
            "Can a classifier tell a curve of a symbolic function from a curve of an "
            "untrained neural network?\n\nEvery repetition draws fresh curves."
        ),
    ]


def sections() -> list[parts.Section]:
    """A section a dataset, the figures, every cell, and where it all comes from."""
    results = pd.read_csv(SEED / "results.csv")
    figures = [*(f"{name}.svg" for name in DRAWINGS), "photograph.png"]
    cells = results.drop(columns="suite")
    return [
        *(dataset_section(name, results) for name in results["dataset"].unique()),
        parts.Section(
            "Figures",
            [
                parts.FigureFile(
                    f"figures/{name}", f"The figure {name}", f"From {name}."
                )
                for name in figures
            ],
        ),
        parts.Section("Every cell", [parts.Table(cells, "One row a cell.")]),
        parts.Section(
            "Provenance",
            [
                parts.Items(
                    [
                        (
                            "Command: ",
                            parts.Code("python -m bench run suites/seed.yaml"),
                        ),
                        (
                            parts.Strong("Data:"),
                            " ",
                            parts.Link("cells", "results.csv"),
                            ", ",
                            parts.Link("To the chapter", "datasets/a.md"),
                        ),
                    ]
                )
            ],
        ),
    ]


def dataset_section(dataset: str, results: pd.DataFrame) -> parts.Section:
    """A dataset's means and deviations, best first, the best one marked."""
    own = results[results["dataset"] == dataset]
    rows = []
    for classifier, cells in own.groupby("classifier"):
        row = {"classifier": str(classifier)}
        for part, title in (("test", "held-out"), ("train", "training")):
            scores = cells[f"{part}_accuracy"]
            row[f"{title} accuracy"] = f"{scores.mean():.3f}±{scores.std():.3f}"
        row["n"] = str(len(cells))
        row["fit (s)"] = f"{cells['fit_seconds'].mean():.2f}"
        gap = cells["train_accuracy"].mean() - cells["test_accuracy"].mean()
        row["training − held-out"] = "–" if classifier == "CHANCE" else f"{gap:+.3f}"
        rows.append(row)
    frame = pd.DataFrame(rows).sort_values("held-out accuracy", ascending=False)
    bold = pd.DataFrame(False, frame.index, frame.columns)
    bold.iloc[0, 1] = True
    caption = "Mean±std over n repetitions (ddof=1); marked: the best of the dataset."
    table = parts.Table(frame.reset_index(drop=True), caption, bold)
    return parts.Section(dataset, [parts.Section("Scores", [table])])


def write_hostile_page(folder: Path) -> Path:
    """Write a page on which strangers chose every word."""
    (folder / "a#b 'c'.svg").write_text(DRAWINGS["matrix"])
    frame = pd.DataFrame(
        {name: [*HOSTILE, "–"] for name in ("classifier", *HOSTILE)} | {"n": range(6)}
    )
    blocks: list[parts.Block] = []
    for text in HOSTILE:
        blocks += [
            parts.Text(text),
            parts.Items([(parts.Strong(text), parts.Code(text), text)]),
            parts.Warning((parts.Link(text, "a?b=c&d='e'\"<f>"),)),
            parts.FigureFile("a#b 'c'.svg", text, text),
        ]
    return write_webpage(
        folder / "index.html",
        title=HOSTILE[0],
        opening=blocks,
        sections=[parts.Section(text, [parts.Table(frame, text)]) for text in HOSTILE],
    )
