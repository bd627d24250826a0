"""``replay``: a function recorded once for each form of its arguments, and run from there."""

from __future__ import annotations

import operator
import threading
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import numpy as np

from playground.graph.errors import InputError
from playground.graph.types import Tree, UserFunction
from playground.graph.variable import Variable
from playground.interpreters.recording.homes import Homes
from playground.interpreters.recording.program import Program
from playground.interpreters.recording.recorded import Recorded, concrete, source_of
from playground.interpreters.recording.runners import runner
from playground.interpreters.recording.trace import Trace
from playground.transforms.values import is_tree, leaves, rebuilt

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
        numbers: list[Any] = []
        form = _form((args, kwargs), numbers) if kwargs else _form(args, numbers)
        try:
            known = self._known.get(form)
        except TypeError:  # a set, or whatever else that has no hash
            known = "an argument cannot be told from others, for it has no hash"
        # A program has one set of arrays: a call inside a call, or in another thread, goes without.
        if known is None or type(known) is str or not self._lock.acquire(blocking=False):
            return self._eagerly(form, known, numbers, args, kwargs)
        try:
            results = known.run(numbers, self.reuse)  # type: ignore[union-attr]
        finally:
            self._lock.release()
        if results is None:
            self.reason = "the function went another way than when it was recorded"
            self.eager += 1
            return self.function(*args, **kwargs)
        self.replays += 1
        return results

    def _eagerly(self, form: Any, known: Any, numbers: list[Any], args: Any, kwargs: Any) -> Tree:
        result = self.function(*args, **kwargs)
        self.eager += 1
        if type(known) is str:
            self.reason = known
        elif known is None and len(self._known) < LARGEST:
            self.recordings += 1
            self._known[form] = made = self._recorded(numbers, args, kwargs, result)
            self.reason = made if isinstance(made, str) else "it was recorded"
        elif known is None:
            self.reason = f"there are programs for {LARGEST} other forms of arguments"
        return result

    def _recorded(self, numbers: list[Any], args: Any, kwargs: Any, result: Tree) -> _Replay | str:
        """The program of a call that returned ``result``, or why there is none."""
        if not all(type(x) in (np.ndarray, float) or isinstance(x, np.generic) for x in numbers):
            return "an argument is no array on the host"
        trace = Trace()
        inputs = [_recorded_leaf(trace, leaf) for leaf in numbers]
        given = _with_numbers((args, kwargs), iter(inputs))
        again = self.function(*given[0], **given[1])
        found: list[Any] = []
        _form(again, found)
        outputs = [source_of(leaf)[0] for leaf in found]
        trace.closed = True
        expected: list[Any] = []
        if trace.failed:
            return f"not recorded: {trace.failed}"
        _form(result, expected)
        model = _with_numbers(again, repeat(_GAP))
        if not _equal_parts(found, expected) or model != _with_numbers(result, repeat(_GAP)):
            return "not recorded: called twice with the same arguments it gave other results"
        program = Program.of(trace, [x.source for x in inputs], outputs)
        made = _Replay(program, model, list(map(_kind_of_result, expected)))
        replayed: list[Any] = []
        results = made.run(numbers, False)
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

    def __init__(self, program: Program, model: Tree, kinds: list[Any]) -> None:
        self.program = program
        self._homes = Homes(program)
        self._core = runner()[1]([self._homes.steps])
        self._model, self._kinds = model, kinds

    def run(self, numbers: list[Any], reuse: bool) -> Any:
        """The results, or None where a guard does not hold."""
        for place, leaf in zip(self._homes.inputs, numbers, strict=True):
            place[...] = leaf
        try:
            done = self._core.run(1, 0, 0, 60.0).done
        except Exception:
            # Of a call that is repeated in Python: the function itself says it better.
            done = 0
        if not done:
            return None
        outputs = [
            kind(array) if kind is not None else array if reuse else array.copy("K")
            for array, kind in zip(self._homes.outputs, self._kinds, strict=True)
        ]
        return outputs[0] if self._model is _GAP else _with_numbers(self._model, iter(outputs))


# Where an array or a number belongs in a tree that keeps none.
_GAP = object()


def _kind_of_result(value: Any) -> Any:
    """What makes a result of the array that a program has for it; None of an array."""
    if type(value) is float:
        return np.ndarray.item
    return operator.itemgetter(()) if isinstance(value, np.generic) else None


def _recorded_leaf(trace: Trace, leaf: Any) -> Recorded:
    array = np.asarray(leaf)
    made = Recorded(array, trace.slot(array), trace, weak=type(leaf) is float)
    made.scalar = isinstance(leaf, np.generic)
    return made


def _is_number(value: Any) -> bool:
    """Whether a leaf of a tree is what programs compute with."""
    return isinstance(value, (np.ndarray, float, Recorded, Variable, np.generic))


def _form(tree: Tree, numbers: list[Any]) -> Any:
    """What decides which program serves: shapes, dtypes, layouts and all that is no array."""
    cls = type(tree)
    if cls is np.ndarray:
        numbers.append(tree)
        return tree.shape, tree.dtype, tree.strides
    if _is_number(tree):
        numbers.append(tree)
        return cls
    if isinstance(tree, dict):
        return cls, *((key, _form(part, numbers)) for key, part in tree.items())
    if is_tree(tree):
        return (cls, *[_form(part, numbers) for part in tree or ()])
    return cls, tree


def _with_numbers(tree: Tree, numbers: Iterator[Any]) -> Any:
    """A tree with other arrays and numbers in it."""
    found = (leaf for _, leaf in leaves(tree))
    return rebuilt(
        tree, (next(numbers) if leaf is _GAP or _is_number(leaf) else leaf for leaf in found)
    )


def _equal_parts(one: list[Any], other: list[Any]) -> bool:
    """Whether two lists of arrays are equal bit for bit."""
    pairs = [(np.asarray(concrete(a)), np.asarray(b)) for a, b in zip(one, other, strict=False)]
    alike = all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)
    return alike and len(one) == len(other)
