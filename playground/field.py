"""The gradient field of a function of two variables: arrows over contours, and paths along them.

    python -m playground.field --function "x0*exp(-x1**2)"

The gradient is computed twice, by backprop at all points in one call and by central differences,
and their difference is shown. :func:`gradient_field` and :func:`numerical_field` do it for any
function written in plain NumPy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.backend import Device, to_cpu
from playground.graph.errors import FitError, InputError, LogError
from playground.lab import cli
from playground.lab.descent import GradientBelow, MaxSteps, Standing, Stop, counted, make_rule
from playground.lab.expression import FUNCTIONS, Expression
from playground.lab.fit import Fit, fit
from playground.lab.grids import grid_axis, grid_points
from playground.lab.loading import load_function, on_rows
from playground.lab.plane import (
    STEP,
    Field,
    PlaneFunction,
    gradient_field,
    numbers,
    numerical_field,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from playground.lab.fields import Track

__all__ = ["Field", "FieldStudy", "Leaves", "gradient_field", "main", "numerical_field"]

PRESETS = {"bowl": "x0**2+x1**2", "saddle": "x0*x1", "waves": "sin(x0*x1)"}
# Contours are computed on a grid at least this fine, so that they are smooth.
SMOOTH = 241
STATIONARY = 1e-6

ABOUT = f"""\
Draw the gradient field of a function of two variables, x0 and x1: arrows over
contours, descents that follow them, and the gradient by backprop beside that by
central differences (step {STEP:g}, always in float64), with their difference.
"""

EXAMPLES = f"""\
functions:
  --preset bowl     x0**2+x1**2
  --preset saddle   x0*x1
  --preset waves    sin(x0*x1)
  --function TEXT   a formula of x0, x1, pi, e with + - * / // % **, comparisons
                    and NumPy's mathematical functions: "where(x0 > 0, x0, x1**2)"
  --function M:F    the function F of M.py in this directory, in plain NumPy, of
                    one array, F(x), or of two numbers, F(x0, x1)

in the directory of the run:
  field.png         arrows, contours and paths
  gradients.png     automatic, numerical, and their difference
  paths.png         the function along the paths
  field.csv         a row a point: x0, x1, f, both gradients
  paths/1, 2 ...    the log of each path, for playground.read_log

examples:
  python -m playground.field
  python -m playground.field --preset waves --starts 6 --seed 1
  python -m playground.field --function "x0*exp(-x0**2-x1**2)" --start 1,1 --start -1,0.5
  python -m playground.field --function "(1-x0)**2+100*(x1-x0**2)**2" --rule barzilai-borwein
  python -m playground.field --function mine:bump --from -5 --to 5 --step 0.5 --uphill

functions in a formula:
{fill(" ".join(sorted(FUNCTIONS)), 84, initial_indent="  ", subsequent_indent="  ")}

