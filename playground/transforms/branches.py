"""Whether a function takes the same way with a Variable as with the number it stands for.

It does not where it asks ``isinstance(x, float)``: the derivative would be that of another branch,
without a word. So a function that has asked is called with the plain values too, once, and where
the values differ that is an error. Who does not ask pays a look at a counter.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, TypeAlias
from warnings import catch_warnings, simplefilter
from weakref import ref

import numpy as np

from playground.graph.backend import SCALAR_TYPES, is_array, is_symbolic, to_cpu
from playground.graph.config import config, using_own
from playground.graph.errors import BranchError
from playground.graph.questions import QUESTIONS, Place, asked_since
from playground.graph.types import HostArray, Operand, Tree, UserFunction
from playground.graph.variable import Variable
from playground.transforms.values import is_tree, leaves, name_of

__all__ = ["Twins", "asks", "check_branches", "check_lanes"]

# ------------------------------------------------------------------- what asks without a trace

# type(x) is answered by the interpreter, and so is whether x.shape exists.
_UNSEEN = frozenset({"type", "hasattr", "getattr", "AttributeError", "issubclass"})
_CALLED = (FunctionType, MethodType, partial)
_NOT_USERS = ("numpy", "scipy", "playground", "builtins", "math", "functools", "itertools")
# How far the functions that a function calls are followed.
_DEPTH = 3
# Answers by the identity of code, which is kept so that no other can have it, and by how far was
# looked; and by class.
_known: dict[tuple[int, int], tuple[CodeType, bool]] = {}
_class_answers: dict[type, bool] = {}
# The code, by identity too, of which no more is to be asked: a look here is all that most calls of
# a transform pay.
_silent: dict[int, CodeType] = {}
# The code of transforms, by identity.
_wrappers: dict[int, CodeType] = {}
_MOST = 10_000
_MOST_PARTS = 100


def asks(function: UserFunction, since: int) -> bool:
    """Whether there is anything to compare, after a call that began at ``QUESTIONS.count``."""
    if QUESTIONS.count != since:
        return True
    code = getattr(function, "__code__", None)
    # What grad(f) asks, f asks.
    if id(code) in _wrappers:
        function = function.__wrapped__  # type: ignore[attr-defined]
        code = getattr(function, "__code__", None)
    return id(code) not in _silent and could_ask(function)


def could_ask(function: Any, depth: int = _DEPTH) -> bool:
    """Whether its text, or that of a function it calls, names what asks for types unseen."""
    code = getattr(function, "__code__", None)
    if type(code) is not CodeType:
        if isinstance(function, partial):
            return could_ask(function.func, depth)
        return _instances_ask(type(function))
    known = _known.get((id(code), depth))
    if known is None:
        if len(_known) > _MOST:
            _known.clear()
            _silent.clear()
        known = _known[id(code), depth] = code, _text_asks(function, code, depth)
    if known[1]:
        return True
    # Functions of one text have different ones around them.
    found, lasting = False, True
    for inside in _cells(function):
        kind = type(inside)
        if kind in _CALLED:
            lasting = False
            if depth > 0 and id(getattr(inside, "__code__", None)) not in _silent:
                found = found or could_ask(inside, depth - 1)
        elif _class_answers.get(kind) is not False:
            lasting = lasting and _foreign(kind)
            found = found or _thing_asks(inside, depth - 1)
    if lasting and not found and depth == _DEPTH:
        _silent[id(code)] = code
    return found


def _text_asks(function: Any, code: CodeType, depth: int) -> bool:
    if function.__globals__.get("__name__", "").partition(".")[0] in _NOT_USERS:
        if hasattr(function, "__wrapped__"):
            _wrappers[id(code)] = code
        return False
    names = _names(code)
    if not _UNSEEN.isdisjoint(names):
        return True
    if depth <= 0:
        return False
    owner = type(getattr(function, "__self__", None))
    things = [function.__globals__.get(name) for name in names]
    return _instances_ask(owner) or any(_thing_asks(x, depth - 1, names) for x in things)


def _thing_asks(thing: Any, depth: int, names: Iterable[str] = ()) -> bool:
    """The same of what a function finds around it: another, a class or object, a module."""
    if isinstance(thing, _CALLED):
        return could_ask(thing, depth)
    if isinstance(thing, ModuleType):
        if thing.__name__.partition(".")[0] in _NOT_USERS:
            return False
        parts = (vars(thing).get(name) for name in names)
        return any(isinstance(f, FunctionType) and could_ask(f, depth) for f in parts)
    return _instances_ask(thing if isinstance(thing, type) else type(thing))


def _instances_ask(cls: type) -> bool:
    """Whether a method of a user's class does."""
    known = _class_answers.get(cls)
    if known is None:
        if len(_class_answers) > _MOST:
            _class_answers.clear()
        _class_answers[cls] = False
        methods = () if _foreign(cls) else [f for c in cls.__mro__ for f in vars(c).values()]
        known = any(isinstance(f, FunctionType) and could_ask(f, 1) for f in methods)
        _class_answers[cls] = known
    return known


