"""NumPy's functions as compositions of operations, each with NumPy's own signature."""

from playground.interpreters.rules import (  # noqa: F401 (importing them fills the registry)
    linear_algebra,
    products,
    reductions,
    shaping,
    ufuncs,
)
