"""NumPy's functions as compositions of operations, each with NumPy's own signature."""

from playground.interpreters.rules import (  # noqa: F401 (importing them fills the registry)
    creation,
    joining,
    polynomials,
    products,
    reductions,
    selecting,
    sequences,
    shaping,
    statistics,
    ufuncs,
    undifferentiable,
)
