"""The quadratic form at many points: one vectorised call here, a pool of processes for autograd.

``python -m experiments.bench.quadratic`` times f, its gradient and its Hessian at the 400 points of
the study in one call, against autograd over a pool that is up and warm, which takes the points one
by one: the gradient alone (as the original study had it), and all three. Then 1,000,000 points.
Slices are interleaved; figures are medians, and ratios are what to quote.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from typing import Any

import numpy as np

from experiments.bench.driver import on_one_thread
from experiments.bench.machine import description
from experiments.bench.plain import median_seconds
from playground.lab.grids import grid_axis, grid_points
from playground.quadratic import automatic, quadratic_form
from playground.transforms import grad, vmap

Q, B = np.array([[1.0, -1.0], [-1.0, 2.0]]), np.array([1.0, 1.0])
# The aims: so many times faster than the pool's gradients alone, and so many seconds.
FASTER, SECONDS = 100.0, 1.0


Work = Callable[[np.ndarray], Any]


def autograd_gradient() -> Work:
    """autograd's gradient at one point. Raises ImportError."""
    import autograd

    return autograd.grad(_form())


def autograd_all() -> Work:
    """f, gradient and Hessian at one point in autograd. Raises ImportError."""
    import autograd

    f = _form()
    both, second = autograd.value_and_grad(f), autograd.hessian(f)
    return lambda x: (*both(x), second(x))


def _form() -> Work:
    import autograd.numpy as anp

    return lambda x: 0.5 * anp.dot(anp.dot(x, Q), x) + anp.dot(B, x)


_work: Any = None


def _prepare(make: Callable[[], Work]) -> None:
    global _work
    _work = make()


def _at(point: np.ndarray) -> Any:
    return _work(point)


def check(points: np.ndarray) -> None:
    """Raise ArithmeticError unless autograd finds the same as we do."""
    found, theirs = automatic(quadratic_form(Q, B), points), autograd_all()
    for i in range(0, len(points), 37):
        parts = zip(found[1:], theirs(points[i]), strict=True)
        if not all(np.allclose(ours[i], other) for ours, other in parts):
            raise ArithmeticError(f"autograd finds something else at {points[i]}")


def small(rounds: int, processes: int) -> None:
    """The 400 points of the study."""
    points = grid_points(grid_axis(-10, 9, 1))
    rows, f = list(points), quadratic_form(Q, B)
    gradient = vmap(grad(f))
    ours: dict[str, Callable[[], Any]] = {
        "gradient": lambda: gradient(points),
        "all three": lambda: automatic(f, points),
    }
    try:
        check(points)
    except ImportError:
        print("autograd: skipped, not installed")
        for name, seconds in zip(ours, median_seconds([*ours.values()], rounds, 0.05), strict=True):
            print(f"{len(rows)} points, {name}: {seconds * 1e3:.3f} ms")
        return
    pool = get_context("spawn").Pool
    with (
        pool(processes, _prepare, (autograd_gradient,)) as one,
        pool(processes, _prepare, (autograd_all,)) as other,
    ):
        theirs = [lambda: one.map(_at, rows), lambda: other.map(_at, rows)]
        found = median_seconds([*ours.values(), *theirs], rounds, 0.05)
    report(len(rows), processes, found)


def report(count: int, processes: int, found: Sequence[float]) -> None:
    """What was measured, and the aim."""
    mine, everything, pooled, pooled_all = found
    print(f"{count} points            playground   autograd, pool of {processes}     ratio")
    print(
        f"  gradient            {mine * 1e3:7.3f} ms {pooled * 1e3:15.1f} ms {pooled / mine:11.0f}"
    )
    print(
        f"  f, gradient, Hessian{everything * 1e3:7.3f} ms {pooled_all * 1e3:15.1f} ms "
        f"{pooled_all / everything:11.0f}"
    )
    ratio = pooled / everything
    word = "met" if ratio >= FASTER else "MISSED"
    print(f"  our three against their gradient alone: {ratio:.0f} x, at least {FASTER:g}: {word}")


def large(count: int, rounds: int) -> None:
    """As many points as asked for, drawn at random."""
    points = np.random.default_rng(0).uniform(-10, 10, (count, 2))
    f = quadratic_form(Q, B)
    (seconds,) = median_seconds([lambda: automatic(f, points)], rounds, 0.0)
    word = "met" if seconds < SECONDS else "MISSED"
    print(f"{count:,} points, f and gradient and Hessian: {seconds:.3f} s")
    print(f"  below {SECONDS:g} s: {word}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench.quadratic",
        description="A quadratic form and its derivatives at many points, against autograd.",
    )
    add = parser.add_argument
    add("--rounds", type=int, default=9, help="repetitions (default 9)")
    add("--processes", type=int, default=2, help="of autograd's pool (default 2)")
    add("--points", type=int, default=1_000_000, help="of the large case (default 1,000,000)")
    args = parser.parse_args(argv)
    print(description())
    small(args.rounds, args.processes)
    large(args.points, args.rounds)
    return 0


if __name__ == "__main__":
    on_one_thread("experiments.bench.quadratic")
    raise SystemExit(main())
