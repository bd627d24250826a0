"""One step of the descent on the tape against the best that hand-written NumPy does.

``python -m experiments.bench.tape`` writes the step of the bench's problem as steps of a tape by
hand, with the rule and the log, and beside it as NumPy with ``out=`` and bound products: the same
loops in the same order, so the same bits, which is checked. Slices are interleaved in one process;
figures are medians, and ratios are what to quote.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

import playground
from experiments.bench.driver import on_one_thread
from experiments.bench.problem import DTYPE, StepSize, matrices
from playground.interpreters.recording.steps import Step
from playground.interpreters.recording.tape import Tape

GOALS = {3: 0.10, 10: 0.17, 32: 0.75, 100: 1.0, 300: 1.02, 1000: 1.02}
SLICE_S = 0.02
ROWS = 100_000


class OnTape:
    """The step as a tape, with its rule and a log of losses."""

    def __init__(self, n: int) -> None:
        X, self.Y, eye = matrices(n)
        product, rest, size, sign, gradient = (np.empty((n, n), DTYPE) for _ in range(5))
        self.losses = np.zeros(ROWS, DTYPE)
        loss, small = np.zeros((), DTYPE), np.zeros((), DTYPE)
        wide, before, alpha = np.zeros(()), np.full((), np.inf), np.full((), 0.01)
        better, dead = np.zeros((), bool), np.zeros((), bool)
        factor = np.zeros(())
        grow, shrink, least, anew = (np.array(x) for x in (1.2, 0.5, 1e-10, 0.01))
        steps = [
            ("ufunc", np.matmul, (X, self.Y), product),
            ("ufunc", np.subtract, (product, eye), rest),
            ("ufunc", np.absolute, (rest,), size),
            ("reduce", np.add, (size,), loss, {"axis": None, "keepdims": False}),
            ("log", None, (loss,), self.losses),
            ("assign", None, (loss,), wide),
            ("ufunc", np.less, (wide, before), better),
            ("where", None, (better, grow, shrink), factor),
            ("ufunc", np.multiply, (alpha, factor), alpha),
            ("ufunc", np.less, (alpha, least), dead),
            ("where", None, (dead, anew, alpha), alpha),
            ("assign", None, (wide,), before),
            ("assign", None, (alpha,), small),
            ("ufunc", np.sign, (rest,), sign),
            ("ufunc", np.matmul, (X.T, sign), gradient),
            ("ufunc", np.multiply, (small, gradient), gradient),
            ("ufunc", np.subtract, (self.Y, gradient), self.Y),
        ]
        self.tape = Tape([[Step(k, f, i, (o,), *more) for k, f, i, o, *more in steps]])

    def __call__(self, count: int) -> None:
        ended = self.tape.run(count, seconds=3600)
        if ended.done != count or self.tape.called_back:
            raise RuntimeError(f"{ended}, called back: {self.tape.called_back}")


class ByHand:
    """The same as NumPy's calls, each written to a place of its own."""

    def __init__(self, n: int) -> None:
        self.X, self.Y, self.eye = matrices(n)
        self.places = [np.empty((n, n), DTYPE) for _ in range(4)]
        self.alpha = np.zeros((), DTYPE)
        self.rule = StepSize()
        self.loss = 0.0

    def __call__(self, count: int) -> None:
        Y, eye, alpha, rule = self.Y, self.eye, self.alpha, self.rule
        product, size, sign, gradient = self.places
        dot, transposed = self.X.dot, self.X.T.dot
        subtract, absolute, signed = np.subtract, np.absolute, np.sign
        total, multiply = np.add.reduce, np.multiply
        for _ in range(count):
            dot(Y, product)
            subtract(product, eye, product)
            absolute(product, size)
            loss = float(total(size, None))
            alpha[()] = rule(loss)
            signed(product, sign)
            transposed(sign, gradient)
            multiply(gradient, alpha, gradient)
            subtract(Y, gradient, Y)
        self.loss = loss


def timed(ways: Sequence[Callable[[int], None]], rounds: int) -> list[float]:
    """Median seconds of an iteration of each, their slices interleaved."""
    counts, times = [], [[] for _ in ways]
    for way in ways:
        start = time.perf_counter()
        way(5)
        counts.append(int(np.clip(5 * SLICE_S / (time.perf_counter() - start), 1, ROWS)))
    for _ in range(rounds):
        for way, count, seconds in zip(ways, counts, times, strict=True):
            start = time.perf_counter()
            way(count)
            seconds.append((time.perf_counter() - start) / count)
    return [statistics.median(seconds) for seconds in times]


def compare(n: int, rounds: int) -> tuple[float, float]:
    """Seconds of a step on the tape and by hand; both end at the same bits."""
    tape, hand = OnTape(n), ByHand(n)
    count = int(np.clip(10**8 // n**3, 3, 2000))
    tape(count)
    hand(count)
    if tape.Y.tobytes() != hand.Y.tobytes() or tape.losses[count - 1] != hand.loss:
        raise ArithmeticError(f"n={n}: other bits")
    return tuple(timed([tape, hand], rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args().rounds
    print(f"NumPy {np.__version__}, {playground.core()!r}\n")
    print("| n | tape, us | by hand, us | ratio | goal |\n|---|---|---|---|---|")
    for n, goal in GOALS.items():
        tape, hand = compare(n, rounds if n < 1000 else min(rounds, 7))
        print(f"| {n} | {tape * 1e6:.3g} | {hand * 1e6:.3g} | {tape / hand:.3f} | {goal} |")


if __name__ == "__main__":
    on_one_thread("experiments.bench.tape")
    main()
