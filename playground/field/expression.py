"""Formulas typed by a user: read with ``ast`` through a whitelist, computed with NumPy.

Text is never run as code: Python's parser turns it into a tree, every node of the tree must be on
the lists below, and what comes out is a list of NumPy calls. They are the calls of a function
written by hand, so that arrays, Variables and every other kind of array go through them.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from playground.graph.errors import InputError
from playground.graph.types import Array, Operand

__all__ = ["ARITY", "CONSTANTS", "Expression"]

CONSTANTS = {"pi": math.pi, "e": math.e}

_BY_ARGUMENTS = {
    1: """abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh
    cbrt ceil cos cosh deg2rad degrees exp exp2 expm1 fabs floor log log10 log1p log2 logical_not
    negative positive rad2deg radians reciprocal rint sign sin sinc sinh sqrt square tan tanh
    trunc""",
    2: """add arctan2 atan2 copysign divide float_power floor_divide fmax fmin fmod heaviside hypot
    logaddexp logaddexp2 logical_and logical_or maximum minimum mod multiply pow power remainder
    subtract true_divide""",
    3: "clip where",
}
# The functions that a formula may call, and how many arguments each takes.
ARITY = {name: count for count, names in _BY_ARGUMENTS.items() for name in names.split()}

_UNARY: dict[type, Callable[..., Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_BINARY: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.remainder,
}
_COMPARE: dict[type, Callable[..., Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
# What people try, and what to write instead.
_INSTEAD: dict[type, str] = {
    ast.BitXor: "** is the power",
    ast.BitAnd: "write logical_and(a, b)",
    ast.BitOr: "write logical_or(a, b)",
    ast.And: "write logical_and(a, b)",
    ast.Or: "write logical_or(a, b)",
    ast.Not: "write logical_not(a)",
    ast.Invert: "write logical_not(a)",
    ast.IfExp: "write where(condition, a, b)",
    ast.Compare: "join two comparisons with logical_and(a, b)",
    ast.Subscript: "write x0 for x[0] and x1 for x[1]",
    ast.keyword: "give arguments by position",
    ast.Tuple: "use a point as decimal mark, and give one formula",
}
_OTHER_NAMES = {
    "x": "x0",
    "y": "x1",
    "ln": "log",
    "max": "maximum",
    "min": "minimum",
    "sgn": "sign",
}
MOST_CHARACTERS = 10_000


class _Call(NamedTuple):
    """One step of a formula: a function of the newest ``arity`` values."""

    function: Callable[..., Any]
    arity: int


class Expression:
    """A function of named variables, made from a formula such as ``x0*exp(-x1**2)``.

    It is called with one array a variable, in their order, all of shapes that broadcast. Raises
    InputError, naming the place and what is known, where the formula cannot be read.

    Attributes:
        text: the formula.
        variables: the names that it may use.
        used: those that it does use.
    """

    def __init__(self, text: str, variables: Sequence[str] = ("x0", "x1")) -> None:
        self.text, self.variables = text.strip(), tuple(variables)
        self._shown = _shortened(repr(self.text))
        # In postfix order: constants, names of variables, and calls.
        self._steps: list[float | bool | str | _Call] = []
        for node in self._innermost_first(self._parsed()):
            self._append(self._step(node))
        self.used = tuple(name for name in self.variables if name in self._steps)

    def __call__(self, *values: Operand) -> Array:
        """The formula at ``values``, one array a variable."""
        if len(values) != len(self.variables):
            wanted = ", ".join(self.variables)
            raise InputError(f"{self._shown}: expected values of {wanted}, got {len(values)}")
        known = dict(zip(self.variables, values, strict=True))
        stack: list[Any] = []
        for step in self._steps:
            if isinstance(step, _Call):
                arguments = stack[-step.arity :]
                del stack[-step.arity :]
                stack.append(step.function(*arguments))
            else:
                stack.append(known[step] if isinstance(step, str) else step)
        return stack.pop()

    def __repr__(self) -> str:
        return f"Expression({self._shown})"

    # ---------------------------------------------------------------------------- reading

    def _parsed(self) -> ast.expr:
        """The tree of the formula."""
        text = self.text
        if not text:
            raise InputError("the formula is empty: expected one such as x0**2 + x1**2")
        if len(text) > MOST_CHARACTERS:
            raise InputError(
                f"the formula has {len(text):,} characters: at most {MOST_CHARACTERS:,}"
            )
        try:
            # Python warns of "1if", where it would not be one of ours.
            with warnings.catch_warnings(action="ignore"):
                return ast.parse(text, mode="eval").body
        except SyntaxError as error:
            place = f" at character {error.offset}" if error.offset else ""
            raise InputError(f"{self._shown} is no formula ({error.msg}{place})") from error
        # Python's parser meets deep nesting with MemoryError, for want of stack.
        except (ValueError, RecursionError, MemoryError) as error:
            reason = "it is nested too deeply" if not isinstance(error, ValueError) else str(error)
            raise InputError(f"the formula cannot be read: {reason}") from error

    def _innermost_first(self, root: ast.AST) -> Iterator[ast.AST]:
        """Every node after those it is applied to; a loop, for recursion would limit the depth."""
        waiting: list[tuple[ast.AST, bool]] = [(root, False)]
        while waiting:
            node, done = waiting.pop()
            if done:
                yield node
            else:
                waiting.append((node, True))
                waiting.extend((operand, False) for operand in reversed(self._operands(node)))

    def _append(self, step: float | bool | str | _Call) -> None:
        """Add a step; a call of constants becomes their value."""
        if isinstance(step, _Call):
            arguments = self._steps[-step.arity :]
            # Once while reading, not at every call; and 1/0 is refused before anything is drawn.
            if not any(isinstance(argument, (str, _Call)) for argument in arguments):
                del self._steps[-step.arity :]
                step = self._constant(step, arguments)
        self._steps.append(step)

    def _constant(self, call: _Call, arguments: Sequence[Any]) -> float | bool:
        # NumPy's scalars say nan and inf where Python's raise or become complex.
        scalars = [a if isinstance(a, bool) else np.float64(a) for a in arguments]
        try:
            with np.errstate(all="ignore"):
                value = call.function(*scalars)
        except TypeError as error:  # arithmetic with truth values
            raise InputError(f"{self._shown}: a part without variables: {error}") from error
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        if not np.isfinite(value):
            raise InputError(f"{self._shown}: a part of it without variables is {value}")
        return float(value)

    def _operands(self, node: ast.AST) -> list[ast.expr]:
        """What ``node`` is applied to."""
        match node:
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return [operand]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return [left, right]
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                return [left, right]
            case ast.Call(args=arguments, keywords=[]):
                return arguments
            case ast.Constant() | ast.Name():
                return []
        return self._refuse(node)

    def _step(self, node: ast.AST) -> float | bool | str | _Call:
        match node:
            case ast.UnaryOp(op=op):
                return _Call(_UNARY[type(op)], 1)
            case ast.BinOp(op=op):
                return _Call(_BINARY[type(op)], 2)
            case ast.Compare(ops=[op]):
                return _Call(_COMPARE[type(op)], 2)
            case ast.Call(func=function, args=arguments):
                return self._function(function, len(arguments))
            case ast.Name(id=name):
                return self._name(name)
            # True is an int to Python, and no number in a formula.
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._number(value)
        return self._refuse(node)

    def _number(self, value: float) -> float:
        try:
            # A whole number of 400 digits is an int to Python and beyond any float.
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise InputError(f"{self._shown}: it holds a number too large for float64")
        return number

    def _name(self, name: str) -> float | str:
        if name in self.variables:
            return name
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in ARITY:
            raise InputError(f"{self._shown}: {name} is a function: write {_usage_of(name)}")
        raise self._unknown(name)

    def _function(self, node: ast.expr, count: int) -> _Call:
        match node:
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name):
                pass
            case _:
                return self._refuse(node)
        if name in self.variables or name in CONSTANTS:
            raise InputError(f"{self._shown}: {name} is no function: write {name}*(…) to multiply")
        if name not in ARITY:
            raise self._unknown(name)
        if count != ARITY[name]:
            raise InputError(f"{self._shown}: expected {_usage_of(name)}, got {count} argument(s)")
        # The name is on the list by now: nothing else of numpy can be reached.
        return _Call(getattr(np, name), count)

    def _unknown(self, name: str) -> InputError:
        known = [*self.variables, *CONSTANTS, *ARITY]
        near = [_OTHER_NAMES[name]] if name in _OTHER_NAMES else []
        near = [n for n in near if n in known] or difflib.get_close_matches(name, known, 3, 0.5)
        guess = f"; did you mean {' or '.join(near)}?" if near else "."
        return InputError(
            f"{self._shown}: unknown name {name!r}{guess} Known are {', '.join(self.variables)}, "
            f"{', '.join(CONSTANTS)} and functions such as sin, exp, sqrt (--help lists them all)"
        )

    def _refuse(self, node: ast.AST) -> Any:
        """Raise InputError for what no formula may hold."""
        what = getattr(node, "op", None) or next(iter(getattr(node, "keywords", [])), node)
        known = "expected numbers, variables, + - * / // % **, comparisons and functions"
        lone = isinstance(node, ast.Compare) and len(node.ops) == 1
        advice = known if lone else _INSTEAD.get(type(what), known)
        raise InputError(f"{self._shown}: {_shortened(ast.unparse(node))} cannot be read: {advice}")


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _usage_of(name: str) -> str:
    return f"{name}({', '.join('abc'[: ARITY[name]])})"
