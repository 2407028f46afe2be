"""Files of points as people have them: read right, or refused with the remedy."""

import gzip
import io
import tracemalloc

import numpy as np
import pytest

from bench.base import InputsError
from bench.curves.points import files, text_tables
from bench.curves.points.files import column_positions, read_points

LIMIT = 2**20
TWO = [[-3.0, 1.5], [-2.0, 2.25], [0.5, 0.125]]
ONE = [[-3.0], [-2.0], [0.5]]


@pytest.fixture
def read(tmp_path):
    def read(name, content, columns=None, n_inputs=None, **dialect):
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(raw)
        dialect |= {"n_inputs": n_inputs}
        return read_points(tmp_path / name, columns, LIMIT, **dialect)

    return read


def lines(*rows):
    return "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("semicolons.csv", lines("x;y", "-3,0;1,5", "-2,0;2,25", "0,5;0,125")),
        ("points-as-decimals.csv", lines("x;y", "-3;1.5", "-2;2.25", "0.5;0.125")),
        ("tabs.csv", lines("x\ty", "-3.0\t1.5", "-2.0\t2.25", "0.5\t0.125")),
        ("tabs.tsv", lines("x\ty", "-3.0\t1.5", "-2.0\t2.25", "0.5\t0.125")),
        ("tabs-and-commas.tsv", lines("-3,0\t1,5", "-2,0\t2,25", "0,5\t0,125")),
        ("aligned.dat", lines("# x  y", " -3.0  1.5", " -2\t 2.25", "  0.5 0.125 ")),
        ("named.dat", lines("x y", "-3.0 1.5", "-2 2.25", "0.5 0.125")),
        ("commas.txt", lines("-3, 1.5", "-2, 2.25", "0.5, 0.125")),
        ("sure-commas.txt", lines("-3,1.5", "-2,2.25", "0.5,0.125")),
        ("words.txt", lines("-3,0 1,5", "-2,0 2,25", "0,5 0,125")),
        ("blanks.csv", lines("-3 1.5", "-2 2.25", "0.5 0.125")),
        ("bars.csv", lines("x|y", "-3|1.5", "-2|2.25", "0.5|0.125")),
        ("quoted.csv", lines('"x","y"', '"-3","1.5"', '"-2","2.25"', '"0.5",".125"')),
        ("quoted-commas.csv", lines('"-3,0","1,5"', '"-2","2,25"', '"0,5","0,125"')),
        ("quoted.txt", lines('"x" "y"', '"-3" "1.5"', '"-2" 2.25', '0.5 "0.125"')),
        ("excel.csv", lines("sep=;", "x;y", "-3,0;1,5", "-2,0;2,25", "0,5;0,125")),
        ("excel-commas.csv", lines("sep=,", "-3,1.5", "-2,2.25", "0.5,0.125")),
        ("mark.csv", lines("\ufeffx;y", "-3;1,5", "-2;2,25", "0,5;0,125")),
        ("returns.csv", "x,y\r-3,1.5\r-2,2.25\r0.5,0.125"),
        ("windows.csv", "x,y\r\n-3,1.5\r\n\r\n-2,2.25\r\n0.5,0.125\r\n"),
        ("matlab.txt", lines("% x y", "-3 1.5", "-2 2.25", "0.5 0.125")),
        ("slashes.txt", lines("// x y", "-3 1.5", "-2 2.25", "0.5 0.125")),
        ("notes.csv", lines('"a#b",y', "-3,1.5 # one", '-2,"2.25" # "', "0.5,0.125")),
        ("units.csv", lines("x (m),y [s]", "-3,1.5", "-2,2.25", "0.5,0.125")),
    ],
)
def test_a_dialect_is_recognised(read, name, text):
    assert read(name, text, n_inputs=2).tolist() == TWO


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-32"]
)
def test_an_encoding_is_recognised(read, encoding):
    text = lines("größe;höhe", "-3,0;1,5", "-2,0;2,25", "0,5;0,125")
    assert read("a.csv", text.encode(encoding)).tolist() == TWO
    points = read("a.csv", text.encode(encoding), columns=["höhe"])
    assert points.tolist() == [[1.5], [2.25], [0.125]]