def _foreign(thing: object) -> bool:
    module = getattr(thing, "__module__", None) or ""
    return module.partition(".")[0] in _NOT_USERS


def _names(code: CodeType) -> set[str]:
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


# --------------------------------------------------------------------------- the comparison


class Twins(NamedTuple):
    """One function, called with Variables and with what they stand for.

    Attributes:
        name: of the transform.
        function: the user's.
        point: the unknown values as they were given: numbers and arrays.
        result: what came of the Variables.
        plain, traced: from other values at their places to what the function makes of them.
        given: further arguments of the call, which may lead it another way.
        where: the point is not the user's own, in words.
    """

    name: str
    function: UserFunction
    point: Sequence[Any]
    result: Tree
    plain: Callable[[Sequence[Any]], Tree]
    traced: Callable[[Sequence[Any]], Tree]
    given: Tree
    where: str = ""


BESIDE = ", at a point close by"
# Functions and questions that have led to no difference.
_settled: set[Any] = set()


def check_branches(twins: Twins, since: int) -> None:
    """Raise BranchError where a function that has asked for types computes something else.

    It is called with plain values, and if these agree both ways a little beside the point: where
    one branch is x and the other x ** 2, they meet at 0 and at 1. What draws random numbers from
    a generator within its reach draws the same ones again.
    """
    places = asked_since(since)
    if not _is_new(twins, places):
        return
    with _undisturbed(twins) as rewind:
        # As transforms count it, whole numbers as fractions; and as it was given.
        floats = [_as_float(x) for x in twins.point]
        _compare_readings(twins, places, twins.point, floats, twins.result, rewind)
        whole = any(a is not b for a, b in zip(floats, twins.point, strict=True))
        # Whole numbers in arrays overflow where fractions do not.
        if whole and not any(is_array(x) for x in twins.point):
            _compare_readings(twins, places, twins.point, list(twins.point), twins.result, rewind)
        beside = [x + (1 + abs(x)) * 2.0**-7 if _is_number(x) else x for x in floats]
        rewind()
        result = _outcome(twins.traced, beside)
        if result is not _FAILED:
            _compare_readings(twins._replace(where=BESIDE), places, beside, beside, result, rewind)
    _settle(twins, places)


def check_lanes(lanes: Sequence[Twins], since: int) -> None:
    """The same for ``vmap``: lanes at several points take the place of those beside one."""
    places = asked_since(since)
    if not _is_new(lanes[0], places):
        return
    for twins in lanes:
        with _undisturbed(twins) as rewind:
            _compare_readings(twins, places, twins.point, twins.point, twins.result, rewind)
    _settle(lanes[0], places)


