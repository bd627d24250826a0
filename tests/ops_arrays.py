"""The rows of arranging arrays: operations and functions of F, and NumPy functions by their rules.

``ROWS`` are functions of ``F``, in the format of ``tests/ops.py``; ``RULES`` are NumPy functions
that ``F`` does not have, called through NumPy's protocols alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions import array, assignment, basic_math
from playground.graph import backend
from playground.graph.variable import Variable, as_variable
from tests.rows import Case, Row, as_tuple, case

PERMUTATION = np.array([2, 0, 3, 1])
MASK = np.array(
    [[True, False, True, True], [False, True, False, False], [False, True, True, False]]
)
REPEATED = np.array([1, 1, 3, 0, 1])


def _row_stack(*xs: Any) -> Any:
    """NumPy's deprecated other name of vstack, without the warning."""
    with warnings.catch_warnings(action="ignore"):
        return np.vstack(xs)


def _copied(x: Any) -> Any:
    """F.copy to the place where x is: the CPU, and for other types the identity."""
    if type(x) is Variable and type(x.array) is not np.ndarray:
        return array.Copy(lambda a: a).of(x)
    return F.copy(x, "cpu")


def _added_at(a: Any, b: Any, slices: Any) -> Any:
    y = a.copy()
    np.add.at(y, slices, b)
    return y


def _assigned(x: Any, y: Any, index: Any) -> Any:
    z = x.copy()
    z[index] = y
    return z


def _cleared(x: Any, index: Any) -> Any:
    return _assigned(x, 0, index)


def _permuted(x: Any, indices: Any, axis: int = 0, inv: bool = False) -> Any:
    return np.take(x, np.argsort(indices) if inv else indices, axis)


def _filled_rows(*xs: Any, length: int | None = None, padding: float = 0) -> Any:
    longest = max(map(len, xs)) if length is None else length
    y = np.full((len(xs), longest, *xs[0].shape[1:]), padding, xs[0].dtype)
    for row, x in zip(y, xs, strict=True):
        row[: len(x)] = x
    return y


def _orders(axis: int) -> np.ndarray:
    """A permutation a row, or a column."""
    rows = np.array([[2, 0, 3, 1], [0, 3, 1, 2]])
    return rows if axis else rows.T


def _arranged(x: Any, axis: int) -> Any:
    return array.Arrange(backend.array_like(_orders(axis), x.array), axis).of(x)


# What is assigned to: an index into (3, 4), and the shape of a value.
ASSIGNMENTS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "integer": (1, (4,)),
    "element": ((2, -1), ()),
    "number for a row": (0, ()),
    "slice": (np.s_[1:], (2, 4)),
    "stepped": (np.s_[::-2, 1::2], (2, 2)),
    "broadcast": (np.s_[:, 1:3], (3, 1)),
    "leading ones": (np.s_[0], (1, 1, 4)),
    "ellipsis": (Ellipsis, (4,)),
    "new axis": (np.s_[None, 1], (1, 4)),
    "nothing": (np.s_[3:], (4,)),
    "mask": (MASK, (6,)),
    "mask, one number": (MASK, ()),
    "row mask": (np.array([True, False, True]), (2, 4)),
    "mask and integer": ((np.array([True, False, True]), 1), (2,)),
    "array": (np.array([2, 0]), (2, 4)),
    "array twice": (np.array([1, 1, 0]), (3, 4)),
    "array twice, one row": (np.array([1, 1, 0]), (4,)),
    "elements twice": ((np.array([0, 2, 0]), np.array([1, 3, 1])), (3,)),
    "list": ([0, 2], (2, 4)),
    "array and slice": (np.s_[1:, np.array([3, 3, 0])], (2, 3)),
    "no elements": (np.array([], int), (0, 4)),
    "empty tuple": ((), (3, 4)),
}


def joined(name: str, call: Callable[..., Any], *cases: Case, **options: Any) -> Row:
    """A function of F that takes a list of arrays, as NumPy's of that name does."""
    return Row(
        name,
        None,
        cases,
        f=lambda *xs, **args: call(F, xs, **args),
        np=lambda *xs, **args: call(np, xs, **args),
        **options,
    )


