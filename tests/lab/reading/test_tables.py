"""CSV tables: what is in the file is in the columns, and what does not fit is named."""

from __future__ import annotations

import numpy as np
import pytest

from playground.graph.errors import InputError
from playground.lab.reading import join_names, listed, parse_table, read_table, split_names


def refusal(text, column=None):
    with pytest.raises(InputError) as caught:
        parse_table(text, "t.csv").numbers(column)
    return str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_cells_are_split_stripped_and_unquoted(separator):
    lines = ['"a b"|c', " 1|x ", "", '-2e1|"y ""z"""']
    table = parse_table("\r\n".join(lines).replace("|", separator), "t.csv")
    assert list(table.columns) == ["a b", "c"]
    assert table.numbers("a b").tolist() == [1.0, -20.0]
    assert table.text("c") == ["x", 'y "z"']
    assert table.lines == [2, 4]


def test_comments_and_empty_lines_hold_no_row_but_count_as_lines():
    table = parse_table("# a;b;c;d\na,b\n\n1,2\n# 3,4\n,\n5,6\n", "t.csv")
    assert table.numbers("b").tolist() == [2.0, 6.0]
    assert table.lines == [4, 7]


def test_a_file_with_a_byte_order_mark(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    table = read_table(tmp_path / "t.csv")
    assert table.numbers("a").tolist() == [1.0]
    assert table.source == str(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n# only this\n", "is empty"),
        ("a,b\n", "no rows"),
        ("1,2\n3,4\n", "begins with numbers"),
        ("a,b\n1,2\n\n3\n", "line 4 has 1 cells, the first line names 2"),
        ("a,a\n1,2\n", "names 2 columns 'a'"),
        (",,b\n1,2,3\n", "leaves 2 columns unnamed"),
        ('a,b\n1,"' + "x" * 200_000 + '"\n', "line 2 is not CSV"),
    ],
)
def test_what_is_no_table_is_refused(text, said):
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("x", "line 3, column 'b' is 'x', not a number"),
        ("", "line 3, column 'b' is empty"),
        ("nan", "'nan': every number must be finite"),
        ("NA", "'NA': every number must be finite"),
        ("-inf", "'-inf': every number must be finite"),
        ("1e999", "is '1e999', not a number"),
        ("1_0", "is '1_0', not a number"),
        ("y" * 99, "yyy...'"),
    ],
)
def test_what_is_no_number_is_named_with_its_place(cell, said):
    assert said in refusal(f"a,b\n1,2\n3,{cell}\n", "b")


def test_more_than_one_bad_cell_is_counted():
    assert "'x' (and 2 more)" in refusal("a,b\nx,1\ny,2\n7,3\nz,4\n", "a")


def test_a_missing_column_is_refused_with_those_there_are():
    said = refusal("width,height\n1,2\n", "widht")
    assert "no column 'widht': it has 'width', 'height'; did you mean 'width'?" in said
    assert "did you mean" not in refusal("width,height\n1,2\n", "x")


def test_what_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    for name, said in [("picture.csv", "not a text file"), ("none.csv", "no such file")]:
        with pytest.raises(InputError, match=said):
            read_table(tmp_path / name)
    with pytest.raises(InputError, match="directory"):
        read_table(tmp_path)


@pytest.mark.parametrize("names", [["a"], ["a", "b c"], ["a, b", 'say "x"', "c"]])
def test_names_go_into_one_text_and_back(names):
    assert split_names(join_names(names)) == names


def test_names_may_have_blanks_around_them():
    assert split_names(' a , "b, c"') == ["a", "b, c"]


def test_many_names_are_counted():
    assert listed("abc") == "'a', 'b', 'c'"
    assert listed(map(str, range(30))) == "'0', '1', '2', '3', '4', '5' and 24 more"


def test_numbers_are_float64_of_all_usual_spellings():
    found = parse_table("a\n1\n+2.5\n-.5\n1E3\n", "t.csv").numbers("a")
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 2.5, -0.5, 1000.0]
