"""The rows of arithmetic, of the common elementwise functions, of shapes and of elements."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions import array, basic_math, elementwise, reduction
from playground.functions.linalg import products
from tests.rows import NO_NUMBERS, ONE, Row, Shape, Tie, binary, case, constant, reduce, unary


def _scattered(gy: Any, index: Any, shape: Shape) -> np.ndarray:
    # Row i of ``units`` says which element of gx the i-th element of gy is added to.
    count = int(np.prod(shape))
    units = np.eye(count, dtype=gy.dtype)[np.arange(count).reshape(shape)[index].reshape(-1)]
    return (gy.reshape(-1) @ units).reshape(shape)


def _masked(shape: Shape) -> np.ndarray:
    """A fixed pattern of booleans."""
    return np.arange(int(np.prod(shape))).reshape(shape) % 3 != 1


MASK = _masked((3, 4))
INDEXES = {
    "int": 1,
    "negative": -1,
    "numpy integer": np.int64(2),
    "slice": np.s_[1:],
    "reversed": np.s_[::-1],
    "stepped": np.s_[::2, ::-3],
    "element": np.s_[2, 1],
    "none": np.s_[None, :, 1, None],
    "ellipsis": np.s_[..., 0],
    "empty tuple": (),
    "nothing": np.s_[2:2],
    "array": np.array([2, 0]),
    "list": [0, 1],
    "repeated": np.array([1, 1, 1, 0]),
    "two arrays": (np.array([0, 2, 2]), np.array([1, 3, 3])),
    "matrix": np.array([[0, 1], [1, 0]]),
    "array and slice": np.s_[:, np.array([3, 3, 0])],
    "array and int": (np.array([0, 0, 2]), 1),
    "negative array": np.array([-1, 2, -1]),
    "no elements": np.array([], int),
    "mask": MASK,
    "row mask": np.array([True, False, True]),
    "empty mask": np.zeros((3, 4), bool),
    "python bool": True,
}

# --------------------------------------------------------------------------------- the rows

ROWS: tuple[Row, ...] = (
    # arithmetic
    binary("add", basic_math.Add, forms=(lambda x, y: x + y,)),
    Row(
        "add:many",
        basic_math.Add,
        (case((2, 3), (3,), ()),),
        ref=lambda x, y, z: x + y + z,
        forms=(lambda x, y, z: x + y + z,),
    ),
    constant(
        "add:constant",
        basic_math.AddConstant,
        lambda x: F.add(x, 2.5),
        lambda x: x + 2.5,
        lambda x: 2.5 + x,
        lambda x: np.add(2.5, x),
        lambda x: x + np.float64(2.5),
        lambda x: np.float64(2.5) + x,
        np=lambda x: np.add(x, 2.5),
    ),
    binary("subtract", basic_math.Sub, forms=(lambda x, y: x - y,)),
    constant(
        "subtract:constant",
        basic_math.SubConstant,
        lambda x: F.subtract(x, 2.5),
        lambda x: x - 2.5,
        lambda x: x - np.float64(2.5),
        np=lambda x: np.subtract(x, 2.5),
    ),
    constant(
        "subtract:from constant",
        basic_math.SubFromConstant,
        lambda x: F.subtract(2.5, x),
        lambda x: 2.5 - x,
        lambda x: np.float32(2.5) - x,
        np=lambda x: np.subtract(2.5, x),
    ),
    binary("multiply", basic_math.Mul, forms=(lambda x, y: x * y,)),
    Row(
        "multiply:by itself",
        basic_math.Mul,
        ONE,
        f=lambda x: F.multiply(x, x),
        np=lambda x: np.multiply(x, x),
        forms=(lambda x: x * x,),
    ),
    constant(
        "multiply:constant",
        basic_math.MulConstant,
        lambda x: F.multiply(x, -1.5),
        lambda x: x * -1.5,
        lambda x: -1.5 * x,
        lambda x: np.float64(-1.5) * x,
        np=lambda x: np.multiply(x, -1.5),
    ),
    binary("divide", basic_math.Div, forms=(lambda x, y: x / y,)),
    constant(
        "divide:constant",
        basic_math.MulConstant,
        lambda x: F.divide(x, 3.0),
        lambda x: x / 3.0,
        lambda x: x / np.float64(3.0),
        np=lambda x: np.divide(x, 3.0),
    ),
    constant(
        "divide:from constant",
        basic_math.DivFromConstant,
        lambda x: F.divide(-3.0, x),
        lambda x: -3.0 / x,
        lambda x: np.int64(-3) / x,
        np=lambda x: np.divide(-3.0, x),
    ),
    unary("negative", basic_math.Neg, forms=(lambda x: -x,)),
    unary(
        "absolute",
        basic_math.Absolute,
        forms=(abs, np.fabs),
        ties=(Tie(([-2.0, 0.0, -0.0, 3.0],), ([-1.0, 0.0, 0.0, 1.0],)),),
    ),
    binary(
        "power",
        basic_math.PowVarVar,
        forms=(lambda x, y: x**y, np.float_power),
        signed=False,
        ties=(
            Tie(([0.0, 0.0, 0.0, 2.0], [0.0, 1.0, 2.0, 0.0]), ([0, 1, 0, 0], [0, 0, 0, np.log(2)])),
        ),
    ),
    Row(
        "power:constant exponent",
        basic_math.PowVarConst,
        (
            *(case((2, 3), c=c) for c in (0, 1, 2, 3, 4.0, 0.5, -1.5, -1)),
            case((), c=3),
            case((0,), c=3),
        ),
        f=lambda x, c: F.power(x, c),
        np=lambda x, c: np.power(x, c),
        forms=(lambda x, c: x**c, lambda x, c: x ** np.float64(c)),
        signed=False,
        bad=(case((2,), c=2, dtypes="U"),),
        ties=tuple(
            Tie(([0.0, -2.0],), ([float(c == 1), c * (-2.0) ** max(c - 1, 0)],), {"c": c})
            for c in range(5)
        ),
    ),
    constant(
        "power:constant base",
        basic_math.PowConstVar,
        lambda x: F.power(1.7, x),
        lambda x: 1.7**x,
        np=lambda x: np.power(1.7, x),
        bad=(NO_NUMBERS,),
    ),
    constant(
        "power:zero base",
        basic_math.PowConstVar,
        lambda x: F.power(0.0, x),
        lambda x: 0.0**x,
        np=lambda x: np.power(0.0, x),
        signed=False,
        bad=(NO_NUMBERS,),
        ties=(Tie(([0.0, 0.5, 3.0],), ([0.0, 0.0, 0.0],)),),
    ),
    # elementwise
    unary("arccos", elementwise.trigonometric.Arccos, domain=(0.1, 0.9)),
    unary("arcsin", elementwise.trigonometric.Arcsin, domain=(0.1, 0.9)),
    unary("arctan", elementwise.trigonometric.Arctan),
    # Of two precisions the wider one is meant, as in Chainer.
    binary("arctan2", elementwise.trigonometric.Arctan2, bad=(case((2, 3), (4,)),)),
    Row(
        "cast",
        elementwise.selection.Cast,
        (case((2, 3), typ="g"), case((), typ="g"), case((0, 3), typ="g")),
        ref=lambda x, typ: x.astype(typ),
        forms=(lambda x, typ: x.astype(typ),),
    ),
    unary("ceil", elementwise.rounding.Ceil, order=0),
    Row(
        "clip",
        elementwise.extrema.Clip,
        (
            case((2, 3), x_min=-0.8, x_max=0.9),
            case((2, 3), x_min=None, x_max=0.9),
            case((2, 3), x_min=-0.8, x_max=None),
            case((), x_min=-0.8, x_max=0.9),
            case((0, 3), x_min=-0.8, x_max=0.9),
        ),
        np=lambda x, x_min, x_max: np.clip(x, x_min, x_max),
        forms=(lambda x, x_min, x_max: np.clip(x, a_min=x_min, a_max=x_max),),
        avoid=(-0.8, 0.9),
        bad=(case((2,), dtypes="U", x_min=0.0, x_max=1.0),),
        ties=(
            Tie(([-1.0, 0.0, 0.5, 1.0, 2.0],), ([0, 1, 1, 1, 0],), {"x_min": 0.0, "x_max": 1.0}),
        ),
    ),
    unary("cos", elementwise.trigonometric.Cos),
    unary("cosh", elementwise.hyperbolic.Cosh),
    unary("exp", elementwise.exponential.Exp),
    unary("expm1", elementwise.exponential.Expm1),
    unary("floor", elementwise.rounding.Floor, order=0),
    binary("floor_divide", elementwise.rounding.FloorDiv, forms=(lambda x, y: x // y,), order=0),
    unary("log", elementwise.exponential.Log, signed=False),
    unary("log10", elementwise.exponential.Log10, signed=False),
    unary("log1p", elementwise.exponential.Log1p, domain=(0.1, 0.7)),
    unary("log2", elementwise.exponential.Log2, signed=False),
    binary(
        "maximum",
        elementwise.extrema.Maximum,
        ties=(Tie(([1.0, 2.0, 0.0], [1.0, 1.0, -0.0]), ([1, 1, 1], [0, 0, 0])),),
    ),
    Row(
        "maximum:constant",
        elementwise.extrema.Maximum,
        ONE,
        f=lambda x: F.maximum(x, 0.5),
        np=lambda x: np.maximum(x, 0.5),
        forms=(lambda x: np.maximum(x, np.float64(0.5)), lambda x: np.maximum(0.5, x)),
        avoid=(0.5,),
    ),
    binary(
        "minimum",
        elementwise.extrema.Minimum,
        ties=(Tie(([1.0, 2.0, 0.0], [1.0, 1.0, -0.0]), ([1, 0, 1], [0, 1, 0])),),
    ),
    unary("rsqrt", None, ref=lambda x: 1 / np.sqrt(x), signed=False),
    unary("sign", elementwise.rounding.Sign, order=0),
    unary("sin", elementwise.trigonometric.Sin),
    unary("sinh", elementwise.hyperbolic.Sinh),
    unary("sqrt", elementwise.powers.Sqrt, signed=False),
    unary("square", elementwise.powers.Square),
    unary("tan", elementwise.trigonometric.Tan, domain=(0.2, 1.2)),
    unary("tanh", elementwise.hyperbolic.Tanh),
    Row(
        "where",
        elementwise.selection.Where,
        (
            case((3, 4), (3, 4), condition=MASK),
            case((3, 4), (), condition=MASK),
            case((4,), (3, 1), condition=MASK),
            case((), (3, 4), condition=MASK[1]),
            case((2, 3), (2, 3), condition=True),
            case((), (), condition=np.array(False)),
            case((0, 3), (3,), condition=np.zeros((0, 3), bool)),
        ),
        f=lambda x, y, condition: F.where(condition, x, y),
        np=lambda x, y, condition: np.where(condition, x, y),
        bad=(
            case((2, 3), (4,), condition=True),
            case((2,), (3,), condition=MASK),
            case((2,), (2,), condition=True, dtypes="fd"),
        ),
    ),
    # reductions
    reduce("sum", reduction.Sum),
    reduce("mean", None),
    reduce("max", reduction.Max),
    reduce("min", reduction.Min),
    Row(
        "average",
        None,
        (
            case((2, 3), (2, 3)),
            case((2, 3), (2, 3), axis=1),
            case((2, 3), (3,), axis=-1),
            case((2, 3), (2,), axis=0, keepdims=True),
        ),
        f=lambda x, weights, **args: F.average(x, weights=weights, **args),
        np=lambda x, weights, **args: np.average(x, weights=weights, **args),
        signed=False,
        bad=(case((2, 3), (2,), axis=1), case((2, 3), (3,)), case((2, 3), (2, 3), axis=2)),
    ),
    Row("average:plain", None, (case((2, 3)), case((2, 3), axis=0)), np=np.average),
    # shapes
    Row(
        "reshape",
        array.Reshape,
        (
            case((2, 3), shape=(3, 2)),
            case((2, 3), shape=(-1,)),
            case((2, 3), shape=6),
            case((2, 3), shape=(1, 3, -1)),
            case((), shape=(1, 1)),
            case((0, 3), shape=(3, 0)),
        ),
        np=lambda x, shape: np.reshape(x, shape),
        forms=(
            lambda x, shape: x.reshape(shape),
            lambda x, shape: x.reshape(*np.atleast_1d(shape).tolist()),
        ),
        bad=(case((2, 3), shape=(4, 2)), case((2, 3), shape=(-1, -1))),
    ),
    Row(
        "ravel",
        None,
        (case((2, 3)), case(()), case((3,))),
        np=np.ravel,
        forms=(lambda x: x.ravel(),),
    ),
    Row("flatten", None, (case((2, 3)), case(())), ref=np.ravel),
    Row(
        "transpose",
        array.Transpose,
        (
            case((2, 3)),
            case((2, 3, 4), axes=(1, 2, 0)),
            case((2, 3, 4), axes=(-1, 0, -2)),
            case((3,)),
            case(()),
            case((0, 3)),
        ),
        np=np.transpose,
        forms=(
            lambda x, axes=None: x.transpose(axes),
            lambda x, axes=None: x.T if axes is None else x.transpose(*axes),
        ),
        bad=(case((2, 3), axes=(0, 0)), case((2, 3), axes=(0, 1, 2))),
    ),
    Row(
        "swapaxes",
        None,
        (case((2, 3, 4), axis1=0, axis2=-1), case((2, 3), axis1=1, axis2=1)),
        np=np.swapaxes,
        forms=(lambda x, axis1, axis2: x.swapaxes(axis1, axis2),),
        bad=(case((2, 3), axis1=0, axis2=2),),
    ),
    Row(
        "moveaxis",
        None,
        (
            case((2, 3, 4), source=0, destination=-1),
            case((2, 3, 4), source=(2, 0), destination=(0, 1)),
        ),
        np=np.moveaxis,
        bad=(
            case((2, 3), source=0, destination=2),
            case((2, 3), source=(0, 1), destination=0),
            case((2, 3), source=(0, 0), destination=(0, 1)),
        ),
    ),
    Row(
        "expand_dims",
        None,
        (
            case((2, 3), axis=1),
            case((2, 3), axis=-1),
            case((), axis=0),
            case((0,), axis=0),
            case((2, 3), axis=(0, -2)),
        ),
        np=np.expand_dims,
        bad=(case((2, 3), axis=3), case((2, 3), axis=(0, 0)), case((2, 3), axis=(0, 4))),
    ),
    Row(
        "squeeze",
        None,
        (case((1, 3, 1)), case((1, 3, 1), axis=0), case((1, 3, 1), axis=(0, -1)), case((1, 1))),
        np=np.squeeze,
        forms=(lambda x, axis=None: x.squeeze(axis),),
        bad=(case((1, 3), axis=1), case((1, 3), axis=2)),
    ),
    Row(
        "broadcast_to",
        array.BroadcastTo,
        (
            case((3,), shape=(2, 3)),
            case((2, 1), shape=(2, 3)),
            case((), shape=(2, 2)),
            case((1,), shape=(0,)),
            case((1, 3), shape=(4, 2, 3)),
            case((2, 3), shape=(2, 3)),
        ),
        np=np.broadcast_to,
        bad=(case((3,), shape=(2, 4)), case((2, 3), shape=(3,))),
    ),
    Row(
        "broadcast",
        None,
        (case((2, 1), (3,)), case((), (2,)), case((2, 3), (2, 3))),
        ref=lambda *xs: np.broadcast_arrays(*xs),
        mixes=False,
        bad=(case((2,), (3,)),),
    ),
    Row(
        "sum_to",
        None,
        (
            case((2, 3), shape=(3,)),
            case((4, 2, 3), shape=(2, 1)),
            case((2, 3), shape=()),
            case((2, 3), shape=(2, 3)),
            case((0, 3), shape=(1, 3)),
        ),
        ref=lambda x, shape: x.sum(
            axis=tuple(
                i
                for i, n in enumerate(x.shape)
                if i < x.ndim - len(shape) or shape[i - x.ndim + len(shape)] != n
            )
        ).reshape(shape),
        bad=(case((2, 3), shape=(2,)), case((3,), shape=(2, 3))),
    ),
    # elements
    Row(
        "get_item",
        array.GetItem,
        (
            *(case((3, 4), slices=index) for index in INDEXES.values()),
            case((), slices=()),
            case((), slices=None),
            case((0, 4), slices=np.s_[:, 1]),
        ),
        ref=lambda x, slices: x[slices],
        forms=(lambda x, slices: x[slices],),
        bad=(
            case((3, 4), slices=np.array([0, 3])),
            case((3, 4), slices=(0, 4)),
            case((3, 4), slices=(0, 0, 0)),
            case((3, 4), slices=0.5),
            case((3, 4), slices=MASK[:2]),
        ),
    ),
    *(
        Row(
            f"get_item_grad:{name}",
            array.GetItemGrad,
            (case(np.zeros((3, 4))[index].shape, index=index, shape=(3, 4)),),
            f=lambda gy, index, shape: array.GetItemGrad(index, shape).of(gy),
            ref=_scattered,
        )
        for name, index in INDEXES.items()
    ),
    Row(
        "get_item_grad:no columns",
        array.GetItemGrad,
        (case((3, 0), index=np.array([0, 0, 2]), shape=(4, 0)),),
        f=lambda gy, index, shape: array.GetItemGrad(index, shape).of(gy),
        ref=lambda gy, index, shape: np.zeros(shape, gy.dtype),
    ),
    Row(
        "concat",
        array.Concat,
        (
            case((2, 3), (2, 1), axis=1),
            case((2, 3), (1, 3), (2, 3), axis=0),
            case((2, 3), (2, 3), axis=-1),
            case((2,), (0,), axis=0),
            case((2, 3), axis=1),
            case((2, 3), (2, 1)),
        ),
        f=lambda *xs, **args: F.concat(xs, **args),
        np=lambda *xs, axis=1: np.concatenate(xs, axis=axis),
        forms=(lambda *xs, axis=1: F.concat(list(xs), axis),),
        bad=(
            case((2, 3), (3, 1), axis=1),
            case((2, 3), (2, 3), axis=2),
            case((2, 3), (2,), axis=0),
            case((2, 3), (2, 3), axis=0, dtypes="fd"),
        ),
    ),
    Row(
        "stack",
        None,
        (
            case((2, 3), (2, 3), axis=0),
            case((2, 3), (2, 3), (2, 3), axis=-1),
            case((), (), axis=0),
            case((2, 3), (2, 3)),
        ),
        f=lambda *xs, **args: F.stack(xs, **args),
        np=lambda *xs, **args: np.stack(xs, **args),
        bad=(case((2, 3), (2, 2), axis=0), case((2, 3), (2, 3), axis=3)),
    ),
    # linear algebra
    Row(
        "matmul",
        products.MatMul,
        (
            case((2, 3), (3, 4)),
            case((3,), (3,)),
            case((3,), (3, 2)),
            case((2, 3), (3,)),
            case((5, 2, 3), (3, 4)),
            case((5, 2, 3), (5, 3, 4)),
            case((2, 3), (5, 3, 4)),
            case((1, 2, 3), (5, 3, 1)),
            case((3,), (5, 3, 2)),
            case((5, 2, 3), (3,)),
            case((2, 0), (0, 3)),
            case((0, 2), (2, 3)),
            case((1, 1), (1, 1)),
        ),
        np=np.matmul,
        forms=(lambda x, y: x @ y,),
        bad=(
            case((2, 3), (2, 3)),
            case((), (3,)),
            case((5, 2, 3), (4, 3, 2)),
        ),
    ),
    Row(
        "matmul:dot",
        products.MatMul,
        (case((2, 3), (3, 4)), case((3,), (3,)), case((2, 3), (3,)), case((4, 2, 3), (3,))),
        f=F.matmul,
        np=np.dot,
        forms=(lambda x, y: x.dot(y) if hasattr(x, "node") else np.dot(x, y),),
    ),
    Row(
        "matmul:transposed",
        products.MatMul,
        (
            case((3, 2), (3, 4), transa=True),
            case((2, 3), (4, 3), transb=True),
            case((5, 3, 2), (5, 4, 3), transa=True, transb=True),
        ),
        ref=lambda x, y, transa=False, transb=False: np.matmul(
            x.swapaxes(-1, -2) if transa else x, y.swapaxes(-1, -2) if transb else y
        ),
    ),
)