def _questions(twins: Twins, places: tuple[Place, ...]) -> list[Any]:
    """What is asked, of the function itself and of any that is made of the same."""
    kinds = tuple((type(x), getattr(x, "ndim", 0)) for x in twins.point)
    given = tuple(_key_of(x) for _, x in leaves(twins.given))
    function = twins.function
    return [(places, kinds, given, known(function)) for known in (_key_of, _made_of)]


def _is_new(twins: Twins, places: tuple[Place, ...]) -> bool:
    # Formulas, and lanes of a vmap around, stand for no single plain value.
    if config._lift is not None or any(is_array(x) and is_symbolic(x) for x in twins.point):
        return False
    return _settled.isdisjoint(_questions(twins, places))


def _settle(twins: Twins, places: tuple[Place, ...]) -> None:
    if len(_settled) > 2000:
        _settled.clear()
    _settled.update(_questions(twins, places))


def _made_of(function: Any) -> Any:
    """The text of a function, and what it closes over: a lambda in a loop is ever another."""
    if isinstance(function, FunctionType):
        inside = (*_cells(function), *(function.__defaults__ or ()))
        return (function.__code__, *map(_key_of, inside))
    if isinstance(function, partial):
        parts = (*function.args, *function.keywords.values())
        return (partial, _made_of(function.func), *map(_key_of, parts))
    return _key_of(function)


def _key_of(thing: Any) -> Any:
    """What leads a function another way if it is another: numbers, words, flags, functions and
    objects themselves; of what holds data, which it computes with, only the class."""
    if type(thing) in (bool, int, float, str):
        return type(thing), thing
    if type(thing) is tuple and len(thing) <= _MOST_PARTS:
        return tuple(map(_key_of, thing))
    if isinstance(thing, MethodType):
        return thing.__func__.__code__, _key_of(thing.__self__)
    try:
        known = ref(thing)
        hash(known)
    except TypeError:
        return type(thing)
    return known


def _as_float(x: Operand) -> Any:
    if type(x) in SCALAR_TYPES:
        whole = isinstance(x, (int, np.integer))
        return (float(x) if isinstance(x, int) else np.float64(x)) if whole else x
    return x.astype(np.float64) if is_array(x) and x.dtype.kind in "iu" else x


def _is_number(x: Operand) -> bool:
    return type(x) in SCALAR_TYPES or is_array(x)


_FAILED = object()


def _outcome(call: Callable[[Sequence[Any]], Tree], point: Sequence[Any]) -> Tree:
    """What comes of a call that the user has not asked for: errors and warnings are not told."""
    # Copies, for the plain code may write into its argument.
    point = [x.copy() if is_array(x) and hasattr(x, "copy") else x for x in point]
    switches = {"enable_backprop": True, "debug": False, "_journal": None}
    try:
        with catch_warnings(), np.errstate(all="ignore"), using_own(switches):
            simplefilter("ignore")
            return call(point)
    except BranchError:
        raise
    except Exception:  # it is not made for plain values, or not for these
        return _FAILED


def _compare_readings(
    twins: Twins,
    places: tuple[Place, ...],
    point: Sequence[Any],
    plain_point: Sequence[Any],
    result: Tree,
    rewind: Callable[[], bool],
) -> None:
    """Raise BranchError where the plain call gives another value, twice the same."""
    rewind()
    plain = _outcome(twins.plain, plain_point)
    drawn = rewind()
    if plain is _FAILED or not _differing(result, plain):
        return
    again = _outcome(twins.plain, plain_point)
    rewind()
    if again is _FAILED or _differing(plain, again):
        return  # not a function of its arguments alone: nothing can be said
    if drawn:
        # The numbers drawn were others: once more with the same.
        result = _outcome(twins.traced, point)
    if result is _FAILED:
        return
    for mine, other in _differing(result, plain):
        pairs = enumerate(zip(_numbers_in(result), _numbers_in(plain), strict=False))
        place = next((i for i, (a, b) in pairs if not _alike(a, b)), 0)
        both = (twins.plain, plain_point, other), (twins.traced, point, mine)
        if not _is_rounding(*both, place, rewind):
            raise _another_branch(twins, places, plain_point, mine, other)


