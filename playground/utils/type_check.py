"""``type_check.expect`` and what it takes, where Chainer has it."""

from typing import Any

from playground.graph.errors import InvalidType
from playground.graph.type_check import (
    Expr,
    TypeInfo,
    expect,
    get_types,
    make_variable,
    same_types,
    worth_of,
)
from playground.graph.type_check import worth_of as eval  # noqa: A004 (Chainer's name)

__all__ = [
    "Expr",
    "InvalidType",
    "TypeInfo",
    "eval",
    "expect",
    "expect_broadcast_shapes",
    "get_types",
    "make_variable",
    "prod",
    "same_types",
]


def expect_broadcast_shapes(*shapes: Any) -> None:
    """Raise InvalidType unless the shapes can be broadcast together."""
    import numpy as np

    found = [worth_of(shape) for shape in shapes]
    try:
        np.broadcast_shapes(*found)
    except ValueError as error:
        texts = ", ".join(f"{s} = {f}" for s, f in zip(shapes, found, strict=True))
        raise InvalidType("expect", "shapes that can be broadcast together", texts) from error


def prod(xs: Any) -> Any:
    """The product of an expression's numbers."""
    from math import prod as product

    if not isinstance(xs, Expr):
        return product(xs)
    return Expr(f"prod({xs})", lambda: product(xs.eval()))
