"""Random steps of a tape against NumPy's own calls, bit for bit.

``python -m tests.fuzz_tape --count 20000 --seed 1`` prints every seed that goes wrong, and how many
steps were loops. All arrays of a step may be views of one piece of memory: they overlap, run
backwards, have gaps, are broadcast, lie in any order.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from playground.interpreters.recording.steps import Step
from playground.interpreters.recording.tape import Tape

DTYPES = ["f2", "f4", "f8", "i8", "?", "f4", "f8"]
UNARY = [np.exp, np.sin, np.tanh, np.log1p, np.sqrt, np.sign, np.negative, np.floor, np.arctan]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.power, np.hypot, np.fmod]
COMPARING = [np.less, np.equal, np.greater_equal]
REDUCING = [np.add, np.multiply, np.maximum, np.minimum, np.add]
LINALG = np.linalg._umath_linalg


class Draw:
    """Shapes and arrays at random."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.shared: np.ndarray | None = None
        if self.rng.random() < 0.25:
            self.shared = self.rng.normal(size=400) * 3

    def one(self, items: Any) -> Any:
        return items[self.rng.integers(len(items))]

    def shape(self, most: int = 4) -> tuple[int, ...]:
        lengths = [0, 1, 1, 2, 3, 4, 5, 7, 9, 17, 33, 130]
        shape = [int(self.one(lengths)) for _ in range(self.rng.integers(most))]
        if self.rng.random() < 0.05:
            shape = [int(self.rng.integers(8000, 20000))]
        while np.prod(shape) > 30_000:
            shape.pop()
        return tuple(shape)

    def broadcast(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that goes into this one."""
        if self.rng.random() < 0.5:
            return shape
        shape = tuple(1 if self.rng.random() < 0.4 else length for length in shape)
        return shape[self.rng.integers(len(shape) + 1) :]

    def array(self, shape: tuple[int, ...], dtype: Any, values: Any = None) -> np.ndarray:
        """Of that shape, in some layout; its memory is not written by others."""
        size = int(np.prod(shape))
        if self.shared is not None and dtype == "f8" and values is None and 3 * size < 390:
            return self._view(shape)
        x = self.rng.normal(size=shape) * self.one([1, 1, 10]) if values is None else values
        x = np.where(self.rng.random(shape) < 0.1, -0.0, x) if values is None else x
        return self._laid(np.asarray(x > 0 if dtype == "?" else x).astype(dtype))

    def _laid(self, x: np.ndarray) -> np.ndarray:
        order = self.rng.permutation(x.ndim)
        gaps = [int(self.one([1, 1, 1, 2, 3])) for _ in order]
        if self.rng.random() < 0.4:
            order, gaps = np.arange(x.ndim), [1] * x.ndim
        room = np.zeros([x.shape[i] * gap for i, gap in zip(order, gaps, strict=True)], x.dtype)
        place = room[(*(slice(None, None, gap) for gap in gaps), ...)]
        place = place.transpose(np.argsort(order)) if x.ndim else place
        for axis in range(x.ndim):
            if self.rng.random() < 0.15:
                place = np.flip(place, axis)
        place[...] = x
        return place

    def _view(self, shape: tuple[int, ...]) -> np.ndarray:
        size = int(np.prod(shape))
        step = int(self.one([1, 1, 2, -1]))
        start = int(self.rng.integers(400 - abs(step) * size + 1)) if size else 0
        flat = self.shared[start : start + abs(step) * size : abs(step)]
        return (flat if step > 0 else flat[::-1]).reshape(shape)


def ufunc(draw: Draw) -> Step:
    dtype = draw.one(["f2", "f4", "f8", "f8", "i8"])
    function = draw.one([*UNARY, *BINARY, *COMPARING] if dtype != "i8" else [np.add, np.maximum])
    shape = draw.shape()
    inputs = tuple(draw.array(draw.broadcast(shape), dtype) for _ in range(function.nin))
    out = draw.array(shape, "?" if function in COMPARING else dtype)
    return Step("ufunc", function, inputs, (out,))


def product(draw: Draw) -> Step:
    dtype = draw.one(["f4", "f8", "f8", "i8"])
    a, b, c = (int(draw.one([0, 1, 2, 3, 5, 20])) for _ in range(3))
    outer = draw.shape(3)[:1]
    left = draw.array((*draw.broadcast(outer), a, b), dtype)
    right = draw.array((*draw.broadcast(outer), b, c), dtype)
    if draw.rng.random() < 0.2:
        right = np.swapaxes(left, -1, -2)
    out = draw.array((left[..., :1] @ right[..., :1, :]).shape if b else (*outer, a, c), dtype)
    return Step("ufunc", np.matmul, (left, right), (out,))


def linalg(draw: Draw) -> Step:
    shape = (*draw.shape(3)[:2], n := int(draw.one([1, 2, 3, 6])), n)
    dtype = draw.one(["f4", "f8"])
    x = draw.rng.normal(size=shape)
    if draw.rng.random() < 0.8:
        x = x + 20 * np.eye(n)
    elif x.size:
        x.reshape(-1, n, n)[0] = 1
    x, out = draw.array(shape, dtype, x), draw.array(shape, dtype)
    function = draw.one([LINALG.inv, LINALG.solve, LINALG.eigh_lo, LINALG.cholesky_lo, LINALG.det])
    outputs = {
        "eigh_lo": (draw.array(shape[:-1], dtype), out),
        "det": (draw.array(shape[:-2], dtype),),
    }
    inputs = (x, draw.array(shape, dtype)) if function is LINALG.solve else (x,)
    checked = draw.one([None, {"checked": True}])
    return Step("ufunc", function, inputs, outputs.get(function.__name__, (out,)), checked)


def reduce(draw: Draw) -> Step:
    shape, dtype = draw.shape(5), draw.one(DTYPES)
    axes = tuple(i for i in range(len(shape)) if draw.rng.random() < 0.5)
    extra = {"axis": draw.one([axes, None]), "keepdims": bool(draw.rng.random() < 0.3)}
    function = draw.one(REDUCING)
    x = draw.array(shape, dtype)
    if not x.size and function in (np.maximum, np.minimum):
        function = np.add
    result = np.add.reduce(np.zeros(shape), **extra)
    return Step("reduce", function, (x,), (draw.array(result.shape, dtype),), extra)


def assign(draw: Draw) -> Step:
    shape = draw.shape()
    x = draw.array(draw.broadcast(shape), draw.one(DTYPES))
    return Step("assign", None, (x,), (draw.array(shape, draw.one(DTYPES)),))


def where(draw: Draw) -> Step:
    shape, dtype = draw.shape(), draw.one(DTYPES)
    condition = draw.array(draw.broadcast(shape), "?")
    choices = [draw.array(draw.broadcast(shape), dtype) for _ in range(2)]
    return Step("where", None, (condition, *choices), (draw.array(shape, dtype),))


def index_of(draw: Draw, shape: tuple[int, ...]) -> Any:
    mask = draw.rng.random(shape) < 0.4
    count = int(draw.rng.integers(6))
    lists = tuple(draw.rng.integers(-length, length, count) for length in shape)
    some = draw.rng.integers(len(shape) + 1)
    return draw.one([mask, lists[:some], (..., *lists[len(shape) - some :]), slice(None, None, -2)])


def take(draw: Draw) -> Step:
    shape, dtype = tuple(length + 1 for length in draw.shape()) or (3,), draw.one(DTYPES)
    x, index = draw.array(shape, dtype), index_of(draw, shape)
    return Step("take", None, (x,), (draw.array(x[index].shape, dtype),), index)


def put(draw: Draw) -> Step:
    shape, dtype = tuple(length + 1 for length in draw.shape()) or (3,), draw.one(DTYPES)
    out, index = draw.array(shape, dtype), index_of(draw, shape)
    return Step("put", None, (draw.array(draw.broadcast(out[index].shape), dtype),), (out,), index)


def dot(draw: Draw) -> Step:
    shape, dtype = draw.shape(), draw.one(DTYPES)
    return Step(
        "dot", None, (draw.array(shape, dtype), draw.array(shape, dtype)), (draw.array((), dtype),)
    )


KINDS: list[Callable[[Draw], Step]] = [
    ufunc, ufunc, product, linalg, reduce, reduce, assign, where, take, put, dot,
]  # fmt: skip


def expected(step: Step) -> bool:
    """Do it in NumPy; False where the run has to end."""
    inputs, outputs = step.inputs, step.outputs
    if step.kind == "ufunc":
        try:
            with np.errstate(invalid="raise" if step.extra else "ignore"):
                step.function(*inputs, out=outputs)
        except FloatingPointError:
            return False
    elif step.kind == "reduce":
        step.function.reduce(inputs[0], **step.extra, out=outputs[0])
    elif step.kind == "assign":
        np.copyto(outputs[0], inputs[0], casting="unsafe")
    elif step.kind == "where":
        outputs[0][...] = np.where(*inputs)
    elif step.kind == "take":
        outputs[0][...] = inputs[0][step.extra]
    elif step.kind == "put":
        outputs[0][step.extra] = inputs[0]
    else:
        outputs[0][...] = np.vdot(*inputs)
    return True


def check(seed: int) -> str:
    """What became of one random step: "loop", "called back", or what is wrong with it."""
    pair = [(draw := Draw(seed), draw.one(KINDS)(draw)) for _ in range(2)]
    step, twin = pair[0][1], pair[1][1]
    with np.errstate(all="ignore"):
        try:
            goes_on = expected(twin)
        except Exception as error:
            return f"NumPy refuses: {type(error).__name__}"
        tape = Tape([[step]])
        done = tape.run(1).done
    same = all(
        a.tobytes() == b.tobytes()
        for a, b in zip((*step.inputs, *step.outputs), (*twin.inputs, *twin.outputs), strict=True)
    )
    if not same or done != goes_on:
        return f"WRONG: {step.kind} {getattr(step.function, '__name__', '')} {step.extra}"
    return f"called back: {tape.called_back[0]}" if tape.called_back else "loop"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    found: Counter[str] = Counter()
    for seed in range(flags.seed, flags.seed + flags.count):
        result = check(seed)
        if result.startswith("WRONG"):
            print(f"--count 1 --seed {seed}: {result}")
        found[result.partition("[")[0]] += 1
    for result, number in found.most_common():
        print(f"{number:8,}  {result}")


if __name__ == "__main__":
    main()
