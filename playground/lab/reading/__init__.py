"""Matrices, tables and lists of numbers as people have them: one home for all commands.

What can be meant in one way only is read, and what was taken for granted is said in a line; what
can be meant in two ways is an error that names the flag which decides.
"""

from playground.lab.reading.dialects import Dialect, decimal_mark, encoding_name, separator_name
from playground.lab.reading.grids import counted_noun, counts_up
from playground.lab.reading.matrices import Matrix, read_matrix
from playground.lab.reading.tables import (
    Table,
    join_names,
    listed,
    parse_table,
    read_table,
    split_names,
)
from playground.lab.reading.typed import numbers_of_text, rows_of_text

__all__ = [
    "Dialect",
    "Matrix",
    "Table",
    "counted_noun",
    "counts_up",
    "decimal_mark",
    "encoding_name",
    "join_names",
    "listed",
    "numbers_of_text",
    "parse_table",
    "read_matrix",
    "read_table",
    "rows_of_text",
    "separator_name",
    "split_names",
]
