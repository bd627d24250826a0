"""The original study: the inverse of a random 3x3 matrix by steepest descent, step by step.

The loss is sum|XY - I| in float32. The step size starts at 0.01, grows by 1.2 after a better loss
and halves after any other. Below 1e-10 the point is kicked, Y += Y*randn*0.1/j with j the number of
the kick, and the step size starts anew; but the next step still takes the gradient of the point
before the kick, and its loss is compared with the loss before the kick, as the original did.

With seed 0 the course is that of Chainer 7.8.1, bit for bit: 39,466 steps, 422 kicks and a final
loss of 0.0009739520610310137 where the BLAS kernel fuses multiply and add; 47,146 steps, 509 kicks
and 0.000995039939880371 where it rounds between the two.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from experiments.article import command, witness
from experiments.article.course import MAX_STEPS, QUICK_STEPS, TOLERANCE, Course, follow
from experiments.article.pictures import draw
from experiments.findings import Between, Finding

# Two points of losses below 1e-3 are closer than 2e-3 times the largest entry of the inverse, 3.6.
CLOSE = 7.2e-3


def run(
    out: str | os.PathLike[str], quick: bool = False, *, pictures: bool = True
) -> list[Finding]:
    """Run the study into the directory ``out``; ``quick`` stops after 1,500 steps."""
    course = follow(0, Path(out), QUICK_STEPS if quick else MAX_STEPS)
    if pictures:
        draw(course)
    hand = witness.by_hand(0, course.steps)
    return [
        Finding("losses, against NumPy by hand", hand.losses, course.elog["loss"]),
        Finding("points, against NumPy by hand", hand.points.reshape(-1, 9), course.vlog),
        *([] if quick else published(course)),
    ]


def published(course: Course) -> list[Finding]:
    """The whole course of seed 0 beside Chainer's, and its end beside the article's."""
    steps, kicks, loss = witness.CHAINER.get(witness.kernel() or "", (None, None, None))
    true = np.linalg.inv(course.matrix.astype(np.float64))
    return [
        Finding("steps, against Chainer 7.8.1", steps, course.steps),
        Finding("kicks, against Chainer 7.8.1", kicks, course.kicks),
        Finding("final loss, against Chainer 7.8.1", loss, course.loss),
        Finding("the loss it ends below", Between(high=TOLERANCE), course.loss),
        Finding("true inverse, as the article prints it", witness.TRUE, true, tolerance=1e-6),
        Finding("inverse found, by the article and here", witness.FOUND, course.inverse, CLOSE),
    ]


if __name__ == "__main__":
    sys.exit(command.main(published, about=__doc__))
