"""The command: a descent on the eigenvalues, what it found, and its pictures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from playground.eigenvalue.problem import (
    NEAR,
    Entries,
    SecondDerivatives,
    spectral_loss,
    wrong_start,
)
from playground.eigenvalue.ways import EPSILON, LEARNING_RATE, TARGETS, TOLERANCE
from playground.graph.backend import is_recorded, to_cpu
from playground.graph.errors import DegenerateEigenvalueError, InputError
from playground.graph.types import Array, Operand, UserFunction
from playground.lab import cli
from playground.lab.descent import AdamSteps, MaxSeconds, MaxSteps, Rule, make_rule
from playground.lab.fit import Fit, fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Eigenvalue", "ended", "main"]

# Each further start in the picture may take this long, and this many times the steps of the run.
MOST_SECONDS, MOST_TIMES = 5.0, 5
# For more entries the second derivatives are not computed, or neither printed nor drawn.
MOST_DIFFERENTIATED, MOST_SHOWN = 500, 21


class Eigenvalue(cli.Descent):
    """The problem of ``python -m playground.eigenvalue``; its data are the targets, ascending."""

    name = "eigenvalue"
    about = """
        Find a symmetric matrix A with given eigenvalues by descent: start from random
        entries, get the eigenvalues with numpy.linalg.eigh, measure how far they are from
        the targets, get the gradient by backprop through eigh, step downhill, and repeat
        until sum (target - eigenvalue)^2 is at most the tolerance. Every loss, parameter,
        gradient and eigenvalue is logged, and drawn at the end.
        """
    examples = """
        parameters: r = the diagonal of A, then its first, second ... superdiagonal; for
        3 targets r[0], r[1], r[2] = A[0,0], A[1,1], A[2,2], r[3] = A[0,1], r[4] = A[1,2]
        and r[5] = A[0,2].

        rules:
          adam                   each entry moves by about --lr a step; the rule of the
                                 original study (lr 1e-3, epsilon 1e-7)
          grow-shrink            step size x 1.2 after a better loss, x 0.5 after a worse
                                 one, which is kept; below 1e-10 comes a restart
          grow-shrink-take-back  the same, but a worse point is taken back
          barzilai-borwein       step size from the curvature along the step before
          l-bfgs                 along what the last ten steps say of Newton's direction
          conjugate-gradient     along conjugate directions, each to its bottom
          constant               always the same step size

        what to expect: adam takes 2,100 to 3,200 steps to three targets of 1, the others
        some ten to some hundred. Targets far from 0 are far from the start as well:
        adam then wants a larger --lr.

        examples:
          python -m playground.eigenvalue
          python -m playground.eigenvalue --targets 1,2,3,4 --rule barzilai-borwein
          python -m playground.eigenvalue --targets -20,0,20 --lr 0.05
          python -m playground.eigenvalue --start 0.1,0.9,0,0.2,0.8,0.5 --seed 7 --out study
          python -m playground.eigenvalue --resume study --tol 1e-12

        exit code: 0 converged, 1 not converged, 2 bad input, 130 interrupted (log kept)
        """
    losses = ("squared",)
    rules = ("adam", *cli.STEP_RULES)

    @property
    def extent(self) -> str:
        count = len(self.data["targets"])
        return f"{count}x{count}"

    @classmethod
    def add_flags(cls, group: cli.FlagGroup) -> None:
        add, targets = group.add_argument, list(TARGETS)
        add(
            "--targets",
            type=cli.number_list,
            default=targets,
            metavar="T,T,...",
            help="the eigenvalues",
        )
        start = "the entries r to start from (default random, uniform in 0..1)"
        add("--start", type=cli.number_list, metavar="R,R,...", help=start)
        rate = "learning rate of adam (default 1e-3), or the first step of another (0.01, l-bfgs 1)"
        add("--lr", type=cli.above_zero, metavar="L", help=rate)
        starts = "random starts in the picture of the eigenvalues"
        add("--starts", type=cli.whole(1, 16), default=4, metavar="N", help=starts)
        group.set_defaults(tol=TOLERANCE)

    def draw(self) -> dict[str, np.ndarray]:
        settings = self.settings
        if settings.lr is None:
            adam = settings.rule == "adam"
            settings.lr = LEARNING_RATE if adam else make_rule(settings.rule).settings()["initial"]
        targets = self._cast(np.sort(settings.targets), "--targets")
        count = Entries(len(targets)).size
        if settings.start is None:
            return {"targets": targets, "start": self._random(settings.seed, count)}
        if len(settings.start) != count:
            raise InputError(f"--start: {wrong_start(len(targets), len(settings.start))}")
        return {"targets": targets, "start": self._cast(np.array(settings.start), "--start")}

    def _random(self, seed: int, count: int) -> np.ndarray:
        # The legacy generator: its streams are frozen, so that a seed names a start for good.
        return np.random.RandomState(seed).random_sample(count).astype(self.settings.dtype)

    def _cast(self, values: np.ndarray, flag: str) -> np.ndarray:
        dtype = self.settings.dtype
        with np.errstate(over="ignore"):
            cast = values.astype(dtype)
        if not np.isfinite(cast).all():
            raise InputError(f"{flag}: a number is too large for {dtype}: use --dtype float64")
        return cast

    @property
    def targets(self) -> np.ndarray:
        """The eigenvalues wanted, ascending, shape (n,)."""
        return self.data["targets"]

    @cached_property
    def entries(self) -> Entries:
        """The matrix by its entries."""
        return Entries(len(self.targets))

    def warnings(self) -> list[str]:
        settings, said = self.settings, []
        if list(settings.targets) != sorted(settings.targets):
            order = ", ".join(f"{t:g}" for t in self.targets)
            said.append(f"eigenvalues come in ascending order, and are compared with {order}")
        # An eigenvalue is known to about eps of the largest, and the loss is the sum of n squares.
        largest = np.abs(self.targets).max().astype(np.float64)
        error = np.finfo(self.targets.dtype).eps * np.maximum(1.0, largest)
        if len(self.targets) * error**2 > settings.tol / 2:
            said.append(f"rounding in {settings.dtype} may keep the loss above --tol")
        return said

    def rule(self) -> Rule:
        rate = self.settings.lr
        if self.settings.rule == "adam":
            return AdamSteps(rate or LEARNING_RATE, eps=EPSILON)
        return make_rule(self.settings.rule, rate)

    def loss(self) -> UserFunction:
        loss = spectral_loss(self.device.put(self.targets))

        def finite(r: Operand) -> Array:
            try:
                return loss(r)
            except np.linalg.LinAlgError:
                # Entries that are infinite, or nearly: no eigenvalues, and so no loss.
                return r.sum() * math.nan

        return finite

    def watch(self) -> dict[str, UserFunction]:
        """The eigenvalues one by one; they are computed together, once for each point."""
        # A fit passes the very same r to each of them: one decomposition a point instead of n.
        seen: list[Array] = [None, None]

        def eigenvalue(r: Array, i: int) -> Array:
            if is_recorded(r):  # a program has equal calls once, and nothing is to be kept of it
                return self.entries.eigenvalues(r)[i]
            if r is not seen[0]:
                seen[:] = r, _or_nan(lambda: to_cpu(self.entries.eigenvalues(r)), len(self.targets))
            return seen[1][i]

        return {f"λ{i}": partial(eigenvalue, i=i) for i in range(len(self.targets))}

    # ----------------------------------------------------------------------------- what is found

    def answer(self) -> tuple[list[str], list[tuple[str, str]]]:
        r, targets = self.result.x.astype(np.float64), self.targets.astype(np.float64)
        A = self.entries.matrix(r)
        found = _or_nan(lambda: np.linalg.eigvalsh(A), len(targets))
        head = f"{'eigenvalue of A':>18}  {'target':>12}  {'difference':>12}"
        pairs = zip(found, targets, strict=True)
        rows = [f"{a:>18.12g}  {t:>12.6g}  {a - t:>12.3g}" for a, t in pairs]
        paragraphs = [cli.matrix_text("A, the matrix found", A), "\n".join([head, *rows])]
        if self.shown is not None:
            title = "second derivatives of the loss there, by r[i] and r[j]"
            paragraphs.append(cli.matrix_text(title, self.shown.matrix))
        return paragraphs, [
            ("loss", f"{self.result.value:.6g}"),
            ("largest difference", f"{np.abs(found - targets).max():.3g}"),
            *self._curvature(),
            *self._of_others(),
        ]

    def _of_others(self) -> list[tuple[str, str]]:
        """How the further starts ended, and how many there was no time for."""
        told = [(f"random start of seed {seed}", ended(run)) for seed, run in self.others.items()]
        missing = self.settings.starts - 1 - len(told)
        if missing:
            told.append(("further starts", f"{missing} left out: --max-seconds is used up"))
        return told

    @cached_property
    def second(self) -> SecondDerivatives | str:
        """The second derivatives of the loss at the point found, or why there are none."""
        r = self.result.x.astype(np.float64)
        if len(r) > MOST_DIFFERENTIATED:
            return f"not computed for more than {MOST_DIFFERENTIATED} entries"
        try:
            return SecondDerivatives.at(r, self.targets.astype(np.float64))
        except DegenerateEigenvalueError as error:
            return str(error)
        except np.linalg.LinAlgError:
            return "not computed: they are not finite"

    @property
    def shown(self) -> SecondDerivatives | None:
        """Those that are few enough to be printed and drawn."""
        second = None if self.entries.size > MOST_SHOWN else self.second
        return None if isinstance(second, str) else second

    def _curvature(self) -> list[tuple[str, str]]:
        """What the second derivatives say, for the list of the report."""
        second = self.second
        if isinstance(second, str):
            return [("second derivatives", second)]
        if not len(second.steep):
            return [("curvatures of the loss", "0, in every direction")]
        aside = f"  (at a point {NEAR:g} away)" if second.moved else ""
        told = [("curvatures of the loss", f"{_grouped(second.steep)}{aside}")]
        if second.flat:
            told.append(
                ("flat directions", f"{second.flat}, in which A turns and keeps its eigenvalues")
            )
        sizes = np.abs(second.steep)
        return [*told, ("condition number", f"{sizes.max() / sizes.min():.6g}")]

    @cached_property
    def others(self) -> dict[int, Fit]:
        """The same descent from the random starts of the seeds that follow, by seed.

        They share what the run itself has left of --max-seconds.
        """
        settings, found = self.settings, dict[int, Fit]()
        with np.errstate(all="ignore"):
            for to_come in range(settings.starts - 1, 0, -1):
                left = self.seconds_left
                if left <= 0:
                    break
                # The generator takes no larger seed.
                seed = (settings.seed + settings.starts - to_come) % 2**32
                found[seed] = self._from_seed(seed, min(MOST_SECONDS, left / to_come))
        return found

    def _from_seed(self, seed: int, seconds: float) -> Fit:
        # A further start is for the picture alone, and may be far slower than the run itself.
        limits = MaxSteps(max(MOST_TIMES * self.result.steps, 10_000)), MaxSeconds(seconds)
        found = fit(
            self.loss(),
            self._random(seed, self.entries.size),
            rule=self.rule(),
            stop=[self.goal(), *limits],
            restart=self.restart(),
            rng=seed,
            watch=self.watch(),
            device=self.device,
            engine=self.settings.engine,
        )
        if found.interrupted:
            # The run itself has ended, and its log is whole.
            raise KeyboardInterrupt
        return found

    def advice(self) -> str:
        settings = self.settings
        if not math.isfinite(self.result.value):
            return "a smaller --lr: the loss overflows"
        if self.has_grown:
            return "a smaller --lr: the loss is larger than at the start"
        if settings.rule != "adam":
            return "try --rule adam, which no kink of the loss stops"
        # Adam moves an entry by about the rate a step, whatever the gradient.
        start = self.data["start"]
        found = _or_nan(lambda: self.entries.eigenvalues(start), len(self.targets))
        far = np.abs(self.targets - found).max()
        rate = settings.lr or LEARNING_RATE
        larger = float(f"{far / 1000:.1g}")
        if far > 10_000 * rate and math.isfinite(larger):
            return f"a larger --lr, such as {larger:g}: the targets are far off"
        return ""

    def files(self) -> dict[str, np.ndarray]:
        return {"matrix.npy": self.entries.matrix(self.result.x)}

    def pictures(self) -> dict[str, Callable[[], Axes]]:
        from playground.eigenvalue.pictures import eigenvalue_pictures

        return eigenvalue_pictures(self)


def _or_nan(compute: Callable[[], np.ndarray], count: int) -> np.ndarray:
    """So many eigenvalues, NaN where there are none: of entries that overflow."""
    try:
        return compute()
    except np.linalg.LinAlgError:
        return np.full(count, math.nan)


def _grouped(values: np.ndarray, most: int = 12) -> str:
    """Ascending numbers, equal ones together."""
    counts = Counter(f"{value:.5g}" for value in values)
    shown = [text if count == 1 else f"{text} ({count} times)" for text, count in counts.items()]
    if len(shown) > most:
        shown = [*shown[: most // 2], "...", *shown[-most // 2 :]]
    return ", ".join(shown)


def ended(run: Fit) -> str:
    """How a descent ended, in a few words."""
    return run.took if run.converged else f"not converged after {run.took}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    return cli.run(Eigenvalue, argv)
