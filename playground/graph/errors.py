"""Every exception class a user can meet."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

import numpy as np


def no_such_name(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """The error of a module that is asked for a name that it has not."""
    text = f"module {module!r} has no attribute {name!r}"
    if name[:1] != "_":
        # Not above, where every import of the package would load it.
        from difflib import get_close_matches

        rooms = [room for room in ROOMS if room != module]
        # Those that are loaded by now first: to look into all of them takes a second.
        rooms.sort(key=lambda room: room not in sys.modules)
        home = next((room for room in rooms if _holds(room, name)), None)
        close = get_close_matches(name, known, 1, 0.75)
        if home:
            text += f": did you mean {home}.{name}?"
        else:
            text += f": did you mean {close[0]!r}?" if close else _ABSENT
    return AttributeError(text)


# Where names are that people look for at the top, or next door.
ROOMS = (
    *("playground", "playground.functions", "playground.links", "playground.optimizers"),
    *("playground.initializers", "playground.serializers", "playground.iterators"),
    *("playground.dataset", "playground.datasets", "playground.distributions"),
    *("playground.training", "playground.training.extensions", "playground.training.triggers"),
    *("playground.training.updaters", "playground.optimizer_hooks", "playground.link_hooks"),
    *("playground.transforms", "playground.gradient_check", "playground.lab.descent"),
    *("playground.lab.runlog", "playground.lab.plot", "playground.testing"),
)


def _holds(room: str, name: str) -> bool:
    """Whether a room has such a public name."""
    from importlib import import_module

    try:
        return name in getattr(import_module(room), "__all__", ())
    except Exception:  # of a room that lacks a library, or is just being imported
        return False


# A word that is no more than half of a known one says little; two letters of it are a slip.
LEAST_WORD, CLOSE = 2, 0.7


def nearest(word: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str:
    """The name out of ``known`` that ``word`` may have meant, or ''.

    It is one in other letters, its begin, its end or one of its words, or nearly so; or what
    others call it, by ``synonyms``.
    """
    # Not above, where every import of the package would load it.
    from difflib import get_close_matches

    names = list(known)
    ways = {_plain(name): name for name in names}
    synonyms = {w: name for w, name in (synonyms or {}).items() if name in names}
    asked = _plain(word)
    if asked in ways or asked in synonyms:
        return ways.get(asked) or synonyms[asked]
    if len(asked) >= LEAST_WORD:
        begun = [name for way, name in ways.items() if way.startswith(asked)]
        ended = [name for way, name in ways.items() if way.endswith(f"-{asked}")]
        if begun or ended:
            return min(begun or ended, key=len)
    for name in names:
        for part in _plain(name).split("-"):
            if len(part) > LEAST_WORD:
                ways.setdefault(part, name)
    close = get_close_matches(asked, [*ways, *synonyms], 1, CLOSE)
    return (ways | synonyms)[close[0]] if close else ""


def _plain(name: str) -> str:
    return name.casefold().strip("-'\"").replace("_", "-").replace(" ", "-")


_ABSENT = (
    ": if it is a name of Chainer's, it is not here yet (docs/chainer.md, beside the source, tells "
    "where the two differ)"
)


class PlaygroundError(Exception):
    """Base of every error that the package raises on purpose."""


class InvalidType(PlaygroundError, TypeError, ValueError):  # noqa: N818 (Chainer's name)
    """An operation met operands whose types or shapes do not fit together."""

    def __init__(self, operation: str, expect: str, actual: str, advice: str = "") -> None:
        self.operation, self.expect, self.actual, self.advice = operation, expect, actual, advice
        lines = [
            "",
            f"Invalid operation is performed in: {operation} (Forward)",
            "",
            f"Expect: {expect}",
            f"Actual: {actual}",
        ]
        super().__init__("\n".join([*lines, *([advice] if advice else [])]))


class InvalidIndex(InvalidType, IndexError):  # noqa: N818 (as its base)
    """An axis or an index that the operand does not have; an IndexError as NumPy's is."""


class InvalidAxis(InvalidIndex, np.exceptions.AxisError):
    """An axis that the operand does not have; caught as NumPy's AxisError, too."""

    axis = ndim = None
    # NumPy's makes a text of its own, of axis and ndim.
    __str__ = Exception.__str__


