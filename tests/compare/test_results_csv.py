import math

import pandas as pd
import pytest

from bench.base import resources
from bench.base.errors import CompareError
from bench.compare.read import read_source

SEED = resources.CHECKOUT / "reports" / "published" / "seed"


HEADER = "dataset,repetition,classifier,status,test_accuracy,data_hash"


ROW = "grid,0,KNN,done,0.5,abc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a.csv:1: found no column 'dataset'"),
        (HEADER, "a.csv: found no rows"),
        ("a,b\n1,2", "a.csv:1: found no column 'dataset'"),
        (HEADER.replace("status", "stats"), r"'status' .did you mean 'stats'"),
        (HEADER.replace("data_hash", "status"), "no column 'data_hash'"),
        (f"{HEADER},status\n{ROW},done", "a.csv:1: found the column 'status' twice"),
        (HEADER.replace("test_", "held_out_"), "found no column of held-out scores"),
        (f"{HEADER}\n{ROW},more", "a.csv:2: found 7 values; expected 6"),
        (f"{HEADER}\ngrid,0,KNN", "a.csv:2: found 3 values; expected 6"),
        (f"{HEADER}\n{ROW}\n\n{ROW}", "a.csv:4: found a second row of .* line 2 has"),
        (
            f"{HEADER}\ngrid,x,KNN,done,0.5,abc",
            "repetition: found 'x'; expected a whole",
        ),
        (f"{HEADER}\ngrid,-1,KNN,done,0.5,abc", "repetition: found '-1'"),
        (f"{HEADER}\ngrid,1.0,KNN,done,0.5,abc", "repetition: found '1.0'"),
        (f"{HEADER}\ngrid,\u0661,KNN,done,0.5,abc", "repetition: found '\u0661'"),
        (f"{HEADER}\ngrid,0,KNN,well,0.5,abc", "status: found 'well'; expected one of"),
        (f"{HEADER}\ngrid,0,KNN,done,,abc", "test_accuracy: found ''; expected a fin"),
        (f"{HEADER}\ngrid,0,KNN,done,nan,abc", "test_accuracy: found 'nan'"),
        (f"{HEADER}\ngrid,0,KNN,done,inf,abc", "test_accuracy: found 'inf'"),
        (f"{HEADER}\ngrid,0,KNN,done,1e999,abc", "test_accuracy: found '1e999'"),
        (f"{HEADER}\ngrid,0,KNN,done,0_5,abc", "test_accuracy: found '0_5'"),
        (f"{HEADER}\ngrid,0,KNN,done,'=1+1',abc", "test_accuracy: found"),
        (
            f"{HEADER}\ngrid,0,KNN,failed,0.5,abc",
            "expected nothing in a row that is fa",
        ),
        (f"{HEADER}\ngrid,0,KNN,done,0.5,", "data_hash: found ''"),
        (f"{HEADER}\ngrid,0,KNN,done,0.5,{'a' * 129}", "data_hash: found 'aaa"),
        (f"{HEADER}\n,0,KNN,done,0.5,abc", "dataset: found ''; expected an id of 1 to"),
        (f"{HEADER}\n{'g' * 65},0,KNN,done,0.5,abc", "dataset: found 'gggg"),
        (f"{HEADER}\ngrid,0, KNN,done,0.5,abc", "classifier: found ' KNN'"),
        (f"{HEADER}\ngrid,0,K\u202eN,done,0.5,abc", r"classifier: found 'K\\u202eN'"),
        (
            f'{HEADER}\ngrid,0,"K\nN",done,0.5,abc',
            r"a.csv:2: classifier: found 'K\\nN'",
        ),
        (f'{HEADER}\ngrid,0,"KNN', "a.csv:2: not readable as CSV"),
        (f'{HEADER}\n{ROW}\ngrid,0,"K"N,done,0.5,abc', "a.csv:3: not readable as CSV"),
        (
            f"{HEADER}\ngrid,0,{'K' * 200_000},done,0.5,abc",
            "a.csv:2: not readable as CSV",
        ),
        (",".join(f"c{i}" for i in range(2000)), "found 2000 columns"),
    ],
)
def test_an_invalid_results_csv_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(CompareError, match=message):
        read_source(path)


def test_bytes_that_are_not_utf_8_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\ngrid,0,".encode() + b"\xff\xfe")
    with pytest.raises(
        CompareError, match=r"a.csv:2: found the byte 0xff; expected te"
    ):
        read_source(path)


def test_too_many_rows_or_bytes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.compare.results_csv.MAX_ROWS", 2)
    path = tmp_path / "a.csv"
    rows = [f"grid,{i},KNN,done,0.5,abc{i}" for i in range(3)]
    path.write_text("\n".join([HEADER, *rows]))
    with pytest.raises(CompareError, match=r"a\.csv:4: found more than 2 rows"):
        read_source(path)
    monkeypatch.setattr("bench.compare.results_csv.MAX_BYTES", 10)
    with pytest.raises(CompareError, match="more than 10 bytes"):
        read_source(path)


def test_a_report_is_read_as_pandas_reads_it():
    ours = read_source(SEED)
    theirs = pd.read_csv(SEED / "results.csv").reindex(columns=ours.columns)
    for name in ("recipe", "fingerprint"):  # earlier versions did not write them
        theirs[name] = theirs[name].fillna("")
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    assert ours["repetition"].dtype.kind == "i"


def test_a_score_that_needs_probabilities_may_be_empty(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "\ufeffdataset,repetition,classifier,status,test_accuracy,test_brier,data_hash\n"
        "grid,0,SVC,done,0.5,,abc\ngrid,1,SVC,crashed,,,\n",
        "utf-8",
    )
    frame = read_source(path)
    assert frame["test_accuracy"].tolist() == [
        0.5,
        pytest.approx(math.nan, nan_ok=True),
    ]
    assert frame["test_brier"].isna().all()
    assert frame["status"].tolist() == ["done", "crashed"]
