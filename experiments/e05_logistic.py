"""Logistic regression on Iris beside SciPy's, and two derivatives published with autograd."""

from pathlib import Path

import numpy as np
from scipy.optimize import linprog, minimize

from experiments.findings import Finding, main
from playground import fit
from playground.lab import plot
from playground.lab.descent import BarzilaiBorwein, Constant, GradientBelow, MaxSteps
from playground.logistic import iris, logistic_losses, optimum, pictures, step_seconds
from playground.transforms import elementwise_grad, grad, value_and_grad


def run(out: Path, quick: bool = False) -> list[Finding]:
    """The 1000 steps of size 0.001 of the original (50 if quick), and where they lead."""
    names = ("sepal_length", "sepal_width", "bias")
    points = np.stack([iris().numbers(name) for name in names[:2]], axis=1)[:100]
    X, t, w0 = np.c_[points, np.ones(100)], np.repeat([0.0, 1.0], 50), np.zeros(3)
    both, penalised = logistic_losses(X, t).values(), logistic_losses(X, t, 1.0)["vectorised"]
    stop = MaxSteps(50 if quick else 1000)
    fast, slow = (fit(loss, w0, rule=Constant(0.001), stop=stop) for loss in both)
    found = fit(penalised, w0, rule=BarzilaiBorwein(), stop=GradientBelow(1e-7))
    scipy = minimize(value_and_grad(penalised), w0, jac=True, method="L-BFGS-B", tol=1e-15)
    parted = linprog(w0, A_ub=(1 - 2 * t)[:, None] * X, b_ub=-np.ones(100), bounds=(None, None))
    plot.loss(fast.loss, (axes := plot.stacked_axes(2))[0])
    lower = plot.parameters((*fast.log.arrays("params"), names), ax=axes[1])
    line = pictures.chances(points, t, fast.x, names=names, classes=("setosa", "versicolor"))
    for ax, name in ((lower, "history.png"), (line, "boundary.png")):
        plot.head(ax.figure, f"Versicolor against setosa · rule constant · {fast.took}")
        plot.save(ax, Path(out) / name)
    return [
        *published(Path(out)),
        Finding("weights after the steps, in a loop and vectorised", slow.x, fast.x, 1e-9),
        Finding("loss after the steps", None, fast.value),
        Finding("flowers of 100 told right after the steps", None, ((X @ fast.x > 0) == t).sum()),
        Finding("seconds a step: vectorised, loop", None, [step_seconds(f, w0) for f in both]),
        Finding("a line parts the classes (linprog)", parted.success, optimum(X, t).separable),
        Finding("weights of least loss with l2 = 1 (L-BFGS-B)", scipy.x, found.x, 1e-5),
    ]


def published(out: Path) -> list[Finding]:
    """Of the logarithm at 10, and of f on -4 .. 4 in steps of 0.01."""
    curves = [f := lambda x: 2 * x**2 - 5 * x + 3, d := elementwise_grad(f), elementwise_grad(d)]
    x, ax = np.arange(-400, 401) / 100, plot.figure(subplot_kw={"xlabel": "x"})[1][0, 0]
    for name, curve in zip(("f(x) = 2x² - 5x + 3", "f'(x)", "f''(x)"), curves, strict=True):
        ax.plot(x, curve(x), label=name)
    ax.legend(frameon=False)
    plot.save(ax, out / "derivatives.png")
    return [
        Finding("log'(10)", 0.1, grad(np.log)(10.0), 1e-15),
        Finding("f' = 4x - 5 where f = 2x² - 5x + 3", 4 * x - 5, curves[1](x), 1e-12),
        Finding("f'' = 4", np.full(x.shape, 4.0), curves[2](x), 1e-12),
    ]


if __name__ == "__main__":
    main(run)
