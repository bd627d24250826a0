"""The command: formulas, numbers in two ways, their differences, frames and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.errors import InputError, SymbolError
from playground.interpreters.symbols import sympy
from playground.lab import cli
from playground.lab.grids import grid_axis, grid_points
from playground.lab.reading import numbers_of_text, rows_of_text
from playground.lab.runlog import frame_of
from playground.quadratic.algebra import Algebra
from playground.quadratic.problem import (
    EXACT_STEP,
    Derivatives,
    automatic,
    numerical,
    quadratic_form,
    variables,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["QuadraticStudy", "main", "zeros_of_gradient"]

DEFAULT_Q, RANDOM_POINTS = "1,-1;-1,2", 400
MOST_VARIABLES = 20
# Longer formulas are in formulas.tex alone, and of more points only the first and last are named.
MOST_PRINTED, MOST_PLACES = 600, 20
# Differences that rounding makes wrong by more than this share agree with nothing.
SPOILT = 0.01


class QuadraticStudy(cli.Study):
    """The study of ``python -m playground.quadratic``."""

    name = "quadratic"
    about = """
        Study the quadratic form f(x) = 1/2 x'Qx + bx in three ways: by algebra, for which
        SymPy has to be installed (pip install sympy), by backprop, and by central
        differences. Prints the formulas of f, its gradient, Jacobian and Hessian, the
        differences of the three ways at many points, and where the gradient vanishes.
        """
    examples = """
        points:
          two variables     a grid, --from A to B in steps of S on both axes
          any other number  400 random points between A and B (--seed)

        in the directory of the run:
          f.csv, df_dx1.csv, d2f_dx1dx2.csv ...   columns x1, x2, y (two variables)
          points.csv        all of it in one table (other numbers of variables)
          formulas.tex      the formulas as LaTeX
          surface.png, gradient.png, hessian.png  (two variables)

        examples:
          python -m playground.quadratic
          python -m playground.quadratic --Q "2,0;0,-1" --b "0,1/2"
          python -m playground.quadratic --Q "1,2,3;0,1,0;0,0,4" --from -1 --to 1
          python -m playground.quadratic --h 1e-4

        exit code: 0 the three ways agree, 1 they do not, 2 bad input, 130 interrupted
        """

    @property
    def traits(self) -> list[str]:
        return [f"{len(self.Q)}x{len(self.Q)}"]

    @classmethod
    def add_flags(cls, group: cli.FlagGroup) -> None:
        add, number = group.add_argument, cli.number
        rows = "the matrix, rows after semicolons, or [[1, 2], [3, 4]]"
        add("--Q", default=DEFAULT_Q, metavar="ROWS", help=rows)
        add("--b", metavar="B", help="the vector, such as 1,1 (default all 1)")
        add("--from", dest="low", type=number, default=-10.0, metavar="A", help="the points begin")
        add("--to", dest="high", type=number, default=9.0, metavar="B", help="and end here")
        apart = "from each point of the grid to the next"
        add("--step", type=number, default=1.0, metavar="S", help=apart)
        step = "step of the differences"
        add("--h", type=cli.above_zero, default=EXACT_STEP, metavar="H", help=step)

    def prepare(self) -> None:
        settings = self.settings
        self.Q = read_matrix_text(settings.Q)
        n = len(self.Q)
        self.b = np.ones(n) if settings.b is None else read_numbers(settings.b, n)
        axis = grid_axis(settings.low, settings.high, settings.step)
        rng = np.random.default_rng(settings.seed)
        random = rng.uniform(settings.low, settings.high, (RANDOM_POINTS, n))
        self.points = grid_points(axis, last_fastest=True) if n == 2 else random
        # Asked for before a directory is made: without SymPy there is nothing to compare with.
        try:
            sympy()
        except SymbolError as error:
            raise InputError(str(error)) from error

    def work(self) -> None:
        dtype = self.settings.dtype
        Q, b, points = (self.device.put(x.astype(dtype)) for x in (self.Q, self.b, self.points))
        f = quadratic_form(Q, b)
        self.automatic = automatic(f, points)
        self.numerical = numerical(f, points, self.settings.h)
        self.algebra = Algebra(self.Q, self.b)
        self.algebraic = self.algebra.at(self.points)

    # ----------------------------------------------------------------------------- the ending

    @cached_property
    def distances(self) -> dict[str, tuple[float, float, float]]:
        """The largest differences of value, gradient and Hessian, for each pair of ways."""
        ways = {name: getattr(self, name) for name in ("automatic", "numerical", "algebraic")}
        pairs = (("automatic", "algebraic"), ("numerical", "algebraic"), ("numerical", "automatic"))
        return {f"{one} - {other}": ways[one].distance(ways[other]) for one, other in pairs}

    @property
    def success(self) -> bool:
        """Whether the ways agree but for rounding, which differences divide by their step."""
        sizes = np.array([max(1.0, float(np.abs(part).max())) for part in self.algebraic[1:]])
        h = min(1.0, self.settings.h)
        # A first difference divides the rounding of f by h, a second by its square.
        rounding = 50 * np.finfo(self.settings.dtype).eps * sizes[0] / h ** np.arange(3)
        # With a tiny step it would excuse everything.
        bounds = np.minimum(rounding, SPOILT * sizes)
        return all((np.array(found) <= bounds).all() for found in self.distances.values())

    def headline(self) -> str:
        worst = max(max(found) for found in self.distances.values())
        agree = "agree" if self.success else "DISAGREE"
        # Only where the user asked for a smaller step: of the usual one it is no question.
        small = not self.success and self.settings.h < EXACT_STEP
        return (
            f"algebra, backprop and differences {agree}: value, gradient and Hessian at "
            f"{len(self.points):,} points differ by at most {worst:.3g}"
            + (
                f"\nwhat would help: a larger step of the differences, --h {EXACT_STEP:g}"
                if small
                else ""
            )
        )

    def answer(self) -> tuple[list[str], list[tuple[str, str]]]:
        parts = [self._components(), self._matrices(), self._latex(), self._differences()]
        return parts, self._zeros()

    def _components(self) -> str:
        algebra = self.algebra
        xs = ", ".join(variables(len(self.b)))
        pairs = zip(algebra.symbols, algebra.gradient, strict=True)
        gradient = [_cut(f"df/d{x} = {part}") for x, part in pairs]
        rows = [
            (f"f({xs})", [_cut(algebra.expression)]),
            ("gradient", gradient),
        ]
        rows.append(("Jacobian", [_cut(algebra.jacobian.tolist()[0])]))
        rows.append(("Hessian", [_cut(row) for row in algebra.hessian.tolist()]))
        return _under_head("by components", rows)

    def _matrices(self) -> str:
        form = self.algebra.matrix_form
        rows = [("f(x)", [str(form.expression)]), ("gradient", [str(form.gradient)])]
        return _under_head("in matrix form", [*rows, ("Hessian", [str(form.hessian)])])

    def _latex(self) -> str:
        return _under_head(
            "LaTeX", [(left, [_cut(tex)]) for left, tex in self.algebra.latex().items()]
        )

    def _differences(self) -> str:
        lines = [f"{'largest differences':<24}{'value':>10}{'gradient':>12}{'Hessian':>12}"]
        for pair, (value, gradient, second) in self.distances.items():
            lines.append(f"  {pair:<22}{value:>10.3g}{gradient:>12.3g}{second:>12.3g}")
        return "\n".join(lines)

    def _zeros(self) -> list[tuple[str, str]]:
        """Where the gradient vanishes: among the points, and altogether."""
        xs, entries = variables(len(self.b)), []
        for x, formula, found in zip(
            xs, self.algebra.gradient, zeros_of_gradient(self.algebraic), strict=True
        ):
            if len(xs) == 2:
                shown = [f"({', '.join(f'{x:g}' for x in point)})" for point in found]
                if len(shown) > MOST_PLACES:
                    shown = [*shown[:3], "...", shown[-1]]
                where = f"{len(found)} of {len(self.points)} points"
                where += f": {' '.join(shown)}" if shown else ""
                entries.append((f"df/d{x} = {formula} = 0", where))
        return [*entries, ("stationary", self._stationary())]

    def _stationary(self) -> str:
        found = self.algebra.stationary
        if found.kind == "none":
            return "no point: the gradient vanishes nowhere"
        place = _cut(f"({', '.join(map(str, found.point))})")
        free = len(found.directions)
        more = "" if not free else f" and all points along {free} direction{'s' * (free > 1)}: "
        more += ", ".join(_cut(f"({', '.join(map(str, d))})") for d in found.directions)
        return f"{found.kind} at {place}, where f = {found.value}{more}"

    # ---------------------------------------------------------------------------- what is written

    def files(self) -> Mapping[str, bytes]:
        tex = "".join(f"\\[ {left} = {right} \\]\n" for left, right in self.algebra.latex().items())
        if len(self.b) == 2:
            tables = self.automatic.frames()
        else:
            xs = dict(zip(variables(len(self.b)), self.points.T, strict=True))
            tables = {"points": frame_of({**xs, **self.automatic.columns()})}
        found = {
            f"{name}.csv": frame.to_csv(index=False).encode() for name, frame in tables.items()
        }
        return {**found, "formulas.tex": tex.encode()}

    def pictures(self) -> Mapping[str, Callable[[], Figure]]:
        from playground.quadratic.pictures import quadratic_pictures

        return quadratic_pictures(self) if len(self.b) == 2 else {}


def zeros_of_gradient(found: Derivatives) -> list[np.ndarray]:
    """The points at which each component of the gradient vanishes but for rounding."""
    size = np.abs(found.gradients).max(axis=0, initial=0.0)
    level = 16 * np.finfo(found.gradients.dtype).eps * size
    return [found.points[np.abs(g) <= t] for g, t in zip(found.gradients.T, level, strict=True)]


def _under_head(head: str, rows: Sequence[tuple[str, list[str]]]) -> str:
    """Lines under a head, what stands to their left in a column of its own."""
    width = max(len(label) for label, _ in rows)
    lines = [
        f"  {label if i == 0 else '':<{width}}   {line}"
        for label, texts in rows
        for i, line in enumerate(texts)
    ]
    return "\n".join([head, *lines])


def _cut(text: Any) -> str:
    text = str(text)
    return text if len(text) <= MOST_PRINTED else f"{text[: MOST_PRINTED - 3]}..."


# ------------------------------------------------------------------------------------- the flags


def read_matrix_text(text: str) -> np.ndarray:
    """The square matrix that is typed, rows after semicolons, float64. Raises InputError."""
    try:
        rows = rows_of_text(text)
    except InputError as error:
        raise InputError(f"--Q: {error}") from error
    lengths = [len(row) for row in rows]
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is not None:
        raise InputError(
            f"--Q {text!r}: row {odd + 1} is of length {lengths[odd]}, row 1 of {lengths[0]}"
        )
    if len(rows) != lengths[0]:
        raise InputError(
            f"--Q {text!r}: expected as many rows as columns, got {len(rows)} x {lengths[0]}: "
            f"write the rows after semicolons, such as {DEFAULT_Q!r}"
        )
    if len(rows) > MOST_VARIABLES:
        raise InputError(
            f"--Q has {len(rows)} variables, for which formulas are of no use: at most "
            f"{MOST_VARIABLES}"
        )
    return np.array(rows)


def read_numbers(text: str, n: int) -> np.ndarray:
    """The vector of n numbers, float64. Raises InputError."""
    try:
        found = numbers_of_text(text)
    except InputError as error:
        raise InputError(f"--b: {error}") from error
    if len(found) != n:
        raise InputError(f"--b {text!r}: expected {n} numbers, as --Q has rows, got {len(found)}")
    return np.array(found)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    return cli.run(QuadraticStudy, argv)
