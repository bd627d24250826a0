"""``replay``: a function recorded once for each form of its arguments, and run from there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from playground.graph.errors import InputError
from playground.graph.types import Tree, UserFunction
from playground.graph.variable import Variable
from playground.interpreters.recording.homes import Homes
from playground.interpreters.recording.program import Program
from playground.interpreters.recording.recorded import Recorded, concrete, source_of
from playground.interpreters.recording.runners import runner
from playground.interpreters.recording.trace import Trace

__all__ = ["Replayed", "replay"]

# Forms of arguments that one function keeps programs for: each owns its arrays.
LARGEST = 64


def replay(function: UserFunction, *, reuse: bool = False) -> Replayed:
    """``function`` at the speed of its array calls alone: ``fast = replay(grad(f))``.

    The first call with arguments of some shapes and dtypes is carried out as usual, and recorded;
    the program that comes of it must give the same bits. Later calls run the program: NumPy's own
    inner loops, with nothing of Python between them where the compiled core is there. Arguments are
    arrays, numbers, and tuples, lists and dicts of them; all else is part of the form.

    Args:
        function: any function of arrays that depends on its arguments alone; ``grad``, ``hessian``
            and ``vmap`` of one are such functions. Arrays that it holds itself (data) may be
            written to, but not replaced.
        reuse: whether results are the program's own arrays, which the next call writes over.
            Otherwise they are new.

    A function that cannot be recorded (it branches on values, draws random numbers, returns
    something else than arrays) is called as it is; ``reason`` of what is returned says why.
    """
    if not callable(function):
        raise InputError(f"replay: expected a function, got {type(function).__name__}")
    return Replayed(function, reuse)


class Replayed:
    """A function with its programs, one for each form of arguments that it was called with.

    Attributes:
        recordings: how often a call was recorded.
        replays: how many calls were run from a program.
        eager: how many calls were carried out by the function itself.
        reason: why the newest of those was.
    """

    def __init__(self, function: UserFunction, reuse: bool) -> None:
        self.function, self.reuse = function, reuse
        self.recordings = self.replays = self.eager = 0
        self.reason = ""
        self._known: dict[Any, _Replay | str] = {}
        self._lock = threading.Lock()
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = getattr(function, "__doc__", None)

    def __call__(self, *args: Tree, **kwargs: Tree) -> Tree:
        leaves: list[Any] = []
        form = _form((args, kwargs), leaves) if kwargs else _form(args, leaves)
        known = self._known.get(form)
        # A program has one set of arrays: a call inside a call, or in another thread, goes without.
        if known is None or type(known) is str or not self._lock.acquire(blocking=False):
            return self._eagerly(form, known, leaves, args, kwargs)
        try:
            results = known.run(leaves, self.reuse)  # type: ignore[union-attr]
        finally:
            self._lock.release()
        if results is None:
            self.reason = "the function went another way than when it was recorded"
            self.eager += 1
            return self.function(*args, **kwargs)
        self.replays += 1
        return results

    def _eagerly(self, form: Any, known: Any, leaves: list[Any], args: Any, kwargs: Any) -> Tree:
        result = self.function(*args, **kwargs)
        self.eager += 1
        if type(known) is str:
            self.reason = known
        elif known is None and len(self._known) < LARGEST:
            self.recordings += 1
            self._known[form] = made = self._recorded(leaves, args, kwargs, result)
            self.reason = made if isinstance(made, str) else "it was recorded"
        elif known is None:
            self.reason = f"there are programs for {LARGEST} other forms of arguments"
        return result

    def _recorded(self, leaves: list[Any], args: Any, kwargs: Any, result: Tree) -> _Replay | str:
        """The program of a call that returned ``result``, or why there is none."""
        if any(type(leaf) is not np.ndarray and type(leaf) is not float for leaf in leaves):
            return "an argument is no array on the host"
        trace = Trace()
        inputs = [_recorded_leaf(trace, leaf) for leaf in leaves]
        given = _refilled((args, kwargs), iter(inputs))
        again = self.function(*given[0], **given[1])
        found: list[Any] = []
        _form(again, found)
        outputs = [source_of(leaf)[0] for leaf in found]
        trace.closed = True
        expected: list[Any] = []
        if trace.failed:
            return f"not recorded: {trace.failed}"
        if _form(result, expected) is None or not _equal_parts(found, expected):
            return "not recorded: called twice with the same arguments it gave other results"
        slots = [x.source for x in inputs]
        made = _Replay(
            Program.of(trace, slots, outputs), again, [type(x) is float for x in expected]
        )
        replayed: list[Any] = []
        results = made.run(leaves, False)
        if results is not None:
            _form(results, replayed)
        if not _equal_parts(replayed, expected):
            return "not recorded: the program gave other bits than the function"
        return made

    @property
    def programs(self) -> list[Program]:
        """What has been recorded."""
        return [made.program for made in self._known.values() if isinstance(made, _Replay)]

    def __repr__(self) -> str:
        why = f"; the last of them since {self.reason}" if self.reason else ""
        return (
            f"<replay of {self.__name__}: {self.recordings} recordings, {self.replays} replays, "
            f"{self.eager} calls of the function itself{why}>"
        )


class _Replay:
    """One program, laid out, with the form of its results."""

    def __init__(self, program: Program, model: Tree, numbers: list[bool]) -> None:
        self.program = program
        self._homes = Homes(program)
        self._core = runner()[1]([self._homes.steps])
        self._model, self._numbers = _shape_of(model), numbers

    def run(self, leaves: list[Any], reuse: bool) -> Any:
        """The results, or None where a guard does not hold."""
        for place, leaf in zip(self._homes.inputs, leaves, strict=True):
            place[...] = leaf
        try:
            done = self._core.run(1, 0, 0, 60.0).done
        except Exception:
            # Of a call that is repeated in Python: the function itself says it better.
            done = 0
        if not done:
            return None
        outputs = [
            array.item() if number else array if reuse else array.copy("K")
            for array, number in zip(self._homes.outputs, self._numbers, strict=True)
        ]
        return _refilled(self._model, iter(outputs))


class _Gap(NamedTuple):
    """Where an array or a number belongs in a tree."""


_GAP = _Gap()


def _recorded_leaf(trace: Trace, leaf: Any) -> Recorded:
    array = np.asarray(leaf)
    return Recorded(array, trace.slot(array), trace, weak=type(leaf) is float)


def _is_leaf(value: Any) -> bool:
    return isinstance(value, (np.ndarray, float, Recorded, Variable, np.generic))


def _form(tree: Tree, leaves: list[Any]) -> Any:
    """What decides which program serves: shapes, dtypes, layouts and all that is no array."""
    cls = type(tree)
    if cls is np.ndarray:
        leaves.append(tree)
        return tree.shape, tree.dtype, tree.strides
    if cls is tuple or cls is list or hasattr(tree, "_fields"):
        return (cls, *[_form(part, leaves) for part in tree])
    if cls is dict:
        return cls, *((key, _form(part, leaves)) for key, part in tree.items())
    if _is_leaf(tree):
        leaves.append(tree)
        return cls
    return cls, tree if getattr(cls, "__hash__", None) else id(tree)


def _refilled(tree: Tree, leaves: Iterator[Any]) -> Any:
    """A tree with other arrays and numbers in it."""
    if isinstance(tree, (tuple, list)) and tree is not _GAP:
        parts = [_refilled(part, leaves) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if isinstance(tree, dict):
        return {key: _refilled(part, leaves) for key, part in tree.items()}
    return next(leaves) if tree is _GAP or _is_leaf(tree) else tree


def _shape_of(tree: Tree) -> Any:
    """The tree with no arrays kept in it."""
    return _refilled(tree, _leaves_forever())


def _leaves_forever() -> Iterator[_Gap]:
    while True:
        yield _GAP


def _equal_parts(one: list[Any], other: list[Any]) -> bool:
    """Whether two lists of arrays are equal bit for bit."""
    pairs = [(np.asarray(concrete(a)), np.asarray(b)) for a, b in zip(one, other, strict=False)]
    alike = all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)
    return alike and len(one) == len(other)
