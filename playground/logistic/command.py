"""``python -m playground.logistic``: its flags, its report and its pictures."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from playground.graph.types import Random, UserFunction
from playground.lab import cli
from playground.lab.descent import (
    FreshStart,
    GradientBelow,
    MaxSteps,
    Restart,
    Rule,
    Standing,
    Stop,
    counted,
    make_rule,
)
from playground.lab.reading import split_names
from playground.logistic.problem import (
    Optimum,
    design,
    largest_curvature,
    logistic_losses,
    optimum,
    step_seconds,
)
from playground.logistic.rows import read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Logistic", "main"]

STEP_SIZE = 0.001
TOLERANCES = {"float64": 1e-6, "float32": 1e-2}
# So many rows that were taken for the wrong class are named.
MOST_WRONG = 4


class Planned(MaxSteps):
    """Success: the planned steps are taken, and the last point is the answer."""

    converged = True
    here = True

    def reason(self, standing: Standing) -> str:
        return f"all {counted(self.limit, 'step')} of the plan are taken"


class Logistic(cli.Descent):
    """The problem of ``python -m playground.logistic``; its data are the rows and their classes."""

    name = "logistic"
    usage = "[--data FILE | --resume DIR] [flags]"
    about = """
        Logistic regression by steepest descent. The chance that a row x belongs to the
        positive class is 1 / (1 + exp(-(w.x + b))), and the loss is minus the logarithm
        of the chance given to what was observed, summed over the rows. Without --data
        the rows are Fisher's irises: setosa against versicolor by the length and width
        of their sepals. Every loss, weight and gradient is logged and then drawn.
        """
    examples = """
        losses:
          vectorised  one matrix product and np.logaddexp, which never overflows
          loop        a Python loop over the rows, one logarithm after the other; the
                      same value, some hundred times slower

        rules:
          auto                   constant for the irises, barzilai-borwein for --data
          constant               always --step-size; the --max-steps are a plan, and the
                                 run has done its work when they are taken
          barzilai-borwein       step size from the curvature along the step before
          l-bfgs                 along what the last ten steps say of Newton's direction
          conjugate-gradient     along conjugate directions, each to its bottom
          grow-shrink            step size x 1.2 after a better loss, x 0.5 after a
                                 worse one, which is kept
          grow-shrink-take-back  the same, but a worse point is taken back
          Without --tol those but constant stop at a gradient of 1e-6 (float32: 1e-2).

        tables (--data FILE; how it was read is said where it is no plain CSV):
          a first row with names, then rows, cells after commas, semicolons, tabs,
          bars or blanks, in UTF-8, UTF-16 or Latin-1; decimal commas; .xlsx and
          .ods with one sheet (pip install -e '.[excel]'). An index without a name,
          as pandas writes it, is no feature.

        separable classes:
          Where a line parts the classes without an error, as it does setosa from
          versicolor, longer weights are always better: the loss tends to 0 and no
          weights reach it. A penalty, --l2 1, gives them an end.

        examples:
          python -m playground.logistic
          python -m playground.logistic --rule barzilai-borwein --l2 1
          python -m playground.logistic --positive virginica --negative versicolor
          python -m playground.logistic --features petal_length,petal_width --loss loop
          python -m playground.logistic --data houses.csv --target sold --standardise

        exit code: 0 converged or done as planned, 1 not converged, 2 bad input,
        130 interrupted (log kept)
        """
    losses = ("vectorised", "loop")
    rules = (
        "auto",
        "constant",
        "barzilai-borwein",
        "l-bfgs",
        "conjugate-gradient",
        "grow-shrink",
        "grow-shrink-take-back",
    )
    measure = "|gradient|"
    reads = True

    @property
    def extent(self) -> str:
        return "x".join(map(str, self.data["points"].shape))

    @classmethod
    def add_flags(cls, group: cli.FlagGroup) -> None:
        add = group.add_argument
        add(
            "--data",
            metavar="FILE",
            help="your own rows, .csv or .xlsx with a head (default: the irises)",
        )
        add("--target", metavar="COLUMN", help="the column with the classes (needed with --data)")
        add("--features", metavar="A,B", help="columns of numbers (default: all but the target)")
        add("--positive", metavar="NAME", help="the class whose chance is modelled")
        add("--negative", metavar="NAME", help="the class it is told from (default: all others)")
        scaling = "to mean 0 and variance 1 (default: with --data)"
        add("--standardise", action=BooleanOptionalAction, help=scaling)
        penalty = "add P/2 |weights|^2, bias aside"
        add("--l2", type=cli.not_negative, default=0.0, metavar="P", help=penalty)
        step = f"of all steps (--rule constant) or the first (default {STEP_SIZE} or what is safe)"
        add("--step-size", type=cli.above_zero, metavar="S", help=step)
        group.set_defaults(restart="none", tol=None, max_steps=1000)

    def draw(self) -> dict[str, np.ndarray]:
        settings = self.settings
        notes: list[str] = []
        points, labels = read_rows(settings, notes)
        self._choose(notes)
        self.assumed = notes
        start = np.zeros(points.shape[1] + 1, dtype=settings.dtype)
        if settings.step_size is None:
            X, _, _, l2 = self._scaled(points)
            bound = largest_curvature(X, l2)
            # Steps of 2 / curvature or more lead uphill somewhere; those of 1 / curvature never do.
            settings.step_size = STEP_SIZE if STEP_SIZE * bound < 2 else 1 / bound
        return {"points": points, "labels": labels, "start": start}

    def _choose(self, notes: list[str]) -> None:
        """Make of ``--rule auto`` and of no ``--standardise`` what gets there, and say so."""
        settings = self.settings
        own, auto = settings.data is not None, settings.rule == "auto"
        if auto:
            settings.rule = "barzilai-borwein" if own else "constant"
        settings.scaled = own and settings.standardise is None and bool(settings.l2)
        if settings.standardise is None:
            settings.standardise = own and not settings.l2
            if own:
                penalised = ", and so is the penalty" if settings.l2 else ""
                notes.append(
                    f"rule {settings.rule}, on standardised features; weights are told for the "
                    f"features as they are{penalised} (--no-standardise leaves them)"
                )

    def _scaled(
        self, points: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, float | np.ndarray]:
        """What the loss takes: X, what was taken off and divided by for it, and the penalty."""
        settings = self.settings
        # Scaled for the descent alone, the loss stays what it is for the features as they are. A
        # run of before has no such setting.
        if not getattr(settings, "scaled", False):
            return *design(points, settings.standardise), settings.l2
        # So that X and the penalty bend each weight by about as much as the bias, a quarter a row.
        X, middle, spread = design(points, True, 2 * (settings.l2 / len(points)) ** 0.5)
        return X, middle, spread, settings.l2 / spread**2

    def prepare(self) -> None:
        settings = self.settings
        self.features = split_names(settings.features)
        other = f"not {settings.positive}" if settings.negative is None else settings.negative
        self.classes = other, settings.positive
        self.X, self.middle, self.spread, self.l2 = self._scaled(self.data["points"])

    def warnings(self) -> list[str]:
        """Whether the steps are so long that they lead uphill."""
        longest = 2.0 / largest_curvature(self.X, self.l2)
        if self.settings.rule != "constant" or self.settings.step_size <= longest:
            return []
        return [
            f"steps of size {self.settings.step_size:g} may lead uphill: here they are sure to "
            f"lead downhill below --step-size {longest:.2g}"
        ]

    @cached_property
    def best(self) -> Optimum:
        return optimum(self.X, self.data["labels"], self.l2)

    def restart(self) -> str | Restart:
        named = self.settings.restart
        return FreshStart(self._normal_start) if named == "fresh" else named

    def _normal_start(self, rng: Random) -> np.ndarray:
        return np.asarray(rng.standard_normal(self.X.shape[1]), self.X.dtype)

    def rule(self) -> Rule:
        return make_rule(self.settings.rule, self.settings.step_size)

    def loss(self) -> UserFunction:
        X, t = self.device.put(self.X), self.device.put(self.data["labels"])
        l2 = self.device.put(self.l2) if isinstance(self.l2, np.ndarray) else self.l2
        return logistic_losses(X, t, l2)[self.settings.loss]

    @property
    def planned(self) -> bool:
        """Whether the run is about its number of steps, rather than a tolerance."""
        return self.settings.tol is None and self.settings.rule == "constant"

    @property
    def met(self) -> str:
        return "done" if self.planned else "converged"

    def watch(self) -> dict[str, UserFunction]:
        X, t = self.device.put(self.X), self.device.put(self.data["labels"])
        return {"accuracy": lambda w: np.sum((X @ w > 0) == (t > 0)) / len(t)}

    def goal(self) -> Stop:
        if self.planned:
            return Planned(self.settings.max_steps)
        return GradientBelow(self.settings.tol or TOLERANCES[self.settings.dtype])

    def plain(self, w: np.ndarray) -> np.ndarray:
        """Weights of the features as they were measured, from those of ``self.X``; float64."""
        # The centre that was taken off the features comes back in the bias.
        slopes = w[:-1] / self.spread.astype(np.float64)
        return np.append(slopes, w[-1] - slopes @ self.middle)

    def answer(self) -> tuple[list[str], list[tuple[str, str]]]:
        settings, points = self.settings, self.data["points"]
        labels, w = self.data["labels"] > 0, self.plain(self.result.x)
        wrong = ((points @ w[:-1] + w[-1] > 0) != labels).nonzero()[0]
        share = 1 - len(wrong) / len(labels)
        counts = [f"{(labels == kind).sum():,} {self.classes[kind]}" for kind in (False, True)]
        entries = [
            ("rows", f"{len(labels):,}: {counts[0]}, {counts[1]}"),
            ("right", f"{len(labels) - len(wrong):,} of {len(labels):,} ({share:.1%})"),
            *([("wrong", self._named(wrong))] if len(wrong) else []),
            (f"loss ({settings.loss})", f"{self.result.value:.6g}"),
            ("smallest loss", self._smallest()),
        ]
        if settings.loss == "loop":
            entries.append(("loss and gradient", self._times(self.result.x)))
        return [self._weights(w), self._rule(w)], entries

    def _weights(self, w: np.ndarray) -> str:
        names = [*self.features, "bias"]
        width = max(map(len, names))
        columns = [("found", w)]
        if self.best.weights is not None:
            columns.append(("of the smallest loss", self.plain(self.best.weights)))
        head = " " * width + "".join(f"  {name:>12}" for name, _ in columns)
        rows = zip(names, *(column for _, column in columns), strict=True)
        lines = [f"{name:<{width}}" + "".join(f"  {v:>12.6g}" for v in row) for name, *row in rows]
        return "\n".join(["weights", head, *lines])

    def _rule(self, w: np.ndarray) -> str:
        sizes = [f"{abs(weight):.4g}" for weight in w]
        terms = [f"{size} {name}" for size, name in zip(sizes, [*self.features, ""], strict=True)]
        signs = ["-" if weight < 0 else "+" for weight in w]
        line = " ".join(f"{sign} {term}" for sign, term in zip(signs, terms, strict=True))
        return f"{self.classes[1]} where {line.removeprefix('+ ')}> 0, else {self.classes[0]}"

    def _named(self, wrong: np.ndarray) -> str:
        rows = [
            f"{self.classes[int(self.data['labels'][i])]} at ({', '.join(f'{v:g}' for v in point)})"
            for i, point in zip(wrong, self.data["points"][wrong][:MOST_WRONG], strict=False)
        ]
        rest = len(wrong) - len(rows)
        return ", ".join(rows) + (f" and {rest} more" if rest else "")

    def _smallest(self) -> str:
        # Newton's method would go on for ever: there is no smallest loss to reach.
        if self.best.separable:
            return "0, which no weights reach: a line parts the classes, and longer is better"
        if self.best.weights is None:
            return "not found: the classes touch, and the weights grow without bound"
        loss = logistic_losses(self.X, self.data["labels"], self.l2)["vectorised"]
        best = float(loss(self.best.weights))
        above = max(self.result.value - best, 0.0)
        return f"{best:.6g} by Newton's method: the loss found is {above:.2g} above it"

    def _times(self, w: np.ndarray) -> str:
        losses = logistic_losses(self.X, self.data["labels"], self.l2)
        loop, fast = (step_seconds(losses[name], w) for name in ("loop", "vectorised"))
        return f"{loop * 1e3:.2g} ms in a loop, {fast * 1e6:.2g} us vectorised: {loop / fast:.0f} x"

    def advice(self) -> str:
        if self.result.ending == "not finite":
            if self.settings.loss == "loop":
                return "--loss vectorised, which has no logarithm of 0"
            return "shorter steps with --step-size, or --standardise"
        if self.planned:
            return ""  # it was stopped before its plan was done
        if self.best.separable:
            return "--l2 1: without a penalty the weights of separable classes grow without bound"
        if self.settings.rule not in ("barzilai-borwein", "l-bfgs", "conjugate-gradient"):
            return "--rule barzilai-borwein, which needs far fewer steps"
        scaled = self.settings.standardise or getattr(self.settings, "scaled", False)
        return "" if scaled else "--standardise, which rounds the valley"

    def files(self) -> dict[str, np.ndarray]:
        return {"weights.npy": self.plain(self.result.x)}

    def pictures(self) -> dict[str, Callable[[], Axes]]:
        from playground.logistic.pictures import logistic_pictures

        return logistic_pictures(self)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    return cli.run(Logistic, argv)