NUMBERS = ("-3,000", "-2,000", "-1,000", "0,000", "1,000", "2,000", "3,000")
EITHER = "write decimal: ',' for the first, or delimiter: ',' for the second"


@pytest.mark.parametrize("n_inputs", [1, 2])
@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        (
            "a.csv",
            lines(*NUMBERS),
            "'-3,000', which looks like a number with a decimal",
        ),
        ("a.csv", lines("x", *NUMBERS), "line 2: found '-3,000'"),
        ("a.csv", lines("-3,5", "-2,25", "0,5"), "line 1: found '-3,5'"),
        ("a.csv", lines("0,1", "1,1"), "line 1: found '0,1'"),
        ("a.csv", lines("x", "2,5", "1,5"), "line 2: found '2,5'"),
        ("a.csv", lines("-0,5", "1.5,2"), "line 1: found '-0,5'"),
        ("a.csv", lines("1.234,5", "2.345,6"), "line 1: found '1.234,5'"),
        ("a.txt", lines("-3,5", "-2,25"), "found '-3,5', whose comma may be a decimal"),
        ("a.tsv", lines("x", "2,5", "1,5"), "found '2,5', whose comma may be"),
    ],
)
def test_one_number_or_two_is_refused(read, name, text, found, n_inputs):
    with pytest.raises(InputsError) as caught:
        read(name, text, n_inputs=n_inputs)
    assert found in str(caught.value)
    assert EITHER in str(caught.value)


@pytest.mark.parametrize("first", [[], ["x"]])
def test_the_remedies_for_decimal_commas_work(read, first):
    text = lines(*first, "-3,000", "-2,000", "0,500")
    assert read("a.csv", text, n_inputs=1, decimal=",").tolist() == ONE
    points = read("a.csv", lines("-3,000", "-2,1"), n_inputs=2, delimiter=",")
    assert points.tolist() == [[-3, 0], [-2, 1]]
    points = read("a.txt", lines("-3,000", "-2,1"), n_inputs=2, decimal=".")
    assert points.tolist() == [[-3, 0], [-2, 1]]


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("a.csv", lines("x;y", "-3,000;1,500"), "write decimal: ',' for the first, or"),
        ("a.csv", lines('"1,234","2,345"'), "separate thousands; write decimal: ','"),
        ("a.csv", lines("x;y", "1.234,5;2"), "without separators of thousands"),
        ("a.csv", lines("1 234;2"), "without separators of thousands"),
        ("a.csv", lines("1'234;2"), "without separators of thousands"),
        ("a.csv", lines("1\u00a0234;2"), "without separators of thousands"),
        ("a.csv", lines("1.234.567"), "without separators of thousands"),
        ("a.csv", lines("1,5;2.5", "2,5;3.5"), "expected one decimal mark"),
        ("a.csv", lines("\u22123.5", "2"), "write '-' for the sign U+2212"),
        ("a.txt", lines("1.0D+00", "2.0"), "write e for d"),
        ("a.csv", lines("x,y", "1,NA", "3,4"), "fill the missing value"),
        ("a.csv", lines("1,2,", "3,4,"), "name the columns, such as columns: [0, 1]"),
        ("a.csv", lines("x,y", "1,2,", "3,4,"), "such as columns: [0, 1]"),
        (
            "a.csv",
            lines("t,x", "s,m", "1,2"),
            "a second line of names, or one of units",
        ),
        ("a.csv", lines("x,label", "1.5,a"), "name those to use, such as columns: [0]"),
        ("a.csv", lines("x,y", "1,5,2,5"), "save the file with semicolons between"),
        ("a.csv", lines('1,"2', '3"'), "line 1: a quote out of place"),
        ("a.txt", lines('"1 2'), "line 1: a quote that does not end"),
        ("a.txt", lines("[1.5, 2]", "[3, 4]"), "line 1: found '[1.5'"),
        ("a.txt", lines("1.5V", "2"), "line 1: found '1.5V'"),
        ("a.txt", lines("1.5").encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("a.csv", b"PK\x03\x04", "its first bytes are those of another format"),
    ],
)
def test_what_cannot_be_read_gets_a_remedy(read, name, text, remedy):
    with pytest.raises(InputsError) as caught:
        read(name, text)
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dialect", "problem"),
    [
        ({"delimiter": "tab"}, "split at tabs as the suite or the file says"),
        ({"delimiter": ";"}, "split at semicolons as the suite"),
        ({"decimal": ","}, "with decimal: ',' as the suite says"),
    ],
)
def test_a_dialect_that_is_told_wrong_is_refused(read, dialect, problem):
    with pytest.raises(InputsError, match=problem):
        read("a.csv", lines("1.5,2.5", "3.5,4.5"), **dialect)