ROWS: tuple[Row, ...] = (
    # joining and splitting
    joined(
        "vstack",
        lambda m, xs: m.vstack(xs),
        case((2, 3), (1, 3)),
        case((3,), (3,)),
        case((3,), (2, 3)),
        case((2, 3, 1), (1, 3, 1)),
        case((), ()),
        bad=(case((2, 3), (2, 2)), case((3,), (2,))),
    ),
    joined(
        "hstack",
        lambda m, xs: m.hstack(xs),
        case((2, 3), (2, 1)),
        case((3,), (2,)),
        case((), ()),
        case((2, 0), (2, 3)),
        bad=(case((2, 3), (3, 3)),),
    ),
    joined(
        "dstack",
        lambda m, xs: m.dstack(xs),
        case((2, 3), (2, 3)),
        case((3,), (3,)),
        case((2, 3, 1), (2, 3)),
        case((), ()),
        bad=(case((2, 3), (3, 3)),),
    ),
    Row(
        "split_axis",
        array.SplitAxis,
        (
            case((2, 6), indices_or_sections=3, axis=1),
            case((2, 6), indices_or_sections=[1, 4], axis=-1),
            case((4, 2), indices_or_sections=np.array([0, 3, 3]), axis=0),
            case((2, 6), indices_or_sections=1, axis=1),
            case((0, 2), indices_or_sections=2, axis=0),
        ),
        ref=lambda x, indices_or_sections, axis: np.split(x, indices_or_sections, axis),
        bad=(
            case((2, 6), indices_or_sections=4, axis=1),
            case((2, 6), indices_or_sections=2, axis=2),
            case((2, 6), indices_or_sections=[4, 2], axis=1),
            case((2, 6), indices_or_sections=[7], axis=1),
            case((2, 6), indices_or_sections=1.5, axis=1),
        ),
    ),
    Row(
        "separate",
        None,
        (case((3, 2)), case((2, 3, 2), axis=-2), case((1, 3)), case((4,))),
        ref=lambda x, axis=0: [x.take(i, axis) for i in range(x.shape[axis])],
        bad=(case((2, 3), axis=2), case(())),
    ),
    Row(
        "pad_sequence",
        None,
        (
            case((2,), (3,), (0,)),
            case((2, 2), (1, 2), length=4, padding=-1.5),
            case((3, 2), (3, 2)),
        ),
        f=lambda *xs, **args: F.pad_sequence(list(xs), **args),
        ref=_filled_rows,
        bad=(case((2, 2), (2, 3)), case((3,), length=2), case(())),
    ),
    # arranging
    Row(
        "flip",
        None,
        (
            case((2, 3), axis=0),
            case((2, 3), axis=-1),
            case((2, 3, 2), axis=(0, 2)),
            case((2, 3), axis=None),
            case((0, 3), axis=0),
        ),
        np=np.flip,
        bad=(case((2, 3), axis=2),),
    ),
    Row("flipud", None, (case((3, 2)), case((3,))), np=np.flipud, bad=(case(()),)),
    Row("fliplr", None, (case((3, 2)), case((2, 3, 2))), np=np.fliplr, bad=(case((3,)),)),
    Row(
        "rollaxis",
        None,
        (
            case((2, 3, 4), axis=2),
            case((2, 3, 4), axis=0, start=2),
            case((2, 3, 4), axis=0, start=3),
            case((2, 3, 4), axis=-1, start=-2),
            case((2, 3, 4), axis=1, start=1),
        ),
        np=np.rollaxis,
        bad=(case((2, 3), axis=2), case((2, 3), axis=0, start=4)),
    ),
    Row(
        "tile",
        None,
        (
            case((2, 3), reps=2),
            case((2, 3), reps=(2, 1)),
            case((3,), reps=(2, 2)),
            case((2, 3), reps=(2, 1, 3)),
            case((), reps=3),
            case((2, 3), reps=(0, 2)),
            case((2, 3), reps=1),
        ),
        np=np.tile,
        bad=(case((3,), reps=-1),),
    ),
    Row(
        "repeat",
        None,
        (
            case((2, 3), repeats=2),
            case((2, 3), repeats=2, axis=0),
            case((2, 3), repeats=3, axis=-1),
            case((2, 3), repeats=(2, 0, 1), axis=1),
            case((2, 3), repeats=np.array([2, 1]), axis=0),
            case((2, 2), repeats=[1, 0, 2, 1]),
            case((), repeats=2),
            case((2, 3), repeats=0, axis=1),
        ),
        np=np.repeat,
        forms=(lambda x, **args: x.repeat(**args),),
        bad=(
            case((3,), repeats=-1),
            case((2, 3), repeats=(1, 2), axis=1),
            case((2, 3), repeats=2, axis=2),
        ),
    ),
    Row(
        "pad",
        None,
        (
            case((2, 3), pad_width=1, mode="constant"),
            case((2, 3), pad_width=(1, 2), mode="constant"),
            case((2, 3), pad_width=((0, 1), (2, 0)), mode="constant"),
            case((2, 3), pad_width=1, mode="constant", constant_values=2.5),
            case((2, 3), pad_width=1, mode="constant", constant_values=((1, 2), (3, 4))),
            case((2, 3), pad_width=((0, 0), (2, 3)), mode="edge"),
            case((2, 3), pad_width=(1, 4), mode="reflect"),
            case((2, 3), pad_width=3, mode="symmetric"),
            case((2, 3), pad_width=(3, 1), mode="wrap"),
            case((2, 3), pad_width=0, mode="edge"),
            case((0, 3), pad_width=1, mode="constant"),
        ),
        np=np.pad,
        bad=(
            case((2, 3), pad_width=-1, mode="constant"),
            case((2, 3), pad_width=((1, 2), (3, 4), (5, 6)), mode="constant"),
            case((2, 3), pad_width=0.5, mode="edge"),
            case((0, 3), pad_width=1, mode="wrap"),
        ),
    ),
    Row("copy", array.Copy, (case((2, 3)), case(())), f=_copied, ref=np.copy),
    # elements
    Row(
        "diagonal",
        None,
        (
            case((3, 3)),
            case((2, 4), offset=1),
            case((4, 2), offset=-2),
            case((2, 3), offset=3),
            case((2, 3, 4), axis1=1, axis2=2),
            case((2, 3, 4), offset=-1, axis1=-1, axis2=0),
            case((2, 0)),
        ),
        np=np.diagonal,
        forms=(lambda x, **args: x.diagonal(**args),),
        bad=(case((3,)), case((2, 3), axis1=1, axis2=-1), case((2, 3), axis1=2)),
    ),
    Row(
        "permutate",
        None,
        (
            case((4, 2), indices=PERMUTATION),
            case((2, 4), indices=PERMUTATION, axis=1),
            case((4,), indices=PERMUTATION, inv=True),
            case((2, 4), indices=PERMUTATION, axis=-1, inv=True),
        ),
        ref=_permuted,
        bad=(
            case((4, 2), indices=PERMUTATION, axis=2),
            case((4, 2), indices=PERMUTATION + 0.5),
            case((4, 2), indices=PERMUTATION[None]),
        ),
    ),
    Row(
        "select_item",
        None,
        (case((3, 4), t=np.array([1, 3, 0])), case((0, 4), t=np.array([], int))),
        ref=lambda x, t: x[np.arange(len(t)), t],
        bad=(
            case((3,), t=np.array([0])),
            case((3, 4), t=np.array([0, 1])),
            case((3, 4), t=np.array([0.0, 1.0, 2.0])),
        ),
    ),
    Row(
        "scatter_add",
        None,
        (
            case((3, 4), (4,), slices=1),
            case((3, 4), (3, 2), slices=np.s_[:, 1:3]),
            case((3, 4), (6,), slices=MASK),
            case((3,), (4,), slices=np.array([1, 1, 0, 1])),
            case((3, 4), (2,), slices=(np.array([2, 2]), np.array([0, 0]))),
            case((3, 4), (2, 4), slices=[0, 2]),
            case((), (), slices=()),
        ),
        f=lambda a, b, slices: F.scatter_add(a, slices, b),
        ref=_added_at,
        bad=(
            case((3, 4), (3,), slices=1),
            case((3, 4), (1, 4), slices=1),
            case((3, 4), (4,), slices=3),
            case((3,), (3,), slices=np.s_[:], dtypes="fd"),
        ),
    ),
    Row(
        "sort",
        None,
        (case((2, 5)), case((5, 2), axis=0), case((2, 3, 2), axis=1), case((0,))),
        np=np.sort,
        bad=(case((2, 3), axis=2), case(())),
    ),
    Row(
        "arrange",
        array.Arrange,
        (case((2, 4), axis=1), case((4, 2), axis=0)),
        f=_arranged,
        ref=lambda x, axis: np.take_along_axis(x, _orders(axis), axis),
    ),
    Row("identity", basic_math.Identity, (case((2, 3)), case(())), np=np.copy),
    *(
        Row(
            f"set_item:{name}",
            assignment.SetItem,
            (case((3, 4), shape, index=index),),
            f=lambda x, y, index: assignment.SetItem(array.indexing.plain_index(index)).of(x, y),
            ref=_assigned,
            bad=(case((3, 4), (7, 7), index=index),),
        )
        for name, (index, shape) in ASSIGNMENTS.items()
    ),
    Row(
        "clear_item",
        assignment.ClearItem,
        tuple(case((3, 4), index=index) for index, _ in ASSIGNMENTS.values()),
        f=lambda x, index: assignment.ClearItem(array.indexing.plain_index(index)).of(x),
        ref=_cleared,
        bad=(case((3, 4), index=3),),
    ),
)

