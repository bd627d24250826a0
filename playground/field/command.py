"""The command: arrows and paths of a function, what they show, and the pictures."""

from __future__ import annotations

import argparse
import inspect
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from playground.field.expression import ARITY, Expression
from playground.field.loading import load_function, on_rows
from playground.field.problem import (
    DIFFERENCE_STEP,
    Field,
    Track,
    numbers,
)
from playground.graph.backend import everywhere, to_cpu
from playground.graph.errors import FitError, InputError, LogError
from playground.graph.types import Raw, UserFunction
from playground.lab import cli
from playground.lab.descent import GradientBelow, MaxSeconds, MaxSteps, Standing, Stop, make_rule
from playground.lab.fit import Fit, fit
from playground.lab.grids import grid_axis, grid_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PRESETS", "FieldStudy", "Leaves", "main"]

PRESETS = {"bowl": "x0**2+x1**2", "saddle": "x0*x1", "waves": "sin(x0*x1)"}
STATIONARY = 1e-6
KNOWN = fill(" ".join(sorted(ARITY)), 84, initial_indent="  ", subsequent_indent="  ")


@dataclass(frozen=True)
class Leaves(Stop):
    """Give up where a point of shape (2,) leaves the square from ``low`` to ``high``."""

    low: float
    high: float

    pure: ClassVar[bool] = True

    def met(self, standing: Standing) -> bool:
        x = standing.point[0]
        return not everywhere((x >= self.low) * (x <= self.high))

    def reason(self, standing: Standing) -> str:
        return "it left the picture"


