"""The form of a row in the table of operations, and the usual kinds of rows.

A row names the function as ``F`` has it (``name``, or
``name:variant`` for a further row), the class it records (``op``; None for a composition of
others), the same call in plain NumPy (``np``, which is the reference too), and its ``cases``:
``case((2, 3), (3,), axis=1)`` is two inputs of those shapes and a keyword.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import playground.functions as F

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """Shapes of the inputs, keywords of the call, dtypes of the inputs (None: the test's)."""

    shapes: tuple[Shape, ...]
    args: Mapping[str, Any] = field(default_factory=dict)
    dtypes: str | None = None


def case(*shapes: Shape, dtypes: str | None = None, **args: Any) -> Case:
    return Case(shapes, args, dtypes)


@dataclass(frozen=True)
class Tie:
    """Where a derivative is a matter of choice: inputs, and the gradients of their sum."""

    inputs: tuple[Any, ...]
    gradients: tuple[Any, ...]
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One operation.

    Random inputs have absolute values in ``domain``, all different, of both signs if ``signed``,
    and none within 0.02 of a value in ``avoid``: so they are away from kinks and poles.
    ``order`` 0 says that there is no gradient by nature. ``bad`` cases must raise an InvalidType
    that names the operation.
    """

    name: str
    op: type | None
    cases: tuple[Case, ...]
    np: Callable[..., Any] | None = None
    f: Callable[..., Any] | None = None
    forms: tuple[Callable[..., Any], ...] = ()
    ref: Callable[..., Any] | None = None
    domain: tuple[float, float] = (0.3, 2.0)
    signed: bool = True
    avoid: tuple[float, ...] = ()
    order: int = 2
    bad: tuple[Case, ...] = ()
    ties: tuple[Tie, ...] = ()
    # Whether the inputs meet in one array, so that a constant one takes the others' dtype.
    mixes: bool = True
    # The precisions that the operation exists in (LAPACK has no half).
    dtypes: str = "efd"
    # Added to the diagonals of square inputs, which makes them well conditioned.
    shift: float = 0.0

    @property
    def function(self) -> str:
        """The name in F."""
        return self.name.partition(":")[0]

    def __call__(self, *xs: Any, **args: Any) -> Any:
        """The operation in its F form."""
        return (self.f or getattr(F, self.function))(*xs, **args)

    def reference(self, *xs: Any, **args: Any) -> tuple[Any, ...]:
        """NumPy's own answer on host arrays, always as a tuple of arrays."""
        call = self.ref or self.np
        return tuple(map(np.asarray, as_tuple(call(*xs, **args))))  # type: ignore[misc]


def as_tuple(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def generator(row: Row, shapes: Sequence[Shape], salt: str = "") -> np.random.Generator:
    """The same numbers for the same row, whatever else is in the table."""
    return np.random.default_rng(zlib.crc32(f"{row.name} {shapes} {salt}".encode()))


def draw(row: Row, shapes: Sequence[Shape]) -> list[np.ndarray]:
    """Random inputs of a row in float64, read-only: nothing may write into an operand."""
    rng = generator(row, shapes)
    counts = [int(np.prod(shape)) for shape in shapes]
    low, high = row.domain
    step = (high - low) / max(sum(counts), 1)
    values = low + step * (rng.permutation(sum(counts)) + rng.uniform(0.25, 0.75, sum(counts)))
    if row.signed:
        values *= rng.choice([-1.0, 1.0], len(values))
    for kink in row.avoid:
        values[np.abs(values - kink) < 0.02] = kink + 0.02
    parts = np.split(values, np.cumsum(counts)[:-1]) if counts else []
    shaped = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
    return [read_only(_shifted(x, row.shift)) for x in shaped]


def _shifted(x: np.ndarray, shift: float) -> np.ndarray:
    square = shift and x.ndim >= 2 and x.shape[-1] == x.shape[-2]
    return x + shift * np.eye(x.shape[-1]) if square else x


def read_only(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


# ----------------------------------------------------------------- the usual kinds of rows

ONE = (case((2, 3)), case(()), case((0, 3)), case((1,)))
TWO = (
    case((2, 3), (2, 3)),
    case((2, 3), (3,)),
    case((3,), (2, 1)),
    case((2, 3), ()),
    case((), ()),
    case((2, 1, 3), (4, 1)),
    case((0, 3), (1, 3)),
    case((1, 1), (1,)),
)
NO_NUMBERS = case((2,), dtypes="U")


def unary(name: str, op: type | None, **options: Any) -> Row:
    """An elementwise function that NumPy has under the same name."""
    return replace(Row(name, op, ONE, np=getattr(np, name, None), bad=(NO_NUMBERS,)), **options)


def binary(name: str, op: type | None, **options: Any) -> Row:
    """An elementwise function of two broadcast operands."""
    bad = (case((2, 3), (4,)), case((2,), (2,), dtypes="fd"))
    return replace(Row(name, op, TWO, np=getattr(np, name, None), bad=bad), **options)


def constant(name: str, op: type, *forms: Callable[..., Any], **options: Any) -> Row:
    """An operation of an array and a number; ``forms`` are ways to write it, F's first."""
    return replace(Row(name, op, ONE, f=forms[0], forms=forms[1:], bad=(NO_NUMBERS,)), **options)


def reduce(name: str, op: type | None, **options: Any) -> Row:
    """A reduction over axes."""
    cases = (
        case((2, 3)),
        case((2, 3), axis=0),
        case((2, 3), axis=-1, keepdims=True),
        case((2, 3), keepdims=True),
        case((2, 3, 2), axis=(0, 2)),
        case((2, 3, 2), axis=(-1, 0), keepdims=True),
        case(()),
        case((3, 1)),
        case((3, 0), axis=0),
    )
    row = Row(
        name,
        op,
        cases,
        np=getattr(np, name),
        forms=(lambda x, **args: getattr(x, name)(**args),),
        bad=(case((2, 3), axis=2), case((2, 3), axis=(0, -2)), NO_NUMBERS),
    )
    return replace(row, **options)
