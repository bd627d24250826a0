"""What recording is worth: a step of ``fit`` by each engine, and functions replayed.

``python -m experiments.bench.engines`` prints two tables. Processor time of this process, in
interleaved rounds, medians; ratios are what to quote.

- *A step*: the inverse at each ``--n``, sum|XY - I|, float32, the study's rule, log in memory, all
  of ``fit`` included, from the difference of a long and a short run; beside it the same step by
  hand in NumPy that keeps every loss, point and gradient in a list.
- *Replayed*: gradients, Hessians and lanes, by themselves, and through ``replay``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import playground
from experiments.bench.driver import on_one_thread
from experiments.bench.problem import DTYPE, matrices
from playground.lab.descent import GrowShrink, MaxSteps
from playground.transforms import grad, hessian, vmap

ENGINES = ("eager", "python", "tape")


def spent(call: Callable[[], Any]) -> float:
    """Seconds of processor time of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def by_hand(n: int, steps: int) -> None:
    """The descent in NumPy, as it is written at a first go, with its log."""
    X, Y, eye = matrices(n)
    before, alpha, log = np.inf, 0.01, []
    for _ in range(steps):
        rest = X @ Y - eye
        loss = float(np.abs(rest).sum())
        gradient = X.T @ np.sign(rest)
        alpha = alpha * 1.2 if loss < before else alpha * 0.5
        alpha = alpha if alpha >= 1e-10 else 0.01
        log.append((loss, alpha, Y, gradient))
        before, Y = loss, Y - np.asarray(alpha, DTYPE) * gradient


def by_fit(n: int, steps: int, engine: str) -> None:
    X, Y, eye = matrices(n)
    # Steps of a size that never dies: no kick, which is the same in all engines, comes in between.
    rule = GrowShrink(minimum=0.0)
    playground.fit(
        lambda Y: np.abs(X @ Y - eye).sum(), Y, rule=rule, stop=MaxSteps(steps), engine=engine
    )


def step_of(n: int, rounds: int) -> dict[str, float]:
    """Microseconds a step, by engine and by hand."""
    steps = max(20, min(4_000, 2_000_000 // n**2))
    found: dict[str, list[float]] = {"by hand": [], **{engine: [] for engine in ENGINES}}
    for _ in range(rounds):
        hand = spent(lambda: by_hand(n, 2 * steps)) - spent(lambda: by_hand(n, steps))
        found["by hand"].append(hand / steps)
        for engine in ENGINES:
            # What a run is made ready with is the same in both.
            more = 10 * steps if engine == "tape" and n < 100 else 2 * steps
            long, short = (spent(partial(by_fit, n, k, engine)) for k in (more, steps))
            found[engine].append((long - short) / (more - steps))
    return {name: statistics.median(times) * 1e6 for name, times in found.items()}


def rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def wave(x: Any) -> Any:
    return np.tanh(np.sin(x) * np.exp(-x * x))


def oscillator(p: Any) -> Any:
    """How far an orbit, by 200 steps of Runge and Kutta, is from where it should be."""

    def slope(s: Any) -> Any:
        return np.stack([p[0] * s[1], -p[1] * s[0] - p[2] * s[1] + p[3] * s[0] * s[0] * s[0]])

    state, h = np.stack([p[0] * 0 + 1.0, p[0] * 0]), 0.05
    total = p[0] * 0
    for _ in range(200):
        a = slope(state)
        b = slope(state + 0.5 * h * a)
        c = slope(state + 0.5 * h * b)
        d = slope(state + h * c)
        state = state + h / 6 * (a + 2 * b + 2 * c + d)
        total = total + (state[0] - 0.5) ** 2
    return total


REPLAYED: dict[str, tuple[Callable[..., Any], Any]] = {
    "gradient of Rosenbrock's function, n = 20": (grad(rosenbrock), np.linspace(-1, 1, 20)),
    "its Hessian": (hessian(rosenbrock), np.linspace(-1, 1, 20)),
    "derivative at 400 points": (vmap(grad(wave)), np.linspace(-2, 2, 400)),
    "derivative at 1,000,000 points": (vmap(grad(wave)), np.linspace(-2, 2, 1_000_000)),
    "gradient through 200 steps of Runge and Kutta": (
        grad(oscillator), np.array([1.0, 1.0, 0.1, 0.05])
    ),
}  # fmt: skip


def replayed(function: Callable[..., Any], x: Any, rounds: int) -> tuple[float, float, float]:
    """Milliseconds of a call, of a replayed one, and of the first of those."""
    fast = playground.replay(function)
    first = spent(lambda: fast(x)) - spent(lambda: function(x))
    number = max(1, int(0.02 / max(1e-6, spent(lambda: function(x)))))
    plain, quick = [], []
    for _ in range(rounds):
        plain.append(spent(lambda: [function(x) for _ in range(number)]) / number)
        quick.append(spent(lambda: [fast(x) for _ in range(number)]) / number)
    if not fast.replays:
        raise SystemExit(f"not replayed: {fast.reason}")
    return statistics.median(plain) * 1e3, statistics.median(quick) * 1e3, first * 1e3


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, nargs="+", default=[3, 10, 32, 100, 300])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"core: {playground.core()!r}\n")
    print("| µs a step of fit (ratio to by hand) | " + " | ".join(("by hand", *ENGINES)) + " |")
    print("|---|" + "---|" * (1 + len(ENGINES)))
    for n in options.n:
        times = step_of(n, options.rounds)
        hand = times["by hand"]
        cells = [f"{value:.3g} ({value / hand:.2f})" for value in times.values()]
        print(f"| n = {n} | " + " | ".join(cells) + " |", flush=True)
    print("\n| ms a call | itself | replayed (ratio) | to record |\n|---|---|---|---|")
    for name, (function, x) in REPLAYED.items():
        plain, quick, first = replayed(function, x, options.rounds)
        cells = f"{plain:.3g} | {quick:.3g} ({quick / plain:.2f}) | {first:.3g}"
        print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    on_one_thread("experiments.bench.engines")
    main()
