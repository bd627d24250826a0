"""A symmetric matrix with eigenvalues 1, 1, 1 by Adam, and the derivatives of eigenvalues."""

from pathlib import Path

import numpy as np

from experiments.bench.eigenvalue import torch_steps
from experiments.findings import Between, Finding, main
from experiments.spectrum import published
from playground import Variable
from playground.eigenvalue import TOLERANCE, SecondDerivatives, Spectrum, descend
from playground.lab import plot
from playground.optimizers import Adam

ONES, IDENTITY = np.ones(3), np.array([1.0, 1, 1, 0, 0, 0])


def run(out: Path, quick: bool = False) -> list[Finding]:
    """The published figures in float32, and Adam from ten random starts (one if quick)."""
    eigenvalues = np.linalg.eigh(A := Variable(published.MATRIX))[0]
    eigenvalues[0].backward()
    model = Spectrum(published.START, ONES)
    Adam(alpha=1e-3, eps=1e-7).setup(model).update(model)
    starts = [np.random.RandomState(i).random_sample(6) for i in ([2] if quick else range(10))]
    courses = [descend(start, ONES) for start in starts]
    other = descend(starts[0], ONES, way="gradient")
    steps = [course.steps for course in courses]
    off = max(np.abs(course.points[-1] - IDENTITY).max() for course in courses)
    frames = {
        f"start {i}: {c.steps:,} steps": (range(c.steps + 1), c.eigenvalues, ("λ0", "λ1", "λ2"))
        for i, c in enumerate(courses[:4], 1)
    }
    axes = plot.small_multiples(frames, ONES, ylabel="eigenvalue", title="Adam; targets dotted")
    plot.save(axes[0], Path(out) / "eigenvalues.png")
    second = SecondDerivatives.at(courses[0].points[-1], ONES).matrix
    return [
        Finding("eigenvalues of A's lower triangle", published.SPECTRUM, eigenvalues.array, 1e-6),
        Finding("derivative of the lowest by A", published.LOWEST_BY_MATRIX, A.grad, 1e-6),
        Finding("dL/dr", published.GRADIENT, model.r.grad, 5e-6),
        Finding("r after one step of Adam", published.FIRST_POINT, model.r.array, 1e-7),
        Finding("median of steps to 1e-8", Between(*published.STEPS), float(np.median(steps))),
        Finding("steps from random starts", None, steps),
        *beside_torch(starts, steps),
        Finding("entries of A at the end, off the identity's", Between(high=1e-4), off),
        Finding("gradient by hand, and update(lossfun)", other.points, courses[0].points),
        Finding("second derivatives at the end", np.diag([2.0, 2, 2, 4, 4, 4]), second, 1e-9),
    ]


def beside_torch(starts: list[np.ndarray], steps: list[int]) -> list[Finding]:
    """The steps of PyTorch from the same starts, where it is installed."""
    try:
        theirs = [torch_steps(start, ONES, TOLERANCE) for start in starts]
    except ImportError:
        return []
    return [Finding("the same, against torch.optim.Adam", theirs, steps)]


if __name__ == "__main__":
    main(run)