@pytest.mark.parametrize(
    ("delimiter", "text"),
    [
        (",", lines("-3,1.5", "-2,2.25", "0.5,0.125")),
        (";", lines("-3;1.5", "-2;2.25", "0.5;0.125")),
        ("|", lines("-3|1.5", "-2|2.25", "0.5|0.125")),
        ("tab", lines("-3\t1.5", "-2\t2.25", "0.5\t0.125")),
        ("whitespace", lines("-3  1.5", "-2\t2.25", " 0.5 0.125")),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.tsv.gz"])
def test_a_delimiter_can_be_told(read, delimiter, text, name):
    raw = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    assert read(name, raw, delimiter=delimiter).tolist() == TWO


INDEXED = [
    ("pandas", lines(",x", "0,-3.0", "1,-2.0", "2,0.5")),
    ("pandas-unnamed", lines(",0", "0,-3.0", "1,-2.0", "2,0.5")),
    ("pandas-again", lines("Unnamed: 0,x", "0,-3.0", "1,-2.0", "2,0.5")),
    ("pandas-no-header", lines("0,-3.0", "1,-2.0", "2,0.5")),
    ("r-csv", lines('"","x"', '"1",-3', '"2",-2', '"3",0.5')),
    ("r-csv2", lines('"";"x"', '"1";-3,0', '"2";-2,0', '"3";0,5')),
    ("r-table", lines('"x"', '"1" -3', '"2" -2', '"3" 0.5')),
]


@pytest.mark.parametrize(("name", "text"), INDEXED, ids=[name for name, _ in INDEXED])
def test_an_index_is_no_input(read, name, text):
    for n_inputs in (1, 2):
        with pytest.raises(InputsError, match="as an index does: write columns: ") as e:
            read("a.csv", text, n_inputs=n_inputs)
        assert "columns: [1] to leave it out" in str(e.value)
        assert "columns: [0, 1] to keep it" in str(e.value)
    assert read("a.csv", text, columns=[1], n_inputs=1).tolist() == ONE
    assert read("a.csv", text, columns=[0, 1], n_inputs=2)[:, 1:].tolist() == ONE


def test_an_array_with_an_index_is_refused(read):
    with pytest.raises(InputsError, match="the first counts 0, 1, 2, … as an index"):
        read("a.npy", npy(np.column_stack([range(5), np.linspace(0, 1, 5)])))


@pytest.mark.parametrize("text", [lines("0", "0.5", "-2.5"), lines("0,1", "0.5,0.7")])
def test_names_that_are_numbers_are_refused_unless_told(read, text):
    names = text.split("\n")[0].split(",")
    for columns in (None, [0]):
        with pytest.raises(
            InputsError, match="which may be names of columns, as pandas"
        ):
            read("a.csv", text, columns=columns)
    assert len(read("a.csv", text, columns=names)) == text.count("\n") - 1


@pytest.mark.parametrize("rows", [("0", "0.1", "0.2"), ("0", "1", "2"), ("0",)])
def test_a_grid_may_begin_with_0(read, rows):
    assert read("a.csv", lines(*rows))[:, 0].tolist() == list(map(float, rows))


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        (
            "a.csv",
            lines("x,y", "1.5,2", "3,4.5"),
            "found 2 columns ('x', 'y'), split at",
        ),
        ("a.csv", lines("1.5,2,1", "3,4.5,2"), "found 3 columns, split at commas"),
        ("a.csv", lines("1,5,2,5", "3,5,1,5"), "save the file with semicolons between"),
        ("a.csv", lines("x;y", "1,5;2"), "split at semicolons; the library reads 1"),
        ("a.txt", lines("1.5 2", "3 4.5"), "split at blanks"),
        ("a.txt", lines("x y", "a 1.5 2", "b 3 4.5"), "found 'a'; expected numbers"),
        ("a.npy", np.ones((3, 2)), "found 2 columns; the library reads 1: name the"),
    ],
)
def test_more_columns_than_the_library_reads_are_refused(read, name, content, found):
    content = npy(content) if name == "a.npy" else content
    with pytest.raises(InputsError) as caught:
        read(name, content, n_inputs=1)
    assert found in str(caught.value)
    assert "such as columns: [" in str(caught.value)


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_columns_are_chosen_by_position_or_name(read):
    text = lines("t,label,x", "1.5,a_b,2", "3,é,4.5")
    for columns in ([0, 2], ["t", "x"], [0, "x"]):
        points = read("a.csv", text, columns=columns, n_inputs=1)
        assert points.tolist() == [[1.5, 2], [3, 4.5]]
    assert read("a.csv", text, columns=["x", "t"])[0].tolist() == [2, 1.5]
    assert read("a.npy", npy(np.arange(6).reshape(2, 3)), [2, 0]).tolist() == [
        [2, 0],
        [5, 3],
    ]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (["X"], r"no column 'X' \(did you mean 'x'\?\) in the line of names, 'x', 'y'"),
        (["y"], "2 columns 'y' in the line of names"),
        ([3], r"columns \[3\] of 3; expected 0 to 2"),
    ],
)
def test_columns_that_a_file_lacks_are_refused(read, columns, problem):
    with pytest.raises(InputsError, match=problem):
        read("a.csv", lines("x,y,y", "1.5,2,3"), columns=columns)