class FieldStudy(cli.Study):
    """The study of ``python -m playground.field``."""

    name = "field"
    logged = True
    about = f"""
        Draw the gradient field of a function of two variables, x0 and x1: arrows over
        contours, descents that follow them, and the gradient by backprop beside that by
        central differences (step {DIFFERENCE_STEP:g}, always in float64), with their difference.
        """
    examples = (
        inspect.cleandoc("""
    functions:
      --preset bowl     x0**2+x1**2
      --preset saddle   x0*x1
      --preset waves    sin(x0*x1)
      --function TEXT   a formula of x0, x1, pi, e with + - * / // % **, comparisons
                        and NumPy's mathematical functions: "where(x0 > 0, x0, x1**2)"
      --function M:F    the function F of M.py in this directory, in plain NumPy, of
                        one array, F(x), or of two numbers, F(x0, x1); importing M runs
                        M.py: name no module that you would not run

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

    exit code: 0 done, 2 bad input, 130 interrupted

    functions in a formula:
    """)
        + f"\n{KNOWN}"
    )

    @property
    def traits(self) -> list[str]:
        settings = self.settings
        return [settings.preset or settings.function or "", settings.rule]

    @classmethod
    def add_flags(cls, group: cli.FlagGroup) -> None:
        add, n = group.add_argument, cli.number
        add("--preset", choices=PRESETS, help="a function by name (default bowl)")
        own = "your own: a formula of x0 and x1, or module:name (importing it runs the module)"
        add("--function", metavar="F", help=own)
        add("--from", dest="low", type=n, default=-2.0, metavar="A", help="the grid begins here")
        add("--to", dest="high", type=n, default=2.0, metavar="B", help="and ends, on both axes")
        add("--step", type=n, default=0.25, metavar="H", help="from each point of it to the next")
        add("--uphill", action="store_true", help="arrows and paths along the gradient")
        starts = "N random starts of paths (default 4, or 0 with --start)"
        add("--starts", type=cli.whole(0, 1000), metavar="N", help=starts)
        start = "a path from this point; may be given several times"
        add("--start", type=_two_numbers, action="append", metavar="X0,X1", help=start)
        rule, size = "of the paths' steps", "the first step size"
        add("--rule", choices=cli.STEP_RULES, default="grow-shrink-take-back", help=rule)
        add("--step-size", type=cli.above_zero, default=0.01, metavar="S", help=size)
        steps = "steps of a path at most"
        add("--max-steps", type=cli.whole(1), default=1000, metavar="N", help=steps)
        seconds = "no path goes on after S seconds in all"
        add("--max-seconds", type=cli.above_zero, default=600.0, metavar="S", help=seconds)

    def prepare(self) -> None:
        settings = self.settings
        self.formula, self.function = self._chosen_function()
        self.axis = grid_axis(settings.low, settings.high, settings.step)
        with (
            self.device.use(),
            np.errstate(all="ignore"),
            warnings.catch_warnings(record=True) as heard,
        ):
            warnings.simplefilter("always")
            self.field = self._guarded(lambda: Field.of(self.function, self.on_grid(self.axis)))
        # NumPy's own are about values that are not finite, of which there are words of ours.
        kept = [str(one.message) for one in heard if one.category is not RuntimeWarning]
        self.remarks = list(dict.fromkeys(kept))
        if not np.isfinite(self.field.values).any():
            raise InputError(f"{self.formula} is finite at no point of the grid: move it")
        with warnings.catch_warnings(action="ignore"):  # heard by now
            self.starts = self._chosen_starts()
        self.fits: list[Fit] = []

    def _chosen_function(self) -> tuple[str, UserFunction]:
        """The function in words, and as a function of x. Raises InputError."""
        settings = self.settings
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

    def on_grid(self, axis: np.ndarray) -> Raw:
        """Every pair of numbers of ``axis``, on the device, in the precision of the run."""
        return self.device.put(grid_points(axis).astype(self.settings.dtype))

    def _guarded(self, compute: Callable[[], Any]) -> Any:
        """What ``compute`` returns; whatever the user's function raises becomes an InputError."""
        try:
            return compute()
        # These name what is wrong already; anything else comes from the user's own function.
        except (InputError, FitError, LogError, OSError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            what = ": ".join(filter(None, [type(error).__name__, "; ".join(lines)]))
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
        # A constant: each path would end where it starts.
        if self.level:
            return given[:0]
        rng, count = np.random.default_rng(self.settings.seed), self._random_starts
        # Many more than are needed: the function may be finite on a small part of the square.
        drawn = rng.uniform(low, high, (20 * count + 20, 2))
        return np.concatenate([given, drawn[self._finite(drawn)][:count]])

    @property
    def level(self) -> bool:
        """Whether there is nowhere to go: no slope at any point."""
        found = self.field.automatic
        # Steps, on which grad remarks, have none anywhere; else gaps may hide the slopes.
        return not (np.nan_to_num(found) if self.remarks else found).any()

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
        field, notes = self.field, list(self.remarks)
        finite = np.isfinite(field.values)
        if not finite.all():
            where, more = _places(field.points[~finite])
            notes.append(f"{self.formula} is not finite at {where}: gaps in the pictures{more}")
        for name, gradient in (("automatic", field.automatic), ("numerical", field.numerical)):
            lost = finite & ~np.isfinite(gradient).all(axis=1)
            if lost.any():
                where, more = _places(field.points[lost])
                notes.append(f"the {name} gradient is not finite at {where}: no arrow there{more}")
        if self.level:
            notes.append("the gradient is 0 at every point: there are no paths")
        elif len(self.starts) < self._random_starts:
            found = f"{len(self.starts)} of {self._random_starts}"
            notes.append(f"only {found} random starts are where {self.formula} is finite")
        return notes

    def work(self) -> None:
        # Where it is not finite the path ends, in words; what was heard before is said by now.
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            for number, start in enumerate(self.starts, 1):
                log = self.settings.out / "paths" / str(number)
                self.fits.append(self._guarded(partial(self._follow, start, log)))

    def _follow(self, start: np.ndarray, log: Path) -> Fit:
        """One path from ``start``, downhill or up, until it is level or leaves the picture."""
        settings, f = self.settings, self.function
        limits = [
            Leaves(self.axis[0], self.axis[-1]),
            MaxSteps(settings.max_steps),
            MaxSeconds(settings.max_seconds, time.monotonic() - self.began),
        ]
        found = fit(
            # The lab descends: uphill is down the negative.
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
        frame = found.loss
        steps, points = found.log.arrays("params")
        taken = frame["accepted"].to_numpy()[steps]
        # A path that jumps to and fro between rejected points could not be followed by eye.
        steps, points = steps[taken], points[taken]
        values = frame["loss"].to_numpy()[steps] * (-1 if self.settings.uphill else 1)
        name = f"{_pair(points[0])} to {_pair(points[-1])} in {found.took}"
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

    def pictures(self) -> Mapping[str, Callable[[], Axes]]:
        from playground.field.pictures import field_pictures

        return field_pictures(self)


def _two_numbers(text: str) -> tuple[float, float]:
    found = cli.number_list(text)
    if len(found) != 2:
        raise argparse.ArgumentTypeError(f"expected two numbers such as 1,0.5, got {text!r}")
    return found[0], found[1]


def _pair(x: np.ndarray) -> str:
    # Rounded first: a path that ends at 1e-9 ends at 0, and not at -0.
    return f"({', '.join(f'{round(float(part), 3) + 0.0:g}' for part in x)})"


def _places(points: np.ndarray) -> tuple[str, str]:
    if len(points) == 1:
        return f"the point {_pair(points[0])}", ""
    return f"{len(points):,} points", f" (the first at {_pair(points[0])})"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    return cli.run(FieldStudy, argv)
