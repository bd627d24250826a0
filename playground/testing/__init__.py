"""What scripts use of Chainer's testing tools; pytest is asked for only where it is needed."""

from playground.gradient_check import assert_allclose
from playground.testing import attr, condition
from playground.testing.helper import assert_warns, run_module
from playground.testing.matrix import generate_matrix
from playground.testing.parameterized import (
    from_pytest_parameterize,
    parameterize,
    parameterize_pytest,
    product,
    product_dict,
)

__all__ = [
    "assert_allclose",
    "assert_warns",
    "attr",
    "condition",
    "from_pytest_parameterize",
    "generate_matrix",
    "parameterize",
    "parameterize_pytest",
    "product",
    "product_dict",
    "run_module",
]
