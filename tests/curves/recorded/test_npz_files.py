"""Archives of NumPy arrays: read within limits, and never unpickled."""

import io
import zipfile

import numpy as np
import pytest

from bench.base import DatasetError
from bench.curves.recorded import npz_files, raw

X = np.arange(12.0).reshape(4, 3)
Y = np.array(["b", "a", "b", "a"])


def saved(**arrays):
    return lambda path: np.savez(path, **arrays)


def declared(shape, descr="<f8", content=b""):
    """Return a .npy file whose header may declare more than it holds."""
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + content


def zipped(compression=zipfile.ZIP_DEFLATED, **members):
    def write(path):
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in members.items():
                archive.writestr(f"{name}.npy", content)

    return write


def test_curves_and_classes(read):
    found = read("a.npz", saved(X=X, y=Y))
    assert np.array_equal(found.values, X[:, None])
    assert found.class_names == ("a", "b")
    assert found.labels.tolist() == [1, 0, 1, 0]


def test_channels_points_groups_and_a_license(read):
    arrays = {"X": X.reshape(4, 1, 3), "y": [1, 0, 1, 0], "x": [0, 1, 3]}
    arrays |= {"groups": [7, 7, 5, 5], "license": "CC0"}
    found = read("a.npz", saved(**arrays), split={"folds": 2, "groups": "groups"})
    assert found.x.tolist() == [0, 1, 3]
    assert found.groups.tolist() == [1, 1, 0, 0]
    assert found.license == "CC0"


@pytest.mark.parametrize(
    "curves",
    [
        X.astype(np.float32),
        X.astype(">f8"),
        np.asfortranarray(X),
        X.astype(int),
        X.astype("f2"),
    ],
)
def test_numbers_of_any_type(read, curves):
    assert np.array_equal(read("a.npz", saved(X=curves, y=Y)).values[:, 0], X)


@pytest.mark.parametrize("y", [Y.astype("S"), Y[:, None], np.array([2.0, 1, 2, 1])])
def test_classes_of_any_type(read, y):
    assert read("a.npz", saved(X=X, y=y)).labels.tolist() == [1, 0, 1, 0]


def test_the_suite_may_name_the_array_of_classes(read):
    found = read("a.npz", saved(X=X, target=Y), label="target")
    assert found.class_names == ("a", "b")


class Pickled:
    """Unpickled, it would say so."""

    def __reduce__(self):
        return pytest.fail, ("unpickled",)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"X": np.array([Pickled()]), "y": Y}, "never done; save X=np.stack(X)"),
        ({"X": X, "y": np.array([None] * 4)}, "never done; save y=np.asarray(y)"),
        ({"X": X}, "no array 'y' among X"),
        ({"data": X, "y": Y}, "no array 'X' among data, y"),
        ({"X": X, "y": Y[:3]}, "y: found shape (3,)"),
        ({"X": X, "y": np.eye(4)}, "y: found shape (4, 4); expected (4,)"),
        ({"X": X * 1j, "y": Y}, "type complex128; expected numbers"),
        ({"X": X[0], "y": Y}, "X: found shape (3,)"),
        ({"X": X[:, :0], "y": Y}, "X: found shape (4, 0)"),
        ({"X": X, "y": Y, "x": [0, 1]}, "x: found shape (2,)"),
        ({"X": X, "y": Y, "x": [0, 1, 1]}, "found points that repeat"),
        ({"X": X, "y": Y, "x": [0, 1, np.nan]}, "or are not finite"),
        ({"X": np.where(X == 4, np.inf, X), "y": Y}, "curve 2: found inf in point 2"),
        ({"X": X, "y": [1, 2, np.nan, 1]}, "curve 3: found 'nan' as class"),
        ({"X": X, "y": ["a" * 300, "b", "b", "b"]}, "a text of more than 200"),
        ({"X": X, "y": np.zeros(4, "M8[s]")}, "type datetime64[s]; expected one"),
    ],
)
def test_other_arrays_are_refused(read, arrays, said):
    with pytest.raises(DatasetError) as error:
        read("a.npz", saved(**arrays))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"label": 0}, "label: found position 0, but arrays have names"),
        ({"label": "t"}, "no array 't' among X, y"),
        ({"split": {"folds": 2, "groups": "Y"}}, "groups: no array 'Y' among X, y"),
        ({"delimiter": ";"}, "delimiter and decimal are for tables of text"),
    ],
)
def test_other_keys_are_refused(read, entry, said):
    with pytest.raises(DatasetError, match=said):
        read("a.npz", saved(X=X, y=Y), **entry)


GOOD = declared((4, 3), content=X.tobytes())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"label,0\n", "no archive of NumPy arrays"),
        (b"PK\x05\x06" + b"\0" * 18, "no array 'X' among none"),
        (
            zipped(X=declared((10**7, 10**4)), y=b""),
            "X: found an array of 800000000000",
        ),
        (zipped(X=declared((4, 3)), y=b""), "X: 0 bytes; expected 96"),
        (zipped(X=b"no array", y=b""), "X: no array"),
        (zipped(zipfile.ZIP_LZMA, X=GOOD, y=b""), "X: packed in a way that NumPy"),
        (zipped(X=GOOD, y=declared((4,), "<U9000000")), "y: found an array of"),
    ],
)
def test_broken_archives_and_bombs_are_refused(read, content, said):
    with pytest.raises(DatasetError) as error:
        read("a.npz", content)
    assert said in str(error.value)


def test_a_cut_archive_and_one_of_many_members_are_refused(read, monkeypatch):
    def cut(path):
        np.savez(path, X=X, y=Y)
        path.write_bytes(path.read_bytes()[:300])

    with pytest.raises(DatasetError, match="no archive of NumPy arrays"):
        read("a.npz", cut)
    monkeypatch.setattr(npz_files, "_MAX_DIRECTORY", 50)
    with pytest.raises(DatasetError, match="an archive of 2 or more members"):
        read("a.npz", saved(X=X, y=Y))


def test_more_values_than_the_limit_are_refused(read, monkeypatch):
    monkeypatch.setattr(raw, "MAX_VALUES", 11)
    with pytest.raises(DatasetError, match="found 12 values in all; expected at most"):
        read("a.npz", saved(X=X, y=Y))
