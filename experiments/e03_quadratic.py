"""The quadratic form 1/2 x'Qx + bx by algebra, by backprop and by differences, at 400 points."""

from pathlib import Path

import numpy as np

from experiments.findings import Finding, main
from playground.interpreters.symbols import to_sympy
from playground.lab import plot
from playground.lab.grids import grid_axis, grid_points
from playground.quadratic import Algebra, Stationary, automatic, numerical, pictures, quadratic_form
from playground.transforms import grad, hessian

Q, B = np.array([[1.0, -1.0], [-1.0, 2.0]]), np.array([1.0, 1.0])
GRID = {"index": "x1", "columns": "x2", "values": "y"}


def run(out: Path, quick: bool = False) -> list[Finding]:
    """All of it, quick or not: it takes a second."""
    points = grid_points(grid_axis(-10, 9, 1), last_fastest=True)
    f, algebra = quadratic_form(Q, B), Algebra(Q, B)
    backprop, formulas, differences = automatic(f, points), algebra.at(points), numerical(f, points)
    frames, point = backprop.frames(), algebra.stationary
    draw(Path(out), frames, point)
    on_symbols = to_sympy(grad(f), algebra.symbols), to_sympy(hessian(f), algebra.symbols)
    by_sympy = algebra.gradient, algebra.hessian
    exact = np.array(algebra.hessian.tolist(), float)
    where = frames["df_dx1"].query("y == 0")[["x1", "x2"]].to_numpy()
    x1, x2 = points.T
    solved = [float(x) for x in point.point]
    return [
        Finding("df/dx1", "x1 - x2 + 1", str(algebra.gradient[0])),
        Finding("df/dx2", "-x1 + 2*x2 + 1", str(algebra.gradient[1])),
        Finding("grid points with df/dx1 = 0", [(i, i + 1) for i in range(-10, 9)], where),
        Finding("gradient", np.c_[x1 - x2 + 1, 2 * x2 - x1 + 1], backprop.gradients),
        Finding("Hessian (which the original could not get)", Q, exact),
        Finding("gradient in matrix form", "Q*x + b", str(algebra.matrix_form.gradient)),
        Finding("where it vanishes (solve)", np.linalg.solve(Q, -B), solved),
        Finding("which is a", "minimum", point.kind),
        Finding("the frame of f pivots to", [20, 20], frames["f"].pivot(**GRID).shape),
        Finding("backprop beside algebra", 0.0, max(backprop.distance(formulas)), 1e-12),
        Finding("differences beside algebra", 0.0, max(differences.distance(formulas)), 1e-10),
        Finding(
            "backprop on symbols is SymPy's gradient and Hessian", True, on_symbols == by_sympy
        ),
    ]


def draw(out: Path, frames: dict, point: Stationary) -> None:
    """The surface, the components of the gradient, and the entries of the Hessian."""
    mark = tuple(float(x) for x in point.point)
    plot.save(pictures.landscape(frames["f"], mark=mark, name=point.kind), out / "surface.png")
    for kind, start in (("gradient", "df_"), ("hessian", "d2f_")):
        chosen = {name: frame for name, frame in frames.items() if name.startswith(start)}
        plot.save(pictures.panels(chosen, zero=kind == "gradient"), out / f"{kind}.png")


if __name__ == "__main__":
    main(run)
