"""The rows of linear algebra. Square inputs have a dominant diagonal (``shift``), which makes them
well conditioned and positive definite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions import norms
from playground.functions.linalg import contractions, eigenvalues, factors, singular_values, solving
from playground.functions.linalg.least_squares import Pinv
from tests.rows import Case, Row, Tie, case

N, BATCH, TALL, WIDE = (3, 3), (2, 3, 3), (4, 3), (3, 4)
NOT_SQUARE = (case((2, 3)), case((3,)))
SQUARE = (case(N), case(BATCH), case((1, 1)), case((2, 2, 2, 2)))


def linear(name: str, op: type | None, *cases: Case, **options: Any) -> Row:
    """A row of well conditioned matrices; LAPACK has no half precision."""
    options.setdefault("np", getattr(np.linalg, name.partition(":")[0], None))
    return Row(name, op, cases, **{"shift": 6.0, "dtypes": "fd", **options})


def _batch_product(a: Any, b: Any, transa: bool = False, transb: bool = False) -> Any:
    a, b = (x[..., None] if x.ndim == 2 else x for x in (a, b))
    a, b = (np.swapaxes(x, 1, 2) if t else x for x, t in ((a, transa), (b, transb)))
    return np.einsum("npq,nqr->npr", a, b)


ROWS: tuple[Row, ...] = (
    Row(
        "batch_matmul",
        None,
        (
            case((2, 3, 4), (2, 4, 2)),
            case((2, 3), (2, 3), transa=True),
            case((2, 3, 4), (2, 4)),
            case((2, 4, 3), (2, 2, 4), transa=True, transb=True),
        ),
        f=F.batch_matmul,
        ref=_batch_product,
        bad=(case((2, 3), (2, 3)),),
    ),
    linear("inv", solving.Inv, *SQUARE, bad=NOT_SQUARE),
    linear("det", solving.Det, *SQUARE, bad=NOT_SQUARE),
    linear("slogdet", solving.Slogdet, *SQUARE, bad=NOT_SQUARE),
    linear("cholesky", factors.Cholesky, *SQUARE, bad=NOT_SQUARE),
    linear(
        "solve",
        solving.Solve,
        case(N, (3, 2)),
        case(N, (3,)),
        case(BATCH, (2, 3, 1)),
        case(BATCH, (3, 2)),
        case(N, (2, 3, 2)),
        bad=(case((2, 3), (3, 1)), case(N, (2, 2))),
    ),
    linear(
        "qr",
        factors.QR,
        *map(case, (N, TALL, WIDE, BATCH, (2, 4, 3), (2, 3, 4), (1, 1))),
        bad=(case((3,)),),
    ),
    linear("pinv", Pinv, *map(case, (N, TALL, WIDE, BATCH)), bad=(case((3,)),)),
    linear("pinv:cutoff", Pinv, *(case(shape, rcond=1e-12) for shape in (TALL, BATCH))),
    linear("batch_inv", solving.Inv, case(BATCH), np=np.linalg.inv),
    linear("batch_det", solving.Det, case(BATCH), np=np.linalg.det),
    linear(
        "lstsq",
        None,
        case((5, 3), (5,)),
        case((5, 3), (5, 2)),
        f=lambda a, b: F.lstsq(a, b)[0],
        np=lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0],
        bad=(case((3,), (3,)),),
    ),
    linear("eigh", eigenvalues.Eigh, *SQUARE, bad=NOT_SQUARE),
    linear("eigvalsh", None, *SQUARE, case(N, UPLO="U"), bad=NOT_SQUARE),
    linear(
        "svd",
        singular_values.Svd,
        *(case(shape, full_matrices=False) for shape in (N, TALL, WIDE, BATCH, (2, 4, 3))),
        case(N),
        bad=(case((3,)),),
    ),
    linear("svdvals", None, *map(case, (N, TALL, WIDE, BATCH)), bad=(case((3,)),)),
    Row(
        "einsum",
        contractions.Einsum,
        (
            case((2, 3), (3, 4), subscripts="ij,jk->ik"),
            case((2, 3), (3,), subscripts="ij,j"),
            case((3, 3), subscripts="ii"),
            case((3, 3), subscripts="ii->i"),
            case((2, 3), subscripts="ij->i"),
            case((2, 3), subscripts="ji"),
            case((5, 2, 3), (3, 4), subscripts="...ij,jk->...ik"),
            case((5, 2, 3), (4, 2, 3), subscripts="bij,cij->bc"),
            case((2,), (3,), (2, 3), subscripts="i,j,ij->"),
            case((0, 3), (3,), subscripts="ij,j->i"),
        ),
        f=lambda *xs, subscripts: F.einsum(subscripts, *xs),
        np=lambda *xs, subscripts: np.einsum(subscripts, *xs),
        bad=(
            case((2, 3), (2, 3), subscripts="ij,jk->ik"),
            case((2, 3), subscripts="i"),
        ),
    ),
    Row(
        "tensordot",
        None,
        (
            case((2, 3, 4), (3, 4, 5), axes=2),
            case((2, 3), (3, 2), axes=1),
            case((2,), (3,), axes=0),
            case((2, 3, 4), (4, 2), axes=((0, 2), (1, 0))),
            case((2, 3), (3, 2), axes=(-1, 0)),
        ),
        np=np.tensordot,
        bad=(case((2, 3), (2, 3), axes=1),),
    ),
)


# ------------------------------------------------------- NumPy's functions without a name in F


def rule(name: str, call: Callable[..., Any], *cases: Case, **options: Any) -> Row:
    """A row of a composition: the plain NumPy call is all there is."""
    return Row(name, None, cases, f=call, ref=call, **options)


def _euclidean_norm(x: Any, count: float = 1.0, **args: Any) -> Any:
    return np.sqrt((x * x).sum(**args) / count)


RULES: tuple[Row, ...] = (
    rule("dot:many axes", np.dot, case((2, 3, 4), (5, 4, 2)), case((3,), (2, 3, 4)), case((), N)),
    rule("vdot", np.vdot, case((2, 3), (2, 3)), case((4,), (4,))),
    rule("inner", np.inner, case((2, 3), (4, 3)), case((3,), (3,)), case((), (3,))),
    rule("outer", np.outer, case((2,), (3,)), case((2, 2), (3,))),
    rule("vecdot", np.vecdot, case((2, 3), (2, 3)), case((3, 2), (3, 1), axis=0)),
    rule("linalg.vecdot", np.linalg.vecdot, case((2, 3), (3,))),
    rule("linalg.outer", np.linalg.outer, case((2,), (3,))),
    rule("linalg.matmul", np.linalg.matmul, case((2, 3), (3, 2)), case((4, 2, 3), (3, 2))),
    rule("linalg.tensordot", np.linalg.tensordot, case((2, 3, 4), (3, 4, 5), axes=2)),
    rule("linalg.cross", np.linalg.cross, case((3,), (3,)), case((3, 2), (3, 2), axis=0)),
    rule("kron", np.kron, case((2, 3), (3, 2)), case((2,), (2, 2)), case((2, 2, 1), (3, 2))),
    rule("cross", np.cross, case((3,), (3,)), case((4, 3), (3,)), case((3, 2), (3, 2), axis=0)),
    rule("multi_dot", lambda *xs: np.linalg.multi_dot(xs), case((2, 3), (3, 4), (4,)), case(N, N)),
    *(
        rule(f"matrix_power:{n}", np.linalg.matrix_power, case(N, n=n), shift=6.0, dtypes="fd")
        for n in (-2, -1, 1, 2, 3, 5)
    ),
    rule(
        "norm",
        np.linalg.norm,
        *(case((2, 3), ord=o) for o in (None, "fro", 1, -1, np.inf, -np.inf)),
        *(case((4,), ord=o) for o in (None, 1, 2, 3, 0.5, np.inf, -np.inf, -1, -2.5)),
        case((2, 3, 4)),
        case((2, 3), axis=1),
        case((2, 3, 4), axis=(0, 2), keepdims=True),
        case((2, 3), keepdims=True),
    ),
    # The operations behind norm and std.
    Row(
        "euclidean_norm",
        norms.EuclideanNorm,
        (
            case((2, 3)),
            case((2, 3), axis=1),
            case((2, 3), axis=0, keepdims=True, count=2.0),
            case((2, 3, 2), axis=(0, 2), count=3.0),
            case((0, 3)),
        ),
        f=norms.euclidean_norm,
        ref=_euclidean_norm,
        ties=(Tie(([[0.0, 0.0], [3.0, 4.0]],), ([[0, 0], [0.6, 0.8]],), {"axis": 1}),),
    ),
    Row(
        "power_norm",
        norms.PowerNorm,
        (case((4,), p=3), case((2, 3), p=1.5, axis=1), case((2, 3), p=-1, axis=0, keepdims=True)),
        f=lambda x, p, **args: norms.power_norm(x, p, **args),
        ref=lambda x, p, **args: np.power(np.power(abs(x), p).sum(**args), 1 / p),
        ties=(
            Tie(([[0.0, 0.0], [0.0, -2.0]],), ([[0, 0], [0, -1]],), {"p": 3, "axis": 1}),
            Tie(([[0.0, 2.0], [0.0, 0.0]],), ([[0, 0], [0, 0]],), {"p": -1, "axis": 1}),
        ),
    ),
    rule(
        "norm:count",
        np.linalg.norm,
        case((4,), ord=0),
        case((2, 3), ord=0, axis=1),
        case((4,), ord=0, keepdims=True),
        order=0,
    ),
    rule(
        "vector_norm",
        np.linalg.vector_norm,
        *(case((2, 3), ord=o) for o in (1, 2, 3, np.inf, -np.inf, -1)),
        case((2, 3, 4), axis=(0, 2), keepdims=True),
        case((2, 3), axis=0),
    ),
    rule(
        "vector_norm:count",
        np.linalg.vector_norm,
        case((2, 3), ord=0),
        case((4,), ord=0, axis=0),
        order=0,
    ),
    rule(
        "matrix_norm",
        np.linalg.matrix_norm,
        *(case((4, 2, 3), ord=o) for o in ("fro", 1, -1, np.inf, -np.inf)),
        case((2, 3), keepdims=True),
    ),
    *(
        rule(f"norm:{o}", np.linalg.norm, case(N, ord=o), case(TALL, ord=o), dtypes="fd", shift=6.0)
        for o in (2, -2, "nuc")
    ),
    rule("cond", np.linalg.cond, case(N), case(N, p=1), case(N, p="fro"), dtypes="fd", shift=6.0),
)
