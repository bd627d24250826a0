"""Matrices from files: what can be read is read exactly, what cannot gets one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from playground.graph.errors import InputError
from playground.lab.reading import read_matrix

MATRIX = np.array([[1.5, -2.0], [3e-7, 4.0]])


def written(tmp_path, content, name="m.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path):
    """The one sentence with which a file is refused."""
    with pytest.raises(InputError) as caught:
        read_matrix(path)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "text",
    [
        "1.5,-2\n3e-7,4\n",
        "1.5, -2\r\n3e-7, 4\r\n",
        "1.5 -2\n3e-7\t4",
        "  1.5   -2  \n\n 3E-7 +4.0 \n\n",
        "1.5;-2\n3e-7;4\n",
        '"1.5","-2"\n"3e-7","4"\n',
        "# a comment\n1.5,-2 # and another\n3e-7,4\n",
        "\ufeff1.5,-2\n3e-7,4\n",
    ],
)
def test_text_in_every_usual_spelling(tmp_path, text):
    found, said = read_matrix(written(tmp_path, text))
    assert said == ""
    assert found.dtype == np.float64
    assert np.array_equal(found, MATRIX)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i4", "u1", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_every_real_dtype(tmp_path, dtype, order):
    matrix = np.array([[1, 2], [3, 4]], dtype=dtype, order=order)
    np.save(tmp_path / "m.npy", matrix)
    found = read_matrix(tmp_path / "m.npy").values
    assert found.dtype == np.float64
    assert found.tolist() == [[1, 2], [3, 4]]


def test_text_that_numpy_wrote_comes_back_exactly(tmp_path):
    matrix = np.random.default_rng(0).standard_normal((7, 7))
    np.savetxt(tmp_path / "m.txt", matrix, fmt="%.17g", header="seven by seven")
    assert np.array_equal(read_matrix(tmp_path / "m.txt").values, matrix)


def test_npy_is_known_by_its_content(tmp_path):
    np.save(tmp_path / "m.npy", MATRIX)
    other = (tmp_path / "m.npy").rename(tmp_path / "matrix.dat")
    assert np.array_equal(read_matrix(other).values, MATRIX)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n3,x\n", "row 2, column 2 is 'x', not a number"),
        ("x,1,2\n", "row 1, column 1 is 'x', not a number"),
        ("1,2\ny,3,4\n", "row 2, column 1 is 'y', not a number: if column 1 holds"),
        ("# c\n\n1,2\n3,oops\n", "row 2 (line 4), column 2 is 'oops'"),
        ("1,,3\n", "row 1, column 2 is empty"),
        ("1 2+1j\n3 4\n", "row 1, column 2 is '2+1j', not a number: complex numbers"),
        ("1 1_000\n3 4\n", "row 1, column 2 is '1_000', not a number"),
        ("1,2\n3,4,5\n", "row 2 has 3 numbers, row 1 has 2"),
        ("1,2,3\n4,5\n", "row 2 has 2 numbers, row 1 has 3"),
        ("1,nan\n3,4\n", "row 1, column 2 is nan: every number must be finite"),
        ("1,2\n-inf,nan\n", "row 2, column 1 is -inf (and 1 more)"),
        ("1,2\n3,1e999\n", "row 2, column 2 is inf"),
        ("", "is empty"),
        ("\n \n", "holds no numbers"),
        ("# nothing but a comment\n", "holds no numbers"),
        (b"PK\x03\x04 and so on", "is a damaged archive"),
        ("<html>" + "x" * 100, "..."),
    ],
)
def test_text_that_is_no_matrix(tmp_path, text, expected):
    assert expected in refused(written(tmp_path, text))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array(3.0), "shape () (0-D)"),
        (np.ones(3), "shape (3,) (1-D)"),
        (np.ones((2, 2, 2)), "shape (2, 2, 2) (3-D)"),
        (np.eye(2) * 1j, "holds complex numbers"),
        (np.array([["a", "b"]]), "holds text"),
        (np.eye(2, dtype=bool), "holds truth values"),
        (np.zeros(2, dtype=[("x", "f8"), ("y", "f8")]), "records with the fields x, y"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), "row 1, column 2 is nan"),
    ],
)
def test_npy_that_is_no_matrix(tmp_path, array, expected):
    np.save(tmp_path / "m.npy", array)
    assert expected in refused(tmp_path / "m.npy")


def test_npy_with_pickled_objects_is_not_opened(tmp_path):
    np.save(tmp_path / "m.npy", np.array([[{}, 1]], dtype=object), allow_pickle=True)
    assert "holds Python objects" in refused(tmp_path / "m.npy")


def test_npy_that_is_cut_short_or_not_one(tmp_path):
    np.save(tmp_path / "m.npy", np.eye(50))
    whole = (tmp_path / "m.npy").read_bytes()
    for content in (whole[:-8], whole[:40], whole[:7]):
        assert "damaged or incomplete" in refused(written(tmp_path, content, "cut.npy"))
    assert "is not a .npy file" in refused(written(tmp_path, "1,2\n3,4\n", "text.npy"))
    assert "is empty" in refused(written(tmp_path, "", "none.npy"))


def test_files_that_are_not_there(tmp_path):
    assert "there is no such file" in refused(tmp_path / "missing.csv")
    assert "it is a directory" in refused(tmp_path)
