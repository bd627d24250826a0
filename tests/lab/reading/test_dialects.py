"""Files as people have them: read where they can be meant in one way, else refused by name."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from playground.graph.errors import InputError
from playground.lab.reading import (
    Dialect,
    Matrix,
    numbers_of_text,
    parse_table,
    read_matrix,
    read_table,
    rows_of_text,
)
from tests import fuzz_tables
from tests.loops import for_each

ONE = [[1.5, 2.0], [3.0, -4.25]]
COUNT = [[1.0, 2.0], [3.0, 4.0]]
THOUSANDS = [[1234.5, 2.0], [3.0, 1234567.0]]


@pytest.fixture
def read(tmp_path: Path):
    def read(content: str | bytes, name: str = "m.csv", **flags: str) -> Matrix:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = read_matrix(file, Dialect(**flags))
        return Matrix(found.values, found.said.removeprefix(f"{file}: "))

    return read


@pytest.fixture
def refusal(read, tmp_path: Path):
    def refusal(content: str | bytes, name: str = "m.csv", **flags: str) -> str:
        with pytest.raises(InputError) as caught:
            read(content, name, **flags)
        said = str(caught.value)
        assert "\n" not in said
        return said.replace(f"{tmp_path}/", "")

    return refusal


# ---------------------------------------------------------------------- dialects of text

SPELLINGS = {
    "1,5;2\n3;-4,25\n": (ONE, "read as semicolon-separated with decimal commas"),
    "1,5\t2\n3\t-4,25\n": (ONE, "read as tab-separated with decimal commas"),
    "1,5 2\n3 -4,25\n": (ONE, "read as blank-separated with decimal commas"),
    "1,5|2\n3|-4,25\n": (ONE, "read as bar-separated with decimal commas"),
    '"1,5";"2"\n"3";"-4,25"\n': (ONE, "read as semicolon-separated with decimal commas"),
    '"1,5","2"\n"3","-4,25"\n': (ONE, "read as comma-separated with decimal commas"),
    "'1,5','2'\n'3','-4,25'\n": (ONE, "read as comma-separated with decimal commas"),
    "0,234;1\n2;3": ([[0.234, 1], [2, 3]], "read as semicolon-separated with decimal commas"),
    "1,234e3;1\n2;3": ([[1234, 1], [2, 3]], "read as semicolon-separated with decimal commas"),
    # Thousands.
    '"1,234.5","2"\n"3","1,234,567"\n': (THOUSANDS, "decimal points and commas between thousands"),
    "1.234,5;2\n3;1.234.567\n": (THOUSANDS, "decimal commas and points between thousands"),
    "1'234.5;2\n3;1'234'567\n": (THOUSANDS, "decimal points and blanks or apostrophes between"),
    "1\u00a0234,5;2\n3;1\u00a0234\u00a0567\n": (THOUSANDS, "decimal commas and blanks or apos"),
    "1\u202f234,5\t2\n3\t1\u202f234\u202f567\n": (THOUSANDS, "decimal commas and blanks or apos"),
    "1 234,5;2\n3;1 234 567\n": (THOUSANDS, "decimal commas and blanks or apostrophes between"),
    # Headers and indices.
    "a,b\n1.5,2\n3,-4.25\n": (ONE, "read as comma-separated, header row skipped"),
    "x1;Länge\n1,5;2\n3;-4,25": (
        ONE,
        "semicolon-separated with decimal commas, header row skipped",
    ),
    '"a b" c\n1.5 2\n3 -4.25': (ONE, "read as blank-separated, header row skipped"),
    ",a,b\n0,1.5,2\n1,3,-4.25\n": (ONE, "header row skipped, column 1, the index, left out"),
    ",0,1\n0,1.5,2\n1,3,-4.25\n": (ONE, "header row skipped, column 1, the index, left out"),
    '"","V1","V2"\n"1",1.5,2\n"2",3,-4.25': (ONE, "column 1, the index, left out"),
    '"V1" "V2"\n"1" 1.5 2\n"2" 3 -4.25': (ONE, "column 1, the index, left out"),
    "Unnamed: 0,a,b\n0,1.5,2\n1,3,-4.25\n": (ONE, "column 1, the index, left out"),
    ",a,b\na,1.5,2\nb,3,-4.25\n": (ONE, "header row skipped, column 1, of names, left out"),
    "row,a,b\nx,1.5,2\ny,3,-4.25\n": (ONE, "header row skipped, column 1, of names, left out"),
    "x,1.5,2\ny,3,-4.25\n": (ONE, "read as comma-separated, column 1, of names, left out"),
    ",a,b\n2024-01-01,1.5,2\n2024-01-02,3,-4.25": (ONE, "column 1, of names, left out"),
    "     a    b\n0  1.5  2.0\n1  3.0 -4.25": (ONE, "column 1, the index, left out"),
    "     0    1\n0  1.5  2.0\n1  3.0 -4.25": (ONE, "column 1, the index, left out"),
    # What stands around.
    "sep=;\n1,5;2\n3;-4,25": (ONE, "read as semicolon-separated with decimal commas"),
    '"sep=,"\r\n1.5,2\r\n3,-4.25\r\n': (ONE, ""),
    "1.5,2,\n3,-4.25,\n": (ONE, "empty cells at the ends of rows left out"),
    "1.5;2;;\n3;-4,25;;\n".replace("1.5", "1,5"): (ONE, "empty cells at the ends of rows left out"),
    "1.5\t2\t\n3\t-4.25\t\n": (ONE, "empty cells at the ends of rows left out"),
    "a,b,\n1.5,2,\n3,-4.25,\n,,\n": (ONE, "empty rows at the end left out, empty cells at the"),
    "\n1.5,2\n\n\n3,-4.25\n\n": (ONE, ""),
    "1.5 2;\n3 -4.25;\n": (ONE, "read as blank-separated, rows after semicolons"),
    "1.5, 2;\n3, -4.25;\n": (ONE, "read as comma-separated, rows after semicolons"),
    "1.5 2; 3 -4.25": (ONE, "read as blank-separated, rows after semicolons"),
    "% of MATLAB\n1.5 2\n3 -4.25 # a word\n": (ONE, ""),
    # Signs and digits of other keyboards.
    "1.5,2\n3,\u22124.25": (ONE, ""),
    "1.5,2\n3,\u20134.25": (ONE, ""),
    "１.５,２\n３,-４.２５": (ONE, ""),  # noqa: RUF001
    "１．５，２\n３，－４．２５": (ONE, ""),  # noqa: RUF001
    "1.5\u00a02\n3\u00a0-4.25": (ONE, ""),
    "\u200e1.5,2\n3,-4.25": (ONE, ""),
    "1.5D+00 2\n3 -4.25d0": (ONE, ""),
    "1.200 2\n3 4": ([[1.2, 2], [3, 4]], "decimal points (--decimal , takes them for points"),
    "1.200,2\n3,4": ([[1.2, 2], [3, 4]], ""),
}


@for_each([*SPELLINGS], repr)
def test_spellings(text: str) -> None:
    wanted, said = SPELLINGS[text]
    check(text.encode(), wanted, said)


def check(content: bytes, wanted: list[list[float]], said: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "m.csv")
        file.write_bytes(content)
        found = read_matrix(file)
    assert found.values.tolist() == wanted
    assert said in found.said
    assert bool(said) == bool(found.said)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8-sig", "header"),
        ("utf-16", "in UTF-16, header"),
        ("utf-16-le", "in UTF-16, header"),
        ("utf-16-be", "in UTF-16, header"),
        ("utf-32", "in UTF-32, header"),
        ("latin-1", "in Latin-1 (Windows-1252), header"),
        ("cp1252", "in Latin-1 (Windows-1252), header"),
    ],
)
def test_encodings(encoding: str, said: str) -> None:
    # Of UTF-16 without a mark, only what begins in ASCII can be known.
    check("Weg;Höhe\n1,5;2\n3;-4,25".encode(encoding), ONE, said)


PRINTED = {
    "[1 2; 3 4]": COUNT,
    "A = [1, 2; 3, 4];": COUNT,
    "A = [1 2\n     3 4];\n": COUNT,
    "A=[1,2;\n 3,4]": COUNT,
    "[[1. 2.]\n [3. 4.]]": COUNT,
    "array([[1, 2], [3, 4]])": COUNT,
    "np.array([[1., 2.],\n          [3., 4.]], dtype=float32)": COUNT,
    "tensor([[1., 2.],\n        [3., 4.]], dtype=torch.float64, requires_grad=True)": COUNT,
    "Matrix([[1, 2], [3, 4]])": COUNT,
    "[[np.float64(1.0), np.float64(2.0)], [3.0, 4.0]]": COUNT,
    "{{1, 2}, {3, 4}}": COUNT,
    "{{1.*^0, 0.2*^1}, {3., 4.`5.}}": COUNT,
    "[[1, 2], [3, 4]]": COUNT,
    "[\n  [\n    1,\n    2\n  ],\n  [\n    3,\n    4\n  ]\n]\n": COUNT,
    "((1, 2), (3, 4))": COUNT,
    "[1, 2]\n[3, 4]\n": COUNT,
    "[1. 2.]\n[3. 4.]\n": COUNT,
    "% made by hand\nA = [1 2 % first\n     3 4];": COUNT,
    "A =\n\n     1     2\n     3     4\n\n": COUNT,
    "ans = 2x2\n     1     2\n     3     4\n": COUNT,
    "A =\n\n   1.0e+03 *\n\n    0.0010    1.2000\n    3.0000    0.0045\n": [[1, 1200], [3000, 4.5]],
    "A =\n\n   1.0e-03  *\n\n    0.1    1.2\n    3.0    4.5\n": [[1e-4, 1.2e-3], [3e-3, 4.5e-3]],
    "A =\n\n  Column 1:\n\n   1\n   3\n\n  Column 2:\n\n   2\n   4\n": COUNT,
    "A =\n\n  Columns 1 through 2\n\n 1 2\n 4 5\n 7 8\n\n  Column 3\n\n 3\n 6\n 9\n": [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
    ],
    "2×2 Matrix{Float64}:\n 1.0  2.0\n 3.0  4.0\n": COUNT,  # noqa: RUF001
    "     [,1] [,2]\n[1,]    1    2\n[2,]    3    4\n": COUNT,
}


@for_each([*PRINTED], repr)
def test_what_programs_print(text: str) -> None:
    check(text.encode(), PRINTED[text], "read from ")


# ------------------------------------------------------------------------------- refused

DECIDES = "--decimal . or --decimal , says which"
REFUSED = {
    '"1,200","2"\n"3","4"': f"row 1, column 1 is '1,200', which may be 1200 or 1.200: {DECIDES}",
    "1;2\n3;4,500": f"row 2, column 2 is '4,500', which may be 4500 or 4.500: {DECIDES}",
    '"1.200","2"\n"3","4"': f"row 1, column 1 is '1.200', which may be 1200 or 1.200: {DECIDES}",
    "1.200;2\n3;4": f"row 1, column 1 is '1.200', which may be 1200 or 1.200: {DECIDES}",
    "1,234 5,678\n1,111 2,222": f"is '1,234', which may be 1234 or 1.234: {DECIDES}",
    "1.5;2\n3;4,5": "is '1.5', and elsewhere stands '4,5': it does not show which mark",
    "1.234;2,5\n3;4": "is '2,5', and elsewhere stands '1.234'",
    "1,2;3,4": "in two ways, semicolon-separated (1 x 2, first number 1.2) or comma-separated",
    "1,2;\n3,4;": "(2 x 2, first number 1): --sep says which",
    "1 234;\n2 345;": "can be read in two ways, semicolon-separated (2 x 1, first number 1234)",
    "1\u00a0234 5\n2\u00a0345 6": "replace the blanks that do not break (U+00A0)",
    "1,\n3,4": "row 1, column 2 is empty: expected a number",
    "a,b\n1,2\n3,": "row 3, column 2 is empty",
    "1\t\t3\n1\t2\t3": "row 1, column 2 is empty",
    "1,2\n,\n3,4": "row 2, column 1 is empty",
    "1,#N/A\n3,4": "row 1, column 2 is '#N/A', a missing value",
    "#DIV/0!,2\n3,4": "row 1, column 1 is '#DIV/0!', a missing value",
    "1;#NV\n3;4": "row 1, column 2 is '#NV', a missing value",
    "1 2\n3 #N/A": "row 2, column 2 is '#N/A', a missing value",
    "1,NA\n3,4": "row 1, column 2 is 'NA', a missing value",
    "NA,NA\n1,2": "row 1, column 1 is 'NA', a missing value",
    "1,-\n3,4": "row 1, column 2 is '-', a missing value",
    "50%,2\n3,4": "'50%', not a number: write percentages as plain numbers, 50% as 0.5",
    "$5,2\n3,4": "'$5', not a number: leave units and currencies out",
    "5 kg,2\n3 kg,4": "'5 kg', not a number: leave units and currencies out",
    "(5),2\n3,4": "'(5)', not a number: write a negative number with a minus in front",
    "1/3,2\n3,4": "'1/3', not a number: write fractions as decimals",
    "2024-01-02,2\n3,4": "a date, which spreadsheets make of numbers such as 1.2",
    "1+2i,3\n4,5": "complex numbers are not supported",
    "a,2\n3,4": "'a', not a number: if row 1 is a header, --header yes skips it",
    ",a,b\n2001,1,2\n2002,3,4": "column 1 has no name in the header, and does not count the rows",
    ",0\n0,5": "row 1, column 1 is empty",
    "x\n1,5\n2,5": "row 1 names 1 column, and row 2 has 2 cells",
    "a,b\n": "row 1, column 1 is 'a'",
    "1st,2nd\n1,2\n3,4": "'1st', not a number: if row 1 is a header, --header yes skips it",
    "a,b\n1,5,2,5\n3,5,4,5": "has 4 cells: decimal commas want another separator, or quotes",
    "  a ...  b\n0 1 ...  2": "holds '...'",
    "[[1. 2. ... 9.]\n [1. 2. ... 9.]]": "holds '...': NumPy leaves numbers out",
    "[[1 2]\n ...\n [3 4]]": "holds '...'",
    "[1 2\n 3 4]": "write a semicolon after each row",
    "[1, 2,\n 3, 4]": "write a semicolon after each row",
    "[1 2; 3 4]'": "stands behind the matrix: expected one matrix in brackets, and nothing",
    "np.array([[1, 2], [3, 4]]).T": ".T' stands behind the matrix",
    "A = [1 2; 3 4];\nB = [5 6; 7 8];": "stands behind the matrix",
    "[1,5 2,5; 3 4]": "has commas and blanks between numbers",
    "[[1, 2], [3, 4]": "a bracket does not close",
    "[1 2; 3 4}": "closes what was not opened by its like",
    "[[1, 2], [3]]": "row 2 has 1 number, row 1 has 2",
    "[[1, 2], [3, null]]": "row 2, column 2 is 'null', a missing value",
    "[[[1, 2], [3, 4]]]": "expected rows of numbers in brackets",
    "masked_array(data=[[1, 2], [3, 4]])": "begins with 'masked_array'",
    "[" * 5000: "a bracket does not close",
    '{"a": [1, 2]}': "expected rows of numbers in brackets",
    "A =\n\n  Column 1:\n\n 1\n 3\n\n  Column 3:\n\n 2\n 4\n": "columns 2 and up",
    "\t[,1]\n[1,] ": "the rows of the printed matrix are not of one length",
    "A =\n\n  Columns 1 through 2\n\n 1 2\n 3 4\n": "columns 3 and up of the matrix are not",
    "A =\n\n Columns 1 through 3\n 1 2\n 3 4\n Column 4\n 1\n 2\n": "columns 1 to 3 are not all",
    "A =\n\n Columns 1 and 2\n 1 2\n 3 4\n Column 3\n 1\n": "are not of one length",
    "     [,1] [,2]\n[1,]    1    2\n[3,]    3    4": "expected [2,] and numbers, got '[3,]",
    "A =\n\n": "holds no numbers below the name of a matrix",
    "[[], [1]]": "holds no numbers",
    "[]": "holds no numbers",
    f"A =\n Columns {'9' * 5000}\n 1": "are not of one length",
    "array([[1, 2]], a=" + " " * 100_000: "stands behind the matrix",
    "A = 2x3\n 1 2\n 3 4\n": "announces 2 x 3 numbers, and holds 2 x 2",
    "A =\n\n 1 2\n 3 4\n\nB =\n\n 5 6\n 7 8\n": "more than one printed matrix",
    "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 5\n": "a Matrix Market file",
    "%PDF-1.4": "a PDF file: save the table as .csv",
}


@for_each([*REFUSED], lambda text: repr(text[:40]))
def test_what_can_be_meant_in_two_ways_or_in_none_is_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "m.csv")
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            read_matrix(file)
    assert REFUSED[text] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls): save it as .xlsx or .csv"),
        (b"MATLAB 5.0 MAT-file", "a MATLAB file (.mat)"),
        (b"\x89PNG\xff", "not a text file but a picture"),
        (b"\x1f\x8b\x08", "compressed (gzip)"),
        (b"1,2\x00\x01\n", "is not a text file"),
        (b"SQLite format 3\0", "a database"),
    ],
)
def test_files_of_another_kind(refusal, head: bytes, said: str) -> None:
    assert said in refusal(head)


def test_flags_decide(read, refusal) -> None:
    lone = '"1,200","2"\n"3","4"'
    assert read(lone, decimal=".").values[0, 0] == 1200
    assert read(lone, decimal=",").values[0, 0] == 1.2
    assert read("1.200;2\n3;4", decimal=",").values[0, 0] == 1200
    assert read("1.200;2\n3;4", decimal=".").values[0, 0] == 1.2
    assert read("1,2;3,4", sep=",").values.tolist() == COUNT
    assert read("1,2;3,4", sep=";").values.tolist() == [[1.2, 3.4]]
    assert read("1 234;\n2 345;", sep="blank").values.tolist() == [[1, 234], [2, 345]]
    assert read("1 234;\n2 345;", sep=";").values.tolist() == [[1234], [2345]]
    assert read("0,1\n1,2\n3,4", header="yes").values.tolist() == COUNT
    assert read("0,1\n1,2", header="no").values.tolist() == [[0, 1], [1, 2]]
    assert "row 1, column 1 is 'a'" in refusal("a,b\n1,2\n3,4", header="no")
    greek = "Ύψος,b\n1,2\n3,4".encode("iso8859-7")
    assert read(greek, encoding="iso8859-7").values.tolist() == COUNT
    assert "is not a text file in --encoding utf-8" in refusal(greek, encoding="utf-8")
    assert "'1.5', not a number: the other numbers have a decimal comma" in refusal(
        "1.5;2\n3;4", decimal=","
    )


# ----------------------------------------------------------------------- NumPy's, sheets


def test_npz_with_one_array(tmp_path: Path, read, refusal) -> None:
    np.savez(tmp_path / "m.npz", np.array(ONE))
    assert read((tmp_path / "m.npz").read_bytes(), "m.npz").values.tolist() == ONE
    np.savez(tmp_path / "m.npz", np.eye(2), x=np.eye(3))
    assert "holds 2 arrays (x, arr_0)" in refusal((tmp_path / "m.npz").read_bytes())
    np.savez(tmp_path / "m.npz", np.array([[{}]], dtype=object))
    assert "holds Python objects" in refusal((tmp_path / "m.npz").read_bytes())
    np.savez(tmp_path / "m.npz", np.array([[1.0, np.nan]]))
    assert "row 1, column 2 is nan" in refusal((tmp_path / "m.npz").read_bytes())


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_workbooks(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("openpyxl" if ending == "xlsx" else "odf")
    file, frame = tmp_path / f"m.{ending}", pd.DataFrame(ONE)
    frame.to_excel(file, index=False, header=False)
    assert read_matrix(file) == (pytest.approx(np.array(ONE), abs=0), "")
    frame.to_excel(file)
    found = read_matrix(file)
    assert found.values.tolist() == ONE
    assert "from the sheet 'Sheet1', header row skipped, column 1, the index" in found.said
    pd.DataFrame([["1,5", "2"], ["3", "-4,25"]]).to_excel(file, index=False, header=False)
    assert read_matrix(file).values.tolist() == ONE
    pd.DataFrame([[1.0, np.nan], [3, 4]]).to_excel(file, index=False, header=False)
    with pytest.raises(InputError, match="row 1, column 2 is empty"):
        read_matrix(file)
    with pd.ExcelWriter(file) as writer:
        frame.to_excel(writer, sheet_name="a")
        frame.to_excel(writer, sheet_name="b")
    with pytest.raises(InputError, match=r"holds 2 sheets with cells in them \('a', 'b'\)"):
        read_matrix(file)
    pd.DataFrame({"x": [1.234, 2], "kind": ["a", "b"]}).to_excel(file)
    table = read_table(file)
    assert table.numbers("x").tolist() == [1.234, 2]
    assert table.text("kind") == ["a", "b"]


def test_a_sheet_may_begin_anywhere_and_errors_name_its_rows(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for name, value in {"B3": 1, "C3": 2, "B5": 3, "C5": 4}.items():
        book.active[name] = value
    book.save(tmp_path / "m.xlsx")
    assert read_matrix(tmp_path / "m.xlsx").values.tolist() == COUNT
    book.active["C5"] = "four"
    book.save(tmp_path / "m.xlsx")
    with pytest.raises(InputError, match=r"row 2 \(line 5\), column 3 is 'four', not a number"):
        read_matrix(tmp_path / "m.xlsx")


def test_workbooks_that_are_damaged_or_cannot_be_read(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("openpyxl")
    file = tmp_path / "m.xlsx"
    pd.DataFrame(ONE).to_excel(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged archive"):
        read_matrix(file)
    file.write_bytes(whole)

    def missing(*args: object, **keywords: object) -> None:
        raise ImportError("no openpyxl")

    monkeypatch.setattr(pd, "read_excel", missing)
    with pytest.raises(InputError, match=r"pip install -e '\.\[excel\]', or save it as \.csv"):
        read_matrix(file)


# -------------------------------------------------------------------------------- tables

TABLES = {
    "x;k\n1,5;a\n-4,25;b": "semicolon-separated with decimal commas",
    "x\tk\n1,5\ta\n-4,25\tb": "tab-separated with decimal commas",
    'x,k\n"1,5",a\n"-4,25",b': "comma-separated with decimal commas",
    ",x,k\n0,1.5,a\n1,-4.25,b": "comma-separated, column 1, the index, left out",
    "Unnamed: 0,x,k\n0,1.5,a\n1,-4.25,b": "comma-separated, column 1, the index, left out",
    ",x,k\n1,1.5,a\n2,-4.25,b": "comma-separated, column 1, the index, left out",
    "x,k,\n1.5,a,\n-4.25,b,\n,,\n": "empty cells at the ends of rows left out",
    "x,k\n1.5,a\n\u22124.25,b": "",
    "x k\n1.5 a\n-4.25 b": "",
    "x|k\n1.5|a\n-4.25|b": "",
    '"x","k"\n"1.5","a"\n"-4.25","b"': "",
}


@for_each([*TABLES], repr)
def test_tables(text: str) -> None:
    table = parse_table(text, "t.csv")
    assert list(table.columns) == ["x", "k"]
    assert table.numbers("x").tolist() == [1.5, -4.25]
    assert table.text("k") == ["a", "b"]
    said = TABLES[text]
    assert said in table.said(["x"])
    assert bool(said) == bool(table.said(["x"]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x;k\n1,200;a", f"line 2, column 'x' is '1,200', which may be 1200 or 1.200: {DECIDES}"),
        ("x,k\n#N/A,a", "line 2, column 'x' is '#N/A', a missing value: fill it in"),
        ("x,k\n1,5,a,\n2,5,b,c", "decimal commas want another separator, or quotes"),
        ("x,k\nr,1,a", "one without a name, such as R's names of rows"),
        ("1,2\n3,4", "begins with numbers: expected the names of the columns there (--header no"),
        ("1,5;2\n3;4", "begins with numbers"),
        ("a,x;k\n1,5;2\n3,2;4", "can be parted by commas and by semicolons into rows: --sep says"),
    ],
)
def test_tables_that_are_refused(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_table(text, "t.csv").numbers("x")
    assert said in str(caught.value)


def test_a_table_without_names() -> None:
    table = parse_table("1,2,a\n3,4,b", "t.csv", Dialect(header="no"))
    assert list(table.columns) == ["1", "2", "3"]
    assert table.points(["1", "2"]).tolist() == COUNT


def test_only_columns_that_are_used_tell_the_marks() -> None:
    table = parse_table("date;x;k\n1.2.2024;1,5;3.5\n2.2.2024;2,5;4.5", "t.csv")
    assert table.numbers("x").tolist() == [1.5, 2.5]


# ---------------------------------------------------------------------------- on flags

TYPED = {
    "2,1;1,3": [[2, 1], [1, 3]],
    "2 1; 1 3": [[2, 1], [1, 3]],
    "[[2,1],[1,3]]": [[2, 1], [1, 3]],
    "[2 1; 1 3]": [[2, 1], [1, 3]],
    "{{2,1},{1,3}}": [[2, 1], [1, 3]],
    "array([[2., 1.], [1., 3.]])": [[2, 1], [1, 3]],
    "[[2. 1.]\n [1. 3.]]": [[2, 1], [1, 3]],
    "1/2,\u22121;1,3": [[0.5, -1], [1, 3]],
    "１,2;1,3": [[1, 2], [1, 3]],  # noqa: RUF001
}


@for_each([*TYPED], repr)
def test_matrices_that_are_typed(text: str) -> None:
    assert rows_of_text(text) == TYPED[text]


def test_lists_that_are_typed() -> None:
    for text in ("1,-2", "[1, -2]", "(1, -2)", "1 -2", "[1; -2]", "array([ 1., -2.])", "1,-2,"):
        assert numbers_of_text(text) == [1, -2]
    for text in ("1,,2", "1,x", "1,5;2,5", "1,5 2,5", "[1, 2", "[1 ... 2]", "1_0", "", "[]", "nan"):
        with pytest.raises(InputError):
            numbers_of_text(text)


# --------------------------------------------------------------------------------- fuzzer


def test_nothing_is_read_to_other_numbers() -> None:
    ended, faults = fuzz_tables.fuzz(0, 400)
    assert faults == []
    # Most of it is read: whoever refuses everything makes no mistake either.
    assert ended["read"] > 8 * ended["refused"]
