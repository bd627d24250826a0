"""Public calls of playground, timed in one checkout: JSON questions on stdin, answers on stdout.

Started by ``experiments.bench.trees`` as a file, with the checkout alone on the path; so it uses
nothing but playground's public names, which both checkouts have.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import playground
import playground.functions as F
from playground import Variable
from playground.lab.descent import MaxSteps
from playground.transforms import grad, hessian, jacobian, vmap

Call = Callable[[], Any]
STEPS = 2_000


def _inverse(n: int, absolute: Callable[[Any], Any], total: Callable[[Any], Any]) -> Call:
    """One step of the inverse: the loss, its gradient, an update."""
    rng = np.random.RandomState(0)
    X, Y = (rng.random_sample((n, n)).astype(np.float32) for _ in range(2))
    Y, identity = Variable(Y), np.eye(n, dtype=np.float32)

    def step() -> None:
        Y.cleargrad()
        loss = total(absolute(X @ Y - identity))
        loss.backward()
        Y.array = Y.array - np.float32(1e-6) * Y.grad

    return step


def _fit(rule: str) -> Call:
    X, identity = np.random.default_rng(0).random((3, 3)), np.eye(3)

    def run() -> None:
        playground.fit(
            lambda Y: ((X @ Y - identity) ** 2).sum(),
            np.zeros((3, 3)),
            rule=rule,
            stop=MaxSteps(STEPS),
        )

    return run


def _chain() -> Call:
    x = Variable(np.ones(()))

    def build() -> None:
        y = x
        for _ in range(1000):
            y = y + x
        y.backward()
        x.cleargrad()

    return build


def _energy(n: int) -> tuple[Any, np.ndarray]:
    rng = np.random.default_rng(0)
    Q, x = rng.normal(size=(n, n)), rng.normal(size=n)
    return (lambda x: 0.5 * x @ Q @ x + np.sin(x).sum()), x


def _hessian(n: int) -> Call:
    energy, x = _energy(n)
    return lambda: hessian(energy)(x)


def _jacobian(n: int) -> Call:
    rng = np.random.default_rng(0)
    A, x = rng.normal(size=(n, n)), rng.normal(size=n)
    return lambda: jacobian(lambda x: np.tanh(A @ x))(x)


def _points(count: int) -> Call:
    energy, _ = _energy(2)
    points = np.random.default_rng(0).normal(size=(count, 2))
    return lambda: vmap(grad(energy))(points)


def _eigenvalues(n: int) -> Call:
    A = np.random.default_rng(0).normal(size=(n, n))
    return lambda: grad(lambda A: ((np.linalg.eigvalsh(A) - 1.0) ** 2).sum())(A + A.T)


# A name -> what makes the call, and how many of its unit one call does.
CASES: dict[str, tuple[Callable[[], Call], int]] = {
    "step of the inverse, F, n=3": (lambda: _inverse(3, F.absolute, F.sum), 1),
    "step of the inverse, plain np, n=3": (lambda: _inverse(3, np.abs, np.sum), 1),
    "step of the inverse, F, n=100": (lambda: _inverse(100, F.absolute, F.sum), 1),
    "node of a chain of 1000": (_chain, 1000),
    "step of fit, grow-shrink": (lambda: _fit("grow-shrink"), STEPS),
    "step of fit, barzilai-borwein": (lambda: _fit("barzilai-borwein"), STEPS),
    "step of fit, adam": (lambda: _fit("adam"), STEPS),
    "jacobian n=20": (lambda: _jacobian(20), 1),
    "jacobian n=200": (lambda: _jacobian(200), 1),
    "hessian n=20": (lambda: _hessian(20), 1),
    "hessian n=200": (lambda: _hessian(200), 1),
    "gradient at 400 points": (lambda: _points(400), 1),
    "gradient at 100,000 points": (lambda: _points(100_000), 1),
    "gradient of eigenvalues n=3": (lambda: _eigenvalues(3), 1),
}


def timed(call: Call, repeats: int) -> float:
    """Seconds of the processor a call, on one thread.

    Not of the clock: where other work has its turn in between, that is no cost of the call.
    """
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def main() -> None:
    """Answer ``{"case": name, "repeats": k}`` with seconds a unit of work."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[1])})
    calls: dict[str, Call] = {}
    for line in sys.stdin:
        question = json.loads(line)
        make, units = CASES[question["case"]]
        call = calls.setdefault(question["case"], make())
        print(json.dumps(timed(call, question["repeats"]) / units), flush=True)


if __name__ == "__main__":
    main()