exit code: 0 done, 2 bad input, 130 interrupted
"""


@dataclass(frozen=True)
class Leaves(Stop):
    """Give up where a point of shape (2,) leaves the square from ``low`` to ``high``."""

    low: float
    high: float

    def met(self, standing: Standing) -> bool:
        x = to_cpu(standing.point[0])
        return not bool((x >= self.low).all() and (x <= self.high).all())

    def reason(self, standing: Standing) -> str:
        return "it left the picture"


class FieldStudy(cli.Study):
    """The study of ``python -m playground.field``."""

    name = "field"
    about = ABOUT
    examples = EXAMPLES

    def __init__(self, settings: argparse.Namespace, device: Device) -> None:
        super().__init__(settings, device)
        self.formula, self.function = _chosen(settings)
        self.axis = grid_axis(settings.low, settings.high, settings.step)
        with device.use(), np.errstate(all="ignore"):
            self.field = self._guarded(lambda: Field.of(self.function, self._grid(self.axis)))
        if not np.isfinite(self.field.values).any():
            raise InputError(f"{self.formula} is finite at no point of the grid: move it")
        self.starts = self._chosen_starts()
        self.fits: list[Fit] = []

    @classmethod
    def add_flags(cls, group: Any) -> None:
        add, n = group.add_argument, cli.number
        add("--preset", choices=PRESETS, help="a function by name (default bowl)")
        add("--function", metavar="F", help="your own: a formula of x0 and x1, or module:name")
        add("--from", dest="low", type=n, metavar="A", help="the grid begins here (-2)")
        add("--to", dest="high", type=n, metavar="B", help="and ends here, on both axes (2)")
        add("--step", type=n, metavar="H", help="from each point of it to the next (0.25)")
        add("--uphill", action="store_true", help="arrows and paths along the gradient")
        add("--starts", type=cli.whole(0, 1000), metavar="N", help="N random starts of paths (4)")
        start = "a path from this point; may be given several times"
        add("--start", type=_point, action="append", metavar="X0,X1", help=start)
        add("--rule", choices=cli.RULES, help="of the paths' steps (grow-shrink-take-back)")
        add("--step-size", type=cli.positive, metavar="S", help="the first step size (0.01)")
        add("--max-steps", type=cli.whole(1), metavar="N", help="steps of a path at most (1000)")

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        grid = {"low": -2.0, "high": 2.0, "step": 0.25}
        paths = {"rule": "grow-shrink-take-back", "step_size": 0.01, "max_steps": 1000}
        return {**grid, **paths}

    def _grid(self, axis: np.ndarray) -> Any:
        return self.device.put(grid_points(axis).astype(self.settings.dtype))

    def _guarded(self, compute: Callable[[], Any]) -> Any:
        """What ``compute`` returns; whatever the user's function raises becomes an InputError."""
        try:
            return compute()
        except (InputError, FitError, LogError, OSError, MemoryError):
            raise
        except Exception as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            what = f"{type(error).__name__}: {'; '.join(lines)}"
            raise InputError(f"{self.formula} cannot be computed: {what}") from error

    def _chosen_starts(self) -> np.ndarray:
        """The starts of the paths, shape (n, 2): those given, then random ones."""
        given = np.reshape(self.settings.start or [], (-1, 2))
        low, high = self.axis[[0, -1]]
        inside = ((given >= low) & (given <= high)).all(axis=1)
        for good, why in (
            (inside, f"lies outside of {low:g} .. {high:g}"),
            (self._finite(given), f"is where {self.formula} is not finite"),
        ):
            if not good.all():
                raise InputError(f"--start {'{:g},{:g}'.format(*given[~good][0])} {why}")
        if not self.field.automatic.any():  # nowhere to go
            return given[:0]
        rng, count = np.random.default_rng(self.settings.seed), self._random_starts
        drawn = rng.uniform(low, high, (20 * count + 20, 2))
        return np.concatenate([given, drawn[self._finite(drawn)][:count]])

    @property
    def _random_starts(self) -> int:
        asked, given = self.settings.starts, self.settings.start
        return asked if asked is not None else 0 if given else 4

    def _finite(self, points: np.ndarray) -> np.ndarray:
        """Whether the function is finite at each point, shape (k,)."""
        if not len(points):
            return np.ones(0, dtype=bool)
        with np.errstate(all="ignore"):
            found = self._guarded(lambda: numbers(self.function, self.device.put(points)))
        return np.isfinite(to_cpu(found))

    def warnings(self) -> list[str]:
        """Where the function or its gradient is not finite, and what is not drawn."""
        field, notes = self.field, []
        finite = np.isfinite(field.values)
        if not finite.all():
            where, more = _places(field.points[~finite])
            notes.append(f"{self.formula} is not finite at {where}: gaps in the pictures{more}")
        for name, gradient in (("automatic", field.automatic), ("numerical", field.numerical)):
            lost = finite & ~np.isfinite(gradient).all(axis=1)
            if lost.any():
                where, more = _places(field.points[lost])
                notes.append(f"the {name} gradient is not finite at {where}: no arrow there{more}")
        if not field.automatic.any():
            notes.append("the gradient is 0 at every point: there are no paths")
        elif len(self.starts) < self._random_starts:
            found = f"{len(self.starts)} of {self._random_starts}"
            notes.append(f"only {found} random starts are where {self.formula} is finite")
        return notes

    def work(self) -> None:
        with np.errstate(all="ignore"):  # where it is not finite the path ends, in words
            for number, start in enumerate(self.starts, 1):
                log = self.settings.out / "paths" / str(number)
                self.fits.append(self._guarded(partial(self._follow, start, log)))

    def _follow(self, start: np.ndarray, log: Path) -> Fit:
        """One path from ``start``, downhill or up, until it is level or leaves the picture."""
        settings, f = self.settings, self.function
        limits = [Leaves(self.axis[0], self.axis[-1]), MaxSteps(settings.max_steps)]
        found = fit(
            (lambda x: -f(x)) if settings.uphill else f,
            start.astype(settings.dtype),
            rule=make_rule(settings.rule, settings.step_size),
            stop=[GradientBelow(STATIONARY), *limits],
            log=log,
            device=self.device,
            watch={"f": f} if settings.uphill else None,
            meta={"problem": "field", "function": self.formula, "uphill": settings.uphill},
        )
        if found.interrupted:
            raise KeyboardInterrupt
        return found

    @cached_property
    def tracks(self) -> list[Track]:
        """The paths, without the points that were taken back."""
        return [self._track(found) for found in self.fits]

    def _track(self, found: Fit) -> Track:
        from playground.lab.fields import Track

        frame = found.loss
        steps, points = found.log.arrays("params")
        taken = frame["accepted"].to_numpy()[steps]
        steps, points = steps[taken], points[taken]
        values = frame["loss"].to_numpy()[steps] * (-1 if self.settings.uphill else 1)
        count = counted(found.steps, "step")
        name = f"{_pair(points[0])} to {_pair(points[-1])} in {count}"
        return Track(points, values, steps, name)

    # ----------------------------------------------------------------------------- the ending

    def headline(self) -> str:
        error = self.field.error
        known = np.isfinite(error)
        if not known.any():
            return f"{self.formula}: the two gradients are finite together at no point"
        worst = np.nanargmax(np.where(known, error, -1.0))
        return (
            f"{self.formula}: the automatic and the numerical gradient differ by at most "
            f"{error[worst]:.3g} (at {_pair(self.field.points[worst])})"
        )

    def answer(self) -> tuple[list[str], list[tuple[str, str]]]:
        field, axis = self.field, self.axis
        finite = field.values[np.isfinite(field.values)]
        lengths = np.hypot(*field.automatic.T)
        lengths = lengths[np.isfinite(lengths)]
        slopes = f"{lengths.min():.6g} to {lengths.max():.6g}" if lengths.size else "not finite"
        entries = [
            ("grid", f"{len(axis)} x {len(axis)} points, {axis[0]:g} to {axis[-1]:g}"),
            ("f", f"{finite.min():.6g} to {finite.max():.6g}"),
            ("length of the gradient", slopes),
        ]
        return ([self._path_table()] if self.fits else []), entries

    def _path_table(self) -> str:
        head = ("path", "from", "to", "steps", "f", "ended because")
        rows = [head]
        for number, (found, track) in enumerate(zip(self.fits, self.tracks, strict=True), 1):
            ends = (_pair(track.points[0]), _pair(track.points[-1]))
            tail = (f"{found.steps:,}", f"{track.values[-1]:.5g}", found.reason)
            rows.append((str(number), *ends, *tail))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join(lines)

    def files(self) -> Mapping[str, bytes]:
        return {"field.csv": self.field.csv()}

    def pictures(self) -> Mapping[str, Axes]:
        from playground.lab import fields

        field, uphill = self.field, self.settings.uphill
        sign, way = (1, "ascent") if uphill else (-1, "descent")
        what = "Arrows: the gradient, uphill" if uphill else "Arrows: minus the gradient, downhill"
        formula = fields.typeset(self.formula)
        title = f"f(x) = {formula if len(formula) <= 70 else formula[:69] + '…'}"
        background = self._background()
        kinds = {"Automatic": sign * field.automatic, "Numerical": sign * field.numerical}
        look = {"title": title, "what": what, "way": way}
        vectors = kinds["Automatic"]
        side_by_side = fields.compare(field.points, kinds, field.error, background, title=title)
        drawn = {
            "field": fields.field(field.points, vectors, background, self.tracks, **look),
            "gradients": side_by_side[0],
        }
        if self.tracks:
            drawn["paths"] = fields.heights(self.tracks, title=title, way=way)
        return drawn

    def _background(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values for the contours, on a grid fine enough to be smooth."""
        axis, values = self.axis, self.field.values
        if len(axis) < SMOOTH:
            axis = np.linspace(axis[0], axis[-1], SMOOTH)
            with self.device.use(), np.errstate(all="ignore"):
                values = to_cpu(numbers(self.function, self._grid(axis)))
        return axis, axis, values.reshape(len(axis), len(axis))


def _chosen(settings: argparse.Namespace) -> tuple[str, PlaneFunction]:
    """The function in words, and as a function of x. Raises InputError."""
    text = settings.function
    if text is not None and settings.preset is not None:
        raise InputError("give either --preset or --function, not both")
    if text is None:
        text = PRESETS[settings.preset or "bowl"]
    if ":" in text:
        return text, on_rows(load_function(text), 2, text)
    formula = Expression(text)
    if not formula.used:
        raise InputError(f"--function {text}: it depends on neither x0 nor x1, nothing to draw")
    return formula.text, lambda x: formula(x[0], x[1])


def _point(text: str) -> tuple[float, float]:
    parts = text.strip("() ").split(",")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(f"expected two numbers such as 1,0.5, got {text!r}")
    return cli.number(parts[0]), cli.number(parts[1])


def _pair(x: np.ndarray) -> str:
    # Rounded first: a path that ends at 1e-9 ends at 0, and not at -0.
    return f"({', '.join(f'{round(float(part), 3) + 0.0:g}' for part in x)})"


def _places(points: np.ndarray) -> tuple[str, str]:
    if len(points) == 1:
        return f"the point {_pair(points[0])}", ""
    return f"{len(points):,} points", f" (the first at {_pair(points[0])})"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    return cli.run_study(FieldStudy, argv)


if __name__ == "__main__":
    sys.exit(main())
