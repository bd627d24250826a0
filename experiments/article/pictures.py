"""Pictures of the original study's course."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.article.course import TOLERANCE, Course


def draw(course: Course) -> list[Path]:
    """Draw loss and step size, the points and the gradients; return the files written."""
    from playground.lab import plot

    truth = np.linalg.inv(course.matrix.astype(np.float64))
    kicks = plot.restart_steps(course.elog)
    norm, components = plot.stacked_axes(2)
    plot.gradient_norm(course.glog, norm, restarts=kicks)
    plot.gradient_components(course.glog, components, restarts=kicks)
    pictures = {
        "loss.png": plot.loss_and_step(course.elog, below=TOLERANCE)[0],
        "parameters.png": plot.parameters(course.vlog, truth, restarts=kicks),
        "gradients.png": norm,
    }
    for axes in pictures.values():
        size = f"{len(truth)} x {len(truth)}"
        plot.head(axes.figure, f"Inverse of a {size} matrix · loss absolute · rule grow-shrink")
    return [plot.save(axes, course.path / name) for name, axes in pictures.items()]
