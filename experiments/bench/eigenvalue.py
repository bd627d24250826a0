"""One step of the eigenvalue study: loss, gradient and Adam, against NumPy by hand and PyTorch.

``python -m experiments.bench.eigenvalue`` times steps that give the same points, n x n matrices in
float64. Slices are interleaved; figures are medians, and ratios are what to quote.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.bench.driver import on_one_thread
from experiments.bench.machine import description
from experiments.bench.plain import median_seconds
from playground.eigenvalue import EPSILON, LEARNING_RATE, Entries, Spectrum
from playground.optimizers import Adam

# The aim: at most so many times NumPy by hand, for 3 x 3.
AT_MOST = 3.0
# How far points may be apart after 20 steps; PyTorch adds epsilon at another place.
AGREED, APART = 1e-9, 1e-4
Step = Callable[[], Any]


class ByHand:
    """The step as one writes it down for NumPy alone, its gradient worked out on paper."""

    def __init__(self, start: np.ndarray, targets: np.ndarray) -> None:
        self.r, self.targets, self.n = start.copy(), targets, len(targets)
        self.place = (Entries(self.n).rows, Entries(self.n).columns)
        self.counts = np.where(self.place[0] == self.place[1], 1.0, 2.0)
        self.m, self.v, self.t = np.zeros_like(start), np.zeros_like(start), 0

    def step(self) -> float:
        A = np.zeros((self.n, self.n))
        A[self.place] = self.r
        w, V = np.linalg.eigh(A, "U")
        d = w - self.targets
        g = ((V * (2 * d)) @ V.T)[self.place] * self.counts
        self.t += 1
        self.m += 0.1 * (g - self.m)
        self.v += 0.001 * (g * g - self.v)
        rate = LEARNING_RATE * math.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        self.r -= rate * self.m / (np.sqrt(self.v) + EPSILON)
        return d @ d


class Here:
    """The step of this package, in either way of the original study."""

    def __init__(self, start: np.ndarray, targets: np.ndarray, way: str = "loss") -> None:
        self.model = Spectrum(start, targets)
        self.optimizer = Adam(alpha=LEARNING_RATE, eps=EPSILON).setup(self.model)
        self.step = self.by_loss if way == "loss" else self.by_gradient

    @property
    def r(self) -> np.ndarray:
        return self.model.r.array

    def by_loss(self) -> None:
        self.optimizer.update(self.model)

    def by_gradient(self) -> None:
        loss = self.model()
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()


class Torch:
    """The step of PyTorch. Raises ImportError."""

    def __init__(self, start: np.ndarray, targets: np.ndarray) -> None:
        import torch

        torch.set_num_threads(1)
        self.torch, self.n, entries = torch, len(targets), Entries(len(targets))
        self.leaf = torch.tensor(start, requires_grad=True)
        self.targets = torch.tensor(targets)
        self.rows, self.columns = torch.tensor(entries.rows), torch.tensor(entries.columns)
        self.optimizer = torch.optim.Adam([self.leaf], lr=LEARNING_RATE, eps=EPSILON)

    @property
    def r(self) -> np.ndarray:
        return self.leaf.detach().numpy()

    def step(self) -> Any:
        A = self.torch.zeros((self.n, self.n), dtype=self.leaf.dtype)
        # Both triangles: PyTorch's gradient does not lie in the one that is read.
        A[self.rows, self.columns] = self.leaf
        A[self.columns, self.rows] = self.leaf
        loss = ((self.torch.linalg.eigh(A)[0] - self.targets) ** 2).sum()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def torch_steps(start: np.ndarray, targets: np.ndarray, tol: float, most: int = 20_000) -> int:
    """How many steps PyTorch takes from ``start`` to a loss of ``tol``. Raises ImportError."""
    peer = Torch(start, targets)
    # The loss that a step returns is that of the point it leaves.
    return next((k for k in range(most) if peer.step().item() <= tol), most)


def peers(n: int) -> dict[str, Any]:
    """By name, those that are installed, at the same start."""
    start = np.random.default_rng(0).random(Entries(n).size)
    targets = np.ones(n)
    found: dict[str, Any] = {
        "NumPy by hand": ByHand(start, targets),
        "playground, update(lossfun)": Here(start, targets),
        "playground, backward() and update()": Here(start, targets, "gradient"),
    }
    try:
        found["PyTorch"] = Torch(start, targets)
    except ImportError:
        print("PyTorch: skipped, not installed")
    return found


def check(found: dict[str, Any]) -> None:
    """Raise ArithmeticError unless all go to the same points."""
    for _ in range(20):
        for peer in found.values():
            peer.step()
    first = found["NumPy by hand"].r
    for name, peer in found.items():
        if np.abs(peer.r - first).max() > (APART if name == "PyTorch" else AGREED):
            raise ArithmeticError(f"{name} goes to other points than NumPy by hand")


def compare(n: int, rounds: int, slice_s: float) -> None:
    """Print the times of all peers for n x n matrices."""
    found = peers(n)
    check(found)
    seconds = median_seconds([peer.step for peer in found.values()], rounds, slice_s)
    print(f"n={n}")
    for name, each in zip(found, seconds, strict=True):
        print(f"  {name:<36} {each * 1e6:8.1f} us   x{each / seconds[0]:.2f}")
    if n == 3:
        ratio = seconds[1] / seconds[0]
        print(f"  at most {AT_MOST:g} x: {'met' if ratio <= AT_MOST else 'MISSED'} ({ratio:.2f})")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench.eigenvalue",
        description="One step of the eigenvalue study against NumPy by hand and PyTorch.",
    )
    add = parser.add_argument
    add("--n", type=int, nargs="+", default=[3, 10, 30], help="sizes (default 3 10 30)")
    add("--rounds", type=int, default=25, help="interleaved slices (default 25)")
    add("--slice", type=float, default=0.02, help="seconds a slice (default 0.02)")
    args = parser.parse_args(argv)
    if min(args.n) < 1 or args.rounds < 1:
        parser.error("--n and --rounds: expected whole numbers from 1 on")
    print(description())
    for n in args.n:
        compare(n, args.rounds, args.slice)
    return 0


if __name__ == "__main__":
    on_one_thread("experiments.bench.eigenvalue")
    raise SystemExit(main())
