"""Plain NumPy calls against playground.functions, and against autograd, on the same work.

``python -m experiments.bench.plain`` times value and gradient of the sum of each function that has
one name in both, written with ``np.`` and with ``F.``, and two whole functions against autograd.
Slices are interleaved; figures are medians, and ratios are what to quote.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import playground.functions as F
from experiments.bench.driver import on_one_thread
from playground import Variable

RNG = np.random.default_rng(0)
VECTOR, OTHER = RNG.uniform(0.2, 0.8, 10), RNG.uniform(0.2, 0.8, 10)
MATRIX = RNG.uniform(0.2, 0.8, (4, 4)) + 4 * np.eye(4)
BINARY = "add subtract multiply divide power maximum minimum arctan2 fmod".split()  # noqa: SIM905
SKIPPED = {"arccosh", "where", "broadcast", "copy", "linear_interpolate", "identity", "size"}
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "broadcast_to": (VECTOR, (3, 10)),
    "clip": (VECTOR, 0.3, 0.6),
    "dot": (MATRIX, MATRIX),
    "einsum": ("ij,jk->ik", MATRIX, MATRIX),
    "expand_dims": (VECTOR, 0),
    "matmul": (MATRIX, MATRIX),
    "moveaxis": (MATRIX, 0, 1),
    "pad": (VECTOR, 2, "constant"),
    "repeat": (VECTOR, 2),
    "reshape": (VECTOR, (2, 5)),
    "rollaxis": (MATRIX, 1),
    "solve": (MATRIX, VECTOR[:4]),
    "swapaxes": (MATRIX, 0, 1),
    "tensordot": (MATRIX, MATRIX, 1),
    "tile": (VECTOR, 2),
}


def median_seconds(calls: Sequence[Callable[[], Any]], rounds: int, slice_s: float) -> list[float]:
    """Median seconds of each call, their slices interleaved."""
    repeats, times = [], [[] for _ in calls]
    for call in calls:
        start = time.perf_counter()
        call()
        repeats.append(max(1, int(slice_s / (time.perf_counter() - start))))
    for _ in range(rounds):
        for call, count, seconds in zip(calls, repeats, times, strict=True):
            start = time.perf_counter()
            for _ in range(count):
                call()
            seconds.append((time.perf_counter() - start) / count)
    return [statistics.median(seconds) for seconds in times]


def differentiated(function: Callable[..., Any], arguments: Sequence[Any]) -> Callable[[], Any]:
    """Value and gradient of the sum of ``function`` at its first array."""
    position = next(i for i, a in enumerate(arguments) if isinstance(a, np.ndarray))

    def call() -> Any:
        x = Variable(arguments[position])
        y = function(*arguments[:position], x, *arguments[position + 1 :])
        y = y[0] if isinstance(y, tuple) else y
        y.sum().backward()
        return x.grad

    return call


def pairs() -> dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]]:
    """By name: the function of NumPy, that of F, and arguments for both."""
    found = {}
    for name in F.__all__:
        matrix = hasattr(np.linalg, name) and not hasattr(np, name)
        ours, theirs = getattr(F, name), getattr(np, name, None) or getattr(np.linalg, name, None)
        arguments = ARGUMENTS.get(name) or (
            (VECTOR, OTHER) if name in BINARY else (MATRIX if matrix else VECTOR,)
        )
        if theirs is None or name in SKIPPED:
            continue
        try:
            gradient = differentiated(ours, arguments)()
            same = np.allclose(gradient, differentiated(theirs, arguments)())
        except Exception:
            continue
        if gradient is not None and same:
            found[name] = (theirs, ours, arguments)
    return found


def compare_forms(rounds: int, slice_s: float) -> dict[str, float]:
    """By name: time with ``np.`` over time with ``F.``."""
    ratios = {}
    for name, (theirs, ours, arguments) in pairs().items():
        calls = [differentiated(f, arguments) for f in (theirs, ours)]
        plain, named = median_seconds(calls, rounds, slice_s)
        ratios[name] = plain / named
    return ratios


def chain(module: Any) -> Callable[[Any], Any]:
    return lambda x: module.sum(module.sin(module.exp(x) * x))


def likelihood(module: Any) -> Callable[[Any], Any]:
    """Of a Gaussian process of 100 points; the argument is the logarithm of three parameters."""
    points = np.linspace(0, 1, 100)
    values, distances = np.sin(6 * points), (points[:, None] - points[None, :]) ** 2

    def negative_log(p: Any) -> Any:
        K = module.exp(p[0] - distances * module.exp(p[1])) + module.exp(p[2]) * np.eye(100)
        fit = module.dot(values, module.linalg.solve(K, values))
        return 0.5 * (fit + module.linalg.slogdet(K)[1])

    return negative_log


def compare_with_autograd(rounds: int, slice_s: float) -> dict[str, tuple[float, float]]:
    """By name: seconds here with plain NumPy, and in autograd; empty where it is not installed."""
    try:
        import autograd
        import autograd.numpy as anp
    except ImportError:
        return {}
    found = {}
    for name, make, x in (
        ("sum(sin(exp(x) x)), 10 elements", chain, VECTOR),
        ("Gaussian process, 100 points", likelihood, np.array([0.0, 2.0, -2.0])),
    ):
        theirs, mine = autograd.value_and_grad(make(anp)), make(np)

        def ours(mine: Any = mine, x: Any = x) -> Any:
            v = Variable(x)
            y = mine(v)
            y.backward()
            return y.array, v.grad

        if not np.allclose(ours()[1], theirs(x)[1]):
            raise ArithmeticError(f"{name}: autograd's gradient is another")
        calls = [ours, lambda theirs=theirs, x=x: theirs(x)]
        found[name] = tuple(median_seconds(calls, rounds, slice_s))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench.plain",
        description="Plain NumPy calls against playground.functions, and against autograd.",
    )
    parser.add_argument("--rounds", type=int, default=9, help="interleaved slices (default 9)")
    parser.add_argument("--slice", type=float, default=0.01, help="seconds a slice (default 0.01)")
    args = parser.parse_args(argv)
    ratios = compare_forms(args.rounds, args.slice)
    print(f"np. over F., value and gradient, {len(ratios)} functions")
    print(f"  median {statistics.median(ratios.values()):.2f}")
    for name in sorted(ratios, key=ratios.__getitem__, reverse=True)[:8]:
        print(f"  {name:<14} {ratios[name]:.2f}")
    against = compare_with_autograd(args.rounds, 5 * args.slice)
    if not against:
        print("autograd: skipped, not installed")
    for name, (ours, theirs) in against.items():
        print(
            f"{name}: {ours * 1e6:.1f} us, autograd {theirs * 1e6:.1f} us ({theirs / ours:.1f} x)"
        )
    return 0


if __name__ == "__main__":
    on_one_thread("experiments.bench.plain")
    raise SystemExit(main())