def test_an_array_has_no_names_and_no_dialect(read):
    with pytest.raises(InputsError, match="an array has no names of columns"):
        read("a.npy", npy(np.ones((3, 2))), columns=["x"])
    with pytest.raises(InputsError, match="an array has no delimiter"):
        read("a.npy", npy(np.ones((3, 2))), delimiter=";")


def test_positions_of_names_are_found(tmp_path):
    (tmp_path / "a.csv").write_text(lines("t;x", "1,5;2"))
    path = tmp_path / "a.csv"
    assert column_positions(path, ["x", 0], LIMIT) == (1, 0)
    assert column_positions(tmp_path / "none.csv", [2, 0], LIMIT) == (2, 0)


def test_members_of_a_gzip_file_are_joined(read):
    parts = [gzip.compress(f"{i}.5\n".encode(), mtime=0) for i in range(300)]
    bgzip = [*parts, gzip.compress(b"", mtime=0)]
    expected = [[i + 0.5] for i in range(300)]
    assert read("a.txt.gz", b"".join(bgzip)).tolist() == expected
    # The program gzip, too, ignores zeros at the end.
    assert read("a.txt.gz", b"".join(parts) + b"\0" * 512).tolist() == expected
    halves = npy(np.array(ONE))
    packed = gzip.compress(halves[:50]) + gzip.compress(halves[50:])
    assert read("a.npy.gz", packed).tolist() == ONE


