"""Which operation made a number that is not finite, where in the user's code, and from what."""

from __future__ import annotations

import functools
import linecache
import os
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from playground.graph.backend import base_of, is_symbolic, to_cpu
from playground.graph.config import config
from playground.graph.errors import NaNDetectedError
from playground.graph.types import Array, Function, HostArray, Raw

__all__ = [
    "Account",
    "Journal",
    "Site",
    "account_of",
    "known_array",
    "lines_about",
    "note",
    "refuse_nan",
    "refuse_nan_gradient",
]

# Frames of these are not the user's: the package itself, NumPy, which calls it back, and what
# stands between a property and its function.
# By os.path: pathlib would be loaded for this alone.
_OURS = (
    os.path.dirname(os.path.dirname(__file__)),
    os.path.dirname(np.__file__),
    functools.__file__,
)


class Site(NamedTuple):
    """A line of the user's code."""

    path: str
    line: int

    def __str__(self) -> str:
        text = linecache.getline(self.path, self.line).strip()
        return f"{self.path}:{self.line}" + (f": {text}" if text else "")


class Account(NamedTuple):
    """What is known of an application: where it was called, with what, and what came of it."""

    site: Site | None
    arrays: Sequence[Raw | None]
    outputs: Sequence[Raw | None]


# What find_nan has written down while a function runs.
Journal = dict[Function, Account]


def call_site() -> Site | None:
    """The innermost line outside the package that led here."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back  # type: ignore[assignment]
    return None if frame is None else Site(frame.f_code.co_filename, frame.f_lineno)


def note(function: Function, arrays: Sequence[Raw], outputs: Sequence[Raw]) -> None:
    """In debug mode, and while find_nan looks on: remember where a function was applied."""
    journal = config._journal
    if config.debug or journal is not None:
        account = Account(call_site(), [*arrays], [*outputs])
        if journal is None:
            function.account = account
        else:
            journal[function] = account


def account_of(function: Function) -> Account:
    """What is known of an application: all in debug mode, else what is kept or still held."""
    account: Account | None = getattr(function, "account", None)
    if account is not None:
        return account
    arrays = [known_array(node) for node in function.inputs or ()]
    return Account(None, arrays, [None] * function.output_count)


def host_of(array: Array | None) -> HostArray | None:
    """The numbers of an array or a Variable on the host, lanes as leading axes; None: none."""
    array = getattr(array, "_array", array)
    if array is None or is_symbolic(array):
        return None
    return np.asarray(to_cpu(base_of(array)))


def first_place(array: Array | None, infinities: bool = True) -> tuple[int, ...] | None:
    """The index of the first number that is NaN (or infinite); None if there is none."""
    host = host_of(array)
    if host is None or host.dtype.kind not in "fc":
        return None
    bad = ~np.isfinite(host) if infinities else np.isnan(host)
    return tuple(int(i) for i in np.argwhere(bad)[0]) if bad.any() else None


def _value_at(
    name: str, array: Array | None, place: tuple[int, ...], shape: tuple[int, ...]
) -> str:
    """What an array holds at a place of another that it broadcasts to, or of what kind it is."""
    host = host_of(array)
    if host is None:
        return f"{name}: not kept"
    if not host.ndim:
        return f"{name} = {host.item()!r}"
    try:
        there = np.broadcast_to(host, shape)[place] if shape else None
    except ValueError:
        there = None
    if there is not None:
        return f"{name} there = {there.item()!r}"
    if not host.size:
        return f"{name}: shape {host.shape}"
    if host.dtype.kind == "c":
        return f"{name}: shape {host.shape}, up to {abs(host).max():.6g} in magnitude"
    return f"{name}: shape {host.shape}, from {host.min():.6g} to {host.max():.6g}"


def lines_about(
    what: str, array: Array, infinities: bool, site: Site | None, inputs: Iterable[Array | None]
) -> list[str]:
    """``what`` is not finite where, on which line of the user's, from which inputs."""
    place, host = first_place(array, infinities), host_of(array)
    if place is None or host is None:
        return []
    index = f"[{', '.join(map(str, place))}]" if place else ""
    lines = [] if site is None else [f"called at {site}"]
    lines.append(f"{what}{index} = {host[place].item()!r}")
    lines.extend(
        _value_at(f"input {i}", given, place, host.shape) for i, given in enumerate(inputs)
    )
    return lines


def refuse_nan(
    arrays: Sequence[Raw | None], label: str, outputs: Sequence[Raw | None] = ()
) -> None:
    """In debug mode: refuse NaN in what a function is given, and in what it makes."""
    if not config.debug:
        return
    for kind, found in (("input", arrays), ("output", outputs)):
        for i, array in enumerate(found):
            if array is not None and first_place(array, infinities=False) is not None:
                name = kind if kind == "output" and len(found) == 1 else f"{kind} {i}"
                inputs = arrays if kind == "output" else ()
                lines = lines_about(name, array, False, call_site(), inputs)
                raise nan_error("forward", label, lines)


def refuse_nan_gradient(function: Function, index: int, gx: Array) -> None:
    """In debug mode: refuse NaN in what a function's backward returns for an input."""
    if first_place(gx, infinities=False) is None:
        return
    account = account_of(function)
    lines = lines_about(f"gradient of input {index}", gx, False, account.site, account.arrays)
    raise nan_error("backward", function.label, lines)


def known_array(node: Array) -> Raw | None:
    """The array of a node, if it was kept or its Variable lives."""
    if node.data is not None:
        return node.data
    variable = node.get_variable_or_none()
    return None if variable is None else variable.array


def nan_error(direction: str, label: str, lines: Sequence[str]) -> NaNDetectedError:
    """The error of debug mode."""
    return NaNDetectedError(
        "\n  ".join([f"NaN is detected on {direction} computation of {label}", *lines])
    )