# ------------------------------------------------------------------------ NumPy's own functions


def rule(name: str, *cases: Case, **options: Any) -> Row:
    """A NumPy function of one array and arguments."""
    function = getattr(np, name)
    return Row(name, None, cases, f=function, ref=function, **options)


def several(name: str, *cases: Case, **options: Any) -> Row:
    """A NumPy function of a list of arrays."""
    function = getattr(np, name)

    def call(*xs: Any, **args: Any) -> Any:
        return function(list(xs), **args)

    return Row(name, None, cases, f=call, ref=call, **options)


def grids(name: str, *cases: Case, **options: Any) -> Row:
    """A NumPy function of which constants come out as they are."""
    function = getattr(np, name)
    return Row(
        name,
        None,
        cases,
        f=lambda *xs, **args: [as_variable(y) for y in as_tuple(function(*xs, **args))],
        ref=function,
        mixes=False,
        **options,
    )


def fixed(name: str, call: Callable[..., Any], *cases: Case, **options: Any) -> Row:
    """A NumPy call with the array elsewhere than in front."""
    return Row(name, None, cases, f=call, ref=call, **options)


def _blocks(x: Any, y: Any, z: Any) -> Any:
    return np.block([[x, y], [z]])


def _array_of(x: Any, y: Any, z: Any) -> Any:
    """On Variables by ``like=``, without which NumPy would want numbers."""
    like = [v for v in (x, y, z) if isinstance(v, Variable)]
    return np.array([[x, y], [z, x]], **({"like": like[0]} if like else {}))