@pytest.mark.parametrize(
    ("packed", "problem"),
    [
        (
            gzip.compress(b"1\n", mtime=0) + b"junk",
            "after 1 members: .*incorrect header",
        ),
        (
            gzip.compress(b"1\n", mtime=0) * 2 + gzip.compress(b"2\n", mtime=0)[:-2],
            "not one whole member",
        ),
        (gzip.compress(b"", mtime=0) * 10_001, "more than 10000 members"),
        (
            gzip.compress(b"1\n" * 2**18, mtime=0) * 3,
            "more than 1048576 bytes unpacked",
        ),
    ],
)
def test_a_broken_or_swollen_gzip_file_is_refused(read, packed, problem):
    with pytest.raises(InputsError, match=problem):
        read("a.txt.gz", packed)


ROWS = [f"{i / 7:.4f},{-i / 3:.3e}" for i in range(60)]
VARIED = [
    lines(*ROWS),
    lines("x,y", *ROWS),
    lines(*ROWS).replace(",", ";").replace(".", ","),
    lines(*(f'"{row.replace(",", chr(34) + "," + chr(34))}"' for row in ROWS)),
    lines(*ROWS).replace(",", " "),
    lines(*(f"{row} # note" for row in ROWS)).replace("\n", "\n\n"),
    lines(*ROWS, "1,2,3"),
    lines(*ROWS, "1,two"),
    lines(*ROWS, "1_0,2"),
    lines(*ROWS, "5,٣"),
    lines("1,5", "2,5", "", "# 3", "4,5"),
]


@pytest.mark.parametrize("text", VARIED)
@pytest.mark.parametrize("columns", [None, [1], ["y"]])
def test_blocks_are_read_as_lines_are(read, monkeypatch, text, columns):
    def outcome():
        try:
            return read("a.csv", text, columns=columns).tolist()
        except InputsError as error:
            return str(error)

    monkeypatch.setattr(text_tables, "BLOCK", 200)
    in_blocks = outcome()
    monkeypatch.setattr(text_tables._Body, "read_block", lambda self, lines: False)
    assert outcome() == in_blocks


@pytest.mark.parametrize("row", ["1.5,2.5", '"1.5","2.5"', "1,5;2,5"])
def test_a_large_file_is_read_in_blocks_not_line_by_line(tmp_path, monkeypatch, row):
    n = 100_000
    (tmp_path / "a.csv").write_text(f"{row}\n" * n)
    read_block = text_tables._Body.read_block
    in_blocks = []

    def watched(body, lines):
        in_blocks.append(read_block(body, lines))
        return in_blocks[-1]

    monkeypatch.setattr(text_tables._Body, "read_block", watched)
    points = read_points(tmp_path / "a.csv", None, 2**23)
    assert points.shape == (n, 2)
    assert len(in_blocks) > 2
    assert in_blocks.count(False) <= 1  # the first, until the decimal mark is known


def test_a_file_takes_memory_for_its_points_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(text_tables, "BLOCK", 2**12)
    n, itemsize = 40_000, 8
    (tmp_path / "a.csv").write_text("1.5,2.5\n" * n)
    tracemalloc.start()
    read_points(tmp_path / "a.csv", None, 2**19)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * n * 2 * itemsize


def test_too_many_lines_and_numbers_are_refused(read, monkeypatch):
    monkeypatch.setattr(text_tables, "BLOCK", 100)
    monkeypatch.setattr(text_tables, "MAX_LINES", 500)
    with pytest.raises(InputsError, match="line 501: more than 500 lines"):
        read("a.csv", "1.5\n" * 600)
    monkeypatch.setattr(text_tables, "MAX_LINES", 5000)
    monkeypatch.setattr(text_tables, "MAX_NUMBERS", 500)
    with pytest.raises(InputsError, match="or 500 numbers; save an array"):
        read("a.csv", "1.5\n" * 700)
    monkeypatch.setattr(files, "MAX_TEXT", 100)
    with pytest.raises(InputsError, match="of text; expected at most 100"):
        read("a.csv", "1.5\n" * 700)
