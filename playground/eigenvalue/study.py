"""The command: a descent on the eigenvalues, what it found, and its pictures."""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.eigenvalue.spectrum import (
    NEAR,
    Entries,
    SecondDerivatives,
    spectral_loss,
    wrong_start,
)
from playground.eigenvalue.ways import EPSILON, LEARNING_RATE, TARGETS, TOLERANCE
from playground.graph.backend import Device, to_cpu
from playground.graph.errors import DegenerateEigenvalueError, InputError
from playground.lab import cli
from playground.lab.descent import (
    AdamSteps,
    Below,
    FreshStart,
    MaxSeconds,
    MaxSteps,
    Rule,
    counted,
    make_rule,
)
from playground.lab.fit import Fit, fit
from playground.lab.matrices import describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Eigenvalue", "main"]

ABOUT = """\
Find a symmetric matrix A with given eigenvalues by descent: start from random
entries, get the eigenvalues with numpy.linalg.eigh, measure how far they are from
the targets, get the gradient by backprop through eigh, step downhill, and repeat
until sum (target - eigenvalue)^2 is at most the tolerance. Every loss, parameter,
gradient and eigenvalue is logged, and drawn at the end.
"""

EXAMPLES = """\
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
  constant               always the same step size

what to expect: adam takes 2,300 to 3,100 steps to three targets of 1, the others
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

# Each further start in the picture may take this long, and this many times the steps of the run.
MOST_SECONDS, MOST_TIMES = 5.0, 5
# For more entries the second derivatives are not computed, or neither printed nor drawn.
MOST_DIFFERENTIATED, MOST_SHOWN = 500, 21


class Eigenvalue(cli.Problem):
    """The problem of ``python -m playground.eigenvalue``; its data are the targets, ascending."""

    name = "eigenvalue"
    needs = "--targets T,T,..."
    about = ABOUT
    examples = EXAMPLES
    losses = ("squared",)
    rules = ("adam", *cli.RULES)
    data_names = ("targets", "start")

    def __init__(self, settings: argparse.Namespace, data: Mapping[str, np.ndarray]) -> None:
        super().__init__(settings, data)
        self.targets = data["targets"]
        self.entries = Entries(len(self.targets))
        self.others: dict[int, Fit] | None = None
        self.second: SecondDerivatives | None = None

    @classmethod
    def add_flags(cls, group: Any) -> None:
        add = group.add_argument
        add("--targets", type=_numbers, metavar="T,T,...", help="the eigenvalues (default 1,1,1)")
        start = "the entries r to start from (default random, uniform in 0..1)"
        add("--start", type=_numbers, metavar="R,R,...", help=start)
        rate = "learning rate of adam (default 1e-3), or the first step size of another rule (0.01)"
        add("--lr", type=cli.positive, metavar="L", help=rate)
        starts = "random starts in the picture of the eigenvalues (default 4)"
        add("--starts", type=cli.whole(1, 16), metavar="N", help=starts)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {"targets": list(TARGETS), "start": None, "lr": None, "starts": 4, "tol": TOLERANCE}

    @classmethod
    def draw(cls, settings: argparse.Namespace) -> dict[str, np.ndarray]:
        if settings.lr is None:
            adam = settings.rule == "adam"
            settings.lr = LEARNING_RATE if adam else make_rule(settings.rule).settings()["initial"]
        targets = _cast(np.sort(settings.targets), settings.dtype, "--targets")
        count = Entries(len(targets)).size
        if settings.start is None:
            return {"targets": targets, "start": _random(settings.seed, count, settings.dtype)}
        if len(settings.start) != count:
            raise InputError(f"--start: {wrong_start(len(targets), len(settings.start))}")
        start = _cast(np.array(settings.start), settings.dtype, "--start")
        return {"targets": targets, "start": start}

    def warnings(self) -> list[str]:
        settings, said = self.settings, []
        if list(settings.targets) != sorted(settings.targets):
            order = ", ".join(f"{t:g}" for t in self.targets)
            said.append(f"eigenvalues come in ascending order, and are compared with {order}")
        error = np.finfo(self.targets.dtype).eps * max(1.0, np.abs(self.targets).max())
        if len(self.targets) * float(error) ** 2 > settings.tol / 2:
            said.append(f"rounding in {settings.dtype} may keep the loss above --tol")
        return said

    def rule(self) -> Rule:
        rate = self.settings.lr
        if self.settings.rule == "adam":
            return AdamSteps(rate or LEARNING_RATE, eps=EPSILON)
        return make_rule(self.settings.rule, rate)

    def fresh(self, rng: Any) -> np.ndarray:
        return rng.random(self.entries.size).astype(self.targets.dtype)

    def loss(self, device: Device) -> Callable[[Any], Any]:
        return spectral_loss(device.put(self.targets))

    def goal(self, device: Device) -> Below:
        return Below(self.settings.tol)

    def watch(self, device: Device) -> dict[str, Callable[[Any], Any]]:
        return _watched(self.entries)

    # ----------------------------------------------------------------------------- what is found

    def answer(self, result: Fit) -> tuple[list[str], list[tuple[str, str]]]:
        r, targets = result.x.astype(np.float64), self.targets.astype(np.float64)
        A = self.entries.matrix(r)
        found = np.linalg.eigvalsh(A)
        paragraphs = [describe("A, the matrix found", A), _compared(found, targets)]
        entries = [
            ("loss", f"{result.value:.6g}"),
            ("largest difference", f"{np.abs(found - targets).max():.3g}"),
            *self._curvature(r),
        ]
        if self.second is not None and self.entries.size <= MOST_SHOWN:
            title = "second derivatives of the loss there, by r[i] and r[j]"
            paragraphs.append(describe(title, self.second.matrix))
        for seed, other in self._others(result).items():
            entries.append((f"random start of seed {seed}", _ended(other)))
        return paragraphs, entries

    def _curvature(self, r: np.ndarray) -> list[tuple[str, str]]:
        """What the second derivatives at ``r`` say, for the list of the report."""
        if len(r) > MOST_DIFFERENTIATED:
            why = f"not computed for more than {MOST_DIFFERENTIATED} entries"
            return [("second derivatives", why)]
        try:
            self.second = SecondDerivatives.at(r, self.targets.astype(np.float64))
        except DegenerateEigenvalueError as error:
            return [("second derivatives", str(error))]
        second = self.second
        aside = f"  (at a point {NEAR:g} away)" if second.moved else ""
        told = [("curvatures of the loss", f"{_listed(second.steep)}{aside}")]
        if second.flat:
            told.append(
                ("flat directions", f"{second.flat}, in which A turns and keeps its eigenvalues")
            )
        sizes = np.abs(second.steep)
        return [*told, ("condition number", f"{sizes.max() / sizes.min():.6g}")]

    def _others(self, result: Fit) -> dict[int, Fit]:
        """The same descent from the random starts of the seeds that follow, by seed."""
        if self.others is None:
            settings = self.settings
            seeds = range(settings.seed + 1, settings.seed + settings.starts)
            with np.errstate(all="ignore"):
                self.others = {seed: self._from_seed(seed, result.steps) for seed in seeds}
        return self.others

    def _from_seed(self, seed: int, steps: int) -> Fit:
        settings = self.settings
        limits = MaxSteps(max(MOST_TIMES * steps, 10_000)), MaxSeconds(MOST_SECONDS)
        return fit(
            spectral_loss(self.targets),
            _random(seed, self.entries.size, settings.dtype),
            rule=self.rule(),
            stop=[Below(settings.tol), *limits],
            restart=FreshStart(self.fresh) if settings.restart == "fresh" else settings.restart,
            rng=seed,
            watch=_watched(self.entries),
        )

    def advice(self, result: Fit) -> str:
        settings = self.settings
        if not math.isfinite(result.value):
            return "a smaller --lr: the loss overflows"
        if cli.has_grown(result):
            return "a smaller --lr: the loss is larger than at the start"
        if settings.rule != "adam":
            return "try --rule adam, which no kink of the loss stops"
        far = np.abs(self.targets - self.entries.eigenvalues(self.data["start"])).max()
        rate = settings.lr or LEARNING_RATE
        if far > 10_000 * rate:
            return f"a larger --lr, such as {float(f'{far / 1000:.1g}'):g}: the targets are far off"
        return ""

    def results(self, result: Fit) -> dict[str, np.ndarray]:
        return {"matrix": self.entries.matrix(result.x)}

    def pictures(self, result: Fit) -> dict[str, Axes]:
        from playground.lab import plot

        record, settings, n = result.log, self.settings, len(self.targets)
        title = f"A {n} by {n} matrix with given eigenvalues: {settings.rule}"
        params = (*record.arrays("params"), record.layout.labels())
        restarts = plot.restart_steps(record.loss)
        runs = {f"start of seed {settings.seed}": result}
        if settings.start is not None:
            runs = {"the given start": result}
        runs |= {f"start of seed {s}": other for s, other in self._others(result).items()}
        frames = {f"{name}: {_ended(run)}": run.watched for name, run in runs.items()}
        return {
            "loss": plot.loss_and_step(record.loss, below=settings.tol, title=title)[0],
            "parameters": plot.travel(params, self._truth, restarts=restarts, title=title)[0],
            "eigenvalues": plot.small_multiples(
                frames, self.targets, ylabel="eigenvalue of A", title=f"{title}; targets dashed"
            )[0],
            "matrix": self._drawn_matrices(result, title),
        }

    @property
    def _truth(self) -> np.ndarray | None:
        """The entries of the only matrix with the targets as eigenvalues, if it is the only one."""
        if self.targets[0] != self.targets[-1]:
            return None
        return self.entries.of(np.diag(self.targets))

    def _drawn_matrices(self, result: Fit, title: str) -> Axes:
        from playground.lab import plot

        matrix, second = self.entries.matrix, self.second
        maps = {"A at the start": matrix(self.data["start"]), "A at the end": matrix(result.x)}
        if second is None or self.entries.size > MOST_SHOWN:
            return plot.heat_maps(maps, title=title)[0]
        maps["second derivatives of the loss"] = second.matrix
        axes = plot.heat_maps(maps, title=title)
        axes[-1].set(xlabel="j of r[j]", ylabel="i of r[i]")
        return axes[0]


def _watched(entries: Entries) -> dict[str, Callable[[Any], Any]]:
    """The eigenvalues one by one; they are computed together, once for each point."""
    seen: list[Any] = [None, None]

    def eigenvalue(r: Any, i: int) -> Any:
        if r is not seen[0]:
            seen[:] = r, to_cpu(entries.eigenvalues(r))
        return seen[1][i]

    return {f"λ{i}": partial(eigenvalue, i=i) for i in range(entries.n)}


def _random(seed: int, count: int, dtype: str) -> np.ndarray:
    return np.random.RandomState(seed).random_sample(count).astype(dtype)


def _numbers(text: str) -> list[float]:
    """Finite numbers separated by commas, for a flag."""
    return [cli.number(word.strip()) for word in text.split(",")]


def _cast(values: np.ndarray, dtype: str, flag: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        cast = values.astype(dtype)
    if not np.isfinite(cast).all():
        raise InputError(f"{flag}: a number is too large for {dtype}: use --dtype float64")
    return cast


def _compared(found: np.ndarray, targets: np.ndarray) -> str:
    head = f"{'eigenvalue of A':>18}  {'target':>12}  {'difference':>12}"
    rows = zip(found, targets, strict=True)
    return "\n".join([head, *(f"{a:>18.12g}  {t:>12.6g}  {a - t:>12.3g}" for a, t in rows)])


def _listed(values: np.ndarray, most: int = 12) -> str:
    """Ascending numbers, equal ones together."""
    counts = Counter(f"{value:.5g}" for value in values)
    shown = [text if count == 1 else f"{text} ({count} times)" for text, count in counts.items()]
    if len(shown) > most:
        shown = [*shown[: most // 2], "...", *shown[-most // 2 :]]
    return ", ".join(shown)


def _ended(run: Fit) -> str:
    steps = counted(run.steps, "step")
    return steps if run.converged else f"not converged after {steps}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    return cli.run(Eigenvalue, argv)