COUNTS = np.array([2, 0, 1])
LABELS = np.array([[0, 1, 2], [2, 2, 0]])

RULES: tuple[Row, ...] = (
    # shapes
    fixed(
        "reshape:order",
        np.reshape,
        case((2, 3), shape=(3, 2), order="F"),
        case((2, 3, 4), shape=(4, -1), order="F"),
        case((2, 3), shape=6, order="F"),
    ),
    fixed("ravel:order", np.ravel, case((2, 3), order="F"), case((2, 3, 4), order="F")),
    fixed(
        "expand_dims:axes", np.expand_dims, case((2, 3), axis=(0, 2)), case((2, 3), axis=(-1, 1))
    ),
    rule("permute_dims", case((2, 3, 4), axes=(2, 0, 1)), case((2, 3), axes=(0, 1))),
    rule("matrix_transpose", case((2, 3)), case((4, 2, 3)), forms=(lambda x: x.mT,)),
    fixed("linalg.matrix_transpose", np.linalg.matrix_transpose, case((4, 2, 3))),
    rule("atleast_2d", case(()), case((2,)), case((2, 3, 1))),
    rule("atleast_3d", case(()), case((2,)), case((2, 3)), case((2, 3, 1))),
    grids("atleast_1d", case((), (2, 3)), case(()), case((2,))),
    grids("broadcast_arrays", case((2, 1), (3,)), case((), (2, 3), (1,))),
    grids(
        "meshgrid",
        case((3,), (2,)),
        case((3,), (2,), indexing="ij"),
        case((3,), (2,), (4,)),
        case((3,), (2,), (4,), indexing="ij", sparse=True),
        case((3,), (2,), sparse=True),
        case((3,)),
    ),
    grids("ix_", case((3,), (2,)), case((2,)), case((1,), (2,), (3,))),
    rule(
        "rot90",
        *(case((2, 3), k=k) for k in (-1, 0, 1, 2, 3, 5)),
        case((2, 3, 4), k=1, axes=(2, 0)),
        case((2, 3, 4), k=3, axes=(1, -1)),
    ),
    rule(
        "roll",
        case((2, 3), shift=1),
        case((2, 3), shift=-2, axis=1),
        case((2, 3), shift=(1, -1), axis=(0, 1)),
        case((2, 3), shift=4, axis=(0, 1)),
        case((2, 3), shift=(1, 1), axis=1),
        case((2, 3), shift=3, axis=1),
        case((0, 3), shift=1, axis=0),
        case((), shift=1),
        bad=(case((2, 3), shift=1, axis=2),),
    ),
    fixed("fftshift", np.fft.fftshift, case((2, 5)), case((2, 5), axes=1), case((4, 3), axes=(0,))),
    fixed("ifftshift", np.fft.ifftshift, case((2, 5)), case((2, 5), axes=1)),
    rule(
        "resize",
        case((2, 3), new_shape=(4, 4)),
        case((2, 3), new_shape=2),
        case((2, 3), new_shape=(0, 2)),
        case((0, 3), new_shape=(2, 2)),
        case((0,), new_shape=3),
        case((3, 0, 2), new_shape=(4, 1, 3)),
        case((0,), new_shape=(0, 2)),
        case((0, 0), new_shape=()),
    ),
    # diagonals and triangles
    rule(
        "diag",
        case((3,)),
        case((3,), k=1),
        case((2,), k=-2),
        case((3, 3)),
        case((2, 4), k=1),
        case((4, 2), k=-1),
        case((0,)),
    ),
    rule("diagflat", case((2, 2)), case((3,), k=-1), case(()), case((2,), k=2)),
    rule(
        "trace",
        case((3, 3)),
        case((2, 4), offset=1),
        case((2, 3, 4), axis1=2, axis2=0),
        case((2, 2), offset=5),
        forms=(lambda x, **args: x.trace(**args),),
        bad=(case((3,)),),
    ),
    fixed("linalg.trace", np.linalg.trace, case((4, 3, 3)), case((2, 3), offset=1)),
    fixed("linalg.diagonal", np.linalg.diagonal, case((4, 3, 3)), case((2, 3), offset=-1)),
    rule("tril", case((3, 3)), case((2, 4), k=1), case((2, 3, 3), k=-1), case((3,))),
    rule("triu", case((3, 3)), case((2, 4), k=1), case((2, 3, 3), k=-1), case((3,))),
    # joining, splitting, inserting
    several(
        "concatenate",
        case((2, 3), (1, 3)),
        case((2, 3), (2, 1), axis=1),
        case((2, 3), (4,), axis=None),
        bad=(case((2, 3), (2, 2)), case((2,), (2,), axis=1)),
    ),
    several("column_stack", case((3,), (3, 2), (3,)), case((2,), (2,)), bad=(case((2,), (3,)),)),
    fixed("block", _blocks, case((2, 2), (2, 1), (3,)), case((2, 2), (2, 3), (5,))),
    fixed("block:vector", lambda x, y: np.block([x, y]), case((2,), (3,)), case((2, 1), (2, 2))),
    fixed("append", np.append, case((2, 3), (2,)), case((2, 3), (1, 3), axis=0)),
    fixed(
        "array_split",
        np.array_split,
        case((5, 2), indices_or_sections=3),
        case((2, 5), indices_or_sections=[1, 3], axis=1),
        case((5,), indices_or_sections=[3, 1]),
        case((5,), indices_or_sections=[-2, 9]),
        case((2,), indices_or_sections=3),
    ),
    fixed(
        "split", np.split, case((4, 2), indices_or_sections=2), case((4,), indices_or_sections=[1])
    ),
    fixed(
        "hsplit", np.hsplit, case((2, 4), indices_or_sections=2), case((4,), indices_or_sections=2)
    ),
    fixed("vsplit", np.vsplit, case((4, 2), indices_or_sections=[1, 2])),
    fixed("dsplit", np.dsplit, case((2, 2, 4), indices_or_sections=2)),
    rule(
        "delete",
        case((5,), obj=1),
        case((3, 4), obj=[0, -1], axis=1),
        case((3, 4), obj=np.s_[::2], axis=1),
        case((2, 3), obj=4),
        case((3, 2), obj=np.array([True, False, True]), axis=0),
    ),
    fixed(
        "insert",
        lambda x, y, **args: np.insert(x, values=y, **args),
        case((4,), (), obj=1),
        case((4,), (2,), obj=[1, 3]),
        case((4,), (3,), obj=[2, 2, 0]),
        case((3, 4), (4,), obj=1, axis=0),
        case((3, 4), (3,), obj=-1, axis=1),
        case((3, 4), (3, 2), obj=[1, 1], axis=1),
        case((3, 4), (3, 1), obj=[0, 4], axis=1),
        case((3, 4), (3, 2), obj=[1], axis=1),
        case((3, 4), (), obj=np.s_[::2], axis=1),
        case((2, 2), (2,), obj=np.array([True, False, True, False])),
    ),
    # elements
    rule(
        "take",
        case((3, 4), indices=[5, 0, 5]),
        case((3, 4), indices=np.array([[0, 2], [1, 1]]), axis=1),
        case((3, 4), indices=1, axis=0),
        case((3, 4), indices=[-5, 7], axis=1, mode="wrap"),
        case((3, 4), indices=[-5, 7], axis=1, mode="clip"),
        forms=(lambda x, **args: x.take(**args),),
        bad=(case((3, 4), indices=[3], axis=0), case((3, 4), indices=0, axis=2)),
    ),
    rule(
        "take_along_axis",
        case((2, 3), indices=LABELS, axis=1),
        case((2, 3), indices=LABELS[:, :1] % 2, axis=0),
        case((2, 3), indices=np.array([5, 0, 5, 1]), axis=None),
        bad=(case((2, 3), indices=LABELS + 1, axis=1),),
    ),
    fixed(
        "choose",
        lambda *xs, **args: np.choose(choices=xs, **args),
        case((3,), (3,), (3,), a=COUNTS),
        case((3,), (), (2, 1), a=COUNTS),
        case((3,), (3,), a=COUNTS, mode="wrap"),
        case((3,), (3,), a=COUNTS, mode="clip"),
        case((2, 3), (3,), (), a=LABELS),
    ),
    fixed(
        "compress",
        lambda x, **args: np.compress(a=x, **args),
        case((3, 4), condition=[False, True, True], axis=0),
        case((3, 4), condition=[1, 0], axis=1),
        case((3, 4), condition=[True, False, True]),
    ),
    fixed(
        "extract",
        lambda x, condition: np.extract(condition, x),
        case((3, 4), condition=MASK),
        case((3, 4), condition=MASK.astype(int)),
        case((3, 4), condition=True),
        case((3, 4), condition=[0, 1]),
        case((3,), condition=[True, False, True, False, False]),
        case((), condition=[True]),
        case((2, 2), condition=[[False, True]]),
    ),
    fixed(
        "select",
        lambda x, y, **args: np.select(choicelist=[x, y], **args),
        case((3, 4), (4,), condlist=[MASK, ~MASK], default=0),
        case((3, 4), (), condlist=[MASK, MASK[::-1]], default=-1.5),
        case((4,), (3, 1), condlist=[MASK, MASK[:1]]),
    ),
    rule("trim_zeros", case((3,)), case((4,), trim="f")),
    fixed(
        "bincount",
        lambda w, x, minlength=0: np.bincount(x, w, minlength).astype(w.dtype),
        case((5,), x=REPEATED),
        case((5,), x=REPEATED, minlength=7),
        case((0,), x=np.array([], int), minlength=2),
    ),
    fixed("sort:flat", np.sort, case((2, 3), axis=None), case((2, 3), axis=0, kind="stable")),
    # made of Variables
    rule("zeros_like", case((2, 3)), case((2, 3), shape=(3,)), order=0),
    rule("ones_like", case((2, 3)), case((2, 3), shape=(3,)), order=0),
    rule("empty_like", case((2, 3), shape=(0, 2)), order=0),
    # Names that some versions of NumPy lack.
    *(
        [fixed("astype", lambda x, to: np.astype(x, to), case((2, 3), to="d"), dtypes="d")]
        if hasattr(np, "astype")
        else []
    ),
    *([fixed("row_stack", _row_stack, case((2, 3), (3,)))] if hasattr(np, "row_stack") else []),
    fixed("full_like", lambda x: np.full_like(x, x[0]), case((3,))),
    fixed(
        "linspace:arrays",
        np.linspace,
        case((), (), num=4),
        case((2,), (2,), num=3, endpoint=False),
        case((2, 1), (3,), num=3, axis=-1),
        case((2,), (), num=1),
        case((), (), num=0),
    ),
    fixed("array", _array_of, case((), (), ())),
    fixed("clip:arrays", np.clip, case((2, 3), (3,), ())),
)

if hasattr(np, "unstack"):  # NumPy 2.1
    RULES += (rule("unstack", case((2, 3)), case((2, 3), axis=1)),)
