"""The rows to be told apart: Fisher's irises, or a table of one's own."""

from __future__ import annotations

import argparse
from importlib.resources import files

import numpy as np

from playground.graph.errors import InputError, nearest
from playground.lab import cli
from playground.lab.reading import (
    Table,
    counts_up,
    join_names,
    listed,
    parse_table,
    read_table,
    split_names,
)

__all__ = ["iris", "read_rows"]


def iris() -> Table:
    """The 150 irises of Fisher (1936), in cm; ``playground/data/README.md`` says more."""
    file = files("playground").joinpath("data", "iris.csv")
    return parse_table(file.read_text(encoding="utf-8"), "iris.csv")


def read_rows(
    settings: argparse.Namespace, notes: list[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Points of shape (rows, features), and 1 for each in the positive class, else 0, (rows,).

    ``settings`` has data, target, features, positive, negative, standardise and dtype, as
    the flags of the same names; those that are None are completed. ``notes`` gets a sentence about
    how a file was read that can be written in several ways. Raises InputError where they do
    not fit the table.
    """
    table = _choose_table(settings)
    labels = _classes(table, settings)
    unasked = settings.features is None
    points = _points(table, settings)[labels >= 0]
    if notes is not None:
        names = split_names(settings.features)
        notes.append(table.said(names))
        # Whoever named the features means it.
        notes += [
            f"column {name!r} of {table.source} counts the rows, and is a feature: --features "
            f"names others"
            for name in names
            if unasked and any(counts_up(table.columns[name], start) for start in (0, 1))
        ]
    with np.errstate(over="ignore"):
        points = points.astype(settings.dtype)
        # The curvature is made of products of two of them, summed over the rows.
        fits = np.isfinite((points**2).sum())
    if not fits:
        raise InputError(f"{table.source} holds numbers too large for {settings.dtype}")
    if settings.standardise:
        for name, extent in zip(
            split_names(settings.features), np.ptp(points, axis=0), strict=True
        ):
            if extent == 0:
                raise InputError(
                    f"column {name!r} is constant, it cannot be standardised: leave it out of "
                    f"--features"
                )
    return points, labels[labels >= 0].astype(settings.dtype)


def _choose_table(settings: argparse.Namespace) -> Table:
    """The table, and with it a value for every flag about it that was left out."""
    if settings.data is None:
        table = iris()
        settings.target = settings.target or "species"
        settings.features = settings.features or "sepal_length,sepal_width"
        if settings.positive is settings.negative is None:
            settings.positive, settings.negative = "versicolor", "setosa"
        return table
    table = read_table(settings.data, cli.dialect_of(settings))
    if settings.target is None:
        raise InputError(
            f"--data needs --target, the column with the classes: {table.source} has "
            f"{listed(table.columns)}"
        )
    return table


def _points(table: Table, settings: argparse.Namespace) -> np.ndarray:
    """The features, float64 of shape (rows, features)."""
    unasked = settings.features is None
    if unasked:
        settings.features = join_names(n for n in table.columns if n != settings.target)
    names = split_names(settings.features)
    if unasked and "" in names:
        raise InputError(
            f"{table.source} has a column without a name that does not count the rows: --features "
            f"names the columns to use"
        )
    if not names or len(set(names)) < len(names) or settings.target in names:
        raise InputError(
            f"--features: expected columns of {table.source} other than the target "
            f"{settings.target!r}, each once, got {listed(names) or 'none'}"
        )
    try:
        return table.points(names)
    except InputError as error:
        way = " (--features names the columns to use)" if unasked else ""
        raise InputError(f"{error}{way}") from error


def _classes(table: Table, settings: argparse.Namespace) -> np.ndarray:
    """For each row 1 in the positive class, 0 in the other, -1 in neither; names both classes."""
    cells = table.text(settings.target)
    if "" in cells:
        at = table.lines[cells.index("")]
        raise InputError(
            f"{table.source}: line {at}, column {settings.target!r} is empty: a row needs a class"
        )
    names = sorted(set(cells))
    where = f"column {settings.target!r} of {table.source}"
    if len(names) == 1:
        raise InputError(f"{where} holds one class only, {names[0]!r}: two are needed")
    _name_classes(settings, names, where)
    kinds = {settings.positive: 1.0}
    other = 0.0 if settings.negative is None else -1.0
    kinds.update({name: other for name in names if name != settings.positive})
    if settings.negative is not None:
        kinds[settings.negative] = 0.0
    return np.array([kinds[cell] for cell in cells])


def _name_classes(settings: argparse.Namespace, names: list[str], where: str) -> None:
    """Check --positive and --negative, and name those that two classes leave no choice about."""
    for flag in ("positive", "negative"):
        asked = getattr(settings, flag)
        if asked is not None and asked not in names:
            close = nearest(asked, names)
            meant = f": did you mean {close!r}?" if close else ""
            raise InputError(f"--{flag} {asked}: {where} holds {listed(names)}{meant}")
    if settings.positive is not None and settings.positive == settings.negative:
        raise InputError(f"--positive and --negative are both {settings.positive!r}")
    left = [name for name in names if name not in (settings.positive, settings.negative)]
    if settings.positive is None:
        if len(names) > 2:
            raise InputError(
                f"{where} holds {len(names)} classes, {listed(names)}: choose one with --positive, "
                f"and with --negative the one it is told from (else all others)"
            )
        # The later of two in the alphabet, as "yes" after "no".
        settings.positive = left[-1]
    if len(names) == 2:
        settings.negative = next(name for name in names if name != settings.positive)