class InvalidMatrix(InvalidType, np.linalg.LinAlgError):
    """A matrix that an operation does not exist of; caught as NumPy's LinAlgError, too."""


class GraphCutError(PlaygroundError, TypeError):
    """A conversion would have dropped the graph, and with it the gradient, in silence."""


class IterationCutError(PlaygroundError, ValueError):
    """A :class:`GraphCutError` on its way through numpy.nditer, which hides every TypeError."""


class NoRuleError(PlaygroundError, TypeError):
    """A NumPy function that has no differentiation rule met a Variable."""


class OperandError(PlaygroundError, TypeError):
    """An operand is of a type that no array of numbers comes of by itself."""


class BranchError(PlaygroundError, TypeError):
    """A function computes something else where a Variable stands for its argument.

    It asks for the type of a value, and goes another way than with the number or array itself.
    """


class GradientError(PlaygroundError, ValueError):
    """A backward pass cannot start, or a function returned gradients that do not fit."""


class GradientCheckError(PlaygroundError, AssertionError):
    """A gradient is not what finite differences say, or two arrays are not close."""


class GradientCheckInputError(GradientError, RuntimeError):
    """What a gradient check was given does not fit together, or cannot be checked."""


class NondifferentiableError(PlaygroundError):
    """A function has no derivative at the point where it is checked."""


class GraphError(PlaygroundError, RuntimeError):
    """A function node is used in a way that its life cycle does not allow."""


class NaNDetectedError(PlaygroundError, RuntimeError):
    """Debug mode found a NaN in an output or in a gradient."""


class DeviceError(PlaygroundError, RuntimeError):
    """A device is unknown, absent or lacks its library."""


class MissingLibraryError(PlaygroundError, ImportError):
    """What was asked for needs a library that is not installed."""


class MissingNameError(PlaygroundError, AttributeError):
    """An old script asks for a name of Chainer's that is not here."""


class MissingModuleError(PlaygroundError, ImportError):
    """An old script imports a module, or a name of one, of Chainer's that is not here."""


class LogError(PlaygroundError, ValueError):
    """A run log is missing, damaged, of another kind, or does not fit the run."""


class FitError(PlaygroundError, ValueError):
    """A descent cannot start or go on with what it was given."""


class InputError(PlaygroundError, ValueError):
    """What a user handed to a command (a flag, a file, a matrix) cannot be used."""


class SnapshotError(PlaygroundError, ValueError):
    """A snapshot of a model cannot be read, or what it is to hold cannot be written."""


class OtherBuildError(SnapshotError, InvalidType):
    """A value of a snapshot does not fit what it is to be loaded into."""

    def __init__(self, key: str, expect: str, actual: str) -> None:
        operation = f"loading {key!r}"
        advice = "load it into a model of the same build, or leave it out by ignore_names"
        super().__init__(operation, expect, actual, advice)
        # In one line: a script is told so.
        self.args = (f"{operation}: expected {expect}, got {actual}: {advice}",)


class MissingEntryError(SnapshotError, KeyError):
    """A snapshot does not have a value that the model asks for."""

    # A KeyError would show its message in quotes.
    __str__ = Exception.__str__


class MissingDataError(InputError, OSError):
    """The file of a dataset is not there, and cannot be had from here."""


class SymbolError(PlaygroundError, RuntimeError):
    """Symbols were asked for what only numbers have, or their library is missing."""


class DegenerateEigenvalueError(PlaygroundError, ArithmeticError):
    """A derivative was asked for that equal eigenvalues or singular values leave undefined.

    Attributes:
        indices: two values of the cluster, or the one that is 0.
        gap: the distance between them, or from 0.
    """

    def __init__(
        self,
        what: str,
        indices: tuple[int, ...],
        gap: float,
        batch: tuple[int, ...] = (),
        reason: str = "so that it does not exist",
    ) -> None:
        self.indices, self.gap, self.batch, self.reason = indices, gap, batch, reason
        place = f" of matrix {list(batch)}" if batch else ""
        if len(indices) == 1:
            found = f"singular value {indices[0]}{place} is 0 to rounding ({gap:.3g})"
            cure = "or use a function that is smooth there"
        else:
            found = f"values {indices[0]} and {indices[1]}{place} are equal to rounding "
            found += f"(gap {gap:.3g})"
            cure = "or use a function that does not tell them apart"
        super().__init__(f"{what}: {found}, {reason}: perturb the matrix, {cure}")
