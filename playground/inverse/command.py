"""The command: a descent to the inverse of a matrix, what it found, and its pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from playground.graph.errors import InputError
from playground.graph.types import UserFunction
from playground.inverse.matrices import (
    balanced,
    condition_number,
    inverted,
    require_memory,
    require_square,
)
from playground.inverse.problem import residual_losses
from playground.lab import cli
from playground.lab.descent import Below
from playground.lab.reading import read_matrix
from playground.optimizers.arithmetic import square_root

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Inverse", "main"]

# X, I, Y and its best, gradient, residual and a few of their copies are alive at the same time.
MATRICES_ALIVE = 12
# Beyond it rounding keeps most from getting there, by any rule (tried at sizes 3 to 30).
NEARLY_SINGULAR = 1e6
# About 3 x the square of it are the steps that grow-shrink takes: here millions.
SLOW = 1e3
# The loss is quadratic, and this rule knows what that is worth: on uniform X of n = 3, 10, 30, 100
# it takes 6, 22, 86 and 390 steps where Barzilai-Borwein takes 16, 110, 811 and 3,798.
BEST_RULE = "conjugate-gradient"
# These know of curvature, but not of a quadratic.
KNOWING_RULES = ("barzilai-borwein", "l-bfgs")
# From this condition number and size on even that is no matter of seconds.
LONG = 1e4, 50
LONG_STEPS = "2,000 at size 50 and 14,000 at size 100"
# Up to this size --rule auto is the study's own rule: at size 30 that rarely gets there at all.
STUDYS_SIZE = 10
# About 3e5 steps of grow-shrink, or seconds, where Barzilai-Borwein takes a hundred.
STUDYS_CONDITION = 300
# Of a matrix from a file, whose owner waits for the answer and not for the study: 3,000 steps.
OWN_CONDITION = 30


class Inverse(cli.Descent):
    """The problem of ``python -m playground.inverse``; its data is the matrix X, shape (n, n)."""

    name = "inverse"
    usage = "(--size N | --matrix FILE | --resume DIR) [flags]"
    about = """
        Find the inverse Y of a square matrix X by steepest descent: start from a random
        Y, measure how far XY is from the identity I, get the gradient by backprop, step
        downhill, and repeat until sum|XY - I| is at most the tolerance. Every loss,
        parameter and gradient is logged, and drawn at the end.
        """
    examples = """
        losses:
          squared   sum((XY - I)**2): smooth, and the one to start with
          absolute  sum|XY - I|: full of kinks, where most rules get stuck

        rules:
          auto                   grow-shrink up to size 10 and for the absolute loss,
                                 conjugate-gradient for what is larger, badly conditioned,
                                 or from a file with entries beyond 1
          grow-shrink            step size x 1.2 after a better loss, x 0.5 after a worse
                                 one, which is kept; below 1e-10 comes a restart
          grow-shrink-take-back  the same, but a worse point is taken back
          barzilai-borwein       step size from the curvature along the step before
          l-bfgs                 along what the last ten steps say of Newton's direction
          conjugate-gradient     along conjugate directions, each to its bottom
          constant               always 0.01

        restarts:
          kick   Y moves at random, by 10 % at the first restart and less at later ones
          fresh  a new random Y
          none   the run ends

        what to expect (random matrices, float64):
          squared, grow-shrink       size 3: some hundred steps; size 10: ten thousand;
                                     size 30 and more: rarely
          squared, barzilai-borwein  sizes 3, 10, 30, 100: 15, 110, 800, 4000 steps
          squared, conjugate-gradient  the same: 6, 22, 86, 390 steps
          absolute, grow-shrink      size 3: fifty thousand steps and hundreds of kicks;
                                     size 10 and more: hardly ever
          A badly conditioned matrix takes longer; the report gives its condition number.
          With one of 1e4, conjugate-gradient: size 20: 200 steps, 50: 2000, 100: 14000.

        matrices (--matrix FILE; how it was read is said where it is no plain text):
          text     numbers after commas, semicolons, tabs or blanks, a header row or
                   not; decimal commas; [1 2; 3 4] and what MATLAB, NumPy, Mathematica
                   and R print; UTF-8, UTF-16, Latin-1
          .npy     of NumPy, or .npz with one array
          .xlsx    or .ods, with one sheet (pip install -e '.[excel]')
          Where numbers can be meant in two ways nothing is guessed: a flag decides.

        examples:
          python -m playground.inverse --size 3
          python -m playground.inverse --size 10 --rule barzilai-borwein
          python -m playground.inverse --matrix covariance.csv --max-seconds 60
          python -m playground.inverse --size 3 --loss absolute --dtype float32 --out study
          python -m playground.inverse --resume study --tol 1e-4

        exit code: 0 converged, 1 not converged, 2 bad input, 130 interrupted (log kept)
        """
    losses = ("squared", "absolute")
    rules = ("auto", *cli.STEP_RULES)
    reads = True
    measure = "sum|XY - I|"

    @classmethod
    def add_flags(cls, group: cli.FlagGroup) -> None:
        group.add_argument(
            "--size", type=cli.whole(1), metavar="N", help="a random N x N matrix, uniform in 0..1"
        )
        group.add_argument(
            "--matrix", metavar="FILE", help="a matrix from a file: .csv, .xlsx, .npy, text"
        )
        group.add_argument(
            "--anyway", action="store_true", help="search also where FILE has no inverse"
        )

    def draw(self) -> dict[str, np.ndarray]:
        settings = self.settings
        if (settings.size is None) == (settings.matrix is None):
            raise InputError("give either --size N or --matrix FILE, for example --size 3")
        # The generator of the original study, whose matrix is thus that of --size 3 --seed 0.
        rng = np.random.RandomState(settings.seed)
        if settings.size is not None:
            require_memory(settings.size, settings.dtype, MATRICES_ALIVE)
            matrix = rng.random_sample((settings.size, settings.size))
        else:
            matrix, said = read_matrix(settings.matrix, cli.dialect_of(settings))
            self.assumed = [said]
            require_square(matrix, said or settings.matrix)
            require_memory(len(matrix), settings.dtype, MATRICES_ALIVE)
        start = rng.random_sample(matrix.shape)
        self.data = {"matrix": self._cast(matrix), "start": self._cast(start)}
        if settings.matrix is not None and not settings.anyway:
            self._require_inverse()
        if settings.rule == "auto":
            self._choose_rule()
        return self.data

    def _require_inverse(self) -> None:
        """Raise InputError where a matrix from a file has no inverse, or none in its precision."""
        condition = self.own_condition
        if condition * np.finfo(np.float64).eps >= 1.0:
            raise InputError(
                f"X is singular (condition number {condition:.3g}): it has no inverse to find "
                f"(--anyway searches all the same)"
            )
        if condition * np.finfo(self.matrix.dtype).eps >= 1.0:
            raise InputError(
                f"X is singular in {self.settings.dtype} (condition number {condition:.3g}): "
                f"use --dtype float64 (--anyway searches all the same)"
            )

    def _choose_rule(self) -> None:
        """Make of ``--rule auto`` the rule that gets there; a note where it is not the study's."""
        settings, size = self.settings, len(self.matrix)
        settings.rule = "grow-shrink"
        if settings.loss == "absolute":
            return
        if size > STUDYS_SIZE:
            why = f"size {size} is above {STUDYS_SIZE}"
        elif settings.matrix is not None and np.abs(self.matrix).max() > 1:
            # The study's first step, 0.01, is one for entries in 0..1: others send it far away.
            why = "X has entries beyond 1"
        elif self.condition > (STUDYS_CONDITION if settings.matrix is None else OWN_CONDITION):
            why = f"the condition number is {self.condition:.3g}"
        else:
            return
        settings.rule = BEST_RULE
        note = f"rule {BEST_RULE}, since {why} (--rule grow-shrink is the study's)"
        self.assumed = [*self.assumed, note]

    def _cast(self, matrix: np.ndarray) -> np.ndarray:
        """The matrix in the precision of the run. Raises InputError where a number is too large."""
        settings = self.settings
        with np.errstate(over="ignore"):
            cast = matrix.astype(settings.dtype)
        if not np.isfinite(cast).all():
            large = f"{settings.matrix} holds numbers too large for {settings.dtype}"
            raise InputError(f"{large}: use --dtype float64")
        return cast

    @property
    def matrix(self) -> np.ndarray:
        """X, shape (n, n)."""
        return self.data["matrix"]

    @cached_property
    def true_inverse(self) -> np.ndarray | None:
        return inverted(self.matrix)

    @cached_property
    def condition(self) -> float:
        return condition_number(self.matrix, self.true_inverse)

    @cached_property
    def own_condition(self) -> float:
        """That of X with rows and columns in units of their own."""
        # diag(1, 1e-20) has an inverse, of any precision.
        return condition_number(*balanced(self.matrix))

    @property
    def singular(self) -> bool:
        # Rounding X alone, by eps of its size, may then reach a matrix without an inverse.
        return bool(self.own_condition * np.finfo(np.float64).eps >= 1.0)

    def warnings(self) -> list[str]:
        """What the condition number of X says about the chances of the run."""
        if self.hopeless:
            return [self.hopeless]
        settings, number = self.settings, f"condition number {self.condition:.3g}"
        if self.condition >= NEARLY_SINGULAR:
            return [f"X is nearly singular ({number}): the run may not converge"]
        # An entry of XY is known to about eps cond(X), and the sum is over n^2 of them.
        if (
            len(self.matrix) ** 2 * np.finfo(self.matrix.dtype).eps * self.condition
            > settings.tol / 2
        ):
            return [f"{number}: rounding in {settings.dtype} may keep {self.measure} above --tol"]
        if self.condition >= SLOW and settings.rule != BEST_RULE:
            how = "" if settings.rule in KNOWING_RULES else " with its square"
            return [
                f"X is badly conditioned ({number}): the steps of --rule {settings.rule} grow"
                f"{how}, those of --rule {BEST_RULE} far less"
            ]
        if self.condition >= LONG[0] and len(self.matrix) >= LONG[1]:
            return [
                f"X is large and badly conditioned ({number}): expect thousands of steps "
                f"(at 1e4 {LONG_STEPS})"
            ]
        return []

    @property
    def hopeless(self) -> str:
        """Why no run can converge, or ''."""
        if not self.singular:
            return ""
        return (
            f"X is singular (condition number {self.own_condition:.3g}): it has no inverse to find"
        )

    @cached_property
    def _losses(self) -> dict[str, UserFunction]:
        identity = np.eye(len(self.matrix), dtype=self.matrix.dtype)
        return residual_losses(self.device.put(self.matrix), self.device.put(identity))

    def loss(self) -> UserFunction:
        return self._losses[self.settings.loss]

    def goal(self) -> Below:
        if self.settings.loss == "absolute":
            return Below(self.settings.tol, name=self.measure)
        absolute = self._losses["absolute"]
        # The sum of sizes is at least the root of the sum of squares: far away nothing is computed.
        return Below(
            self.settings.tol,
            measure=absolute,
            bound=square_root,
            name=self.measure,
        )

    def answer(self) -> tuple[list[str], list[tuple[str, str]]]:
        result = self.result
        Y = result.x.astype(np.float64)
        product = self.matrix.astype(np.float64) @ Y
        residual = np.abs(product - np.eye(len(Y)))
        entries = [
            (f"loss ({self.settings.loss})", f"{result.value:.6g}"),
            ("sum|XY - I|", f"{residual.sum():.6g} (largest entry {residual.max():.3g})"),
            ("distance to numpy.linalg.inv", self._distance(Y)),
            ("condition number of X", f"{self.condition:.6g}"),
        ]
        return [
            cli.matrix_text("Y, the inverse found", Y, "the log"),
            cli.matrix_text("X @ Y", product),
        ], entries

    def _distance(self, Y: np.ndarray) -> str:
        truth = self.true_inverse
        if truth is None or self.singular:
            return "X has no inverse" if self.singular else "the inverse is too large for float64"
        difference = np.abs(Y - truth)
        largest = np.abs(truth).max()
        share = difference.max() / largest if largest else math.inf
        return f"{difference.max():.3g} at most ({share:.2g} of the largest entry)"

    def cure(self) -> str:
        return f"no flag helps: {self.hopeless}" if self.hopeless else super().cure()

    def advice(self) -> str:
        settings, size = self.settings, len(self.matrix)
        # First what hinders most: no rule helps a loss that overflows, or kinks.
        if not math.isfinite(self.result.value):
            return "scale the matrix so that its entries are near 1: the loss overflows"
        if settings.loss == "absolute":
            return f"try --loss squared --rule {BEST_RULE}, the easier way to the same Y"
        faster = f"try --rule {BEST_RULE}, which needs far fewer steps at size {size}"
        if settings.rule not in (BEST_RULE, *KNOWING_RULES):
            return faster
        if settings.dtype == "float32":
            return "try --dtype float64: rounding in float32 keeps sum|XY - I| up"
        if settings.rule != BEST_RULE:
            return faster
        return ""

    def files(self) -> dict[str, np.ndarray]:
        return {"inverse.npy": self.result.x}

    def pictures(self) -> dict[str, Callable[[], Axes]]:
        from playground.inverse.pictures import inverse_pictures

        return inverse_pictures(self)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    return cli.run(Inverse, argv)
