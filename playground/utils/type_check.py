"""``type_check.expect`` and what it takes, where Chainer has it."""

from playground.graph.errors import InvalidType
from playground.graph.type_check import (
    Expr,
    TypeInfo,
    expect,
    get_types,
    make_variable,
    same_types,
)
from playground.graph.type_check import worth_of as eval  # noqa: A004 (Chainer's name)

__all__ = [
    "Expr",
    "InvalidType",
    "TypeInfo",
    "eval",
    "expect",
    "get_types",
    "make_variable",
    "prod",
    "same_types",
]


def prod(xs: Expr) -> Expr:
    """The product of an expression's numbers."""
    from math import prod as product

    return Expr(f"prod({xs})", lambda: product(xs.eval()))