_Reading: TypeAlias = "tuple[Callable[[Sequence[Any]], Tree], Sequence[Any], HostArray | None]"


def _is_rounding(plain: _Reading, traced: _Reading, place: int, rewind: Callable[[], bool]) -> bool:
    """Whether two values differ by no more than the plain one does where the point is rounded.

    What is left of a cancellation (4e-17 where the numbers are equal) is noise, of which no share
    of the value itself says how much there may be. A reading is a call, its point and its value,
    which is the number at ``place`` of the result.
    """
    (_, point, other), mine = plain, traced[2]
    if mine is None or other is None or mine.shape != other.shape or not mine.size:
        return False
    difference = float(np.max(np.abs(mine - other)))
    largest = max((float(np.max(np.abs(x))) for x in map(np.asarray, point) if x.size), default=0)
    # A step of the function beside the point, such as floor's, is no rounding.
    if not difference <= SMALL_NOISE * max(largest, 1.0):
        return False
    noise = _noise(plain, place, rewind)
    if noise != 0.0:
        return difference <= ROUNDINGS * noise
    # Behind a step the value is constant, and what is computed of it is rounded all the same. Where
    # the traced one moves there, it has a derivative that the plain one lacks.
    unseen = difference <= UNSEEN_NOISE * max(largest, 1.0)
    return unseen and _noise(traced, place, rewind) == 0.0


def _noise(reading: _Reading, place: int, rewind: Callable[[], bool]) -> float:
    """How far a value moves where its point is rounded; NaN where there is none to compare."""
    call, point, value = reading
    moves = []
    for sign in (1.0, -1.0):
        found = _outcome(call, [_jogged(x, sign) for x in point])
        rewind()
        numbers = [] if found is _FAILED else _numbers_in(found)
        if len(numbers) <= place or value is None or numbers[place].shape != value.shape:
            return math.nan
        moves.append(float(np.max(np.abs(numbers[place] - value))))
    return max(moves)


SMALL_NOISE, UNSEEN_NOISE = 1e-6, 1e-11
ROUNDINGS = 64


def _jogged(x: Any, sign: float) -> Any:
    """A number or an array some roundings away, its elements to both sides in turn."""
    array = np.asarray(x)
    if array.dtype.kind not in "fc":
        return x
    signs = np.where(np.arange(array.size).reshape(array.shape) % 2, -sign, sign)
    step = 4 * np.finfo(array.dtype).eps * signs
    moved = np.where(array == 0, step, array * (1 + step)).astype(array.dtype)
    return moved if is_array(x) else type(x)(moved)


def _another_branch(
    twins: Twins, places: tuple[Place, ...], point: Sequence[Any], mine: Any, other: Any
) -> BranchError:
    asked = "; ".join(place.text for place in places[:3]) or "type(x), hasattr or the like"
    kind = type(point[0]).__name__ if point else "value"
    return BranchError(
        f"{twins.name}: {name_of(twins.function)} gives {_in_words(other)} for the {kind} itself "
        f"and {_in_words(mine)} for the Variable that stands for it{twins.where}: it asks "
        f"what a value is ({asked}), and takes another branch for a Variable, whose derivative "
        f"would be the wrong one: ask for the form instead, numpy.ndim(x) == 0, or name Variables "
        f"too, "
        f"isinstance(x, (float, playground.Variable))"
    )


