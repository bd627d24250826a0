"""The table of operations: one row an op. ``test_ops.py`` checks every row in every way.

To add an operation, add its row to the file of its category. ``tests/rows.py`` says what a row is.
"""

from __future__ import annotations

from tests import (
    ops_arrays,
    ops_basic,
    ops_linalg,
    ops_math,
    ops_networks,
    ops_normalizing,
    ops_sampling,
    ops_sequences,
    ops_special,
    ops_transforms,
)
from tests.rows import Row

# Functions with a name in F; and NumPy's own, which are compositions without one.
NAMED: tuple[Row, ...] = (
    *ops_basic.ROWS,
    *ops_math.ROWS,
    *ops_arrays.ROWS,
    *ops_linalg.ROWS,
    *ops_special.ROWS,
    *ops_networks.ROWS,
    *ops_normalizing.ROWS,
    *ops_sampling.ROWS,
    *ops_sequences.ROWS,
    *ops_transforms.ROWS,
)
RULES: tuple[Row, ...] = (*ops_math.RULES, *ops_arrays.RULES, *ops_linalg.RULES)
ROWS: tuple[Row, ...] = (*NAMED, *RULES)