def _in_words(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"{value.item():.6g}" if value.size == 1 else f"an array of shape {value.shape}"


# ------------------------------------------------------------------------------- are they equal


def _differing(result: Tree, plain: Tree) -> list[tuple[Any, Any]]:
    """The first pair of values that differ, or none."""
    mine, theirs = _numbers_in(result), _numbers_in(plain)
    if len(mine) != len(theirs):
        return [(None, theirs[0])] if theirs else [(mine[0], None)]
    return [(a, b) for a, b in zip(mine, theirs, strict=True) if not _alike(a, b)][:1]


def _numbers_in(result: Tree) -> list[HostArray]:
    found = []
    for _, leaf in leaves(result):
        if isinstance(leaf, Variable):
            leaf = leaf.array
        if _is_number(leaf):
            found.append(np.asarray(leaf) if type(leaf) in SCALAR_TYPES else to_cpu(leaf))
    return [array for array in found if array.dtype.kind in "biufc"]


def _alike(a: HostArray, b: HostArray) -> bool:
    """Equal to rounding, which another order of the same sum may change."""
    if a.size != b.size:
        return False
    if not a.size:
        return True
    # One of its axes of length 1 may come of x = np.atleast_1d(x), which changes no derivative.
    a, b = a.reshape(-1), b.reshape(-1)
    wide = [np.finfo(x.dtype).eps for x in (a, b) if x.dtype.kind in "fc"]
    tolerance = float(max(wide, default=0.0)) ** 0.375
    scale = np.max(np.abs(np.where(np.isfinite(b), b, 0)))
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True))


# ------------------------------------------------------------------------------- random numbers


@contextmanager
def _undisturbed(twins: Twins) -> Iterator[Callable[[], bool]]:
    """The generators within reach are in the end as they were; what comes sets them back before.

    That says whether one of them had moved.
    """
    sources = list(_generators(twins))
    before = [state() for state, _ in sources]

    def rewind() -> bool:
        moved = False
        for (state, set_back), old in zip(sources, before, strict=True):
            if not _same(state(), old):
                moved = True
                set_back(old)
        return moved

    try:
        yield rewind
    finally:
        rewind()


def _generators(twins: Twins) -> Iterator[tuple[Callable[[], Any], Callable[[Any], Any]]]:
    yield random.getstate, random.setstate
    yield partial(np.random.get_state, legacy=False), np.random.set_state
    seen: set[int] = set()
    for thing in _reachable([twins.function, twins.given], seen, _DEPTH):
        if isinstance(thing, np.random.Generator):
            yield _state_of(thing.bit_generator)
        elif isinstance(thing, np.random.RandomState):
            yield partial(thing.get_state, legacy=False), thing.set_state
        elif isinstance(thing, np.random.BitGenerator):
            yield _state_of(thing)
        elif isinstance(thing, random.Random):
            yield thing.getstate, thing.setstate


def _same(a: Any, b: Any) -> bool:
    """Whether two states of a generator, of tuples, dicts, arrays and numbers, are equal."""
    if isinstance(a, dict):
        return all(_same(part, b[key]) for key, part in a.items())
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    return bool(a == b)


def _state_of(bits: np.random.BitGenerator) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    return lambda: bits.state, lambda old: setattr(bits, "state", old)


_SOURCES = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)


def _reachable(things: Iterable[Any], seen: set[int], depth: int) -> Iterator[Any]:
    """What functions, methods, containers and a user's objects hold, some steps deep."""
    for thing in things:
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, _SOURCES):
            yield thing
        elif depth > 0:
            yield from _reachable(_things_in(thing), seen, depth - 1)


def _cells(function: Any) -> list[Any]:
    """What a function closes over."""
    cells = function.__closure__ or ()
    try:
        return [cell.cell_contents for cell in cells]
    except ValueError:  # one is not bound yet
        return []


def _things_in(thing: Any) -> Iterator[Any]:
    if isinstance(thing, FunctionType):
        yield from _cells(thing)
        yield from thing.__defaults__ or ()
        yield from (thing.__kwdefaults__ or {}).values()
        named = thing.__globals__
        yield from (named[name] for name in _names(thing.__code__) if name in named)
    elif isinstance(thing, MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif is_tree(thing):
        parts = thing.values() if isinstance(thing, dict) else thing or ()
        # Long ones are data.
        yield from parts if len(parts) <= _MOST_PARTS else ()
    elif not isinstance(thing, (type, ModuleType)) and not _foreign(type(thing)):
        yield from getattr(thing, "__dict__", {}).values()
